"""The engine's elementwise ops in plain float64 NumPy: value, and slope for each operand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference import activations

Slopes = Callable[..., Sequence[np.ndarray | float]]  # of the operands and the result

NO_SLOPE: Slopes = lambda *_: (0.0, 0.0, 0.0)  # noqa: E731


def first_share(chosen: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The part of the gradient that the first of two operands gets: half of it where they tie."""
    return np.where(chosen, 1.0, np.where(a == b, 0.5, 0.0))


def pick_slopes(
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Slopes:
    def slopes(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        first = first_share(compare(a, b), a, b)
        return [first, 1 - first]

    return slopes


def power_slopes(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    return [b * np.power(a, b - 1), np.where(a > 0, y * np.log(np.where(a > 0, a, 1)), 0)]


def truth(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float64)


# name: operands, value, slopes
ELEMENTWISE: dict[str, tuple[int, Callable[..., np.ndarray], Slopes]] = {
    "add": (2, np.add, lambda a, b, y: (1.0, 1.0)),
    "subtract": (2, np.subtract, lambda a, b, y: (1.0, -1.0)),
    "multiply": (2, np.multiply, lambda a, b, y: (b, a)),
    "divide": (2, np.true_divide, lambda a, b, y: (1 / b, -a / b**2)),
    "power": (2, np.power, power_slopes),
    "floor_divide": (2, np.floor_divide, NO_SLOPE),
    "mod": (2, np.mod, lambda a, b, y: (1.0, -np.floor_divide(a, b))),
    "negative": (1, np.negative, lambda a, y: (-1.0,)),
    "absolute": (1, np.absolute, lambda a, y: (np.sign(a),)),
    "square": (1, np.square, lambda a, y: (2 * a,)),
    "sqrt": (1, np.sqrt, lambda a, y: (0.5 / y,)),
    "exp": (1, np.exp, lambda a, y: (y,)),
    "expm1": (1, np.expm1, lambda a, y: (np.exp(a),)),
    "log": (1, np.log, lambda a, y: (1 / a,)),
    "log1p": (1, np.log1p, lambda a, y: (1 / (1 + a),)),
    "sin": (1, np.sin, lambda a, y: (np.cos(a),)),
    "cos": (1, np.cos, lambda a, y: (-np.sin(a),)),
    "maximum": (2, np.maximum, pick_slopes(np.greater)),
    "minimum": (2, np.minimum, pick_slopes(np.less)),
    "where": (3, lambda a, b, c: np.where(a, b, c), lambda a, b, c, y: (0.0, a != 0, a == 0)),
    "clip": (
        3,
        lambda a, low, high: np.minimum(np.maximum(a, low), high),
        lambda a, low, high, y: ((low <= a) & (a <= high), 0.0, 0.0),
    ),
    "lerp": (3, lambda a, b, c: a + (b - a) * c, lambda a, b, c, y: (1 - c, c, b - a)),
    "signum": (1, np.sign, NO_SLOPE),
    "floor": (1, np.floor, NO_SLOPE),
    "ceil": (1, np.ceil, NO_SLOPE),
    "round": (1, np.round, NO_SLOPE),
    "truncate": (1, np.trunc, NO_SLOPE),
    "stop_gradient": (1, lambda a: a, NO_SLOPE),
    "equal": (2, lambda a, b: truth(a == b), NO_SLOPE),
    "not_equal": (2, lambda a, b: truth(a != b), NO_SLOPE),
    "less": (2, lambda a, b: truth(a < b), NO_SLOPE),
    "less_equal": (2, lambda a, b: truth(a <= b), NO_SLOPE),
    "greater": (2, lambda a, b: truth(a > b), NO_SLOPE),
    "greater_equal": (2, lambda a, b: truth(a >= b), NO_SLOPE),
    "logical_and": (2, lambda a, b: truth(np.logical_and(a, b)), NO_SLOPE),
    "logical_or": (2, lambda a, b: truth(np.logical_or(a, b)), NO_SLOPE),
    "logical_not": (1, lambda a: truth(np.logical_not(a)), NO_SLOPE),
    "isnan": (1, lambda a: truth(np.isnan(a)), NO_SLOPE),
}

Step = tuple[str, list[int], float]


def run_program(
    inputs: list[np.ndarray], constants: list[list[float]], steps: list[Step]
) -> list[np.ndarray]:
    """All values of an expression: inputs, constants, results."""
    values = [*inputs, *[np.asarray(constant, np.float64) for constant in constants]]
    for name, operands, alpha in steps:
        given = [values[operand] for operand in operands]
        if name in ELEMENTWISE:
            values.append(np.asarray(ELEMENTWISE[name][1](*given)))
        else:
            values.append(activations.ACTIVATIONS[name][0](given[0], alpha))
    return values


def run_program_backward(
    values: list[np.ndarray], inputs: int, steps: list[Step], grad: np.ndarray
) -> list[np.ndarray]:
    """The gradients of the inputs, from all values and the gradient of the last."""
    grads = [np.zeros(np.broadcast_shapes(v.shape, grad.shape)) for v in values]
    grads[-1] = grad
    for i in reversed(range(len(steps))):
        name, operands, alpha = steps[i]
        at = len(values) - len(steps) + i
        given = [values[operand] for operand in operands]
        if name in ELEMENTWISE:
            slopes = ELEMENTWISE[name][2](*given, values[at])
        else:
            slopes = [activations.ACTIVATIONS[name][1](given[0], alpha)]
        for operand, slope in zip(operands, slopes, strict=False):
            grads[operand] = grads[operand] + grads[at] * slope
    narrow = [v.shape[1] == 1 for v in values[:inputs]]
    return [
        g.sum(axis=1, keepdims=True) if thin else g
        for g, thin in zip(grads[:inputs], narrow, strict=True)
    ]
