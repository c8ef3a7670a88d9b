"""`from_onnx`: files of other libraries, what pynn wrote itself, and files that are hostile."""

from __future__ import annotations

import importlib.util
import io
import os
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
SUM = node("Add", "m", "b")  # of a product and a bias
TWICE = [node("Gemm", "x", "w", "b", beta=2.0)]
ZERO = np.array([0])


WIDE = np.hstack([W, W[:, :2]])  # as many columns as X has rows


def product(*after: Any) -> list[Any]:
    return [node("MatMul", "x", "w", output="m"), *after]


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
        (product(SUM), {"w": W[:, :1], "b": np.float32(2)}, X @ W[:, :1] + 2),
        (product(SUM), {"w": W, "b": np.float32(2)}, X @ W + 2),
        (product(SUM), {"w": WIDE, "b": X[:, :1]}, X @ WIDE + X[:, :1]),
        (product(node("Neg", "b", output="c"), node("Add", "c", "m")), {"w": W, "b": B}, X @ W - B),
        (
            product(node("Add", "m", "c"), node("Constant", output="c", value_floats=B.tolist())),
            {"w": W},
            X @ W + B,
        ),
        (product(node("Add", "x", "m")), {"w": W[:, :1]}, X + X @ W[:, :1]),
        (TWICE, {"w": W, "b": X[:, :3]}, X @ W + 2 * X[:, :3]),
        (TWICE, {"w": WIDE, "b": X[:, :1]}, X @ WIDE + 2 * X[:, :1]),
        (
            [node("Abs", "x", output="a"), node("Gemm", "x", "w", "a", beta=2.0)],
            {"w": WIDE[:, :4]},
            X @ WIDE[:, :4] + 2 * np.abs(X),
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
        (graph([node("Transpose", "x")]), r"a row for each row of the inputs.*shape \(4, None\)"),
        (graph([node("Relu", "x")], {"x": X}), "has no inputs"),
        (graph([node("Relu", "x")], x=["n", "m"]), "must have rows of known shape"),
        (graph([node("Identity", "x", output="x")], x=["n", "m"]), "must have rows of known shape"),
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
        (graph([node("Relu", "x")] * 100_001), "has 100001 nodes, more than 100000"),
        (graph(product(node("Add", "m", "b", "b")), {"w": W, "b": B}), "the operator 'Add'"),
        (graph(product(SUM), {"w": W, "b": B[None, None]}), "a row for each row of the inputs"),
        (graph([node("Shape", "x", output="s"), node("Add", "x", "s")]), "only used as shapes"),
        (graph([node("Reshape", "x", "x")]), "its shape must be constant"),
        (graph([node("Reshape", "x", "s")], {"s": np.array([1, -1])}), r"keep the rows.*\[1, -1\]"),
        (graph([node("Reshape", "x", "s")], {"s": np.array([-1])}), r"keep the rows.*\[-1\]"),
        (graph([node("Flatten", "x", axis=0)]), "keep the rows of the batch. Received: axis=0"),
        (graph([node("Concat", "x", "x", axis=0)]), "it joins rows of the batch"),
        (graph([helper.make_node("Split", ["x"], ["y", "z"])]), "it takes rows of the batch apart"),
        (graph([node("Slice", "x", "a", "b")], {"a": ZERO, "b": ZERO + 2}), "takes some rows of"),
        (graph([node("Gather", "x", "i")], {"i": ZERO}), "it takes some rows of the batch"),
        (graph([node("Gather", "x", "x", axis=1)]), "its places must be constant"),
        (graph([node("Gather", "t", "x")], {"t": np.zeros((2, 2, 2), "f")}), "a matrix of vectors"),
        (graph([node("Expand", "x", "s")], {"s": np.array([5, 4])}), r"repeats rows.*\[5, 4\]"),
        (graph([node("Pad", "x", "s", mode="edge")], {"s": np.zeros(4, int)}), "with constants"),
        (graph([node("CumSum", "x", "a", reverse=1)], {"a": np.array(1)}), "nor in reverse"),
        (graph([node("Dropout", "x", "", "t")], {"t": np.array(True)}), "dropout at inference"),
        (graph([node("Div", "w", "w")], {"w": np.array([1, 0])}), "divides whole numbers by zero"),
        (graph([node("Einsum", "w", "w", equation="ab,ab->a")], {"w": W}), "of constants it is"),
        (graph([node("MatMul", "w", "w")], {"w": np.zeros((2, 2, 2), "f")}), "more than two axes"),
        (
            graph([node("BatchNormalization", "x", *"bbbb", training_mode=1)], {"b": X[0]}),
            "must be in inference mode",
        ),
        (graph([node("LayerNormalization", "x", "b", axis=0)], {"b": X}), "over rows of the batch"),
        (graph([node("RMSNormalization", "x", "b", axis=0)], {"b": X}), "over rows of the batch"),
        (graph([helper.make_node("Constant", [], ["y"], value_strings=["a"])]), "must be numbers"),
        (graph([node("Relu", "c")], {"c": np.ones(2, np.complex64)}), "complex numbers"),
        (
            graph([node("LinearRegressor", "b", domain="ai.onnx.ml", coefficients=[1.0] * 4)],
                  {"b": X}),
            "must depend on the inputs",
        ),
        (
            graph([node("LinearRegressor", "x", domain="ai.onnx.ml", post_transform="PROBIT",
                        coefficients=[1.0] * 4)]),
            "'PROBIT' of its scores cannot be read",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read(made: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.from_onnx(made)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([4, 2**40], "has too little data"),
        ([-4, -3], "has a negative size"),
        ([4, 2], "cannot reshape array"),
    ],
)
def test_a_tensor_with_data_of_another_size(sizes: list[int], message: str) -> None:
    made = graph([node("MatMul", "x", "w")], {"w": W})
    made.graph.initializer[0].dims[:] = sizes
    with pytest.raises(ValueError, match=message):
        models.from_onnx(made.SerializeToString())


def test_sparse_tensors_are_refused() -> None:
    made = graph([node("Relu", "x")])
    made.graph.sparse_initializer.add()
    with pytest.raises(ValueError, match="sparse tensors cannot be read"):
        models.from_onnx(made)


def test_softmax_of_several_axes_is_refused() -> None:
    made = graph([node("Softmax", "x")], x=["n", 3, 4])
    made.opset_import[0].version = 11
    with pytest.raises(ValueError, match="before version 13 it is read along the last axis alone"):
        models.from_onnx(made)


def test_functions_are_put_in_place() -> None:
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    made = graph([node("Twice", "x", domain="own")])
    made.opset_import.append(versions[1])
    twice = [helper.make_node("Add", ["a", "a"], ["b"])]
    made.functions.append(helper.make_function("own", "Twice", ["a"], ["b"], twice, versions))
    assert_close(predicted(models.from_onnx(io.BytesIO(made.SerializeToString())), [X]), [2 * X])


def test_a_file_that_fixes_the_number_of_rows() -> None:
    nodes = [node("Reshape", "x", "s")]
    model = models.from_onnx(graph(nodes, {"s": np.array([5, 2, 2])}, x=[5, 4]))
    assert_close(predicted(model, [X[:3]]), [X[:3].reshape(3, 2, 2)])


@pytest.mark.parametrize("between", [0, 1, 3000])
def test_a_matrix_says_how_wide_an_input_is(between: int) -> None:
    names = ["x", *(f"c{i}" for i in range(between))]
    nodes = [node("Identity", a, output=b) for a, b in zip(names[:-1], names[1:], strict=True)]
    nodes.append(node("Gemm", names[-1], "w", transB=1))
    model = models.from_onnx(graph(nodes, {"w": W.T.copy()}, x=["n", "m"]))
    assert_close(predicted(model, [X]), [X @ W])


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


def test_weights_in_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.bin")
    with pytest.raises(ValueError, match="is a device, a socket or a pipe"):
        models.from_onnx(external(tmp_path, "w.bin"))
