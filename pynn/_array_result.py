"""`ArrayResult`: an array that also has Keras's ``.numpy()``."""

from __future__ import annotations

from typing import Any

import numpy as np


class ArrayResult(np.ndarray):
    """What a layer or model returns for an array: an ndarray, with ``.numpy()`` besides.

    Code written for tensors with values calls that method; everything else takes it for the array
    that it is.

    Examples
    --------
    >>> import numpy as np
    >>> result = np.zeros(2).view(ArrayResult)
    >>> type(result.numpy())
    <class 'numpy.ndarray'>
    >>> result + 1
    array([1., 1.])
    """

    def numpy(self) -> np.ndarray:
        """Return the same numbers as a plain ndarray, without copying."""
        return self.view(np.ndarray)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        if return_scalar or array.ndim == 0:
            return array[()]
        return array.view(type(self))

    def __repr__(self) -> str:
        return repr(self.numpy())

    def __str__(self) -> str:
        return str(self.numpy())

    def __reduce__(self) -> Any:
        return self.numpy().__reduce__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.numpy().__reduce_ex__(protocol)


def as_result(value: Any) -> Any:
    """Return a plain array as an `ArrayResult`, and anything else as it is."""
    return value.view(ArrayResult) if type(value) is np.ndarray else value
