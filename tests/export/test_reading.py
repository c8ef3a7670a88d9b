"""`from_onnx`: files of other libraries, what pynn wrote itself, and files that are hostile."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from pynn import activations, layers, models

# Written by tests/reliability/onnx_files.py, which has more of them.
FILES = sorted((Path(__file__).parent / "files").glob("*.onnx"))
RNG = np.random.default_rng(0)

_spec = importlib.util.spec_from_file_location(
    "onnx_files", Path(__file__).parents[1] / "reliability" / "onnx_files.py"
)
assert _spec is not None and _spec.loader is not None
onnx_files = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(onnx_files)


def predicted(model: Any, given: list[np.ndarray]) -> list[np.ndarray]:
    found = model.predict(given if len(given) > 1 else given[0], verbose=0)
    return list(found.values()) if isinstance(found, dict) else [found]


def assert_close(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for ours, other in zip(found, expected, strict=True):
        scale = max(1.0, float(np.max(np.abs(other))))
        np.testing.assert_allclose(ours.reshape(other.shape), other, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_files_of_other_libraries(path: Path) -> None:
    known = np.load(path.with_suffix(".npz"))
    given = [known[name] for name in known if name.startswith("x")]
    model = models.from_onnx(path)
    assert_close(predicted(model, given), [known[n] for n in known if n.startswith("y")])
    assert model.count_params() > 0


@pytest.mark.parametrize("seed", range(20))
def test_random_models_are_written_and_read(seed: int) -> None:
    assert onnx_files.excess(seed) <= 1.0


def test_it_trains_on() -> None:
    model = models.Sequential([layers.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    file = io.BytesIO()
    model.export(file, format="onnx")
    again = models.from_onnx(file.getvalue())
    assert [type(layer).__name__ for layer in again.layers] == [
        *("InputLayer", "Dense", "Activation", "Dense")
    ]
    x = RNG.standard_normal((64, 3)).astype("float32")
    again.compile("sgd", "mse")
    before = again.evaluate(x, x[:, :1], verbose=0)
    again.fit(x, x[:, :1], epochs=3, verbose=0)
    assert again.evaluate(x, x[:, :1], verbose=0) < before


# ---- graphs made here


def graph(nodes: list[Any], tensors: dict[str, np.ndarray] | None = None, **shapes: Any) -> Any:
    inputs = shapes or {"x": ["n", 4]}
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in (tensors or {}).items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])


def node(operator: str, *inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], name=f"a_{operator}", **attributes)


W = RNG.standard_normal((4, 3)).astype("float32")
B = RNG.standard_normal(3).astype("float32")
X = RNG.standard_normal((5, 4)).astype("float32")


@pytest.mark.parametrize(
    ("nodes", "tensors", "expected"),
    [
        ([node("Gemm", "x", "w", "b", alpha=2.0, beta=0.5)], {"w": W, "b": B}, 2 * X @ W + B / 2),
        ([node("Gemm", "x", "w", transB=1)], {"w": W.T.copy()}, X @ W),
        (
            [node("MatMul", "x", "w", output="m"), node("Add", "b", "m")],
            {"w": W, "b": B[None]},
            X @ W + B,
        ),
        (
            [node("MatMul", "x", "w", output="m"), node("Add", "m", "m")],
            {"w": W},
            2 * (X @ W),
        ),
        ([node("Clip", "x", "", "high")], {"high": np.float32(0.5)}, np.minimum(X, 0.5)),
        ([node("ReduceMean", "x", axes=[1], keepdims=0)], {}, X.mean(1)),
        ([node("Concat", "x", "x", axis=-1)], {}, np.hstack([X, X])),
        ([node("Transpose", "w", output="v"), node("MatMul", "x", "v")], {"w": W.T.copy()}, X @ W),
        ([node("Softmax", "x", axis=1)], {}, np.asarray(activations.softmax(X))),
        ([node("Pow", "x", "two")], {"two": np.float32(2)}, X**2),
        (
            [node("Slice", "x", "a", "b", "a")],
            {"a": np.array([1]), "b": np.array([9])},
            X[:, 1:],
        ),
    ],
)  # fmt: skip
def test_graphs(nodes: list[Any], tensors: dict[str, np.ndarray], expected: np.ndarray) -> None:
    model = models.from_onnx(graph(nodes, tensors))
    assert_close(predicted(model, [X]), [expected])


def test_a_product_and_its_bias_are_one_layer() -> None:
    nodes = [node("MatMul", "x", "w", output="m"), node("Add", "m", "b")]
    model = models.from_onnx(graph(nodes, {"w": W, "b": B}))
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (graph([node("Conv", "x", "w")], {"w": W}), "the operator 'Conv' cannot be read.*a_Conv"),
        (graph([node("Relu", "z")]), "has no value 'z'"),
        (graph([node("Relu", "y")]), "depends on itself"),
        (graph([node("MatMul", "x", "w")], {"w": W.T.copy()}), "do not fit a matrix"),
        (graph([node("ReduceSum", "x", "a")], {"a": np.array([0])}), "combines rows of the batch"),
        (graph([node("Relu", "w")], {"w": W}), "does not depend on the inputs"),
        (graph([node("ArgMax", "x")]), "the operator 'ArgMax'"),
        (graph([node("Relu", "x")], x=["n", "m"]), "must have rows of known shape"),
        (graph([node("Relu", "x")], x=[]), "must have rows of known shape"),
        (
            graph(
                [node("ConstantOfShape", "s", output="c"), node("Add", "x", "c")],
                {"s": np.array([2**20, 2**20])},
            ),
            "would make a constant of 1099511627776 numbers",
        ),
        (
            graph(
                [node("Add", "a", "b", output="c"), node("MatMul", "x", "c")],
                {"a": np.zeros((2**14, 1), "f"), "b": np.zeros((1, 2**14), "f")},
            ),
            "would make a constant of",
        ),
        (
            graph(
                [
                    node("Concat", *["x"] * 1000, output="c0", axis=1),
                    *[
                        node("Concat", *[f"c{i}"] * 1000, output=f"c{i + 1}", axis=1)
                        for i in range(4)
                    ],
                    node("Identity", "c4"),
                ]
            ),
            "cannot combine inputs",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read(made: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.from_onnx(made)


def test_a_tensor_with_too_little_data() -> None:
    made = graph([node("MatMul", "x", "w")], {"w": W})
    made.graph.initializer[0].dims[:] = [4, 2**40]
    with pytest.raises(ValueError, match="has too little data"):
        models.from_onnx(made.SerializeToString())


def test_damaged_files() -> None:
    content = (FILES[0]).read_bytes()
    for cut in (0, 1, 10, len(content) // 2):
        with pytest.raises(ValueError):
            models.from_onnx(content[:cut])
    rng = np.random.default_rng(1)
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), 4):
            damaged[at] = rng.integers(256)
        try:
            models.from_onnx(damaged)
        except ValueError:
            pass
    with pytest.raises(FileNotFoundError):
        models.from_onnx("no such file.onnx")


@pytest.mark.parametrize("location", ["../w.bin", "/etc/hostname", "sub/w.bin", "link.bin", ""])
def test_weights_elsewhere_are_refused(location: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for path in (tmp_path / "w.bin", folder / "sub" / "w.bin"):
        path.write_bytes(W.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(ValueError, match="must lie beside the model's file"):
        models.from_onnx(external(folder, location))


def external(folder: Path, location: str, **more: str) -> Path:
    made = graph([node("MatMul", "x", "w")], {"w": W})
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path = folder / "m.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"12345678" + W.tobytes())
    path = external(tmp_path, "w.bin", offset="8")
    assert_close(predicted(models.from_onnx(path), [X]), [X @ W])
    with pytest.raises(ValueError, match="only where the model is given as a path|only where"):
        models.from_onnx(path.read_bytes())
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    with pytest.raises(ValueError, match="is larger than"):
        models.from_onnx(path)
