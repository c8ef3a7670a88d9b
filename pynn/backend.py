"""Session-wide settings and values, under the names of Keras's backend module.

Thin: the settings themselves are in `_state`. No computation belongs here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._dtypes import dtype_name
from pynn._namespace import is_tensor
from pynn._state import epsilon, floatx, reset_names, set_epsilon, set_floatx
from pynn.config import backend, image_data_format

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_value",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "set_epsilon",
    "set_floatx",
    "set_value",
    "standardize_dtype",
]
__dir__ = __all__.copy


def clear_session() -> None:
    """Let the default names of layers, models and metrics start again without a number.

    Models that exist keep working. Seeds, float type and fuzz factor stay as they are.

    Examples
    --------
    >>> import pynn
    >>> pynn.backend.clear_session()
    >>> pynn.layers.Dense(3).name
    'dense'
    """
    reset_names()


def standardize_dtype(dtype: Any) -> str:
    """Return the name of a type, that of `floatx` for None.

    Examples
    --------
    >>> from pynn import backend
    >>> backend.standardize_dtype(None), backend.standardize_dtype(int)
    ('float32', 'int64')
    """
    return floatx() if dtype is None else dtype_name(dtype)


def is_float_dtype(dtype: Any) -> bool:
    """Return whether a type is one of fractions."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Return whether a type is one of whole numbers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def is_keras_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor without a value, as `Input` returns, and layers called on it.

    Examples
    --------
    >>> import pynn
    >>> pynn.backend.is_keras_tensor(pynn.Input((3,))), pynn.backend.is_keras_tensor([1.0])
    (True, False)
    """
    return is_tensor(x) and not hasattr(x, "value")


def get_value(x: Any) -> Any:
    """Return the value of a variable, a tensor or an optimizer's number.

    Parameters
    ----------
    x : object
        Anything with ``.numpy()``, or array-like.

    Returns
    -------
    ndarray or NumPy scalar
        A copy: writing to it does not change `x`.

    Examples
    --------
    >>> import pynn
    >>> float(pynn.backend.get_value(pynn.optimizers.Adam(0.5).learning_rate))
    0.5
    """
    if hasattr(x, "numpy"):
        x = x.numpy()
    return x if isinstance(x, np.generic) else np.array(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Store `value` in a variable or in an optimizer's number.

    Parameters
    ----------
    x : object
        Anything with ``.assign()``, or an array, which is then overwritten.
    value : array-like
        The new value, of the same shape.

    Raises
    ------
    ValueError
        If `x` cannot be assigned to.

    Examples
    --------
    >>> from pynn import backend, optimizers
    >>> optimizer = optimizers.SGD(learning_rate=0.1)
    >>> backend.set_value(optimizer.learning_rate, 0.05)
    >>> print(optimizer.learning_rate)
    0.05
    """
    if hasattr(x, "assign"):
        x.assign(value)
    elif isinstance(x, np.ndarray):
        x[...] = value
    else:
        raise ValueError(f"x must be a variable that can be assigned to. Received: {x!r}")
