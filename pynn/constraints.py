"""What weights are forced back to after each training step: functions from arrays to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from pynn import _namespace, _state
from pynn._number_checks import checked_number
from pynn._registry import Configured, Registry

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
__dir__ = __all__.copy

registry: Registry[Callable[..., Any]] = Registry("constraint")

Axis = int | tuple[int, ...]


class Constraint(Configured):
    """Base class: no constraint.

    Subclasses define ``__call__(w)``, which returns an array of the shape of `w`, and
    ``get_config`` if they have arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import constraints
    >>> class Rounded(constraints.Constraint):
    ...     def __call__(self, w):
    ...         return np.round(w)
    >>> Rounded()(np.array([0.2, 0.9]))
    array([0., 1.])
    """

    def __call__(self, w: Any) -> Any:
        """Return what `w` is to become."""
        return w

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a constraint from the output of `get_config`."""
        return cls(**{key: _as_axis(value) for key, value in config.items()})


def _as_axis(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # a tuple comes back from JSON so


def _norms(w: np.ndarray, axis: Axis) -> np.ndarray:
    return np.sqrt(np.sum(np.square(w), axis=_as_axis(axis), keepdims=True))


@registry.add()
class MaxNorm(Constraint):
    """Vectors longer than `max_value` are shortened to it.

    Parameters
    ----------
    max_value : float, default=2
    axis : int or tuple of int, default=0
        Along which the vectors lie; 0 are the weights into one unit of a dense layer.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import constraints
    >>> constraints.MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = checked_number("max_value", max_value, negative=False)
        self.axis = axis

    def __call__(self, w: Any) -> np.ndarray:
        """Return `w` with long vectors shortened."""
        w = _namespace.to_float_array(w)
        norms = _norms(w, self.axis)
        return w * (np.minimum(norms, self.max_value) / (_state.epsilon() + norms))


@registry.add()
class MinMaxNorm(Constraint):
    """Lengths of vectors are moved into [min_value, max_value].

    Parameters
    ----------
    min_value, max_value : float, default=0.0, 1.0
        The shortest and the longest length allowed.
    rate : float in [0, 1], default=1.0
        How much of the way is gone at each step.
    axis : int or tuple of int, default=0
        Along which the vectors lie; 0 are the weights into one unit of a dense layer.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import constraints
    >>> constraints.MinMaxNorm(1.0, 2.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
    array([[1.2, 0.6],
           [1.6, 0.8]])
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = checked_number("min_value", min_value, negative=False)
        self.max_value = checked_number("max_value", max_value, negative=False)
        self.rate = checked_number("rate", rate)
        self.axis = axis

    def __call__(self, w: Any) -> np.ndarray:
        """Return `w` with lengths moved into the range."""
        w = _namespace.to_float_array(w)
        norms = _norms(w, self.axis)
        allowed = np.clip(norms, self.min_value, self.max_value)
        desired = self.rate * allowed + (1 - self.rate) * norms
        return w * (desired / (_state.epsilon() + norms))


@registry.add()
class UnitNorm(Constraint):
    """Vectors get the length 1.

    Parameters
    ----------
    axis : int or tuple of int, default=0
        Along which the vectors lie; 0 are the weights into one unit of a dense layer.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import constraints
    >>> constraints.UnitNorm()(np.array([[3.0], [4.0]])).round(4)
    array([[0.6],
           [0.8]])
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> np.ndarray:
        """Return `w` with vectors of length 1."""
        w = _namespace.to_float_array(w)
        return w / (_state.epsilon() + _norms(w, self.axis))


@registry.add()
class NonNeg(Constraint):
    """Negative weights become 0.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import constraints
    >>> constraints.NonNeg()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, w: Any) -> np.ndarray:
        """Return `w` with 0 in place of what is negative."""
        return np.maximum(_namespace.to_float_array(w), 0)


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

get, deserialize = registry.get, registry.deserialize


def serialize(constraint: Any) -> Any:
    """Return what `deserialize` turns back into `constraint`: a config or a function's name."""
    return registry.serialize(constraint)
