"""Ops between layers: what either library saves, the other loads, with equal predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import generator
from pynn.layers import Function, Operation

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
]

# Equal to 1e-6, as two float32 implementations can be, relative to the largest prediction.
TOLERANCE = 1e-6


class Case(NamedTuple):
    """What is made from inputs of shapes (4,), (4,) and (2, 3), with a library's ops."""

    name: str
    compute: Callable[..., Any]


def one(name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(name, lambda k, x, y, z: getattr(k.ops, name)(x, *args, **kwargs))


def two(name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(name, lambda k, x, y, z: getattr(k.ops, name)(x, y, *args, **kwargs))


def of_cube(name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(name, lambda k, x, y, z: getattr(k.ops, name)(z, *args, **kwargs))


def positive(name: str) -> Case:
    return Case(name, lambda k, x, y, z: getattr(k.ops, name)(k.ops.abs(x) + 0.5))


def of_bits(name: str, *args: Any, **kwargs: Any) -> Case:
    return Case(name, lambda k, x, y, z: getattr(k.ops, name)(z > 0, *args, **kwargs))


ROW = np.array([1.5, -2.0, 0.25, 3.0], dtype="float32")
SQUARE = np.arange(12, dtype="float32").reshape(4, 3) / 7
WHOLE = np.array([2, 0, 2, 1])
# In both libraries.
CASES = [
    *[two(n) for n in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "mod")],
    *[two(n) for n in ("divide_no_nan", "floor_divide", "equal", "not_equal", "less")],
    *[two(n) for n in ("less_equal", "greater", "greater_equal")],
    *[one(n, 0.3) for n in ("maximum", "greater", "subtract", "divide_no_nan")],
    *[one(n, ROW) for n in ("add", "multiply", "less")],
    one("add", 2),
    Case("subtract", lambda k, x, y, z: k.ops.subtract(2.5, x)),
    Case("power", lambda k, x, y, z: k.ops.power(k.ops.abs(x), 1.5)),
    one("power", 3),
    Case("power", lambda k, x, y, z: k.ops.power(2.0, x)),
    *[
        Case(n, lambda k, x, y, z, n=n: getattr(k.ops, n)(x > 0, y > 0))
        for n in ("logical_and", "logical_or")
    ],
    of_bits("logical_not"),
    Case("isnan", lambda k, x, y, z: k.ops.isnan(k.ops.log(x))),
    *[
        one(n)
        for n in (
            "negative",
            "abs",
            "absolute",
            "square",
            "exp",
            "expm1",
            "sin",
            "cos",
            "tanh",
            "sigmoid",
            "softplus",
            "softsign",
            "relu",
            "relu6",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "silu",
            "swish",
            "hard_sigmoid",
            "softmax",
            "log_softmax",
            "sign",
            "floor",
            "ceil",
            "round",
            "stop_gradient",
            "convert_to_tensor",
            "array",
            "ones_like",
            "zeros_like",
        )
    ],
    *[positive(n) for n in ("sqrt", "rsqrt", "log", "log1p")],
    one("round", 1),
    one("leaky_relu", 0.3),
    one("elu", 0.4),
    one("gelu", approximate=False),
    of_cube("softmax", axis=1),
    of_cube("log_softmax", axis=1),
    one("clip", -0.5, 0.7),
    one("cast", "int32"),
    one("cast", "bool"),
    one("convert_to_tensor", dtype="int32"),
    Case("where", lambda k, x, y, z: k.ops.where(x > 0, x * y, y)),
    Case("where", lambda k, x, y, z: k.ops.where(x > y, x, 0.5)),
    *[
        of_cube(n, axis=axis, keepdims=keepdims)
        for n in ("sum", "mean", "max", "min", "var", "std", "logsumexp")
        for axis, keepdims in ((1, False), (-1, True), ((1, 2), False))
    ],
    *[of_bits(n, axis=axis) for n in ("any", "all") for axis in (1, -1)],
    *[of_cube(n, axis=axis) for n in ("argmax", "argmin") for axis in (1, -1)],
    of_cube("max", axis=1, initial=0.5),
    of_cube("min", axis=1, initial=-0.5),
    *[of_cube("norm", axis=-1, ord=order) for order in (None, 1, 2, np.inf, 3)],
    of_cube("norm", axis=1, keepdims=True),
    *[of_cube("normalize", axis=axis, order=order) for axis in (1, -1) for order in (1, 2)],
    one("matmul", SQUARE),
    of_cube("matmul", SQUARE[:3]),
    Case("matmul", lambda k, x, y, z: k.ops.matmul(z, k.ops.transpose(z, (0, 2, 1)))),
    one("dot", SQUARE),
    one("dot", 2.0),
    Case("vdot", lambda k, x, y, z: x * k.ops.vdot(x[0], y[1])),
    Case("concatenate", lambda k, x, y, z: k.ops.concatenate([x, y, x], axis=-1)),
    Case("stack", lambda k, x, y, z: k.ops.stack([x, y], axis=1)),
    Case("stack", lambda k, x, y, z: k.ops.stack([x, y], axis=-1)),
    one("split", 2, axis=-1),
    one("split", [1, 3], axis=1),
    of_cube("split", 3, axis=2),
    one("reshape", (-1, 2, 2)),
    of_cube("reshape", (-1, 6)),
    Case("reshape", lambda k, x, y, z: x * k.ops.max(k.ops.reshape(x, (-1,)))),
    of_cube("transpose", (0, 2, 1)),
    one("expand_dims", 1),
    one("expand_dims", -1),
    Case("squeeze", lambda k, x, y, z: k.ops.squeeze(k.ops.expand_dims(x, 1), 1)),
    Case("squeeze", lambda k, x, y, z: k.ops.squeeze(k.ops.expand_dims(x, -1), -1)),
    one("take", WHOLE, axis=-1),
    one("take", [0, -1], axis=1),
    of_cube("take", np.array([[1, 0], [1, 1]]), axis=1),
    Case("get_item", lambda k, x, y, z: k.ops.get_item(x, (slice(None), slice(1, 3)))),
    Case("one_hot", lambda k, x, y, z: k.ops.one_hot(k.ops.cast(x > 0, "int32"), 3)),
    Case("one_hot", lambda k, x, y, z: k.ops.one_hot(k.ops.cast(x > 0, "int32"), 3, axis=1)),
    Case(
        "batch_normalization",
        lambda k, x, y, z: k.ops.batch_normalization(x, ROW, ROW**2, -1, epsilon=0.01),
    ),
    Case(
        "batch_normalization",
        lambda k, x, y, z: k.ops.batch_normalization(
            z, ROW[:2], ROW[1:3] ** 2, 1, offset=ROW[2:], scale=ROW[:2]
        ),
    ),
    Case("operators", lambda k, x, y, z: (x * 2 + y) / (1 + y * y) - 3 * x // 2 + (-x) ** 2 % y),
    Case("operators", lambda k, x, y, z: 1.0 - x * np.float32(2.5) + abs(y) * ROW),
    Case("operators", lambda k, x, y, z: x @ SQUARE),
    Case("operators", lambda k, x, y, z: k.ops.cast(x > 0, "float32") * y),
    Case("slices", lambda k, x, y, z: x[:, 1:3] * z[..., 0]),
    Case("slices", lambda k, x, y, z: z[:, ::2, -1] + x[:, None][:, :, 2]),
    Case("slices", lambda k, x, y, z: z[:, 1] - z[:, -2]),
    Case("several", lambda k, x, y, z: k.ops.sum(x[:, :2] * k.ops.sigmoid(y[:, 2:]), axis=1)),
    Case("relu of activations", lambda k, x, y, z: k.activations.relu(x, 0.1, 3.0, 0.2)),
    Case("relu of activations", lambda k, x, y, z: k.activations.relu(x, threshold=0.2)),
    Case("exponential", lambda k, x, y, z: k.activations.exponential(x)),
    *[
        one(n)
        for n in (
            "arctan",
            "argsort",
            "celu",
            "cosh",
            "erf",
            "exp2",
            "glu",
            "hard_shrink",
            "hard_silu",
            "hard_swish",
            "hard_tanh",
            "isfinite",
            "isinf",
            "log_sigmoid",
            "reciprocal",
            "sinh",
            "soft_shrink",
            "sort",
            "sparse_plus",
            "sparse_sigmoid",
            "squareplus",
            "tan",
            "tanh_shrink",
            "trunc",
        )
    ],
    *[two(n) for n in ("hypot", "isclose", "logaddexp", "logical_xor", "true_divide")],
    *[positive(n) for n in ("log2", "log10")],
    *[of_cube(n, axis=-1, keepdims=True) for n in ("amax", "amin", "prod")],
    of_cube("prod", axis=(1, 2)),
    *[of_cube(n, axis=1) for n in ("cumsum", "flip", "sort", "count_nonzero")],
    one("squareplus", 2.0),
    Case("append", lambda k, x, y, z: k.ops.append(x, y, 1)),
    one("average", axis=1),
    Case("average", lambda k, x, y, z: k.ops.average(x, axis=1, weights=np.abs(ROW))),
    one("diff", axis=1),
    Case("erfinv", lambda k, x, y, z: k.ops.erfinv(k.ops.tanh(x) * 0.9)),
    one("full_like", 2.5),
    Case("hstack", lambda k, x, y, z: k.ops.hstack([x, y])),
    Case("ravel", lambda k, x, y, z: x * k.ops.max(k.ops.ravel(z))),
    Case("vstack", lambda k, x, y, z: x * k.ops.max(k.ops.vstack([x, y]))),
    of_cube("moveaxis", 1, 2),
    of_cube("swapaxes", 1, 2),
    Case("nan_to_num", lambda k, x, y, z: k.ops.nan_to_num(k.ops.log(x), nan=0.5)),
    of_cube("pad", ((0, 0), (1, 0), (0, 2))),
    of_cube("pad", ((0, 0), (1, 1), (2, 1)), mode="reflect"),
    one("repeat", 2, axis=1),
    one("roll", 1, axis=1),
    of_cube("tile", (1, 2, 1)),
    Case("take_along_axis", lambda k, x, y, z: k.ops.take_along_axis(x, k.ops.argsort(y), 1)),
    of_cube("tensordot", SQUARE[:3], axes=1),
    Case("top_k", lambda k, x, y, z: k.ops.top_k(x, 2)[0]),
    Case("unstack", lambda k, x, y, z: k.ops.unstack(z, axis=1)[1]),
    *[one(n) for n in ("arcsinh", "cbrt", "deg2rad", "erfc", "fliplr", "rad2deg", "sinc")],
    *[one(n) for n in ("isneginf", "isposinf")],
    *[two(n) for n in ("arctan2", "fmax", "fmin", "heaviside")],
    *[
        Case(n, lambda k, x, y, z, n=n: getattr(k.ops, n)(k.ops.tanh(x) * 0.9))
        for n in ("arccos", "arcsin", "arctanh")
    ],
    Case("arccosh", lambda k, x, y, z: k.ops.arccosh(k.ops.exp(x) + 1.0)),
    one("array_split", 3, axis=1),
    one("hsplit", 2),
    one("digitize", np.sort(ROW)),
    Case("isin", lambda k, x, y, z: k.ops.isin(k.ops.sign(x), np.array([1.0, 3.0], "float32"))),
    *[of_cube(n, axis=1) for n in ("median", "trapezoid")],
    *[
        of_cube(n, axis=1, keepdims=True)
        for n in ("nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar")
    ],
    of_cube("percentile", 30.0, axis=(1, 2)),
    of_cube("quantile", 0.3, axis=1, method="midpoint", keepdims=True),
    *[of_cube(n, offset=1, axis1=1, axis2=2) for n in ("diagonal", "trace")],
    *[of_cube(n, k) for n in ("tril", "triu") for k in (0, 1)],
]
# Of arrays, of functions, with another meaning in Keras, or of the batch's rows; and those that
# Keras's classes are called for by other arguments.
NOT_BETWEEN_LAYERS = {
    *("arange", "empty", "eye", "full", "linspace", "ones", "zeros"),
    *("cond", "convert_to_numpy", "copy", "dtype", "fabs", "fori_loop", "is_tensor", "size"),
    *("allclose", "broadcast_to", "in_top_k", "inner", "outer", "scatter", "segment_sum"),
    *("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"),
    *("einsum", "layer_normalization", "moments", "multi_hot", "ptp", "rms_normalization"),
    *("select", "sparsemax", "threshold"),
    *("cdist", "corrcoef", "diag", "empty_like", "flipud", "logspace", "meshgrid", "searchsorted"),
    *("segment_max", "segment_min", "segment_prod", "slice", "slice_update", "switch", "tri"),
    *("vsplit", "while_loop"),
}
# Written by pynn alone.
OWN = [
    Case("add", lambda k, x, y, z: [1.0, 2.0, 3.0, 4.0] + x),
    Case(
        "index by a list", lambda k, x, y, z: x[:, [0, 2, -1]] + z[:, np.array([1, 0, 1])][..., 0]
    ),
    Case("merge_add", lambda k, x, y, z: k.ops.merge_add([x, y, x])),
    Case("merge_average", lambda k, x, y, z: k.ops.merge_average([x, y, x])),
    Case("merge_multiply", lambda k, x, y, z: k.ops.merge_multiply([x, y, x])),
    Case("merge_maximum", lambda k, x, y, z: k.ops.merge_maximum([x, y])),
    Case("merge_minimum", lambda k, x, y, z: k.ops.merge_minimum([x, y])),
    Case("identity", lambda k, x, y, z: k.ops.identity(x)),
    Case("linear", lambda k, x, y, z: k.ops.apply_activation("linear", x)),
    Case("mish", lambda k, x, y, z: k.activations.mish(x)),
    Case("l2_normalize", lambda k, x, y, z: k.ops.l2_normalize(x)),
    Case("reshape_rows", lambda k, x, y, z: k.ops.reshape_rows(z, (3, -1))),
    Case("concatenate", lambda k, x, y, z: x * k.ops.max(k.ops.concatenate([x[0], ROW], 0))),
]
# JAX refuses the axis that Keras's own class for it passes on, whoever wrote the file.
FAILS_IN_KERAS = {"norm", "percentile", "quantile"}


def ids(cases: list[Case]) -> list[str]:
    return [f"{case.name}-{i}" for i, case in enumerate(cases)]


def model_of(k: Any, case: Case) -> Any:
    inputs = [k.Input(row, name=name) for name, row in (("x", (4,)), ("y", (4,)), ("z", (2, 3)))]
    made = case.compute(k, *inputs)
    outputs = [*made] if isinstance(made, (list, tuple)) else [made]
    return k.Model(inputs, [*outputs, k.layers.Dense(1)(inputs[0])])


def data_for(case: Case) -> list[np.ndarray]:
    rng = generator(case.name)
    shapes = ((4, 4), (4, 4), (4, 2, 3))
    return [rng.standard_normal(shape).astype("float32") for shape in shapes]


def predictions(model: Any, case: Case) -> list[Any]:
    data = data_for(case)
    if case.name in FAILS_IN_KERAS and isinstance(model, keras.Model):
        x, y, z = data
        return [case.compute(keras, x, y, z), x @ model.get_weights()[0]]
    return list(model.predict(data, batch_size=4, verbose=0))


def assert_predict_the_same(case: Case, one: Any, *others: Any) -> None:
    expected = predictions(one, case)
    for other in others:
        for a, b in zip(expected, predictions(other, case), strict=True):
            assert a.shape == b.shape
            a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
            scale = max(1.0, float(np.abs(a).max()))
            np.testing.assert_allclose(b, a, rtol=0, atol=TOLERANCE * scale)


def test_nothing_is_left_out() -> None:
    both = {name for name in pynn.ops.__all__ if callable(getattr(keras.ops, name, None))}
    # Keras's identity makes a matrix; shapes are known before a model is made.
    other = {"identity", "shape", "ndim"}
    assert both - other - NOT_BETWEEN_LAYERS - {case.name for case in CASES} == set()


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_from_keras(case: Case, tmp_path: Path) -> None:
    model = model_of(keras, case)
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    loaded = pynn.models.load_model(tmp_path / "m.keras")
    # Keras cannot read its own .h5 files with ops.
    old = pynn.models.load_model(tmp_path / "m.h5")
    loaded.save(tmp_path / "again.keras")
    loaded.save(tmp_path / "again.pynn")
    assert_predict_the_same(
        case,
        model,
        loaded,
        old,
        keras.models.load_model(tmp_path / "again.keras"),
        pynn.models.load_model(tmp_path / "again.pynn"),
    )
    data = data_for(case)
    called = loaded(data)
    for a, b in zip(called, predictions(loaded, case), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    kept = {op.name for op in model.operations}
    assert {layer.name for layer in loaded.operations} == kept


@pytest.mark.parametrize("case", CASES + OWN, ids=ids(CASES + OWN))
def test_from_pynn(case: Case, tmp_path: Path) -> None:
    model = model_of(pynn, case)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_predict_the_same(case, model, loaded, pynn.models.load_model(tmp_path / "m.keras"))
    kept = {op.name for op in loaded.operations}
    assert {layer.name for layer in model.operations} == kept


def test_every_op_that_pynn_records_is_tried_or_refused() -> None:
    recorded = {
        layer.op_name
        for case in CASES + OWN
        for layer in model_of(pynn, case).operations
        if isinstance(layer, Operation)
    }
    names = {op.name for op in pynn.ops.all_ops()}
    refused = {
        "alpha_dropout",
        "batch_size",
        "dense",
        "dropout",
        "gaussian_dropout",
        "gaussian_noise",
        "batch_normalization",
        "einsum",
        "heaviside",
        "lerp",
        "pick",  # this and the next are gradients of others
        "put",
        "put_along_axis",
        "put_taken",
        "scatter",
        "sign",
    }
    assert names - recorded == refused


def test_ops_take_part_in_training(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, activation="tanh")(inputs)
    total = keras.ops.std(hidden * hidden, axis=-1, keepdims=True) + keras.ops.max(
        hidden, axis=-1, keepdims=True
    )
    model = keras.Model(inputs, keras.layers.Dense(1)(total))
    model.compile(keras.optimizers.SGD(0.05), "mse")
    model.save(tmp_path / "m.keras")
    loaded = pynn.models.load_model(tmp_path / "m.keras")
    assert any(isinstance(layer, Function) for layer in loaded.operations)
    for each in (model, loaded):
        each.fit(x, x[:, :1], shuffle=False, batch_size=16, epochs=3, verbose=0)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
