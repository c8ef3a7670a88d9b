"""Functions of `pynn.ops`: arrays give arrays at once, tensors give tensors with a history."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import layers, ops
from pynn._tensor import apply
from pynn.graph import Plan


def run(build, *arrays: np.ndarray) -> np.ndarray:
    """What a network built by `build` from inputs like `arrays` computes."""
    inputs = [layers.Input(array.shape[1:], dtype="float64") for array in arrays]
    output = build(*inputs)
    plan = Plan(inputs, [output])
    shape = [n or 1 for n in output.shape[1:]]
    return plan.predict(arrays)[0].reshape(len(arrays[0]), *shape)


X = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -4.0]])


def test_arrays_are_computed_at_once() -> None:
    assert ops.add([1.0, 2.0], 1.0).tolist() == [2.0, 3.0]
    assert isinstance(ops.mean(X, axis=-1), np.ndarray)
    assert ops.concatenate([X, X], axis=-1).shape == (2, 6)
    assert ops.one_hot([1, 0], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert ops.shape(X) == (2, 3)
    np.testing.assert_array_equal(ops.split(X, 3, axis=1)[1], X[:, 1:2])


@pytest.mark.parametrize(
    "build",
    [
        lambda x: 2 * x - 1 / (x + 10) + x**2,
        lambda x: -x @ np.ones((3, 2)),
        lambda x: abs(x) % 2 + x // 2,
        lambda x: ops.where(x > 0, x, ops.exp(x)),
        lambda x: ops.std(x, axis=-1, keepdims=True) + ops.norm(x, axis=-1, keepdims=True),
        lambda x: ops.logsumexp(x, axis=-1, keepdims=True),
        lambda x: ops.stack([x, 2 * x], axis=1)[:, 1],
        lambda x: ops.reshape(x, (-1, 3, 1)) * 2,
        lambda x: ops.l2_normalize(x) + ops.softmax(x),
        lambda x: ops.divide_no_nan(x, x - 1),
        lambda x: ops.rsqrt(ops.square(x)) + ops.clip(x, -1, 1),
    ],
)
def test_tensors_compute_what_arrays_compute(build) -> None:
    np.testing.assert_allclose(run(build, X), build(X), rtol=1e-12)


def test_a_tensor_has_no_value() -> None:
    x = layers.Input((3,))
    for ask in (bool, float, int, len, np.asarray, ops.Tensor.numpy):
        with pytest.raises(ops.SymbolicValueError, match="no value"):
            ask(x)
    assert "shape=(None, 3)" in repr(x)


def test_a_tensor_of_known_length_has_entries() -> None:
    x = layers.Input((6,))
    pairs = ops.reshape(x, (2, -1))
    assert len(pairs) == 2
    first, second = pairs
    assert first.shape == second.shape == (None,)
    with pytest.raises(ops.SymbolicValueError, match="no value"):
        list(x)


def test_an_op_of_training_is_one_of_inference_for_arrays() -> None:
    np.testing.assert_array_equal(apply(ops.find_op("dropout"), X, rate=0.5, always=False), X)


def test_shapes_that_do_not_fit_are_refused() -> None:
    x = layers.Input((3,))
    with pytest.raises(ValueError, match="do not broadcast"):
        x + np.ones((2, 4))
    with pytest.raises(ValueError, match="no matrix product"):
        x @ np.ones((2, 4))
    with pytest.raises(ValueError, match="axis must be in"):
        ops.sum(x, axis=2)
    with pytest.raises(ValueError, match="5 entries"):
        ops.reshape_rows(x, (5,))


def test_unknown_activations_and_ops_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of.*relu"):
        ops.apply_activation("rely", X)
    with pytest.raises(ValueError, match="unknown op"):
        ops.find_op("rely")


def test_a_weight_shows_the_engines_memory_transposed() -> None:
    weight = ops.Weight(np.arange(6, dtype=np.float32).reshape(2, 3), "kernel")
    assert weight._variable.view.shape == (3, 2)
    weight.view[1, 2] = 9
    assert weight._variable.view[2, 1] == 9
    assert weight.numpy().flags["C_CONTIGUOUS"]
    weight.assign_add(np.ones((2, 3)))
    assert weight.numpy()[1, 2] == 10
    np.testing.assert_array_equal((weight * 2)[0], [2, 4, 6])
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        weight.assign(np.ones(3))


@pytest.mark.parametrize(
    ("compute", "dtype"),
    [
        (lambda x: ops.where(x > 0, 0.0, 1.0), "float32"),
        (lambda x: (x > 0) * 2.5, "float32"),
        (lambda x: ops.cast(x, "int32") * 0.5, "float32"),
        (lambda x: ops.cast(x, "int32") + 2, "int32"),
        (lambda x: (x > 0) + 1, "int64"),
        (lambda x: ops.cast(x, "float64") * 2, "float64"),
        (lambda x: ops.logical_and(x > 0, True), "bool"),
    ],
)
def test_the_type_of_whole_numbers_beside_constants(compute, dtype) -> None:
    x = np.array([[-1.5, 2.5]], "float32")
    recorded = compute(layers.Input((2,)))
    assert recorded.dtype == dtype
    assert np.asarray(compute(x)).dtype.kind == np.dtype(dtype).kind


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("find", [ops.argmax, ops.argmin, ops.argsort, ops.count_nonzero])
def test_places_and_counts_are_int32(find, dtype) -> None:
    x = np.arange(6).reshape(2, 3).astype(dtype)
    assert [find(x, axis=axis).dtype for axis in (None, 0)] == ["int32", "int32"]
    assert find(layers.Input((3,)), axis=-1).dtype == "int32"
