"""`MetricWeight`: a number or array that a metric accumulates in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from pynn import _namespace
from pynn._numbers import HasValue


def _value(x: Any) -> Any:
    return x.value if isinstance(x, MetricWeight) else x


class MetricWeight(HasValue, NDArrayOperatorsMixin):
    """An array that takes part in NumPy's arithmetic and can be assigned to.

    Parameters
    ----------
    value : array-like
        What it starts from, and what `reset` goes back to.
    name : str, default=""

    Examples
    --------
    >>> weight = MetricWeight(0.0)
    >>> float(weight.assign_add(3.0))
    3.0
    >>> float(weight / 2)
    1.5
    """

    def __init__(self, value: Any, name: str = "") -> None:
        self.name = name
        self.value = np.array(value)
        self._initial = self.value.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype:
        """Type of the array."""
        return self.value.dtype

    def numpy(self) -> Any:
        """Return a copy of the value, a NumPy scalar if it has no axes."""
        return self.value.copy()[()]

    def assign(self, value: Any) -> MetricWeight:
        """Store `value`, broadcast to the weight's shape, and return self.

        Raises
        ------
        ValueError
            If the shapes do not go together.
        """
        new = _namespace.to_array(_value(value))
        if new.shape != self.shape:
            try:
                new = np.broadcast_to(new, self.shape)
            except ValueError:
                raise ValueError(
                    f"the value of the metric's weight {self.name!r} must have the shape "
                    f"{self.shape}. Received: shape={new.shape}"
                ) from None
        self.value = new.astype(self.dtype)
        return self

    def assign_add(self, value: Any) -> MetricWeight:
        """Add `value`, and return self."""
        return self.assign(self.value + _namespace.to_array(_value(value)))

    def assign_sub(self, value: Any) -> MetricWeight:
        """Subtract `value`, and return self."""
        return self.assign(self.value - _namespace.to_array(_value(value)))

    def reset(self) -> None:
        """Go back to the initial value."""
        self.value = self._initial.copy()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        result = getattr(ufunc, method)(*(_value(x) for x in inputs), **kwargs)
        if out is None:
            return result
        target = out[0]
        if isinstance(target, MetricWeight):
            return target.assign(result)
        target[...] = result
        return target

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __len__(self) -> int:
        return len(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __repr__(self) -> str:
        return f"<MetricWeight {self.name}: {self.value!r}>"
