"""The list of metrics, and `Metric`, their base: named weights, update, result, reset.

No formula belongs here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from pynn import _state, initializers
from pynn._allocation import check_metric
from pynn._dtypes import checked_float_type
from pynn._number_checks import is_integer
from pynn._numbers import Number
from pynn._other_values import holding
from pynn._registry import Configured, Registry, to_snake_case
from pynn.metrics._weight import MetricWeight

registry: Registry[Any] = Registry("metric")


def divide_no_nan(a: Any, b: Any) -> np.ndarray:
    """Return ``a / b``, and 0 where `b` is 0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(a.shape, b.shape)), where=b != 0)


def number_or_array(value: Any) -> Any:
    """Return a `Number` for one number, an array for more."""
    value = np.asarray(value)
    return Number(value) if value.ndim == 0 else value


class Metric(Configured, ABC):
    """A number that is gathered batch by batch.

    Subclasses make their weights in ``__init__`` by means of `add_weight`, add to them in
    ``update_state(y_true, y_pred, sample_weight=None)`` and return the metric in ``result()``.
    `reset_state` sets the weights back to where they started.

    Parameters
    ----------
    dtype : {"float32", "float64"}, default=None
        Type in which arrays are computed; None keeps that of the predictions. Weights are float64,
        so that long sums stay exact, unless `add_weight` is given another type.
    name : str, default=None
        None stands for the class's name in snake case, numbered from the second one on.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import metrics
    >>> class LargestError(metrics.Metric):
    ...     def __init__(self, name="largest_error", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.largest = self.add_weight(name="largest", initializer="zeros")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(np.maximum(self.largest, np.abs(y_true - y_pred).max()))
    ...
    ...     def result(self):
    ...         return self.largest
    >>> metric = LargestError()
    >>> metric.update_state(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    >>> float(metric.result())
    0.5
    """

    # Whether larger values are better ("up"), smaller ones ("down"), or that is not known.
    _direction: str | None = None

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        self.name = name or _state.unique_name(to_snake_case(type(self).__name__))
        self._dtype = checked_float_type(dtype)

    @property
    def dtype(self) -> str:
        """The type in which arrays are computed, `pynn.backend.floatx()` unless given."""
        return self._dtype or _state.floatx()

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> MetricWeight:
        """Make a weight.

        Parameters
        ----------
        shape : tuple of int, default=()
            A string is taken for the name, which came first in older code.
        initializer : str, Initializer or callable, default=None
            None stands for zeros.
        dtype : dtype, default=None
            None stands for float64.
        name : str, default=None

        Returns
        -------
        MetricWeight
        """
        if isinstance(shape, str):
            name, shape = shape, ()
            if isinstance(initializer, (tuple, list)):
                shape, initializer = initializer, None
        shape = (shape,) if is_integer(shape) else tuple(shape)
        check_metric(shape, f"the weight {name!r} of a metric")
        make = initializers.get("zeros" if initializer is None else initializer)
        weight = MetricWeight(make(shape, dtype=dtype or "float64"), name or "weight")
        self._own_weights.append(weight)
        awaited = self.__dict__.get("_awaited")
        if awaited:
            weight.assign(np.array(awaited.pop(0)))
        return weight

    add_variable = add_weight

    @property
    def _own_weights(self) -> list[MetricWeight]:
        return self.__dict__.setdefault("_weights", [])

    @property
    def variables(self) -> list[MetricWeight]:
        """The weights, those of metrics kept as attributes, in lists and in dicts included."""
        found = list(self._own_weights)
        for inner in _metrics_in(self.__dict__.values()):
            found += inner.variables
        return found

    @abstractmethod
    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch."""

    @abstractmethod
    def result(self) -> Any:
        """Return the metric over everything added since the last reset."""

    def reset_state(self) -> None:
        """Set all weights back to where they started."""
        self.__dict__["_awaited"] = []
        for weight in self.variables:
            weight.reset()

    def reset_states(self) -> None:
        """Call `reset_state`, whose older name this is."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch, and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """Return what a batch makes of weights; the metric keeps its own.

        Parameters
        ----------
        metric_variables : sequence of array-like
            Values in the order of `variables`.
        *args, **kwargs
            What `update_state` takes.

        Raises
        ------
        ValueError
            If there are not as many values as `variables`.
        """
        return self._apart(metric_variables, self.update_state, *args, **kwargs)[1]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Return the metric of weights such as `stateless_update_state` returns."""
        return self._apart(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Any]:
        """Return the weights' values after `reset_state`; the metric keeps its own."""
        return self._apart([weight.value for weight in self.variables], self.reset_state)[1]

    def _apart(
        self, values: Sequence[Any], method: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> tuple[Any, list[Any]]:
        """Return what a method does with other weights than the metric's: result and weights."""
        variables = self.variables
        with holding(self, metric_variables=(variables, values)):
            return method(*args, **kwargs), [weight.numpy() for weight in variables]

    def __setattr__(self, name: str, value: Any) -> None:
        # `self.total += x` and `self.total = self.total + x` write to the weight.
        weight = self.__dict__.get(name)
        if isinstance(weight, MetricWeight) and not isinstance(value, MetricWeight):
            weight.assign(value)
        else:
            super().__setattr__(name, value)

    def _state(self) -> list[Any]:
        """Return the weights as plain numbers and lists."""
        return [weight.value.tolist() for weight in self.variables]

    def _restore(self, state: list[Any]) -> None:
        """Take up what `_state` returned."""
        known = self.variables
        for weight, value in zip(known, state, strict=False):
            weight.assign(np.array(value))
        # Weights that are made when the first batch is seen begin with the rest.
        self.__dict__["_awaited"] = list(state[len(known) :])

    def _works_as(self, known: type[Metric]) -> bool:
        """Whether the class gathers, returns and begins again as `known` does."""
        methods = ("update_state", "result", "reset_state")
        return all(getattr(type(self), name) is getattr(known, name) for name in methods)

    def _native(self) -> str | None:
        """Return the engine's name of the metric, or None if it has no such."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same metric again, without its state."""
        config: dict[str, Any] = {"name": self.name}
        if self._dtype is not None:
            config["dtype"] = self._dtype
        others = (name for name in self._config_names if name not in ("name", "dtype"))
        return {**config, **{name: getattr(self, name) for name in others}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


# Metrics are looked through at each reset, and asking an abstract class takes long.
_is_metric: Callable[[type], bool] = lru_cache(maxsize=1024)(lambda cls: issubclass(cls, Metric))


def _metrics_in(values: Iterable[Any]) -> list[Metric]:
    found: list[Metric] = []
    for value in values:
        if _is_metric(type(value)):
            found.append(value)
        elif type(value) in (list, tuple, dict):
            held = list(value.values() if type(value) is dict else value)
            # Long lists of numbers are known by their first entry.
            if held and (_is_metric(type(held[0])) or type(held[0]) in (list, tuple, dict)):
                found += _metrics_in(held)
    return found
