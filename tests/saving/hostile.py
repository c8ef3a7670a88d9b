"""Hostile files, by the kind of what loads them, and a measure of what that costs.

They are modelled on what went wrong in readers of models, zip archives, HDF5 files and pickles:
sizes that overflow, small files that become large, names of what is not a model's, deep nesting,
values of the wrong type in any place, and damage anywhere.
"""

from __future__ import annotations

import io
import json
import random
import struct
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import layers
from pynn.models import Sequential

DATA = Path(__file__).resolve().parent / "data"
HUGE = (2**62, 10**15, 2**31, -1, 0, 1e400, "7", None, [], {}, [2**40], True, float("nan"))


# ---- what loading costs


class Cost:
    """What a piece of code needed.

    Attributes
    ----------
    megabytes : float
        How far the process grew at most.
    seconds : float
        Of the processor.
    """

    megabytes = 0.0
    seconds = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what is done inside; Linux keeps the peak of a process, and forgets it on request."""
    cost = Cost()
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _status("VmRSS"), time.process_time()
    yield cost
    cost.seconds = time.process_time() - start
    cost.megabytes = (_status("VmHWM") - before) / 1000


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise KeyError(name)


# ---- making files


def container(metadata: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> bytes:
    """Return a file of pynn's; metadata that are no texts are written as JSON."""
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    header: dict[str, Any] = {"__metadata__": texts}
    data = b""
    for name, array in (arrays or {}).items():
        header[name] = {
            "dtype": {"f": "F", "i": "I", "u": "U"}[array.dtype.kind] + str(8 * array.itemsize),
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    return framed(json.dumps(header).encode(), data)


def framed(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def model_file(config: Any, arrays: dict[str, np.ndarray] | None = None, **metadata: Any) -> bytes:
    """Return a `.pynn` file of a model."""
    known = {
        "format": "pynn-model",
        "format_version": "1",
        "model": config,
        "inputs": None,
        "trainable": [],
        "weights": list(arrays or {}),
    }
    return container({**known, **metadata}, arrays)


def sequential(*entries: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(entries)}}


def layer(class_name: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def begin(*shape: Any) -> dict[str, Any]:
    return layer("InputLayer", shape=list(shape), dtype="float32", name="in")


def at(name: str, call: int = 0, index: int = 0) -> dict[str, Any]:
    return {"__tensor__": [name, call, index]}


def functional(*nodes: tuple[str, dict[str, Any], list[Any]], shape: Any = (4,)) -> dict[str, Any]:
    """Return the config of a model of layers with one call each; the last is the output."""
    entries: list[Any] = [{**begin(*shape), "name": "in", "calls": []}]
    for name, made, args in nodes:
        made["config"].setdefault("name", name)
        entries.append({**made, "name": name, "calls": [{"args": args, "kwargs": {}}]})
    ends = {"inputs": at("in"), "outputs": at(nodes[-1][0])}
    return {"class_name": "Model", "config": {"name": "m", "layers": entries, **ends}}


def function(name: str, **arguments: Any) -> dict[str, Any]:
    return layer("Function", function=name, arguments=arguments)


def trained() -> Any:
    """Return a small model with all that a file can hold of it."""
    model = Sequential(
        [
            pynn.Input((4,)),
            layers.Dense(8, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.25),
            layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    rows = np.random.default_rng(0).standard_normal((20, 4)).astype("float32")
    model.fit(rows, rows[:, :1], verbose=0)
    return model


def saved(thing: Any, method: str = "save") -> bytes:
    """Return the file of a model or an estimator."""
    buffer = io.BytesIO()
    getattr(thing, method)(buffer)
    return buffer.getvalue()


def classifier() -> Any:
    rows = np.random.default_rng(0).standard_normal((30, 4))
    labels = np.where(rows[:, 0] > 0, "yes", "no")
    return pynn.MLPClassifier((3,), max_iter=2, random_state=1, tol=0).fit(rows, labels)


def tabular() -> Any:
    rows = np.random.default_rng(0).standard_normal((30, 2)).astype(object)
    rows[:, 1] = [["x", "y", None][i % 3] for i in range(30)]
    model = pynn.TabularClassifier("mlp", hidden_layer_sizes=3, epochs=1, strategy="holdout")
    return model.fit(rows, np.where(rows[:, 0] > 0, "yes", "no"))


def header_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = 8 + struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:length]), content[length:]


def with_metadata(content: bytes, **changes: Any) -> bytes:
    """Return a file with other texts in its metadata; a function changes what is there."""
    header, data = header_of(content)
    for key, value in changes.items():
        if callable(value):
            described = json.loads(header["__metadata__"][key])
            value(described)
            value = described
        header["__metadata__"][key] = value if isinstance(value, str) else json.dumps(value)
    return framed(json.dumps(header).encode(), data)


def nested(depth: int, inner: Any = 0, key: str | None = None) -> str:
    """Return a JSON text of that many lists, or objects with `key`, around a value."""
    left, right = ("[", "]") if key is None else (f'{{"{key}":', "}")
    return left * depth + json.dumps(inner) + right * depth


# ---- files of pynn's models


def models() -> Iterator[tuple[str, bytes]]:
    whole = saved(trained())
    # Headers.
    for name, text in {
        "spaces": b"{" + b" " * 9_000_000 + b"}",
        "objects": b'{"__metadata__":{},"a":[' + b"{}," * 900_000 + b"0]}",
        "numbers": b'{"a":[' + b"1e9," * 1_900_000 + b"0]}",
        "texts": b'{"a":[' + b'"ab",' * 1_500_000 + b'"ab"]}',
        "deep": nested(900_000).encode(),
        "deep objects": nested(900_000, key="a").encode(),
        "key": b'{"' + b"k" * 7_000_000 + b'":0}',
        "arrays": json.dumps(
            {
                f"a{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                for i in range(100_000)
            }
        ).encode(),
        "rank": json.dumps(
            {"a": {"dtype": "F32", "shape": [0] * 900_000, "data_offsets": [0, 0]}}
        ).encode(),
        "sizes": json.dumps(
            {"a": {"dtype": "F32", "shape": [10**4000] * 32, "data_offsets": [0, 0]}}
        ).encode(),
    }.items():
        yield f"header of {name}", framed(text)
    yield "a header of 90 MB", framed(b"{" + b" " * 90_000_000 + b"}")
    # Descriptions that become large.
    for name, text in {
        "objects": '{"class_name":"Model","config":[' + "{}," * 900_000 + "0]}",
        "lists": "[" + "[]," * 900_000 + "0]",
        "numbers": "[" + "9e9," * 900_000 + "0]",
        "texts": "[" + '"xy",' * 900_000 + "0]",
        "depth": nested(400_000, key="config"),
    }.items():
        yield f"description of {name}", model_file(text)
    yield "a layer that is called a long name", model_file(sequential(layer("Dens" * 500_000)))
    yield "a model that is called a long name", model_file(layer("Sequentia" * 200_000))
    yield (
        "many layers",
        model_file(
            sequential(begin(4), *[layer("Flatten") for _ in range(1_000)], layer("Nothing"))
        ),
    )
    yield "models in models", model_file(_models_in_models(300))
    # Sizes that overflow, or have nothing to do with the file.
    for size in HUGE:
        yield (
            f"one_hot of {size} classes",
            model_file(
                functional(
                    ("hot", function("one_hot", num_classes=size), [at("in")]),
                    ("out", layer("Dense", units=1), [at("hot")]),
                )
            ),
        )
        yield f"Dense of {size} units", model_file(sequential(begin(4), layer("Dense", units=size)))
        yield (
            f"Input of {size}",
            model_file(sequential(begin(size), layer("Dense", units=3), layer("Nothing"))),
        )
        yield (
            f"Reshape to {size}",
            model_file(sequential(begin(4), layer("Reshape", target_shape=[size, 2]))),
        )
        yield (
            f"Embedding of {size}",
            model_file(sequential(begin(4), layer("Embedding", input_dim=size, output_dim=4))),
        )
        yield (
            f"inputs of {size}",
            model_file(
                functional(("d", layer("Dense", units=2), [at("in")])),
                inputs={"shape": [size, size]},
            ),
        )
        yield (
            f"split into {size}",
            model_file(
                functional(
                    ("parts", function("split", indices_or_sections=size, axis=-1), [at("in")]),
                    ("out", layer("Nothing"), [at("parts")]),
                    shape=(2**20,),
                )
            ),
        )
        yield (
            f"AUC of {size} thresholds",
            with_metadata(
                whole,
                compile=lambda c, n=size: c.update(
                    metrics=[layer("AUC", num_thresholds=n), layer("x")]
                ),
            ),
        )
        yield (
            f"AUC of {size} labels",
            with_metadata(
                whole,
                compile=lambda c, n=size: c.update(
                    metrics=[layer("AUC", multi_label=True, num_labels=n), layer("x")]
                ),
            ),
        )
        yield (
            f"{size} steps",
            with_metadata(
                whole, training=lambda t, n=size: t.update(iterations=n, optimizer="SGD")
            ),
        )
    # Constants that grow.
    row = {"__array__": [[1.0] * 3000], "dtype": "float32"}
    column = {"__array__": [[1.0]] * 3000, "dtype": "float32"}
    labels = {"__array__": [1] * 10_000, "dtype": "int64"}
    grown: dict[str, tuple[dict[str, Any], list[Any]]] = {
        "add": (function("add"), [row, column]),
        "matmul": (function("matmul"), [column, row]),
        "one_hot": (function("one_hot", num_classes=20_000), [labels]),
        "Add": (layer("Add"), [[row, column]]),
        "Dense": (layer("Dense", units=3), [column]),
        "Lambda": (layer("Lambda", function="f"), [row]),
    }
    for name, (made, args) in grown.items():
        yield (
            f"constants that grow by {name}",
            model_file(functional(("c", made, args), ("out", layer("Add"), [[at("c"), at("in")]]))),
        )
    yield (
        "constants that grow again and again",
        model_file(
            functional(
                ("c0", function("add"), [row, column]),
                *[(f"c{i}", function("add"), [at(f"c{i - 1}"), column]) for i in range(1, 30)],
                ("out", layer("Add"), [[at("c29"), at("in")]]),
            )
        ),
    )
    yield (
        "rows that grow",
        model_file(
            functional(
                ("a", layer("Reshape", target_shape=[4, 1]), [at("in")]),
                (
                    "b",
                    function("add"),
                    [at("a"), {"__array__": [[1.0] * 90_000], "dtype": "float32"}],
                ),
                ("c", function("expand_dims", axis=-1), [at("b")]),
                (
                    "d",
                    function("add"),
                    [at("c"), {"__array__": [1.0] * 90_000, "dtype": "float32"}],
                ),
            )
        ),
    )
    yield "positions again and again", model_file(
        functional(
            ("a", function("get_item"), [at("in"), {"__tuple__": [
                {"__slice__": [None, None, None]}, [0] * 100_000]}]),
            ("b", layer("Reshape", target_shape=[100_000, 1]), [at("a")]),
            ("c", function("get_item"), [at("b"), {"__tuple__": [
                {"__slice__": [None, None, None]}, {"__slice__": [None, None, None]},
                [0] * 100_000]}]),
        )
    )  # fmt: skip
    # Calls that make no sense.
    dense = layer("Dense", units=2)
    for name, args in {
        "of nothing": [],
        "of itself": [at("d")],
        "of what is not there": [at("none")],
        "of a later call": [at("in", 3)],
        "of another output": [at("in", 0, 7)],
        "of an output before the first": [at("in", 0, -5)],
        "of no number": [{"__tensor__": ["in", "x", 0]}],
        "of half a place": [{"__tensor__": ["in"]}],
        "of a place that is none": [{"__tensor__": 3}],
        "of no type": [at("in"), {"__array__": [1], "dtype": "q"}],
        "of objects": [at("in"), {"__array__": [1], "dtype": "O"}],
        "of uneven lists": [at("in"), {"__array__": [[1], [1, 2]], "dtype": "float32"}],
        "of no array": [at("in"), {"__array__": "x", "dtype": "float32"}],
        "of a slice of too much": [at("in"), {"__slice__": [1, 2, 3, 4]}],
        "of a tuple that is none": [at("in"), {"__tuple__": 7}],
        "of too many": [at("in")] * 50,
        "deep": [json.loads(nested(400, at("in")))],
    }.items():
        made = functional(("d", json.loads(json.dumps(dense)), args))
        yield f"a call {name}", model_file(made)
    config = functional(("d", dense, [at("in")]))
    for key in ("layers", "inputs", "outputs"):
        for value in (None, 3, "x", [], {}, [None], [[]], {"__tensor__": ["d", 0, 9]}):
            changed = {**config, "config": {**config["config"], key: value}}
            yield f"{key} of {value}", model_file(changed)
    for value in (None, 3, "x", [], {}, [{}], [3], {"args": 3}, [{"args": 3, "kwargs": 3}]):
        changed = json.loads(json.dumps(config))
        changed["config"]["layers"][1]["calls"] = value
        yield f"calls of {value}", model_file(changed)
    chain = [(f"d{i}", layer("Flatten"), [at(f"d{i - 1}" if i else "in")]) for i in range(1500)]
    reverse = functional(*chain)
    reverse["config"]["layers"].reverse()
    reverse["config"]["outputs"] = at("none")
    yield "layers in reverse order", model_file(reverse)
    wide = functional(
        ("c", layer("Concatenate"), [[at(f"d{i}") for i in range(2000)]]),
        *[(f"d{i}", layer("Flatten"), [at("in")]) for i in range(2000)],
        ("x", layer("Nothing"), [at("c")]),
    )
    yield "a call that waits for all others", model_file(wide)
    # Layers with arguments that make no sense.
    for name in ("Dropout", "BatchNormalization", "Normalization", "PReLU", "LayerNormalization",
                 "Activation", "Rescaling", "GaussianNoise", "Dot", "Concatenate", "Operation",
                 "Function", "InputLayer", "Softmax", "Lambda", "Add", "Layer", "Model",
                 "Sequential"):  # fmt: skip
        for value in (None, -1, 10**30, "x", [[]], {"class_name": "Dense"}, ["x"], {"a": {}}):
            keys = ("rate", "axis", "mean", "variance", "axes", "momentum", "activation", "shape",
                    "epsilon", "op", "params", "template", "function", "arguments", "layers",
                    "kernel_initializer", "dtype", "name", "units", "nonsense")  # fmt: skip
            made = layer(name, **dict.fromkeys(keys, value))
            yield f"{name} of {value} everywhere", model_file(sequential(begin(4), made))
    # The other texts.
    for key in ("inputs", "trainable", "weights", "compile", "training"):
        for text in ("", "{", "3", "null", '"x"', "[]", "{}", "[[]]", '{"a": 1}', "[null]",
                     nested(100_000), "[" + "{}," * 600_000 + "0]", "NaN", "1" * 5000,
                     '{"shape": ["x"]}', '{"list": [{"shape": [null, 3]}, 3]}'):  # fmt: skip
            yield f"{key} of {text[:40]}", with_metadata(whole, **{key: text})
    for key, values in {
        "optimizer": ("Nothing", 3, None, [], {}, layer("Adam", learning_rate="x"), layer([]),
                      layer("Adam", learning_rate=layer("Nothing")), layer("Adam", nonsense=1),
                      layer("SGD", momentum=[10**400]), layer("Optimizer")),
        "loss": ("nothing", 3, [], ["x"], layer("Huber", delta="x"), layer("Huber", x=1), [[[]]]),
        "metrics": (3, "x", ["nothing"], [layer("AUC", thresholds=["x"])], [[[3]]], {"a": 3}),
        "loss_weights": ("x", ["x"], {"a": "x"}, [[1]], {"a": None}, [10**400]),
        "steps_per_execution": ("x", 0, -3, 1.5, [1], {}, True),
    }.items():  # fmt: skip
        for value in values:
            yield (
                f"compile: {key} of {value}",
                with_metadata(whole, compile=lambda c, k=key, v=value: c.update({k: v})),
            )
    for key in ("optimizer", "learning_rate", "iterations", "seed", "shuffle_seed"):
        for value in (None, "x", -1, 2**64, [], {}, "9" * 5000, 1.5, "nan", True):
            yield (
                f"training: {key} of {value}",
                with_metadata(whole, training=lambda t, k=key, v=value: t.update({k: v})),
            )
    # Arrays.
    header, data = header_of(whole)
    names = [name for name in header if name != "__metadata__"]
    for name in names[:3] + names[-3:]:
        for change in (
            {"shape": [1]},
            {"shape": []},
            {"shape": [2**62, 0]},
            {"dtype": "I64"},
            {"dtype": "BF16"},
            {"data_offsets": [0, 2**70]},
            {"data_offsets": [-8, 8]},
        ):
            changed = {**header, name: {**header[name], **change}}
            yield f"{name} with {change}", framed(json.dumps(changed).encode(), data)
        changed = {(key if key != name else "other"): value for key, value in header.items()}
        yield f"without {name}", framed(json.dumps(changed).encode(), data)
    for length in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        yield f"the first {length} bytes", whole[:length]
    yield "a length of 2**64 - 1", b"\xff" * 8 + whole[8:]
    yield "a pickle", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    yield "another safetensors file", container({"format": "pt"}, {"a": np.zeros(3, "f4")})
    yield "a later version", with_metadata(whole, format_version="2")
    yield "no version", with_metadata(whole, format_version="x" * 100_000)
    yield "a version of many digits", with_metadata(whole, format_version="9" * 100_000)


def _models_in_models(depth: int) -> str:
    inner = json.dumps(sequential(begin(4)))
    for _ in range(depth):
        inner = json.dumps(sequential()).replace("[]", f"[{inner}]")
    return inner


# ---- files of Keras


def archive(
    config: bytes | str, weights: bytes = b"", compression: int = 0, **members: bytes
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr("config.json", config)
        file.writestr("model.weights.h5", weights)
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def keras_files() -> Iterator[tuple[str, bytes]]:
    content = (DATA / "operators.keras").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        config, weights = json.loads(file.read("config.json")), file.read("model.weights.h5")
    bomb = '{"class_name":"Sequential","config":{"layers":['
    for name, method in (
        ("stored", zipfile.ZIP_STORED),
        ("deflated", zipfile.ZIP_DEFLATED),
        ("bzip2", zipfile.ZIP_BZIP2),
        ("lzma", zipfile.ZIP_LZMA),
    ):
        yield (
            f"a config of objects, {name}",
            archive(bomb + "{}," * 2_000_000 + "0]}}", weights, method),
        )
        yield (
            f"a config of spaces, {name}",
            archive(bomb + " " * 60_000_000 + "]}}", weights, method),
        )
        if name != "stored":
            yield (
                f"weights that are larger than the file, {name}",
                archive(json.dumps(config), weights + bytes(60_000_000), method),
            )
            yield (
                f"a state of training that is larger than the file, {name}",
                archive(
                    json.dumps(config),
                    weights,
                    method,
                    **{"pynn_training.safetensors": bytes(60_000_000)},
                ),
            )
    honest = archive(json.dumps(config), weights, zipfile.ZIP_DEFLATED)
    for place in range(0, len(honest), max(1, len(honest) // 60)):
        yield f"damage at byte {place}", honest[:place] + b"\xaa\x55" + honest[place + 2 :]
        yield f"cut at byte {place}", honest[:place]
    end = content.rfind(b"PK\x05\x06")
    for name, offset, value in (
        ("entries", 10, b"\xff\xff"),
        ("length of the list", 12, b"\xff\xff\xff\x7f"),
        ("place of the list", 16, b"\xff\xff\xff\x7f"),
        ("comment", 20, b"\xff\xff"),
        ("disk", 4, b"\x07\x00"),
    ):
        at_end = end + offset
        yield f"another {name}", content[:at_end] + value + content[at_end + len(value) :]
    central = content.rfind(b"PK\x01\x02")
    for name, offset, value in (
        ("version", 6, b"\xff\xff"),
        ("flags: encrypted", 8, b"\x01\x00"),
        ("flags: patched", 8, b"\x20\x00"),
        ("flags: strongly encrypted", 8, b"\x40\x00"),
        ("method", 10, b"\x63\x00"),
        ("method of imploding", 10, b"\x06\x00"),
        ("checksum", 16, b"\0\0\0\0"),
        ("compressed length", 20, b"\xff\xff\xff\x7f"),
        ("length", 24, b"\xff\xff\xff\x7f"),
        ("length of the name", 28, b"\xff\xff"),
        ("place", 42, b"\xff\xff\xff\x7f"),
    ):
        place = central + offset
        yield f"another {name}", content[:place] + value + content[place + len(value) :]
    # What the list of members and the members say differs, or leads out of the archive.
    local = content.find(b"config.json")
    yield "a member of another name", content[:local] + b"CONFIG.json" + content[local + 11 :]
    for name in ("../config.json", "/etc/passwd", "config.json/", "config.json\x00.txt", "C:\\x"):
        yield f"a member called {name!r}", archive("{}", weights, **{name: b"{}"})
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as file:
        warnings.simplefilter("ignore")  # of names that come twice
        file.writestr("model.weights.h5", weights)
        for text in (json.dumps(config), "{}"):
            file.writestr("config.json", text)
    yield "two configs", buffer.getvalue()
    yield "an archive behind something else", b"\x7fELF" + bytes(1000) + content[:-30]
    yield "an archive in an archive", archive(content, content)
    # A member that reaches over the next ones, as in bombs that hold one piece many times.
    over = bytearray(archive(json.dumps(config), weights))
    first = over.find(b"PK\x01\x02")
    over[first + 20 : first + 28] = struct.pack("<II", first, first)
    yield "members that overlap", bytes(over)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for i in range(20_000):
            file.writestr(f"{i}", b"")
    yield "twenty thousand members", buffer.getvalue()
    for value in (None, 3, "x", [], {}, [3], [[]], [None], [{"class_name": "Dense"}]):
        for key in ("layers", "input_layers", "output_layers", "name"):
            yield (
                f"{key} of {value}",
                archive(
                    json.dumps({**config, "config": {**config["config"], key: value}}), weights
                ),
            )
        for key in ("class_name", "config", "build_config", "compile_config", "registered_name"):
            yield (
                f"{key} of {value} as a whole",
                archive(json.dumps({**config, key: value}), weights),
            )
        for key in ("class_name", "config", "inbound_nodes", "module", "name"):
            changed = json.loads(json.dumps(config))
            changed["config"]["layers"][2][key] = value
            yield f"a layer's {key} of {value}", archive(json.dumps(changed), weights)
    for name, text in {
        "no text": b"\xff\xfe{}",
        "no JSON": b"{",
        "depth": nested(300_000).encode(),
        "depth of objects": nested(300_000, key="config").encode(),
        "a number": b"3",
        "a long number": b"1" * 5000,
    }.items():
        yield f"a config of {name}", archive(text, weights)
    for name, text in {
        "nothing": b"",
        "text": b"garbage" * 100,
        "its start": weights[:2000],
    }.items():
        yield f"weights of {name}", archive(json.dumps(config), text)
    for place in range(0, len(weights), max(1, len(weights) // 40)):
        damaged = weights[:place] + b"\xaa\x55\xff" + weights[place + 3 :]
        yield f"weights with damage at byte {place}", archive(json.dumps(config), damaged)
    yield "a lambda", archive(json.dumps(sequential(layer("Lambda", function="gASVAA=="))), weights)


def hdf5_files() -> Iterator[tuple[str, bytes]]:
    import h5py

    content = (DATA / "old_sequential.h5").read_bytes()

    def changed(change: Callable[[Any], Any]) -> bytes:
        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as file:
            change(file)
        return buffer.getvalue()

    def config(file: Any, text: str) -> None:
        del file.attrs["model_config"]
        file.attrs.create("model_config", text, dtype=h5py.string_dtype())

    for name, text in {
        "objects": "[" + "{}," * 900_000 + "0]",
        "depth": nested(300_000),
        "nothing": "",
        "a number": "3",
        "a list": "[]",
        "an object": "{}",
        "another model": json.dumps(layer("Nothing")),
        "no layers": json.dumps(layer("Sequential", layers=3)),
    }.items():
        yield f"a model_config of {name}", changed(lambda f, t=text: config(f, t))

    def attribute(path: str, name: str, value: Any) -> Callable[[Any], None]:
        def change(file: Any) -> None:
            del file[path].attrs[name]
            file[path].attrs[name] = value

        return change

    for name, value in {
        "a number": 3,
        "an array": np.zeros(5),
        "a text": "x",
        "other names": [b"a", b"b"],
        "many": np.array([b"a"] * 5000),
        "no text": [b"\xff\xfe"],
    }.items():
        yield f"layer_names of {name}", changed(attribute("model_weights", "layer_names", value))
    # Many references to one long text.
    names = np.array(["x" * 300_001, *["y"] * 1999], dtype=object)
    grown = changed(attribute("model_weights", "layer_names", names))
    place = grown.find(struct.pack("<I", 300_001))
    yield (
        "layer_names that are one long text",
        grown[:place] + grown[place : place + 16] * 2000 + grown[place + 16 * 2000 :],
    )

    # Addresses that are others', so that parts hold themselves, and sizes that are none.
    rng = random.Random(0)
    places = [i for i in range(len(content) - 8) if 0 < _number(content, i) < len(content)]
    for i in range(150):
        at, other = rng.choice(places), rng.choice(places)
        yield (
            f"address {i} of another",
            content[:at] + content[other : other + 8] + content[at + 8 :],
        )
        size = struct.pack("<Q", rng.choice((0, 1, 7, 16, 4096, 2**64 - 1)))
        yield f"size {i} that is none", content[:at] + size + content[at + 8 :]

    def deep(file: Any) -> None:
        file.create_group("/".join("g" * 2000))

    def cyclic(file: Any) -> None:
        file["model_weights/again"] = file["model_weights"]

    def soft(file: Any) -> None:
        del file["model_weights/dense"]
        file["model_weights/dense"] = h5py.SoftLink("/model_weights/dense")

    def texts(file: Any) -> None:
        del file["model_weights/dense/dense/kernel:0"]
        file["model_weights/dense/dense/kernel:0"] = np.array([b"a", b"b"])

    kernel = "model_weights/dense/dense/kernel:0"

    def replaced(make: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
        """Return what makes another array in the place of a kernel, of its numbers or others."""

        def change(file: Any) -> None:
            value = file[kernel][()]
            del file[kernel]
            make(file, value)

        return change

    def filtered(**how: Any) -> Callable[[Any], None]:
        return replaced(lambda file, value: file.create_dataset(kernel, data=value, **how))

    def of_another_type(dtype: Any) -> Callable[[Any], None]:
        return replaced(lambda file, value: file.create_dataset(kernel, value.shape, dtype))

    def unknown_filter(file: Any, value: Any) -> None:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(value.shape)
        # Of an optional filter that nobody has the library would look for a plugin.
        plist.set_filter(32_123, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        space = h5py.h5s.create_simple(value.shape)
        group = file["model_weights/dense/dense"].id
        h5py.h5d.create(group, b"kernel:0", h5py.h5t.IEEE_F32LE, space, plist)

    others: dict[str, Callable[[Any], None]] = {
        "a checksum": filtered(fletcher32=True),
        "shuffled bytes": filtered(shuffle=True, chunks=True),
        "compression": filtered(compression="gzip"),
        "another compression": filtered(compression="lzf"),
        "a filter that nobody has": replaced(unknown_filter),
        "chunks that are not there": replaced(
            lambda file, value: file.create_dataset(kernel, value.shape, "f4", chunks=True)
        ),
        "no end": replaced(
            lambda file, value: file.create_dataset(
                kernel, value.shape, "f4", maxshape=(None, None)
            )
        ),
        "an enormous shape": replaced(
            lambda file, value: file.create_dataset(kernel, (2**40, 2**20), "f4", chunks=(1, 1))
        ),
        "no shape": replaced(
            lambda file, value: file.create_dataset(kernel, data=h5py.Empty("f4"))
        ),
        "one number": replaced(lambda file, value: file.create_dataset(kernel, data=1.0)),
        "pairs": of_another_type([("a", "f4"), ("b", "i4")]),
        "arrays": of_another_type(np.dtype(("f4", (1000,)))),
        "names of numbers": of_another_type(h5py.enum_dtype({"a": 1, "b": 2})),
        "lists": of_another_type(h5py.vlen_dtype("f4")),
        "references": of_another_type(h5py.ref_dtype),
        "opaque bytes": of_another_type("V8"),
        "complex numbers": of_another_type("c8"),
        "a group": replaced(lambda file, value: file.create_group(kernel)),
        "a type": replaced(lambda file, value: file.__setitem__(kernel, np.dtype("f4"))),
    }
    for name, change in others.items():
        yield f"an array of {name}", changed(change)
    for change in (deep, cyclic, soft, texts):
        yield f"{change.__name__} groups", changed(change)
    for place in range(0, len(content), max(1, len(content) // 80)):
        yield f"damage at byte {place}", content[:place] + b"\xaa\x55\xff" + content[place + 3 :]
        yield f"cut at byte {place}", content[:place]


def _number(content: bytes, at: int) -> int:
    return int(struct.unpack_from("<Q", content, at)[0])


# ---- estimators


def estimators() -> Iterator[tuple[str, bytes]]:
    whole = saved(classifier())

    def changed(**state: Any) -> bytes:
        return with_metadata(whole, estimator=lambda d: d["state"].update(state))

    words = ["x" * 330_000, *["y"] * 3000]
    yield "texts that grow", changed(x={"texts": words, "object": False})
    yield "texts that are none", changed(x={"texts": [["x"], "y"], "object": False})
    yield "objects for texts", changed(x={"texts": {"a": 1}, "object": True})
    yield "many texts", changed(x={"texts": ["x" * 20] * 300_000, "object": False})
    for value in HUGE:
        yield f"hidden layers of {value}", changed(hidden_layer_sizes={"tuple": [value, value]})
        yield f"a hidden layer of {value}", changed(hidden_layer_sizes=value, coefs_=value)
        yield f"a number of {value}", changed(x={"scalar": value, "type": "int8"})
        yield f"a type of {value}", changed(x={"scalar": 1, "type": value})
        yield f"a part of {value}", changed(x={"part": value, "state": {}})
        yield f"a dict of {value}", changed(x={"dict": value})
        yield f"a list of {value}", changed(x={"list": value})
        yield f"an array of {value}", changed(x={"array": value})
        yield f"an object of {value}", changed(x={"kind": value, "config": value})
        yield f"a loss of {value}", changed(x={"kind": "loss", "config": value})
        yield f"classes of {value}", changed(classes_=value, coefs_={"list": [value]})
    for name in ("float999", "O", "<U9", "V8", "datetime64", "f4,f4", "float128", "x" * 100_000):
        yield f"a number of type {name[:20]}", changed(x={"scalar": "7", "type": name})
    deep: Any = 1
    for _ in range(30):
        deep = {"list": [deep]}
    yield "deep", changed(x=deep)
    yield "twice", changed(x={"list": [1], "tuple": [2]})
    yield "nothing", changed(x={})
    for key in ("class_name", "state"):
        for value in (*HUGE, "os.system", "MLPClassifier" * 100_000):
            yield (
                f"{key} of {str(value)[:20]}",
                with_metadata(whole, estimator=lambda d, k=key, v=value: d.update({k: v})),
            )
    state = json.loads(header_of(whole)[0]["__metadata__"]["estimator"])["state"]
    for key in state:
        for value in (None, "x", -1, {"list": []}, {"dict": []}, {"tuple": [{"list": [1]}]}):
            yield f"{key} of {value}", changed(**{key: value})
    yield "a text of objects", with_metadata(whole, estimator="[" + "{}," * 900_000 + "0]")
    yield "a model", saved(trained())


# ---- texts


def configs() -> Iterator[tuple[str, Any]]:
    for value in HUGE:
        yield f"{value}", value
        yield f"class {value}", layer(value)
        yield f"config {value}", {"class_name": "Dense", "config": value}
        yield f"units {value}", layer("Dense", units=value)
        yield f"initializer {value}", layer("Dense", units=1, kernel_initializer=value)
        yield f"arguments {value}", layer("Dense", nonsense=value)
        yield f"op {value}", layer("Operation", op=value, template=value, params=value, name=value)
        yield f"function {value}", layer("Function", function=value, arguments=value)


# ---- damage

VALUES = [*HUGE, "x", 0, 1, -1, "Dense", "float64", "sgd", {"__tensor__": ["a", 0, 0]}, [1, 2]]


def mutations(content: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield a file of pynn's with one value of its description changed, or one of its bytes."""
    rng = random.Random(seed)
    header, data = header_of(content)
    for i in range(count):
        if rng.random() < 0.2:
            damaged = bytearray(content)
            damaged[rng.randrange(len(content) - len(data))] = rng.choice(b'09"[]{},:atx\xff')
            yield f"mutation {i} of bytes", bytes(damaged)
            continue
        changed = json.loads(json.dumps(header))
        metadata = changed["__metadata__"]
        key = rng.choice(sorted(metadata))
        try:
            described = json.loads(metadata[key])
        except ValueError:
            metadata[key] = str(rng.choice(VALUES))
        else:
            metadata[key] = json.dumps(changed_value(described, rng))
        yield f"mutation {i} of {key}", framed(json.dumps(changed).encode(), data)


def changed_value(value: Any, rng: random.Random) -> Any:
    """Return a value of JSON with one thing in it changed."""
    inner = isinstance(value, (dict, list)) and value
    if not inner or rng.random() < 0.1:
        return rng.choice(VALUES)
    if isinstance(value, dict):
        key = rng.choice(sorted(value))
        kind = rng.random()
        if kind < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if kind < 0.2:
            return {**value, "nonsense": rng.choice(VALUES)}
        return {**value, key: changed_value(value[key], rng)}
    i = rng.randrange(len(value))
    kind = rng.random()
    if kind < 0.1:
        return value[:i] + value[i + 1 :]
    if kind < 0.2:
        return [*value, value[i]]
    return [*value[:i], changed_value(value[i], rng), *value[i + 1 :]]
