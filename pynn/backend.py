"""Session-wide settings and values, under the names of Keras's backend module.

Thin: the settings themselves are in `_state`. No computation belongs here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn._state import epsilon, floatx, reset_names, set_epsilon, set_floatx

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "get_value",
    "set_epsilon",
    "set_floatx",
    "set_value",
]
__dir__ = __all__.copy


def clear_session() -> None:
    """Let the default names of layers, models and metrics start again without a number.

    Models that exist keep working. Seeds, float type and fuzz factor stay as they are.
    """
    reset_names()


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
