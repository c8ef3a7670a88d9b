"""The penalties of weights, and as the engine takes them: ``l1 sum(|w|) + l2 sum(w**2)`` of each.

A regularizer that a user wrote is recorded, and comes to the two numbers if that is what it adds up
to, in whatever words: ``0.5 * ops.sum(ops.square(0.1 * w)) + ops.mean(ops.abs(w))`` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import ops
from pynn._tensor import Mode
from pynn._tracing import recording
from pynn.graph._interpreter import run_backward, run_forward
from pynn.graph._walk import topological
from pynn.ops import Node, Tensor, Weight
from pynn.regularizers import L1L2


def native_penalty(weight: Weight) -> tuple[float, float] | None:
    """Return (l1, l2) of a weight's regularizer; None if it is of another kind."""
    regularizer = weight.regularizer
    if regularizer is None:
        return 0.0, 0.0
    if type(regularizer).__call__ is L1L2.__call__:
        return regularizer.l1, regularizer.l2
    try:
        result = recorded_penalty(weight)
    except Exception:  # a user's function that is not made for tensors fails as it likes
        return None
    terms = _terms_of(result, weight) if isinstance(result, Tensor) else None
    if terms is None or terms.linear:
        return None
    return terms.magnitude, terms.square


def recorded_penalty(weight: Weight) -> Any:
    """Return what a weight's regularizer makes of it, as a tensor of one number."""
    with recording():
        return ops.sum(weight.regularizer(ops.identity(weight)))


def penalties_of(
    parameters: Sequence[Weight], l1: Sequence[float] | None, l2: Sequence[float] | None
) -> tuple[list[float], list[float], bool]:
    """Return l1 and l2 of each weight, as given or from their regularizers.

    The third value says whether these two are all there is to their regularizers.
    """
    found = [native_penalty(weight) for weight in parameters]
    first = [pair[0] if pair else 0.0 for pair in found] if l1 is None else list(l1)
    second = [pair[1] if pair else 0.0 for pair in found] if l2 is None else list(l2)
    return first, second, None not in found


class Penalty:
    """The regularization of one weight.

    Parameters
    ----------
    weight : Weight
    l1, l2 : float
        Used unless the weight's regularizer is of another kind, which is then recorded.
    """

    def __init__(self, weight: Weight, l1: float, l2: float) -> None:
        self._weight = weight
        self._l1 = l1
        self._l2 = l2
        self._nodes: list[Node] = []
        self._recorded = native_penalty(weight) is None
        if self._recorded:
            self._result = recorded_penalty(weight)
            if not isinstance(self._result, Tensor):
                raise ValueError(
                    f"the regularizer of {weight.path!r} must be computed with pynn.ops. "
                    f"Received: a result of type {type(self._result).__name__}"
                )
            self._nodes = topological([self._result], [])

    def differentiate(self) -> tuple[float, np.ndarray | None]:
        """Return the penalty and its gradient."""
        view = self._weight.view
        if not self._recorded:
            if not self._l1 and not self._l2:
                return 0.0, None
            kind = view.dtype.type
            term = self._l1 * float(np.abs(view).sum(dtype=np.float64))
            term += self._l2 * float(np.square(view).sum(dtype=np.float64))
            return term, kind(self._l1) * np.sign(view) + kind(2 * self._l2) * view
        mode = Mode(training=True)
        values: dict[int, Any] = {}
        run_forward(self._nodes, values, mode)
        grads: dict[int, Any] = {id(self._result): np.ones((), view.dtype)}
        run_backward(self._nodes, values, grads, mode, {id(self._weight)})
        return float(values[id(self._result)]), np.asarray(grads[id(self._weight)], view.dtype)


# ---- what a recorded regularizer adds up to


class _Terms(NamedTuple):
    """A tensor whose entries add up to ``linear w + magnitude |w| + square w**2`` over a weight.

    It is that entry by entry, unless it was `summed` over some of them.
    """

    linear: float = 0.0
    magnitude: float = 0.0
    square: float = 0.0
    summed: bool = False

    def scaled(self, factor: float) -> _Terms:
        return _Terms(
            factor * self.linear, factor * self.magnitude, factor * self.square, self.summed
        )

    @property
    def is_line(self) -> bool:
        """Whether it is a multiple of the weight, entry by entry."""
        return not self.summed and not self.magnitude and not self.square

    @property
    def is_positive(self) -> bool:
        return not self.linear and min(self.magnitude, self.square) >= 0


def _terms_of(result: Tensor, weight: Weight) -> _Terms | None:
    known: dict[int, _Terms] = {}
    for node in topological([result], []):
        rule = _RULES.get(node.op.name)
        values: list[Any] = []
        for value in node.inputs:
            if value is weight:
                values.append(_Terms(linear=1.0))
            elif isinstance(value, Tensor):
                values.append(known[id(value)])
            elif not isinstance(value, Weight) and np.ndim(value) == 0:
                values.append(float(value))
            else:
                return None
        made = None if rule is None else rule(node, *values)
        if made is None:
            return None
        known[id(node.output)] = made
    return known[id(result)]


def _size(node: Node) -> float:
    """Return how many entries of the input go into one of the output."""
    of_output = math.prod(n or 1 for n in node.output.shape)
    return math.prod(n or 1 for n in node.inputs[0].shape) / max(of_output, 1)


def _moved(node: Node, x: Any) -> _Terms | None:
    return x if isinstance(x, _Terms) else None


def _sum(node: Node, x: Any) -> _Terms | None:
    return x._replace(summed=True)


def _mean(node: Node, x: Any) -> _Terms | None:
    return x.scaled(1.0 / _size(node))._replace(summed=True)


def _added(sign: float) -> Callable[..., _Terms | None]:
    def rule(node: Node, a: Any, b: Any) -> _Terms | None:
        if not isinstance(a, _Terms) or not isinstance(b, _Terms):
            # A number beside them would be a penalty of no weight; 0 is where sums begin.
            terms, number = (a, b) if isinstance(a, _Terms) else (b, a)
            factor = 1.0 if terms is a else sign
            return terms.scaled(factor) if number == 0 else None
        if node.inputs[0].shape != node.inputs[1].shape:
            return None
        return _Terms(
            a.linear + sign * b.linear,
            a.magnitude + sign * b.magnitude,
            a.square + sign * b.square,
            a.summed or b.summed,
        )

    return rule


def _multiplied(node: Node, a: Any, b: Any) -> _Terms | None:
    if isinstance(a, float) or isinstance(b, float):
        terms, factor = (a, b) if isinstance(b, float) else (b, a)
        return terms.scaled(factor)
    if not (a.is_line and b.is_line) or node.inputs[0].shape != node.inputs[1].shape:
        return None
    return _Terms(square=a.linear * b.linear)


def _divided(node: Node, a: Any, b: Any) -> _Terms | None:
    return a.scaled(1.0 / b) if isinstance(b, float) and b else None


def _squared(node: Node, x: _Terms) -> _Terms | None:
    if x.is_line:
        return _Terms(square=x.linear**2)
    only_magnitude = not x.summed and not x.linear and not x.square
    return _Terms(square=x.magnitude**2) if only_magnitude else None


def _power(node: Node, x: Any, exponent: Any) -> _Terms | None:
    if not isinstance(x, _Terms) or exponent not in (1.0, 2.0):
        return None
    return x if exponent == 1.0 else _squared(node, x)


def _absolute(node: Node, x: _Terms) -> _Terms | None:
    if x.is_line:
        return _Terms(magnitude=abs(x.linear))
    return x if x.is_positive else None


_RULES: dict[str, Callable[..., _Terms | None]] = {
    "absolute": _absolute,
    "add": _added(1.0),
    "divide": _divided,
    "expand_dims": _moved,
    "identity": _moved,
    "mean": _mean,
    "multiply": _multiplied,
    "negative": lambda node, x: x.scaled(-1.0),
    "power": _power,
    "reshape": _moved,
    "square": _squared,
    "squeeze": _moved,
    "subtract": _added(-1.0),
    "sum": _sum,
    "transpose": _moved,
}
