"""`to_categorical` and `normalize`: preparing arrays. Layers use neither."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _state
from pynn._number_checks import is_integer


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Turn class numbers into one-hot rows.

    Parameters
    ----------
    x : array-like of int, shape (...) or (..., 1)
        Class numbers from 0 to ``num_classes - 1``.
    num_classes : int, default=None
        Length of a row; None stands for ``max(x) + 1``.

    Returns
    -------
    ndarray, shape (..., num_classes)
        Of type `pynn.backend.floatx()`.

    Raises
    ------
    ValueError
        If a class number is negative, too large, or no whole number.

    Examples
    --------
    >>> from pynn.utils import to_categorical
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    given = np.asarray(x)
    numeric = given.dtype.kind in "iufb"
    labels = given.astype(np.int64) if numeric else given
    if not numeric or not np.array_equal(labels, given):
        raise ValueError(f"x must hold whole numbers. Received: x.dtype={given.dtype}")
    if num_classes is not None and not is_integer(num_classes):
        raise ValueError(
            f"num_classes must be an integer or None. Received: num_classes={num_classes!r}"
        )
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f"x must hold class numbers in [0, num_classes). Received: num_classes={num_classes}, "
            f"min(x)={labels.min()}, max(x)={labels.max()}"
        )
    rows = np.zeros((labels.size, num_classes), dtype=_state.floatx())
    rows[np.arange(labels.size), labels] = 1
    return rows.reshape((*shape, num_classes))


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """Divide `x` by its norm along an axis.

    Parameters
    ----------
    x : array-like
        The data; integers become float64.
    axis : int, default=-1
        The axis along which the norm is taken.
    order : float, default=2
        Order of the norm, as in `numpy.linalg.norm`.

    Returns
    -------
    ndarray of the shape of `x`
        Vectors of norm zero stay as they are.

    Examples
    --------
    >>> from pynn.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = np.atleast_1d(np.asarray(x))
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    norm = np.linalg.norm(array, ord=order, axis=axis, keepdims=True)
    return array / np.where(norm == 0, array.dtype.type(1), norm)
