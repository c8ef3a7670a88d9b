"""Python's operators for tensors and weights, in terms of the ops.

The ops are defined on top of the two classes, so they are filled in afterwards, by `install`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def install(functions: Mapping[str, Any]) -> None:
    """Set the functions that the operators call; done once, by `pynn.ops`."""
    FUNCTIONS.update(functions)


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: FUNCTIONS[name](self)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: FUNCTIONS[name](self, other)


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: FUNCTIONS[name](other, self)


class Operators:
    """Arithmetic, comparison and negation. ``==`` stays identity, so that sets and dicts work."""

    __slots__ = ()

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("mod"), _reflected("mod")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __neg__, __abs__ = _unary("negative"), _unary("absolute")
