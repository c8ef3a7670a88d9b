"""Arrays made from nothing but numbers and a shape."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from pynn import _state
from pynn._dtypes import dtype_name
from pynn._onnx import OnnxWriter
from pynn._tensor import Mode, Op, Shape, record, value_of
from pynn._tracing import is_symbolic_pass
from pynn.ops._elementwise import add, cast, multiply
from pynn.ops._shapes import zeros_like

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "tri",
    "zeros",
]


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> np.ndarray:
    """Return the numbers from `start`, or 0, up to `stop` in steps of `step`.

    Whole numbers are int32, others `pynn.backend.floatx()`, unless `dtype` is given.
    """
    if stop is None:
        start, stop = 0, start
    given = [value_of(n) for n in (start, stop, 1 if step is None else step)]
    if dtype is None:
        whole = builtins.all(np.asarray(n).dtype.kind in "iub" for n in given)
        dtype = "int32" if whole else _state.floatx()
    return np.arange(*given, dtype=dtype_name(dtype))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` numbers at equal distances from `start` to `stop`, as NumPy's function does."""
    made: Any = np.linspace
    return made(start, stop, num, endpoint, retstep, dtype_name(dtype or _state.floatx()), axis)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` numbers at equal ratios from ``base**start`` to ``base**stop``."""
    made: Any = np.logspace
    return made(start, stop, num, endpoint, base, dtype_name(dtype or _state.floatx()), axis)


def _filled_rows(*, shape: Shape, fill: Any, dtype: str, mode: Mode) -> np.ndarray:
    return np.full(mode.sizes(shape), fill, dtype)


def _shape_of_rows(*, shape: Shape, **others: Any) -> Shape:
    return shape


def _in_onnx(w: OnnxWriter, *, shape: Shape, fill: float, dtype: str) -> str:
    return w.full(shape, fill)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return an array filled with one value, of `pynn.backend.floatx()` unless given.

    In the `call` of a layer or model the first axis may be that of the batch, None.
    """
    name = dtype_name(dtype or _state.floatx())
    if is_symbolic_pass() and isinstance(shape, (list, tuple)) and None in shape:
        op = Op("full", _filled_rows, None, _shape_of_rows, name, modal=True, onnx=_in_onnx)
        plain = isinstance(fill_value, (int, float, np.generic))
        fill = float(fill_value) if plain else 0.0
        filled = record(op, (), {"shape": tuple(shape), "fill": fill, "dtype": name})
        return filled if plain else add(filled, fill_value)
    return np.full(shape, value_of(fill_value), name)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return zeros of that shape, of `pynn.backend.floatx()` unless given."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones of that shape, of `pynn.backend.floatx()` unless given."""
    return full(shape, 1, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """Return an array of that shape to be written to: zeros, as in Keras."""
    return zeros(shape, dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """Return a matrix with ones on its k-th diagonal and zeros elsewhere."""
    return np.eye(N, M, k, dtype_name(dtype or _state.floatx()))


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> np.ndarray:
    """Return a matrix with ones on and below its k-th diagonal and zeros elsewhere."""
    return np.tri(N, M, k, dtype_name(dtype or _state.floatx()))


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Return an array to be written to, in the shape of `x`: zeros, as in Keras."""
    return zeros_like(x, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return `fill_value` in the shape of `x`, and of its type unless another is given."""
    filled = add(multiply(x, 0), fill_value)
    return cast(filled, dtype or getattr(x, "dtype", _state.floatx()))
