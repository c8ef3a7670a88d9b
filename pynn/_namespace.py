"""Telling arrays from tensors, and finding the functions that go with them.

A tensor is what `pynn.ops` computes with; its class has the attribute ``__pynn_tensor__ = True``.
Everything else is data for NumPy. Formulas written with the names that NumPy and `pynn.ops` share
then serve both. `pynn.ops` is above this module and installs itself when it is imported, which is
before anybody can have made a tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import _state

_installed: dict[str, Any] = {}  # "ops", once that is imported


def install(ops: Any) -> None:
    """Set the functions that compute with tensors; done once, by `pynn.ops`."""
    _installed["ops"] = ops


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of `pynn.ops`, symbolic or with a value."""
    return bool(getattr(type(x), "__pynn_tensor__", False))


def ops() -> Any:
    """Return `pynn.ops`, for code below it that runs while something is recorded."""
    return _installed["ops"]


def namespace(*values: Any) -> Any:
    """Return `pynn.ops` if any of `values` is a tensor, `numpy` otherwise."""
    for value in values:
        if is_tensor(value):
            return _installed["ops"]
    return np


def to_array(x: Any) -> np.ndarray:
    """Return `x` as an array, whether it is a tensor with a value, a variable or array-like."""
    if is_tensor(x):
        return np.asarray(x.numpy())
    return np.asarray(x)


def to_float_array(x: Any, dtype: Any = None) -> np.ndarray:
    """Return `x` as a float32 or float64 array.

    With no `dtype`, arrays of these two types are kept and everything else becomes
    `pynn.backend.floatx()`.
    """
    if dtype is None and isinstance(x, (list, tuple, int, float)):
        dtype = _state.floatx()
    array = to_array(x)
    if dtype is None:
        keep = array.dtype in (np.float32, np.float64)
        dtype = array.dtype if keep else _state.floatx()
    return array.astype(dtype, copy=False)


# ---- Python's operators


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: getattr(_installed["ops"], name)(self)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: getattr(_installed["ops"], name)(self, other)


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: getattr(_installed["ops"], name)(other, self)


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
