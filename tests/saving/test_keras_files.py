"""Files that Keras wrote are read: same predictions, same settings; what is unsafe is refused.

The files are in ``data/``, with the scripts that made them: ``old_*`` by Keras 2, the others by 3.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pynn
from pynn import layers, losses, ops, optimizers
from pynn._structure import leaves
from pynn.models import Model, Sequential, load_model
from pynn.saving import (
    FileError,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from saving.data.make_keras_files import shake
from saving.keras_models import MODELS, OLD_MODELS, inputs_for
from saving.own_classes import OWN, ROWS

DATA = Path(__file__).resolve().parent / "data"
EXPECTED = {**np.load(DATA / "expected.npz"), **np.load(DATA / "old_expected.npz")}
NAMES = [*MODELS, *OLD_MODELS]
# Two float32 implementations that add up in different orders, relative to values about 1 and 10.
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def assert_predicts_as_keras(model: Any, name: str) -> None:
    outputs = list(leaves(model.predict(inputs_for(model.inputs), verbose=0)))
    expected = [EXPECTED[key] for key in sorted(EXPECTED) if key.split("/")[0] == name]
    for output, value in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, value, **CLOSE)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", NAMES)
def test_models_predict_as_in_keras(name: str, suffix: str) -> None:
    assert_predicts_as_keras(load_model(DATA / f"{name}{suffix}"), name)


@pytest.mark.parametrize("suffix", [".pynn", ".keras", ".h5"])
def test_a_sequential_of_several_inputs(suffix: str, tmp_path: Path) -> None:
    model = Sequential([layers.Concatenate(), layers.Dense(2)])
    x = [np.ones((3, 4), "float32"), np.ones((3, 5), "float32")]
    expected = model(x)
    model.save(tmp_path / f"model{suffix}")
    np.testing.assert_array_equal(load_model(tmp_path / f"model{suffix}")(x), expected)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", "_weights.h5"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:LeakyReLU's argument alpha")  # as it was called in Keras 2
def test_weights_are_read_into_a_model_made_here(name: str, suffix: str) -> None:
    path = DATA / f"{name}{suffix}"
    if not path.exists():
        assert "weights" in suffix
        return
    model = {**MODELS, **OLD_MODELS}[name](pynn)
    model.load_weights(path)
    assert_predicts_as_keras(model, name)


def test_every_shared_layer_is_in_a_file() -> None:
    found = set()
    for name in NAMES:
        entries = list(load_model(DATA / f"{name}.keras", compile=False).operations)
        while entries:
            layer = entries.pop()
            found.add(type(layer).__name__)
            entries.extend(getattr(layer, "operations", []))
    assert {cls.__name__ for cls in layers.registry.members} - layers.registry.own <= {
        *found,
        "IntegerLookup",  # for which Keras needs TensorFlow
        "Lambda",
        "StringLookup",
    }


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_compile_settings_are_read(suffix: str) -> None:
    model = load_model(DATA / f"sequential{suffix}")
    assert model.loss == "categorical_crossentropy"
    assert type(model.optimizer) is optimizers.Adam
    assert float(model.optimizer.learning_rate) == 0.001
    merging = load_model(DATA / f"merging{suffix}")
    assert merging._compile_arguments["loss_weights"] == {"main": 0.9, "side": 0.1}
    assert isinstance(merging.loss["main"], losses.Huber)
    assert merging.loss["main"].reduction == "sum"
    assert merging.optimizer.momentum == 0.9
    assert float(merging.optimizer.learning_rate) == 0.1
    old = load_model(DATA / f"old_sequential{suffix}")
    assert (old.optimizer.momentum, float(old.optimizer.learning_rate)) == (0.9, 0.1)
    history = old.fit(np.zeros((4, 4, 3)), np.array([0, 1, 2, 0]), verbose=0).history
    assert list(history) == ["loss", "accuracy"]
    assert not load_model(DATA / f"sequential{suffix}", compile=False).compiled


def test_inputs_keep_their_names() -> None:
    assert layers.InputLayer(batch_shape=(None, 2), name="rows").name == "rows"
    assert load_model(DATA / "merging.keras").input_names == ["a", "b"]


def test_a_model_of_keras_can_be_trained_saved_and_loaded(tmp_path: Path) -> None:
    model = load_model(DATA / "nested.keras")
    model.compile(loss="mse", optimizer="adam")
    data = inputs_for(model.inputs)
    model.fit(data, np.zeros((3, 2)), verbose=0)
    model.save(tmp_path / "model.pynn")
    copy = load_model(tmp_path / "model.pynn")
    np.testing.assert_array_equal(model.predict(data, verbose=0), copy.predict(data, verbose=0))


def test_dropout_is_not_switched_off_for_good() -> None:
    model = load_model(DATA / "activations.keras")
    x = inputs_for(model.inputs)[0]
    assert (model(x, training=True) != model(x)).any()


# ---- writing


@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_for_keras_is_read_again(tmp_path: Path, name: str) -> None:
    model = MODELS[name](pynn)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {*archive.namelist()} >= {"config.json", "metadata.json", "model.weights.h5"}
    copy = load_model(tmp_path / "model.keras")
    data = inputs_for(model.inputs)
    pairs = zip(
        leaves(model.predict(data, verbose=0)), leaves(copy.predict(data, verbose=0)), strict=True
    )
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)
    assert copy.compiled == model.compiled


def test_training_goes_on_from_files_for_keras_too(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).standard_normal((40, 4, 3)), np.eye(2)[np.arange(40) % 2]
    model = MODELS["sequential"](pynn)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    copy = load_model(tmp_path / "model.keras")
    for each in (model, copy):
        each.fit(x, y, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Own(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


def own_layer() -> Any:
    return Sequential([pynn.Input((2,)), Own()])


def between_layers(function: Callable[[Any], Any]) -> Callable[[], Any]:
    def make() -> Any:
        inputs = pynn.Input((2,))
        return pynn.Model(inputs, layers.Dense(1)(function(inputs)))

    return make


def by_truth(x: Any) -> Any:
    return x[:, [True, False]]


def own_activation() -> Any:
    return Sequential([pynn.Input((2,)), layers.Dense(1, activation="heaviside")])


@pytest.mark.parametrize(
    "make",
    [
        own_layer,
        between_layers(lambda x: ops.dropout(x, 0.5)),
        between_layers(pynn.activations.heaviside),
        between_layers(pynn.activations.sign),
        between_layers(lambda x: ops.clip(x, np.zeros(2), np.ones(2))),
        between_layers(by_truth),
        own_activation,
    ],
)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_what_keras_lacks_is_written_too(
    tmp_path: Path, make: Callable[[], Any], suffix: str
) -> None:
    model = make()
    model.save(tmp_path / f"model{suffix}")
    loaded = load_model(tmp_path / f"model{suffix}", custom_objects={"Own": Own})
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".weights.h5", "_weights.h5"])
def test_hdf5_files_are_written(tmp_path: Path, name: str, suffix: str) -> None:
    model, path = MODELS[name](pynn), tmp_path / f"model{suffix}"
    if "weights" in suffix:
        model.save_weights(path)
        copy = MODELS[name](pynn)
        copy.load_weights(path)
    else:
        model.save(path)
        copy = load_model(path)
        assert copy.compiled == model.compiled
    with h5py.File(path) as file:
        assert {*file} >= ({"layers"} if suffix == ".weights.h5" else set())
    data = inputs_for(model.inputs)
    pairs = zip(
        leaves(model.predict(data, verbose=0)), leaves(copy.predict(data, verbose=0)), strict=True
    )
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)


def test_training_goes_on_from_hdf5_files(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((40, 3))
    model = pynn.MLP(5, 1, input_shape=3)
    model.compile(optimizer=optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    model.fit(x, x[:, :1], verbose=0)
    model.save(tmp_path / "model.h5")
    copy = load_model(tmp_path / "model.h5")
    for each in (model, copy):
        each.fit(x, x[:, :1], shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.save(tmp_path / "bare.h5", include_optimizer=False)
    assert not load_model(tmp_path / "bare.h5").compiled
    model.save(tmp_path / "bare.keras", include_optimizer=False)
    assert int(load_model(tmp_path / "bare.keras").optimizer.iterations) == 0


def test_long_lists_of_names_are_written_in_parts(tmp_path: Path) -> None:
    names = [f"{'layer' * 200}_{i}" for i in range(600)]
    model = Sequential([pynn.Input((1,)), *(layers.Dense(1, name=name) for name in names)])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names9" in file["model_weights"].attrs
    for a, b in zip(model.get_weights(), load_model(tmp_path / "m.h5").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_own_classes(tmp_path: Path, name: str, suffix: str) -> None:
    model, names = OWN[name](pynn)
    shake(model)
    model.save(tmp_path / f"m{suffix}")
    loaded = load_model(tmp_path / f"m{suffix}", custom_objects=names)
    np.testing.assert_array_equal(model.predict(ROWS, verbose=0), loaded.predict(ROWS, verbose=0))
    assert loaded.compiled == model.compiled
    for missing in names:
        rest = {key: value for key, value in names.items() if key != missing}
        with pytest.raises(FileError, match=missing):
            load_model(tmp_path / f"m{suffix}", custom_objects=rest)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".pynn"])
def test_what_is_registered_or_in_a_scope_is_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    for name in ("own_layer", "own_training"):
        model, names = OWN[name](pynn)
        model.save(path)
        with custom_object_scope(names):
            loaded = load_model(path)
            np.testing.assert_array_equal(model.predict(ROWS), loaded.predict(ROWS))
        with pytest.raises(FileError):
            load_model(path)
        try:
            for thing in names.values():
                register_keras_serializable("mine")(thing)
            model.save(path)
            loaded = load_model(path)
            np.testing.assert_array_equal(model.predict(ROWS), loaded.predict(ROWS))
            assert loaded.compiled == model.compiled
        finally:
            get_custom_objects().clear()
        with pytest.raises(FileError):
            load_model(path)


def test_names_of_a_scope() -> None:
    def cube(x: Any) -> Any:
        return x * x * x

    with custom_object_scope({"cube": cube}):
        layer = layers.Dense(2, activation="cube")
        assert get_registered_object("cube") is cube
    assert layer.activation is cube
    assert get_registered_object("cube") is None
    assert get_registered_object("cube", {"cube": cube}) is cube
    with pytest.raises(ValueError, match="unknown activation: 'cube'"):
        layers.Dense(2, activation="cube")
    with pytest.raises(ValueError, match=r"must have a get_config\(\)"):
        register_keras_serializable()(object)
    assert get_registered_name(cube) == "cube"


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5", "m.bin"])
def test_open_files_are_what_their_names_say(tmp_path: Path, name: str) -> None:
    model, other = MODELS["embedding"](pynn), MODELS["embedding"](pynn)
    with open(tmp_path / name, "wb") as file:
        (model.save_weights if "weights" in name else model.save)(file)
    start = {".keras": b"PK", ".h5": b"\x89HDF", ".bin": b""}[Path(name).suffix]
    assert (tmp_path / name).read_bytes().startswith(start)
    other.load_weights(tmp_path / name)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".pynn"])
def test_a_compile_of_a_users_own_is_not_called(tmp_path: Path, suffix: str) -> None:
    class Compiled(Sequential):
        def compile(self, rate: float) -> None:
            super().compile(optimizer=optimizers.SGD(rate), loss="mse")

    model = Compiled([pynn.Input((2,)), layers.Dense(1)])
    model.compile(0.1)
    model.save(tmp_path / f"m{suffix}")
    with pytest.warns(UserWarning, match="its class has a compile.. of its own"):
        loaded = load_model(tmp_path / f"m{suffix}", custom_objects={"Compiled": Compiled})
    assert type(loaded) is Compiled
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_compile_settings_of_a_lambda_are_not_saved(tmp_path: Path) -> None:
    model = pynn.MLP(2, 1, input_shape=2)
    model.compile(loss=lambda y, p: ops.mean(p - y, axis=-1))
    for suffix in (".keras", ".h5", ".pynn"):
        with pytest.warns(UserWarning, match="is saved without its compile settings: .*lambda"):
            model.save(tmp_path / f"m{suffix}")
        assert not load_model(tmp_path / f"m{suffix}").compiled


def test_the_function_of_a_lambda_layer_is_found_by_its_name(tmp_path: Path) -> None:
    def double(x: Any) -> Any:
        return 2.0 * x

    model = Sequential([pynn.Input((2,)), layers.Lambda(double)])
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom_objects={"double": double})
    assert loaded.predict(np.ones((1, 2)), verbose=0).tolist() == [[2.0, 2.0]]
    with pytest.raises(FileError, match="is a Lambda, whose code is not read"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    model = MODELS["embedding"](pynn)
    monkeypatch.setitem(sys.modules, "h5py", None)
    save = model.save_weights if "weights" in suffix else model.save
    with pytest.raises(ImportError, match=r'pip install "pynn-mlp\[keras-files\]"'):
        save(tmp_path / f"model{suffix}")
    assert not any(tmp_path.iterdir())
    if "weights" not in suffix:
        assert_predicts_as_keras(load_model(DATA / f"embedding{suffix}"), "embedding")


@pytest.mark.parametrize("name", ["m.txt", "m.tf", "m.ckpt", "m.weights", "m.02-0.35", "m.json"])
def test_unknown_endings_are_refused(tmp_path: Path, name: str) -> None:
    model = MODELS["embedding"](pynn)
    with pytest.raises(ValueError, match=r"must end in .pynn, .keras or .h5"):
        model.save(tmp_path / name)
    for path in (tmp_path / name, tmp_path / "m.keras"):
        with pytest.raises(ValueError, match=r"must end in .pynn or .weights.h5"):
            model.save_weights(path)
        with pytest.raises(ValueError, match=r"must end in .pynn or .weights.h5"):
            pynn.callbacks.ModelCheckpoint(path, save_weights_only=True)
    assert not any(tmp_path.iterdir())


def test_paths_without_an_ending(tmp_path: Path) -> None:
    model = MODELS["embedding"](pynn)
    for options, start in (
        ({}, None),
        ({"save_format": "tf"}, None),
        ({"save_format": "h5"}, b"\x89HDF"),
        ({"save_format": "keras"}, b"PK"),
    ):
        model.save(tmp_path / "model", **options)
        assert (tmp_path / "model").read_bytes().startswith(start or b"")
        assert load_model(tmp_path / "model").count_params() == model.count_params()


# ---- what is refused


def changed_archive(
    path: Path, change: Callable[[dict[str, Any]], Any], name: str = "sequential"
) -> Path:
    """Write a ``.keras`` file whose config was changed."""
    with zipfile.ZipFile(DATA / f"{name}.keras") as archive:
        config = json.loads(archive.read("config.json"))
        weights = archive.read("model.weights.h5")
    change(config)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return path


def first_layer(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        entry = config["config"]["layers"][1]
        config = changes.pop("config", {})
        entry.update(changes)
        entry["config"].update(config)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (first_layer(class_name="Lambda"), "layer 'rescaling' is a Lambda, whose code is not read"),
        (first_layer(class_name="Conv2D"), "no Conv2D: pynn is for dense networks"),
        (first_layer(module="os", class_name="system"), "unknown layer class: 'system' of os"),
        (first_layer(module="mine", class_name="Dense"), "unknown layer class: 'Dense' of mine"),
        (
            first_layer(module="keras.src.ops.numpy", class_name="Add"),
            "unknown layer class: 'Add' of keras.src.ops.numpy",
        ),
        (first_layer(config={"new": 3}), "has the argument new=3, which pynn does not have"),
        (first_layer(config={"data_format": "channels_first"}), "data_format='channels_first'"),
        (lambda c: c.update(class_name="Evil"), "unknown model class: 'Evil'"),
        (lambda c: c.update(config=3), "its config describes no model"),
        (lambda c: c["config"].update(layers=3), "no usable model: TypeError"),
        (lambda c: c["config"].pop("layers"), "no usable model: KeyError: 'layers'"),
        (lambda c: c.pop("class_name"), "its config describes no model"),
        (
            lambda c: c["config"]["layers"][3]["config"].update(activation="evil"),
            "unknown activation: 'evil'",
        ),
        (
            lambda c: c["config"]["layers"][3]["config"].update(
                kernel_initializer={"module": "os", "class_name": "system", "config": {}}
            ),
            "unknown initializer: 'system'",
        ),
        (
            lambda c: c["config"]["layers"][3]["config"].update(units=10**9),
            "is larger than what the file holds",
        ),
        (lambda c: c["config"]["layers"][3]["config"].update(units=4), "has the shape"),
        (
            lambda c: c["config"]["layers"].append(c["config"]["layers"][-1]),
            "the layers of a model must have different names",
        ),
    ],
)
def test_configs_are_refused_by_name(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_model(changed_archive(tmp_path / "x.keras", change))


def operation(name: str = "", **changes: Any) -> Callable[[dict[str, Any]], None]:
    """Change the first operation of that class, a subtraction by default."""

    def change(config: dict[str, Any]) -> None:
        entries = config["config"]["layers"]
        entry = next(e for e in entries if e["class_name"] == (name or "Subtract"))
        entry["config"].update(changes.pop("config", {}))
        call = entry["inbound_nodes"][0]
        call["args"] = changes.pop("args", call["args"])
        entry.update(changes)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (operation(class_name="Cumprod"), "unknown operation: 'Cumprod' of keras.src.ops.numpy"),
        (operation(class_name="find_op"), "unknown operation: 'find_op' of keras.src.ops.numpy"),
        (operation(module="keras.src.ops.nn"), "unknown operation: 'Subtract' of keras.src.ops.nn"),
        (operation(module="keras.src.ops.core", class_name="WhileLoop"), "unknown .*'WhileLoop'"),
        (operation(module="os", class_name="system"), "unknown layer class: 'system' of os"),
        (operation(module="mine.ops"), "unknown layer class: 'Subtract' of mine.ops"),
        (operation(config={"out": 3}), "operation 'subtract.*' .* has the argument out=3"),
        (operation("Std", config={"axis": "x"}), "no usable model: TypeError"),
        (operation(args=[1]), "layer .subtract.* is called on no tensor"),
        (operation(args=[{"class_name": "function", "config": "f"}, 2]), "of class 'function'"),
        (
            operation(args=[{"class_name": "__lambda__", "config": {"value": "eA=="}}, 2]),
            "of class '__lambda__'; that is not read",
        ),
        (
            operation(
                args=[{"class_name": "__numpy__", "config": {"value": [[1], "x"], "dtype": "O"}}]
            ),
            "a type must be one of bool, .*Received: dtype=",
        ),
        (
            operation(args=[{"class_name": "__numpy__", "config": {"value": [1], "dtype": "q!"}}]),
            "a type must be one of bool, .*Received: dtype='q!'",
        ),
    ],
)
def test_operations_are_refused_by_name(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_model(changed_archive(tmp_path / "x.keras", change, "operators"))


def test_own_classes_and_functions_come_from_custom_objects(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        entries = config["config"]["layers"]
        entries[1].update(module=None, class_name="Own", registered_name="mine>Own")
        entries[1]["config"] = {"name": "own", "trainable": True}
        entries[3]["config"]["activation"] = {
            "module": "builtins",
            "class_name": "function",
            "config": "cube",
            "registered_name": "function",
        }

    path = changed_archive(tmp_path / "x.keras", change)
    custom = {"Own": Own, "cube": lambda x: ops.multiply(x, x)}
    model = load_model(path, custom_objects=custom)
    assert type(model.layers[0]) is Own
    with pytest.raises(ValueError, match="unknown layer class: 'Own'"):
        load_model(path, custom_objects={"cube": custom["cube"]})
    with pytest.raises(ValueError, match="unknown activation: 'cube'"):
        load_model(path, custom_objects={"Own": Own})


def test_settings_that_are_unknown_are_named(tmp_path: Path) -> None:
    path = changed_archive(tmp_path / "x.keras", lambda c: c["compile_config"].update(loss="mine"))
    with pytest.raises(FileError, match="compile=False.*unknown loss: 'mine'"):
        load_model(path)
    assert not load_model(path, compile=False).compiled


def archive_of(path: Path, members: dict[str, bytes], compression: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_archives_that_are_damaged_or_no_models(tmp_path: Path) -> None:
    path = tmp_path / "x"
    content = (DATA / "sequential.keras").read_bytes()
    for damaged in (
        content[:-30],
        content[:5000],
        content[:4],
        content[:900] + b"?" + content[901:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is no valid Keras file"):
            load_model(path)
    with pytest.raises(ValueError, match="an archive without config.json"):
        load_model(archive_of(path, {"evil.pkl": b""}))
    with pytest.raises(ValueError, match="is no valid HDF5 file"):
        config = b'{"class_name": "Sequential", "config": {"layers": []}}'
        load_model(archive_of(path, {"config.json": config, "model.weights.h5": b"garbage"}))


def test_a_long_list_of_members_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    content = (DATA / "sequential.keras").read_bytes()
    end = content.rindex(b"PK\5\6")
    path.write_bytes(content[: end + 12] + struct.pack("<I", 10**6) + content[end + 16 :])
    with pytest.raises(ValueError, match="its list of members is 1000000 bytes long"):
        load_model(path)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 3, 3, 2 * 10**6, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    path.write_bytes(content[:end] + record + locator + content[end:])
    with pytest.raises(ValueError, match="its list of members is 2000000 bytes long"):
        load_model(path)


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    members = {"config.json": b"{}", "model.weights.h5": bytes(10_000_000)}
    path = archive_of(tmp_path / "x", members, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="model.weights.h5 would be 10000000 bytes long"):
        load_model(path)


def hdf5_with(change: Callable[[h5py.File], None]) -> bytes:
    buffer = io.BytesIO((DATA / "old_sequential.h5").read_bytes())
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def test_arrays_outside_of_the_file_are_refused(tmp_path: Path) -> None:
    path, secret = tmp_path / "x.h5", tmp_path / "secret"
    secret.write_bytes(bytes(1000))
    key = "model_weights/dense/dense/kernel:0"

    def external_storage(file: h5py.File) -> None:
        del file[key]
        file.create_dataset(key, (12, 5), "f4", external=[(os.fspath(secret), 0, 240)])

    def external_link(file: h5py.File) -> None:
        del file[key]
        file[key] = h5py.ExternalLink(os.fspath(DATA / "old_functional.h5"), "/model_weights")

    def virtual(file: h5py.File) -> None:
        del file[key]
        layout = h5py.VirtualLayout((12, 5), "f4")
        layout[:] = h5py.VirtualSource(os.fspath(secret), "x", (12, 5))
        file.create_virtual_dataset(key, layout)

    def compressed(file: h5py.File) -> None:
        del file[key]
        file.create_dataset(key, (10**5, 10**5), "f4", compression="gzip", chunks=(1000, 1000))

    def in_chunks(file: h5py.File) -> None:
        del file[key]
        file.create_dataset(key, data=np.zeros((12, 5), "f4"), chunks=(6, 5))

    def checked(file: h5py.File) -> None:
        del file[key]
        file.create_dataset(key, data=np.zeros((12, 5), "f4"), fletcher32=True)

    for change, message in (
        (in_chunks, "is in chunks or compressed"),
        (checked, "is in chunks or compressed"),
        (external_storage, "lies in another file"),
        (virtual, "lies in another file"),
        (external_link, "the file has no array"),
        (compressed, "is in chunks or compressed"),
    ):
        path.write_bytes(hdf5_with(change))
        with pytest.raises(ValueError, match=message):
            load_model(path)


def test_a_sequential_in_the_oldest_form(tmp_path: Path) -> None:
    def without_names(file: h5py.File) -> None:
        config = json.loads(file.attrs["model_config"])
        config["config"] = config["config"]["layers"]
        file.attrs["model_config"] = json.dumps(config)

    path = tmp_path / "x.h5"
    path.write_bytes(hdf5_with(without_names))
    assert_predicts_as_keras(load_model(path), "old_sequential")


def test_old_files_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"

    def unknown(file: h5py.File) -> None:
        config = file.attrs["model_config"]
        file.attrs["model_config"] = config.replace("LeakyReLU", "Leaky2")

    def no_model(file: h5py.File) -> None:
        del file.attrs["model_config"]

    def no_json(file: h5py.File) -> None:
        file.attrs["model_config"] = "{"

    def fewer(file: h5py.File) -> None:
        names = file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs["layer_names"] = names[:-1]

    for change, message in (
        (unknown, "unknown layer class: 'Leaky2'"),
        (no_model, "holds weights without a model"),
        (no_json, "its model_config is not JSON"),
        (fewer, "the file has 2 layers with weights, and model .* has 3"),
    ):
        path.write_bytes(hdf5_with(change))
        with pytest.raises(ValueError, match=message):
            load_model(path)
    path.write_bytes((DATA / "old_sequential.h5").read_bytes()[:9000])
    with pytest.raises(ValueError, match="is no valid HDF5 file"):
        load_model(path)
    with pytest.raises(ValueError, match="weights"):
        MODELS["nested"](pynn).load_weights(DATA / "sequential.h5")


@pytest.mark.parametrize("name", ["old_functional.h5", "old_functional_weights.h5"])
def test_old_weights_by_the_names_of_layers(name: str) -> None:
    whole = load_model(DATA / "old_functional.h5", compile=False)
    layer = next(x for x in whole.layers if isinstance(x, layers.Dense))
    width = layer.kernel.shape[0]
    inputs = pynn.Input((width,))
    same = layers.Dense(layer.units, name=layer.name)
    other = layers.Dense(3, name="another")
    part = Model(inputs, other(same(inputs)))
    before = other.get_weights()
    part.load_weights(DATA / name, by_name=True)
    for a, b in zip(same.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(other.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="does not hold the names of layers"):
        part.load_weights(DATA / "old_functional.weights.h5", by_name=True)
