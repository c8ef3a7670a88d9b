"""`normalize`: divide vectors by their norm. Only for data preparation; layers do not use it."""

from __future__ import annotations

from typing import Any

import numpy as np


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
