"""Checks and conversions of what layers are given: names, types, shapes, arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn import _state, ops
from pynn._dtypes import dtype_name
from pynn._of_keras import of_keras
from pynn._registry import to_snake_case
from pynn._tensor import watched_tensor
from pynn._weight import checked_factor


def checked_name(name: Any, cls: type) -> str:
    if name is None:
        return _state.unique_name(to_snake_case(cls.__name__))
    if not isinstance(name, str) or not name:
        raise ValueError(f"name must be a non-empty string or None. Received: name={name!r}")
    if "/" in name:
        raise ValueError(f"name must not contain '/'. Received: name={name!r}")
    return name


_FLOAT_TYPES = ("float32", "float64")


def checked_dtype(dtype: Any) -> str:
    if isinstance(dtype, Mapping):  # a dtype policy, as Keras writes it
        dtype = dtype.get("config", {}).get("name")
    if dtype is None:
        return _state.floatx()
    try:
        name = dtype_name(dtype)
    except TypeError:  # no type of NumPy's, such as "mixed_float16"
        name = ""
    if name not in _FLOAT_TYPES:
        raise ValueError(f"dtype must be 'float32' or 'float64'. Received: dtype={dtype!r}")
    return name


def initialized(initializer: Callable[..., Any], shape: tuple[int, ...], dtype: str) -> Any:
    try:
        return initializer(shape, dtype=dtype)
    except TypeError:
        if hasattr(initializer, "get_config"):
            raise
        return initializer(shape)


def as_arrays(value: Any, dtype: str) -> Any:
    """Turn array-likes into arrays, floats into the layer's type; keep the structure of inputs.

    A watched array becomes the tensor that stands for it.
    """
    watched = watched_tensor(value)
    if watched is not None:
        return watched if watched.dtype == dtype else ops.cast(watched, dtype)
    if isinstance(value, Mapping):
        return {key: as_arrays(item, dtype) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(hasattr(item, "shape") for item in value):
        return type(value)(as_arrays(item, dtype) for item in value)
    if value is None or isinstance(value, (str, bool)):
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{error}{of_keras(value)}") from error
    return array.astype(dtype, copy=False) if array.dtype.kind == "f" else array


def batch_shape(value: Any) -> Any:
    shape = ops.shape(value)
    return (None, *shape[1:]) if shape else shape


def checked_factors(name: str, value: Any) -> dict[str, float]:
    """Return factors by the names of weights.

    Raises
    ------
    ValueError
        If it is no mapping, or a factor is no number, negative or infinite.
    """
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{name} must name weights and their factors, as in {{'bias': 0.1}}. "
            f"Received: {name}={value!r}"
        )
    return {key: checked_factor(f"{name}[{key!r}]", factor) for key, factor in value.items()}
