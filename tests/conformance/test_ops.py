"""Every op that both have: values and gradients, eagerly, and values in a model's graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, GRADIENT, array_of, assert_agree, generator
from conformance.exceptions import OTHER_BEHAVIOUR


class Case(NamedTuple):
    """What is computed with a library's ops from drawn arrays, and whether it has a gradient."""

    name: str
    compute: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...] = ((4, 3),)
    kind: str = "real"
    smooth: bool = True


def _of(name: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    return lambda ops, *xs: getattr(ops, name)(*xs, *args, **kwargs)


def _list_of(name: str, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    return lambda ops, *xs: getattr(ops, name)(list(xs), *args, **kwargs)


_PAIR = ((4, 3), (4, 3))
_ROW = ((4, 3), (3,))
_COLUMN = ((4, 3), (4, 1))
CASES = [
    *[
        Case(name, _of(name), shapes)
        for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum")
        for shapes in (_PAIR, _ROW, _COLUMN, ((2, 4, 3), (3,)))
    ],
    Case("divide_no_nan", _of("divide_no_nan"), _PAIR),
    Case("divide_no_nan", lambda ops, a, b: ops.divide_no_nan(a, b * 0), _PAIR, smooth=False),
    Case("floor_divide", _of("floor_divide"), _PAIR, smooth=False),
    Case("mod", _of("mod"), _PAIR),
    Case("power", _of("power", 3.0)),
    Case("power", _of("power", 0.5), kind="positive"),
    Case("power", _of("power"), _PAIR, "positive"),
    *[
        Case(name, _of(name), shapes, "whole", smooth=False)
        for name in (
            "equal",
            "not_equal",
            "less",
            "less_equal",
            "greater",
            "greater_equal",
            "logical_and",
            "logical_or",
        )
        for shapes in (_PAIR, _ROW)
    ],
    Case("logical_not", _of("logical_not"), kind="whole", smooth=False),
    Case("isnan", lambda ops, x: ops.isnan(ops.log(x)), smooth=False),
    *[
        Case(name, _of(name))
        for name in (
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
            "relu",
            "relu6",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "silu",
            "swish",
            "softsign",
            "hard_sigmoid",
            "celu",
            "hard_shrink",
            "hard_silu",
            "hard_swish",
            "hard_tanh",
            "log_sigmoid",
            "soft_shrink",
            "sparse_plus",
            "sparse_sigmoid",
            "squareplus",
            "tanh_shrink",
            "softmax",
            "log_softmax",
        )
    ],
    *[Case(name, _of(name), kind="positive") for name in ("sqrt", "rsqrt", "log", "log1p")],
    *[Case(name, _of(name), smooth=False) for name in ("sign", "floor", "ceil", "round")],
    Case("round", _of("round", 1), smooth=False),
    Case("gelu", _of("gelu", approximate=False)),
    Case("glu", _of("glu"), ((3, 4),)),
    Case("threshold", _of("threshold", 0.5, 0.1)),
    Case("softmax", _of("softmax", axis=0)),
    Case("log_softmax", _of("log_softmax", axis=0)),
    Case("clip", _of("clip", -0.5, 0.7)),
    Case("where", lambda ops, a, b: ops.where(ops.greater(a, 0.0), a * b, b), _PAIR),
    Case("where", lambda ops, a, b: ops.where(ops.greater(a, b), a, 0.0), _ROW),
    Case("cast", _of("cast", "bool"), smooth=False),
    Case("cast", _of("cast", "int32"), smooth=False),
    Case("stop_gradient", lambda ops, x: ops.stop_gradient(x) * x),
    *[
        Case(name, _of(name, axis=axis, keepdims=keepdims), ((2, 4, 3),))
        for name in ("sum", "mean", "max", "min", "var", "std", "logsumexp")
        for axis in (None, 0, -1, (0, 2))
        for keepdims in (False, True)
    ],
    *[
        Case(name, _of(name, axis=axis), ((4, 3),), smooth=False)
        for name in ("argmax", "argmin")
        for axis in (None, 0, 1, -1)
    ],
    *[
        Case(
            name,
            lambda ops, x, n=name, a=axis: getattr(ops, n)(ops.greater(x, 0.0), axis=a),
            smooth=False,
        )
        for name in ("any", "all")
        for axis in (None, 0, 1)
    ],
    Case("norm", _of("norm")),
    Case("norm", _of("norm", axis=-1)),
    Case("norm", _of("norm", axis=1, keepdims=True)),
    Case("norm", _of("norm", ord=1, axis=-1)),
    *[
        Case("normalize", _of("normalize", axis=axis, order=order))
        for axis in (0, -1)
        for order in (1, 2)
    ],
    Case("matmul", _of("matmul"), ((4, 3), (3, 5))),
    Case("matmul", _of("matmul"), ((2, 4, 3), (3, 5))),
    Case("matmul", _of("matmul"), ((4, 3), (3,))),
    Case("matmul", _of("matmul"), ((3,), (3, 5))),
    Case("dot", _of("dot"), ((4, 3), (3, 5))),
    Case("dot", _of("dot"), ((3,), (3,))),
    Case("dot", _of("dot", 2.0)),
    Case("vdot", _of("vdot"), ((3,), (3,))),
    Case("vdot", _of("vdot"), _PAIR),
    Case("concatenate", _list_of("concatenate"), _PAIR),
    Case("concatenate", _list_of("concatenate", axis=1), ((4, 3), (4, 2))),
    Case("concatenate", _list_of("concatenate", axis=-1), ((2, 4, 3), (2, 4, 1))),
    Case("stack", _list_of("stack"), _PAIR),
    Case("stack", _list_of("stack", axis=-1), _PAIR),
    Case("split", lambda ops, x: ops.split(x, 2)[1]),
    Case("split", lambda ops, x: ops.split(x, [1, 2], axis=1)[1]),
    Case("split", lambda ops, x: ops.split(x, 3, axis=-1)[2]),
    Case("reshape", _of("reshape", (3, 4))),
    Case("reshape", _of("reshape", (-1, 2))),
    Case("transpose", _of("transpose")),
    Case("transpose", _of("transpose", (0, 2, 1)), ((2, 4, 3),)),
    Case("expand_dims", _of("expand_dims", 1)),
    Case("expand_dims", _of("expand_dims", -1)),
    Case("squeeze", _of("squeeze"), ((4, 1, 3),)),
    Case("squeeze", _of("squeeze", axis=1), ((4, 1, 3),)),
    Case("take", lambda ops, x: ops.take(x, np.array([2, 0, 2]), axis=0)),
    Case("take", lambda ops, x: ops.take(x, np.array([[1, 0], [2, 2]]), axis=-1)),
    Case("take", lambda ops, x: ops.take(x, np.array([5, 0, 11]))),
    Case("get_item", lambda ops, x: ops.get_item(x, (slice(1, 3), 0))),
    Case("one_hot", lambda ops, x: ops.one_hot(np.array([2, 0, 1]), 3, axis=0), smooth=False),
    Case("max", _of("max", axis=0, initial=0.5)),
    Case("min", _of("min", axis=0, initial=-0.5)),
    Case("norm", _of("norm", ord=np.inf, axis=-1)),
    Case("norm", _of("norm", ord=3, axis=-1)),
    *[
        Case(
            "batch_normalization",
            lambda ops, x, a, b, c, d, axis=axis: ops.batch_normalization(
                x, a, b * b, axis, offset=c, scale=d, epsilon=0.01
            ),
            (shape, *[(3,)] * 4),
        )
        for axis, shape in ((-1, (4, 3)), (1, (2, 3, 4)))
    ],
    Case(
        "batch_normalization",
        lambda ops, x: ops.batch_normalization(x, np.ones(3), np.full(3, 2.0), 1),
    ),
    Case("one_hot", lambda ops, x: ops.one_hot(np.array([2, 0, 1, -1, 3]), 3), smooth=False),
    Case("ones_like", _of("ones_like"), smooth=False),
    Case("zeros_like", _of("zeros_like"), smooth=False),
    Case("ndim", _of("ndim"), ((2, 4, 3),), smooth=False),
    Case("convert_to_tensor", _of("convert_to_tensor"), smooth=False),
    Case("array", _of("array"), smooth=False),
    Case("operators", lambda ops, a, b: (a + 2 * b - a / (b * b + 1)) ** 2 - (-a) * 3, _PAIR),
    Case("operators", lambda ops, a, b: a @ ops.transpose(b), _PAIR),
    Case("operators", lambda ops, a, b: a[:, 1:] * b[1][..., 1:], _PAIR),
]
IDS = [f"{case.name}-{i}" for i, case in enumerate(CASES)]


def drawn(case: Case) -> list[np.ndarray]:
    rng = generator(case.name, case.shapes, case.kind)
    arrays = [rng.standard_normal(shape).astype("float32") for shape in case.shapes]
    if case.kind == "positive":
        arrays = [np.abs(array) + np.float32(0.1) for array in arrays]
    if case.kind == "whole":
        arrays = [np.round(array) for array in arrays]
    return arrays


def test_nothing_is_left_out() -> None:
    both = {name for name in pynn.ops.__all__ if callable(getattr(keras.ops, name, None))}
    # Keras's identity makes a matrix; pynn's is a node of the graph. Shapes are no arrays.
    other = {"identity", "shape", *(x[4:] for x in OTHER_BEHAVIOUR if x.startswith("ops."))}
    assert both - other - {case.name for case in CASES} == set()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_value(case: Case) -> None:
    arrays = drawn(case)
    with np.errstate(invalid="ignore"):
        ours = case.compute(pynn.ops, *arrays)
    theirs = case.compute(keras.ops, *map(keras.ops.convert_to_tensor, arrays))
    assert_agree(ours, theirs, FORMULA)
    kinds = np.asarray(ours).dtype.kind, array_of(theirs).dtype.kind
    assert kinds[0] == kinds[1] or set(kinds) <= {"i", "u"}


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.smooth],
    ids=[i for i, case in zip(IDS, CASES, strict=True) if case.smooth],
)
def test_gradient(case: Case) -> None:
    arrays = drawn(case)
    factor = generator(case.name, "factor").standard_normal(
        np.shape(case.compute(pynn.ops, *arrays))
    )
    factor = factor.astype("float32")
    with pynn.Tape() as tape:
        watched = [tape.watch(array) for array in arrays]
        value = pynn.ops.sum(case.compute(pynn.ops, *watched) * factor)

    def theirs(*xs: Any) -> Any:
        return keras.ops.sum(case.compute(keras.ops, *xs) * factor)

    expected = jax.jit(jax.grad(theirs, argnums=tuple(range(len(arrays)))))(*arrays)
    for ours, other in zip(tape.gradient(value, watched), expected, strict=True):
        # None stands for what the value does not depend on.
        assert_agree(np.zeros(other.shape) if ours is None else ours, other, GRADIENT)
