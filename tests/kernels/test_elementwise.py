"""Each instruction of an expression by itself, on every instruction set: values and slopes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pynn import _core
from reference.elementwise import ELEMENTWISE
from reference.tolerances import AWKWARD_SIZES, FORMULA_UNITS, assert_close

# Both signs, ties, steps, and what IEEE 754 has of its own.
SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 3.0, np.inf, -np.inf, np.nan)
# Powers and remainders of infinities are settled case by case in C, and not here.
FINITE_ONLY = ("power", "mod", "floor_divide")


def values_of(name: str, dtype: str, operands: np.ndarray) -> np.ndarray:
    """What the engine makes of rows of operands, each a feature wide and given as an input."""
    graph = _core.Graph(dtype)
    inputs = [graph.add("input", [], [], {"features": 1}) for _ in operands]
    output = graph.add_expression(inputs, [], [(name, list(range(len(operands))), 0.0)])
    rows = [_core.Rows(np.ascontiguousarray(x[:, None])) for x in operands]
    return _core.Executor(graph, inputs, [output]).predict(rows)[0][:, 0]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_special_values(isa: str, dtype: str, name: str) -> None:
    count, forward, _ = ELEMENTWISE[name]
    special = [x for x in SPECIAL if np.isfinite(x) or name not in FINITE_ONLY]
    operands = np.array(list(itertools.product(special, repeat=count))).T
    if name == "power":  # whose zero has no sign
        operands = operands[:, ~((operands[0] == 0) & np.signbit(operands[0]))]
    if name == "clip":
        operands = operands[:, operands[1] <= operands[2]]
    with np.errstate(all="ignore"):
        want = np.asarray(forward(*operands))
    if name == "floor_divide":  # NumPy's quotient of zeros and by zero is NaN here and there
        operands, want = operands[:, operands[1] != 0], want[operands[1] != 0]
    got = values_of(name, dtype, operands.astype(dtype))
    infinite = np.isinf(want)
    np.testing.assert_array_equal(got[infinite], want[infinite])
    assert_close(got[~infinite], want[~infinite], units=FORMULA_UNITS)


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_large_angles(isa: str, dtype: str, name: str) -> None:
    """Against the C library: whole circles are left out before anything is rounded."""
    largest = float(np.finfo(dtype).max)
    steps = np.geomspace(1e6, largest / 2, 200)
    angles = np.concatenate([steps, -steps, [largest, -largest, 2.0**60, 2.0**120]]).astype(dtype)
    want = np.array([getattr(math, name)(float(angle)) for angle in angles])
    assert_close(values_of(name, dtype, angles[None]), want, units=FORMULA_UNITS)


def usual(name: str, n: int, dtype: str) -> np.ndarray:
    """Operands where the op is smooth: apart from each other, and from whole numbers."""
    rng = np.random.default_rng(n)
    operands = np.sort(rng.uniform(0.1, 0.9, (3, n)), axis=0) + [[0.0], [0.3], [0.6]]
    if name == "clip":
        operands = operands[[1, 0, 2]]
    elif name == "where":
        operands[0] = operands[0] > 0.5
    elif name not in ("sqrt", "log", "log1p", "power"):
        operands *= rng.choice([-1.0, 1.0], (3, n))
    return operands[: ELEMENTWISE[name][0]].astype(dtype)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_slopes(isa: str, dtype: str, name: str) -> None:
    count, forward, slopes = ELEMENTWISE[name]
    for n in AWKWARD_SIZES[1:]:
        operands = usual(name, n, dtype)
        graph = _core.Graph(dtype)
        unused = graph.add("input", [], [], {"features": 1})
        variables = [_core.Variable(1, n, dtype) for _ in range(count)]
        nodes = [graph.add("variable", [], [v], {}) for v in variables]
        for variable, value in zip(variables, operands, strict=True):
            variable.view[...] = value
        output = graph.add_expression(nodes, [], [(name, list(range(count)), 0.0)])
        trainer = _core.Trainer(
            graph, [unused], [output], [("mean_squared_error", [])], [1.0], [[]], variables,
            [0.0] * count, [0.0] * count, ("sgd", []), {},
        )  # fmt: skip
        x, y = np.zeros((1, 1), dtype), np.full((1, n), 0.25, dtype)
        loss, grads = trainer.gradients([_core.Rows(x)], [_core.Rows(y)], [None])
        exact = operands.astype(np.float64)
        want = np.asarray(forward(*exact))
        assert loss == pytest.approx(
            np.mean((want - 0.25) ** 2), rel=64 * float(np.finfo(dtype).eps)
        )
        above = 2 * (want - 0.25) / n
        for k, slope in enumerate(slopes(*exact, want)[:count]):
            truth = np.broadcast_to(above * slope, n)
            # Of the difference, the value's error stays.
            size = np.abs(2 / n * slope) * np.maximum(np.abs(want), 1.0)
            assert_close(grads[k][0], truth, units=FORMULA_UNITS, magnitude=size + 1e-30)
