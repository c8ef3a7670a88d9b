"""Functions of `pynn.ops` that others make up: of arrays, in a model, and trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import layers, models, ops
from pynn._structure import leaves

X = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
W = np.linspace(-1.5, 2.5, 24).reshape(4, 6).astype(np.float32)
# Name, the function of a batch, the same in NumPy, and whether it has a gradient.
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], bool]] = {
    "amax": (lambda x: ops.amax(x, -1), lambda x: x.max(-1), True),
    "append": (lambda x: ops.append(x, x, -1), lambda x: np.append(x, x, -1), True),
    "arccos": (lambda x: ops.arccos(x / 4), lambda x: np.arccos(x / 4), True),
    "arcsin": (lambda x: ops.arcsin(x / 4), lambda x: np.arcsin(x / 4), True),
    "arcsinh": (ops.arcsinh, np.arcsinh, True),
    "arctan": (ops.arctan, np.arctan, True),
    "arctan2": (lambda x: ops.arctan2(x, x + 5), lambda x: np.arctan2(x, x + 5), True),
    "arctanh": (lambda x: ops.arctanh(x / 4), lambda x: np.arctanh(x / 4), True),
    "argsort": (ops.argsort, np.argsort, False),
    "average": (
        lambda x: ops.average(x, -1, np.arange(6.0, dtype="f")),
        lambda x: np.average(x, axis=-1, weights=np.arange(6)),
        True,
    ),
    "cbrt": (ops.cbrt, np.cbrt, True),
    "cdist": (
        lambda x: ops.cdist(ops.expand_dims(x, 1), W[:3]),
        lambda x: np.linalg.norm(x[:, None, None] - W[:3], axis=-1),
        True,
    ),
    "clip between tensors": (
        lambda x: ops.clip(x[:, :1], -0.5 * x, x * x),
        lambda x: np.minimum(np.maximum(x[:, :1], -0.5 * x), x * x),
        True,
    ),
    "clip between arrays": (
        lambda x: ops.clip(x[:, :1], W[0] / 2, W[3]),
        lambda x: np.clip(x[:, :1], W[0] / 2, W[3]),
        True,
    ),
    "clip above": (lambda x: ops.clip(x, None, 0.5), lambda x: np.minimum(x, 0.5), True),
    "clip below": (lambda x: ops.clip(x, 0.5, None), lambda x: np.maximum(x, 0.5), True),
    "cosh": (ops.cosh, np.cosh, True),
    "count_nonzero": (
        lambda x: ops.count_nonzero(ops.maximum(x, 0.0), 1),
        lambda x: (x > 0).sum(1),
        False,
    ),
    "cumsum": (lambda x: ops.cumsum(x, 1), lambda x: x.cumsum(1), True),
    "deg2rad": (ops.deg2rad, np.deg2rad, True),
    "diagonal": (
        lambda x: ops.diagonal(ops.reshape(x, (-1, 2, 3)), 1, 1, 2),
        lambda x: x.reshape(-1, 2, 3).diagonal(1, 1, 2),
        True,
    ),
    "diff": (ops.diff, np.diff, True),
    "digitize": (lambda x: ops.digitize(x, W[0]), lambda x: np.digitize(x, W[0]), False),
    "einsum": (lambda x: ops.einsum("ij,ij->i", x, x), lambda x: (x * x).sum(1), True),
    "erfc": (lambda x: ops.erfc(x) + ops.erf(x), np.ones_like, True),
    "einsum of axes without labels": (
        lambda x: ops.einsum("...j,...j", x, x),
        lambda x: (x * x).sum(1),
        True,
    ),
    "exp2": (ops.exp2, np.exp2, True),
    "flip": (lambda x: ops.flip(x, 1), np.fliplr, True),
    "fmax": (
        lambda x: ops.fmax(ops.log(x), x),
        lambda x: np.fmax(np.log(np.where(x > 0, x, np.nan)), x),
        False,
    ),
    "fmin": (lambda x: ops.fmin(x, 0.1), lambda x: np.fmin(x, 0.1), True),
    "full_like": (lambda x: ops.full_like(x, 2.0), lambda x: np.full_like(x, 2), False),
    "heaviside": (lambda x: ops.heaviside(x, 2.0), lambda x: np.heaviside(x, 2), False),
    "hypot": (lambda x: ops.hypot(x, 1.0), lambda x: np.hypot(x, 1), True),
    "isclose": (lambda x: ops.isclose(x, abs(x)), lambda x: np.isclose(x, abs(x)), False),
    "isfinite": (lambda x: ops.isfinite(ops.log(x)), lambda x: x > 0, False),
    "isin": (lambda x: ops.isin(ops.sign(x), [1.0, 3.0]), lambda x: x > 0, False),
    "isinf": (lambda x: ops.isinf(x / 0.0), lambda x: x == x, False),
    "layer_normalization": (
        lambda x: ops.layer_normalization(x, epsilon=0.0),
        lambda x: (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True),
        True,
    ),
    "log10": (lambda x: ops.log10(abs(x)), lambda x: np.log10(abs(x)), True),
    "log2": (lambda x: ops.log2(abs(x)), lambda x: np.log2(abs(x)), True),
    "logaddexp": (lambda x: ops.logaddexp(x, -x), lambda x: np.logaddexp(x, -x), True),
    "index with new axes": (
        lambda x: x[..., None, 1:][:, None],
        lambda x: x[..., None, 1:][:, None],
        True,
    ),
    "moments": (lambda x: ops.moments(x, [1])[1], lambda x: x.var(1), True),
    "median": (lambda x: ops.median(x, 1), lambda x: np.median(x, 1), True),
    **{
        name: (
            lambda x, name=name: getattr(ops, name)(ops.where(x > 1.0, np.nan, x), 1),
            lambda x, name=name: getattr(np, name)(np.where(x > 1, np.nan, x), 1),
            True,
        )
        for name in ("nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar")
    },
    "nan_to_num": (
        lambda x: ops.nan_to_num(ops.log(x), nan=-1.0),
        lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), -1),
        False,
    ),
    **{
        f"norm of order {order}": (
            lambda x, order=order: ops.norm(x, order, axis=1),
            lambda x, order=order: np.linalg.norm(x, order, axis=1),
            True,
        )
        for order in (1, 2, 3, np.inf)
    },
    "outer": (
        lambda x: ops.expand_dims(x, 2) * ops.expand_dims(x, 1),
        lambda x: x[:, :, None] * x[:, None],
        True,
    ),
    "pad": (
        lambda x: ops.pad(x, ((0, 0), (1, 2)), constant_values=3.0),
        lambda x: np.pad(x, ((0, 0), (1, 2)), constant_values=3),
        True,
    ),
    "pad by reflection": (
        lambda x: ops.pad(x, ((0, 0), (2, 1)), "reflect"),
        lambda x: np.pad(x, ((0, 0), (2, 1)), "reflect"),
        True,
    ),
    "prod": (lambda x: ops.prod(x, 1), lambda x: x.prod(1), True),
    "ptp": (lambda x: ops.ptp(x, 1), lambda x: np.ptp(x, 1), True),
    "quantile": (
        lambda x: ops.quantile(x, 0.3, axis=-1, keepdims=True),
        lambda x: np.quantile(x, 0.3, axis=-1, keepdims=True),
        True,
    ),
    "repeat": (lambda x: ops.repeat(x, 2, 1), lambda x: x.repeat(2, 1), True),
    "rms_normalization": (
        ops.rms_normalization,
        lambda x: x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-7),
        True,
    ),
    "roll": (lambda x: ops.roll(x, 2, 1), lambda x: np.roll(x, 2, 1), True),
    "roll twice": (lambda x: ops.roll(x, (2, 3), (1, -1)), lambda x: np.roll(x, 5, 1), True),
    "select": (
        lambda x: ops.select([x > 1.0, x < 0.0], [x, -x], 0.5),
        lambda x: np.select([x > 1, x < 0], [x, -x], 0.5),
        True,
    ),
    "sinc": (ops.sinc, np.sinc, True),
    "sinh": (ops.sinh, np.sinh, True),
    "slice": (lambda x: ops.slice(x, (0, 1), (ops.shape(x)[0], 3)), lambda x: x[:, 1:4], True),
    "slice_update": (
        lambda x: ops.slice_update(x, (0, 2), x[:, :3] * 2.0),
        lambda x: np.concatenate([x[:, :2], 2 * x[:, :3], x[:, 5:]], 1),
        True,
    ),
    "sort": (ops.sort, np.sort, True),
    "squeeze": (
        lambda x: ops.squeeze(ops.reshape(x, (-1, 1, 6, 1))),
        lambda x: x,
        True,
    ),
    "take_along_axis": (
        lambda x: ops.take_along_axis(x, ops.argsort(x), -1),
        lambda x: np.sort(x),
        True,
    ),
    "tan": (ops.tan, np.tan, True),
    "tile": (lambda x: ops.tile(x, (1, 3)), lambda x: np.tile(x, (1, 3)), True),
    "top_k": (lambda x: ops.top_k(x, 3)[0], lambda x: -np.sort(-x)[:, :3], True),
    "trapezoid": (lambda x: ops.trapezoid(x, dx=0.5), lambda x: np.trapezoid(x, dx=0.5), True),
    "trapezoid of places": (
        lambda x: ops.trapezoid(x, np.arange(6.0, dtype="f") ** 2),
        lambda x: np.trapezoid(x, np.arange(6) ** 2),
        True,
    ),
    "tril": (
        lambda x: ops.tril(ops.reshape(x, (-1, 2, 3))),
        lambda x: np.tril(x.reshape(-1, 2, 3)),
        True,
    ),
    "triu": (
        lambda x: ops.triu(ops.reshape(x, (-1, 2, 3)), 1),
        lambda x: np.triu(x.reshape(-1, 2, 3), 1),
        True,
    ),
    "trunc": (ops.trunc, np.trunc, False),
    "unstack": (lambda x: ops.unstack(x, axis=1)[2], lambda x: x[:, 2], True),
}
# What the engine has no task for: a model with it runs in NumPy.
NOT_NATIVE = {
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argsort",
    "cbrt",
    "cumsum",
    "einsum",
    "erfc",
    "median",
    "nanprod",
    "einsum of axes without labels",
    "prod",
    "quantile",
    "sort",
    "take_along_axis",
    "top_k",
}


@pytest.mark.parametrize("name", CASES)
def test_arrays_and_models_agree_with_numpy(name: str) -> None:
    function, expected, _ = CASES[name]
    with np.errstate(all="ignore"):
        wanted = expected(X.astype(np.float64))
        np.testing.assert_allclose(function(X), wanted, rtol=2e-6, atol=2e-6)
        inputs = layers.Input((6,))
        model = models.Model(inputs, function(inputs))
        np.testing.assert_allclose(model.predict(X, verbose=0), wanted, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2]])
def test_a_layer_of_it_trains(name: str) -> None:
    """The slope of the loss along a step is what the step's gradient says."""
    function, expected, _ = CASES[name]
    inputs = layers.Input((6,), dtype="float64")
    hidden = layers.Dense(6, use_bias=False, kernel_initializer="identity", dtype="float64")
    outputs = function(hidden(inputs))
    model = models.Model(inputs, ops.reshape(outputs, (-1, int(np.prod(outputs.shape[1:])))))
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 1.0
    x = X.astype(np.float64) + 0.03
    y = np.zeros_like(model.predict(x, verbose=0))

    def loss(kernel: np.ndarray) -> float:
        return float((expected(x @ kernel).reshape(y.shape) ** 2).mean())

    model.train_on_batch(x, y)
    gradient = np.eye(6) - hidden.get_weights()[0]
    direction = np.random.default_rng(1).standard_normal((6, 6))
    h = 1e-6
    slope = (loss(np.eye(6) + h * direction) - loss(np.eye(6) - h * direction)) / (2 * h)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-4, abs=1e-7)
    assert (model._trainers.reason is None) == (name not in NOT_NATIVE)


def test_sums_by_segment() -> None:
    found = ops.segment_sum(X, np.array([0, 2, -1, 2, 9]), 4)
    np.testing.assert_allclose(found, [X[0], 0 * X[0], X[1] + X[3], 0 * X[0]], rtol=1e-6)


def test_scatter_adds_what_meets() -> None:
    found = ops.scatter(np.array([[0, 1], [2, 0], [0, 1]]), np.array([1.0, 2.0, 3.0]), (3, 2))
    np.testing.assert_array_equal(found, [[0, 4], [0, 0], [2, 0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.einsum("ii->i", x), "each once"),
        (lambda x: ops.einsum("...i->i", x), "each once"),
        (lambda x: ops.einsum("ij,jk->ik", x, np.ones((5, 2))), "differ in size"),
        (lambda x: ops.einsum("i->i", x), "'i' has other axes"),
        (lambda x: ops.matmul(x, 2.0), "needs vectors or matrices"),
        (lambda x: ops.squeeze(x, 1), "axes of size 1. Received: axis=1"),
        (lambda x: ops.squeeze(x, 0), "axes of size 1. Received: axis=0"),
        (lambda x: ops.reshape(x, (-1, 2, -1)), "may have one -1"),
        (lambda x: ops.reshape_rows(x, (-1, -1)), "may have one -1"),
        (lambda x: ops.reshape_rows(x, (4, -1)), r"rows of shape \(6,\) the shape \(4, -1\)"),
        (lambda x: ops.concatenate([x, x[:, None]], 1), "must agree in all axes but axis=1"),
        (lambda x: ops.concatenate([x, x[:, 1:]], 0), "must agree in all axes but axis=0"),
        (lambda x: ops.norm(x, 2), "ord needs axis"),
        (lambda x: ops.norm(x, 0, axis=1), "ord must be positive"),
        (lambda x: ops.roll(x, 1, 0), "axis of known size"),
        (lambda x: ops.unstack(x), "axis of known size"),
        (lambda x: ops.pad(x, 1), "axis of unknown size"),
        (lambda x: ops.repeat(x, 2, 0), "axis of known size"),
        (lambda x: ops.tile(x, (2, 1)), "axis of unknown size"),
        (lambda x: ops.tile(x, (1, 10**9)), "at most"),
        (lambda x: ops.repeat(x, 10**9, 1), "at most"),
        (lambda x: ops.pad(x, ((0, 0), (0, 10**10))), "at most"),
        (lambda x: ops.broadcast_to(x, (2,)), "not broadcast"),
        (lambda x: ops.broadcast_to(X, (6,)), "not broadcast"),
        (lambda x: ops.quantile(x, 0.5), "axes of known size"),
        (lambda x: ops.quantile(x, 1.5, axis=1), r"in \[0, 1\]"),
        (lambda x: ops.quantile(x, 0.5, axis=1, method="best"), "method one of"),
        (lambda x: ops.tril(x), "axes of known size"),
        (lambda x: ops.diag(x[:, 0]), "unknown size"),
        (lambda x: ops.searchsorted(x, x), "one axis"),
        (lambda x: ops.array_split(x, 2), "axis of known size"),
        (lambda x: ops.cdist(x, X[0]), "takes rows"),
        (lambda x: ops.sort(x, axis=5), r"axis must be in \[-2, 2\)"),
        (lambda x: ops.argsort(x, axis=-4), "axis must be in"),
        (lambda x: ops.cumsum(x, axis=2), "axis must be in"),
        (lambda x: ops.take_along_axis(x, np.zeros((5, 1), int), 3), "axis must be in"),
        (lambda x: ops.moveaxis(x, 2, 0), "axis must be in"),
        (lambda x: ops.diff(x, axis=3), "axis must be in"),
        (lambda x: ops.diagonal(X, axis1=0, axis2=3), "axis must be in"),
        (lambda x: ops.tensordot(X, X, axes=[[2], [1]]), "axis must be in"),
        (lambda x: ops.sparsemax(x, axis=3), "axis must be in"),
        (lambda x: layers.Softmax(axis=4)(x), "axis must be in"),
        (lambda x: layers.Dot(axes=5)([x, x]), "axis must be in"),
        (lambda x: ops.top_k(x, 7), r"k must be in \[0, 6\]"),
    ],
)
def test_refused(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(layers.Input((6,)))


def test_what_is_known_of_a_tensor() -> None:
    inputs = layers.Input((6,), dtype="float64")
    assert (ops.dtype(inputs), ops.dtype(X), ops.size(inputs), ops.size(X)) == (
        "float64",
        "float32",
        None,
        30,
    )
    assert ops.is_tensor(inputs)
    assert not ops.is_tensor([1.0])
    assert isinstance(ops.convert_to_numpy([1.0]), np.ndarray)
    dense = layers.Dense(2)
    dense.build((None, 6))
    before = ops.convert_to_numpy(dense.kernel)
    dense.kernel.assign(np.ones((6, 2)))
    assert not (before == 1).any()
    with pytest.raises(TypeError, match="has no value"):
        ops.convert_to_numpy(inputs)


def test_branches_and_loops() -> None:
    assert ops.cond(True, lambda: 1, lambda: 1 / 0) == 1
    inputs = layers.Input((6,))
    chosen = ops.cond(inputs[:, :1] > 0, lambda: inputs, lambda: -inputs)
    model = models.Model(inputs, ops.fori_loop(0, 3, lambda i, value: value * inputs + i, chosen))
    wanted = np.where(X[:, :1] > 0, X, -X)
    for i in range(3):
        wanted = wanted * X + i
    np.testing.assert_allclose(model.predict(X, verbose=0), wanted, rtol=1e-5, atol=1e-6)


def test_a_branch_of_several_results() -> None:
    inputs = layers.Input((6,))
    chosen = ops.cond(
        inputs[:, :1] > 0, lambda: (inputs, inputs + 1.0), lambda: (-inputs, inputs * 2.0)
    )
    assert isinstance(chosen, tuple)
    found = models.Model(inputs, list(chosen)).predict(X, verbose=0)
    for mine, wanted in zip(
        found,
        (np.where(X[:, :1] > 0, X, -X), np.where(X[:, :1] > 0, X + 1, X * 2)),
        strict=True,
    ):
        np.testing.assert_allclose(mine, wanted, rtol=1e-6)


@pytest.mark.parametrize(("index", "chosen"), [(-1, 0), (0, 0), (1, 1), (9, 2)])
def test_a_branch_by_number(index: int, chosen: int) -> None:
    branches = [lambda x: x, lambda x: x * 2.0, lambda x: -x]
    assert ops.switch(index, branches, 3.0) == (3.0, 6.0, -3.0)[chosen]
    inputs, numbers = layers.Input((6,)), layers.Input((1,))
    model = models.Model([inputs, numbers], ops.switch(numbers, branches, inputs))
    found = model.predict([X, np.full((5, 1), index)], verbose=0)
    np.testing.assert_allclose(found, branches[chosen](X))


def test_a_loop_until() -> None:
    assert ops.while_loop(lambda i, v: i < 5, lambda i, v: [i + 1, v * 2], (0, 1)) == (5, 32)
    assert ops.while_loop(lambda v: True, lambda v: v + 1, 0, maximum_iterations=7) == 7
    with pytest.raises(TypeError, match="has no value"):
        ops.while_loop(lambda v: v[0, 0] < 5, lambda v: v + 1, layers.Input((6,)))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.tensordot(x, X[:3, :4], 1),
        lambda x: ops.tensordot(x, X[:3].reshape(3, 2, 3), ([1, 2], [1, 0])),
        lambda x: ops.inner(x, X[:4, :3]),
        lambda x: ops.reshape(ops.reshape(x, (-1, 9)), (-1, 2, 3)),
    ],
)
def test_products_and_shapes_over_the_batch(call: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(2).standard_normal((6, 2, 3)).astype(np.float32)
    inputs = layers.Input((2, 3))
    found = models.Model(inputs, call(inputs)).predict(x, verbose=0)
    np.testing.assert_allclose(found, call(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (lambda x: ops.sqrt(x), [1.7320508, 1.0, 15.811388]),
        (lambda x: ops.arctan2(x, x[::-1]), [0.0119994, 0.7853982, 1.5587969]),
        (lambda x: ops.norm(x), 250.02),
        (lambda x: ops.norm(x, 3, axis=-1), 250.00015),
        (lambda x: ops.logsumexp(x), 250.0),
        (lambda x: ops.logaddexp(x, x[::-1]), [250.0, 1.6931472, 250.0]),
        (lambda x: ops.hypot(x, x), [4.2426405, 1.4142135, 353.5534]),
        (lambda x: ops.median(x[:2]), 2.0),
        (lambda x: ops.quantile(x, 0.75), 126.5),
        (lambda x: ops.normalize(x), [0.0119991, 0.0039997, 0.99992]),
    ],
)
def test_functions_of_bytes_neither_wrap_nor_are_rounded_to_halves(
    found: Callable[[Any], Any], wanted: Any
) -> None:
    result = found(np.array([3, 1, 250], np.uint8))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (lambda: ops.diag([1.0, 2.0], -1), lambda: np.diag([1.0, 2.0], -1)),
        (lambda: ops.dot(3.0, X), lambda: 3 * X),
        (lambda: ops.inner(X, 2.0), lambda: np.inner(X, 2)),
        (lambda: ops.meshgrid(X[0], W[0, :2]), lambda: np.meshgrid(X[0], W[0, :2])),
        (
            lambda: ops.meshgrid(X[0], W[0, :2], indexing="ij"),
            lambda: np.meshgrid(X[0], W[0, :2], indexing="ij"),
        ),
        (lambda: ops.tile(X[0], (2, 3)), lambda: np.tile(X[0], (2, 3))),
        (lambda: ops.trapezoid(X, X[:, 0], axis=0), lambda: np.trapezoid(X, X[:, 0], axis=0)),
    ],
)
def test_arrays_agree_with_numpy(found: Callable[[], Any], wanted: Callable[[], Any]) -> None:
    for a, b in zip(leaves(found()), leaves(wanted()), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_batch_of_one_row_keeps_its_axis() -> None:
    inputs = layers.Input((1, 3))
    model = models.Model(inputs, ops.arctan(ops.sum(ops.squeeze(inputs), axis=1)))
    for n_rows in (1, 2):
        found = model.predict(np.ones((n_rows, 1, 3)), verbose=0)
        np.testing.assert_allclose(found, [np.arctan(3)] * n_rows, rtol=1e-6)


def test_rows_of_unknown_size_take_another_shape() -> None:
    inputs = layers.Input((6,))
    unknown = ops.reshape(inputs, (2, -1))
    moved = ops.reshape_rows(unknown, (-1, 3))
    assert (unknown.shape, moved.shape) == ((2, None), (2, None, 3))
    model = models.Model(inputs, ops.reshape(ops.cumsum(moved, axis=1), (-1, 6)))
    x = np.arange(24.0).reshape(4, 6)
    wanted = x.reshape(2, 4, 3).cumsum(axis=1).reshape(4, 6)
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted)


def test_class_numbers_in_a_column() -> None:
    classes, given = np.array([2, 0, 5, 1, 3]), ops.softmax(X)
    found = ops.sparse_categorical_crossentropy(classes[:, None], given)
    np.testing.assert_allclose(found, -np.log(given[range(5), classes]), rtol=1e-5)


def test_middle_between_whole_numbers_and_of_truth_values() -> None:
    assert ops.median(np.array([[1, 2], [0, 5]])) == 1.5
    np.testing.assert_array_equal(ops.quantile([True, False, True], [0.25, 0.5]), [0.5, 1.0])


def test_largest_of_unsigned_numbers() -> None:
    values, places = ops.top_k(np.array([0, 5, 250, 3], np.uint8), 2)
    assert (values.tolist(), places.tolist(), values.dtype) == ([250, 5], [2, 1], np.uint8)
