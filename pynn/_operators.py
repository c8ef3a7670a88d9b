"""Python's operators for tensors and weights, in terms of the ops.

The ops are defined on top of the two classes, so they are filled in afterwards, by `install`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_FUNCTIONS: dict[str, Callable[..., Any]] = {}


def install(**functions: Callable[..., Any]) -> None:
    """Set the functions that the operators call; done once, when the package is imported."""
    _FUNCTIONS.update(functions)


class Operators:
    """Arithmetic, comparison and negation. ``==`` stays identity, so that sets and dicts work."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return _FUNCTIONS["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return _FUNCTIONS["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return _FUNCTIONS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return _FUNCTIONS["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return _FUNCTIONS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return _FUNCTIONS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return _FUNCTIONS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _FUNCTIONS["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _FUNCTIONS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _FUNCTIONS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return _FUNCTIONS["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return _FUNCTIONS["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return _FUNCTIONS["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return _FUNCTIONS["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return _FUNCTIONS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _FUNCTIONS["matmul"](other, self)

    def __lt__(self, other: Any) -> Any:
        return _FUNCTIONS["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return _FUNCTIONS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return _FUNCTIONS["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return _FUNCTIONS["greater_equal"](self, other)

    def __neg__(self) -> Any:
        return _FUNCTIONS["negative"](self)

    def __abs__(self) -> Any:
        return _FUNCTIONS["absolute"](self)
