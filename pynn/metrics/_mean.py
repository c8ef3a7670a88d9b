"""Sums and means of values that are given batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from pynn import _core, _namespace, losses
from pynn._numbers import Number
from pynn._pair import match_ranks
from pynn._registry import Thing
from pynn.metrics._metric import Metric, registry

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]

Reduce = Callable[..., Any]

METRIC_OF: dict[Callable[..., Any], type[NamedMetric]] = {}  # of each declared function


def _trailing(array: np.ndarray, first: int) -> tuple[int, ...]:
    return tuple(range(first, array.ndim))


def per_sample(values: Any, weights: Any, reduce: Reduce) -> tuple[np.ndarray, Any]:
    """Return one value and one weight (or None) for each sample, float64.

    Axes after the first are reduced, after the weights were applied where these have such axes too.
    """
    values = _namespace.to_array(values).astype(np.float64)
    if weights is not None:
        weights = _namespace.to_array(weights).astype(np.float64)
        values, weights = match_ranks(values, weights)
        if values.ndim > weights.ndim:
            values = reduce(values, axis=_trailing(values, weights.ndim))
        weights = np.broadcast_to(weights, values.shape)
        values = values * weights
        if weights.ndim > 1:
            weights = reduce(weights, axis=_trailing(weights, 1))
    if values.ndim > 1:
        values = reduce(values, axis=_trailing(values, 1))
    return values, weights


@registry.add()
class Sum(Metric):
    """The weighted sum of all values.

    Parameters
    ----------
    name : str, default="sum"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.Sum()
    >>> metric.update_state([1.0, 3.0], sample_weight=[1.0, 0.5])
    >>> metric.result()
    2.5
    """

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Parameters
        ----------
        values : array-like
        sample_weight : array-like, default=None
            Of the shape of `values`, or with fewer axes at the end.
        """
        values, _ = per_sample(values, sample_weight, np.sum)
        self.total.assign_add(np.sum(values))

    def result(self) -> Number:
        """Return the sum."""
        return Number(self.total)


@registry.add()
class Mean(Metric):
    """The weighted mean of all values.

    Parameters
    ----------
    name : str, default="mean"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metric = metrics.Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.update_state([8.0])
    >>> metric.result()
    4.0
    """

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Parameters
        ----------
        values : array-like, shape (batch, ...)
            Of further axes the mean is taken first.
        sample_weight : array-like, default=None
            Of the shape of `values`, or with fewer axes at the end.
        """
        values, weights = per_sample(values, sample_weight, np.mean)
        self.total.assign_add(np.sum(values))
        self.count.assign_add(np.size(values) if weights is None else np.sum(weights))

    def result(self) -> Number:
        """Return the mean; 0 if there are no values."""
        # Plain floats: some callers ask after every step.
        count = float(self.count.value)
        return Number(float(self.total.value) / count if count else 0.0)

    def _assign(self, total: float, count: float) -> None:
        """Take over sums that the engine made."""
        self.total.value = np.array(total)
        self.count.value = np.array(count)


@registry.add()
class MeanMetricWrapper(Mean):
    """The mean of a function of ``(y_true, y_pred)`` over samples.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)`` returns one value for each sample, or more.
    name : str, default=None
        See `Metric`.
    dtype : str, default=None
        See `Metric`.
    **kwargs
        Passed on to `fn`.

    Examples
    --------
    >>> from pynn import losses, metrics
    >>> metric = metrics.MeanMetricWrapper(losses.huber, name="huber", delta=2.0)
    >>> metric.update_state([[0.0], [0.0]], [[1.0], [2.0]])
    >>> metric.name, metric.result()
    ('huber', 1.25)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true, y_pred : array-like, shape (batch, ...)
        sample_weight : array-like, shape (batch,), default=None
        """
        y_pred = _namespace.to_float_array(y_pred, self._dtype)
        Mean.update_state(self, self._values(_namespace.to_array(y_true), y_pred), sample_weight)

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the mean is taken of."""
        return self._fn(y_true, y_pred, **self._fn_kwargs)

    def _is_plain_mean(self) -> bool:
        """Whether nothing but the mean of the function's values is kept."""
        return self._works_as(MeanMetricWrapper)

    def _native(self) -> str | None:
        return native_name(self._fn, self._fn_kwargs) if self._is_plain_mean() else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; the function by its name."""
        name = getattr(self._fn, "__name__", type(self._fn).__name__)
        return {**super().get_config(), "fn": name, **self._fn_kwargs}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Build a metric from the output of `get_config`; `custom_objects` finds functions."""
        config = dict(config)
        if isinstance(config.get("fn"), str):
            known = {function.__name__: function for function in METRIC_OF}
            config["fn"] = losses.registry.find(config["fn"], {**known, **(custom_objects or {})})
        return cls(**config)


class NamedMetric(MeanMetricWrapper):
    """Base of the built-in means: a declared function, which a config need not name.

    Arguments of the function are attributes too.
    """

    _function: Callable[..., Any]  # set by `metric`

    def __init__(self, name: str | None = None, dtype: str | None = None, **arguments: Any) -> None:
        super().__init__(type(self)._function, name, dtype, **arguments)
        vars(self).update(arguments)

    get_config = Metric.get_config

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Build a metric from the output of `get_config`."""
        return cls(**config)


def metric(
    function: Callable[..., Any],
    *aliases: str,
    name: str | None = None,
    direction: str = "down",
    keras: bool = True,
) -> Callable[[Thing], Thing]:
    """Return a decorator that declares a metric which is the mean of a function.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred, **arguments)``. All names that it has as a loss are names of the
        metric.
    *aliases : str
        Further names.
    name : str, default=None
        What objects of a class without a constructor are called; None stands for the function's
        name.
    direction : {"up", "down"}, default="down"
        Whether larger or smaller values are better.
    keras : bool, default=True
        Whether Keras has it, under the same name.
    """

    def declare(cls: Any) -> Any:
        cls._function = staticmethod(function)
        cls._direction = direction
        if "__init__" not in vars(cls):
            cls.__init__ = _constructor(name or function.__name__)
        METRIC_OF[function] = cls
        return registry.add(*aliases, *losses.registry.names_of(function), keras=keras)(cls)

    return declare


def _constructor(usual_name: str) -> Callable[..., None]:
    """Return the constructor of a metric without arguments."""

    def __init__(
        self: NamedMetric, name: str | None = usual_name, dtype: str | None = None
    ) -> None:
        NamedMetric.__init__(self, name, dtype)

    return __init__


def native_name(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str | None:
    """Return the engine's name of the mean of `function`, or None if it has no such."""
    if function in losses.CLASS_OF:
        native = losses.CLASS_OF[function](**arguments)._native()
        if native is None:
            return None
        usual = [value for _, value in _core.loss_parameters(native[0])]
        return f"loss:{native[0]}" if np.array_equal(native[1], usual, equal_nan=True) else None
    if function not in METRIC_OF or function.__name__ not in _core.metric_names():
        return None
    defaults = function.__defaults__ or ()
    return function.__name__ if tuple(arguments.values()) in ((), defaults) else None
