"""Every op, and every layer, as an ONNX graph that ONNX Runtime computes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnxruntime
import pytest

from layers.test_every_layer import EXAMPLES as LAYERS
from layers.test_every_layer import build
from ops.test_composed import CASES as COMPOSED
from ops.test_op_table import CASES as OPS
from pynn import layers, models, ops
from pynn._tensor import Mode, Tensor, apply
from pynn.formats import OnnxGraph, write_network

# What models compute that have no ONNX form, and why.
WITHOUT = {
    "erfinv": "ONNX has no inverse of the error function",
    "put": "gradients of an index, in models whose call() takes gradients",
    "put_taken": "gradients of a lookup, in models whose call() takes gradients",
}
# A few roundings more or fewer; in float64 where ONNX Runtime has a function in float alone.
ALLOWED = {"float32": 1e-6, "float64": 1e-6}


def test_every_op_has_a_form_or_a_reason() -> None:
    assert {op.name for op in ops.all_ops() if op.onnx is None} == set(WITHOUT)


def run(content: bytes, given: dict[str, np.ndarray]) -> list[np.ndarray]:
    found: list[np.ndarray] = onnxruntime.InferenceSession(content).run(None, given)
    return found


def assert_close(found: np.ndarray, expected: np.ndarray, allowed: float) -> None:
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=allowed * scale)


@pytest.mark.parametrize("dtype", ALLOWED)
@pytest.mark.parametrize(
    ("name", "values", "params"),
    [case for case in OPS if case[0] not in WITHOUT and not case[2].get("always")],
)
def test_ops(name: str, values: list[Any], params: dict[str, Any], dtype: str) -> None:
    op = ops.find_op(name)
    first = next(i for i, value in enumerate(values) if isinstance(value, np.ndarray))
    values = [
        value.astype(dtype) if getattr(value, "dtype", None) == np.float64 else value
        for value in values
    ]
    x = values[first] = np.asarray(values[first], dtype)
    tensor = Tensor((None, *x.shape[1:]), dtype)
    mode = {"mode": Mode(training=False)} if op.modal else {}
    expected = op.forward(*values, **params, **mode)
    values[first] = tensor
    output = apply(op, *values, **params)

    class Plan:
        inputs, outputs, output_nodes, updates = [tensor], [output], [output.node], ()

    w = OnnxGraph(dtype, 17)
    (name,) = write_network(w, Plan(), [w.declare_input("x", dtype, tensor.shape)])
    w.declare_output("y", name, dtype, output.shape)
    file = io.BytesIO()
    w.save(file, "g", {})
    (found,) = run(file.getvalue(), {"x": x})
    assert_close(found, np.asarray(expected, dtype), ALLOWED[dtype])


def exported(model: Any) -> bytes:
    file = io.BytesIO()
    model.export(file, format="onnx")
    return file.getvalue()


@pytest.mark.parametrize(("name", "arguments", "data"), LAYERS)
def test_layers(name: str, arguments: dict[str, Any], data: Any) -> None:
    _, model = build(name, arguments, data)
    given = data if isinstance(data, list) else [data]
    expected = model.predict(data, verbose=0)
    expected = expected if isinstance(expected, (list, tuple)) else [expected]
    names = model.input_names
    found = run(exported(model), dict(zip(names, given, strict=True)))
    for ours, other in zip(expected, found, strict=True):
        assert_close(other, ours, ALLOWED["float32"])


@pytest.mark.parametrize("name", COMPOSED)
def test_composed(name: str) -> None:
    call = COMPOSED[name][0]
    x = np.random.default_rng(3).uniform(0.1, 0.9, (7, 6)).astype("float32")
    inputs = layers.Input((6,))
    try:
        outputs = call(inputs)
        model = models.Model(inputs, outputs)
        expected = model.predict(x, verbose=0)
    except (ValueError, TypeError):
        return  # for arrays alone
    if isinstance(expected, (list, tuple)):
        return
    if any(node.op.name in WITHOUT for node in model._plan().output_nodes):
        return
    (found,) = run(exported(model), {model.input_names[0]: x})
    assert_close(found, expected, ALLOWED["float32"])


def test_rows_of_unknown_size() -> None:
    inputs = layers.Input((6,))
    moved = ops.reshape_rows(ops.reshape(inputs, (2, -1)), (-1, 3))
    model = models.Model(inputs, ops.reshape(ops.cumsum(moved, axis=1), (-1, 6)))
    x = np.arange(24, dtype="float32").reshape(4, 6)
    (found,) = run(exported(model), {model.input_names[0]: x})
    np.testing.assert_allclose(found, x.reshape(2, 4, 3).cumsum(axis=1).reshape(4, 6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x - ops.mean(x[[0, 1]], axis=0), "where it takes all rows of the batch"),
        (lambda x: x[[2, 0]], "where it takes all rows of the batch"),
        (lambda x: ops.dropout(x, 0.5, always=True), "drops out at inference too"),
    ],
)
def test_what_has_no_form(call: Any, message: str) -> None:
    inputs = layers.Input((3,))
    with pytest.raises(NotImplementedError, match=message):
        exported(models.Model(inputs, call(inputs)))
