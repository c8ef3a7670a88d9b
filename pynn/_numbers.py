"""Numbers with the manners of a tensor.

`Number` is a float that also has ``.numpy()``, as losses and metrics return it. `LiveNumber` reads
and writes a number that lives elsewhere, as an optimizer's learning rate and step counter do. No
meaning is attached to either here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


class Number(float):
    """A float with ``.numpy()``.

    Examples
    --------
    >>> Number(0.5) + 1, Number(0.5).numpy().dtype
    (1.5, dtype('float64'))
    """

    __slots__ = ()

    shape = ()
    dtype = np.dtype("float64")

    def numpy(self) -> np.float64:
        """Return the value as a NumPy scalar."""
        return np.float64(self)

    def item(self) -> float:
        """Return the value as a plain float."""
        return float(self)


class HasValue:
    """Base of what stands for the number or array that is its `value`."""

    __slots__ = ()

    value: Any

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype)


def _binary(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: LiveNumber, other: Any) -> Any:
        return op(self.value, other.value if isinstance(other, LiveNumber) else other)

    return method


def _reflected(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: LiveNumber, other: Any) -> Any:
        return op(other, self.value)

    return method


class LiveNumber(HasValue):
    """A view of a number that lives elsewhere.

    It takes part in arithmetic, comparison and formatting with the value of that moment.

    Parameters
    ----------
    read : callable without arguments
        Returns the value.
    write : callable of one argument
        Stores a value, or raises if it may not be changed.
    name : str
        What the number is called in its ``repr``.
    """

    __array_priority__ = 100

    def __init__(self, read: Callable[[], float], write: Callable[[Any], None], name: str) -> None:
        self._read = read
        self._write = write
        self.name = self.path = name

    shape = ()

    @property
    def value(self) -> Any:
        """The value at this moment, a plain int or float."""
        return self._read()

    def numpy(self) -> Any:
        """Return the value at this moment as a NumPy scalar."""
        value = self._read()
        return np.float64(value) if type(value) is float else np.asarray(value)[()]

    def assign(self, value: Any) -> LiveNumber:
        """Store `value`, and return self."""
        self._write(value)
        return self

    def assign_add(self, value: Any) -> LiveNumber:
        """Add `value`, and return self."""
        return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> LiveNumber:
        """Subtract `value`, and return self."""
        return self.assign(self.value - value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = (x.value if isinstance(x, LiveNumber) else x for x in inputs)
        return getattr(ufunc, method)(*plain, **kwargs)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.value!r}>"

    def __str__(self) -> str:
        return str(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits)

    def __neg__(self) -> Any:
        return -self.value

    def __pos__(self) -> Any:
        return self.value

    def __abs__(self) -> Any:
        return abs(self.value)

    __add__ = _binary(operator.add)
    __sub__ = _binary(operator.sub)
    __mul__ = _binary(operator.mul)
    __truediv__ = _binary(operator.truediv)
    __floordiv__ = _binary(operator.floordiv)
    __mod__ = _binary(operator.mod)
    __pow__ = _binary(operator.pow)
    __radd__ = _reflected(operator.add)
    __rsub__ = _reflected(operator.sub)
    __rmul__ = _reflected(operator.mul)
    __rtruediv__ = _reflected(operator.truediv)
    __rfloordiv__ = _reflected(operator.floordiv)
    __rmod__ = _reflected(operator.mod)
    __rpow__ = _reflected(operator.pow)
    __lt__ = _binary(operator.lt)
    __le__ = _binary(operator.le)
    __gt__ = _binary(operator.gt)
    __ge__ = _binary(operator.ge)
    __eq__ = _binary(operator.eq)
    __ne__ = _binary(operator.ne)
    __hash__ = None  # type: ignore[assignment]
