"""`Loss`, the base class: reducing what `call` computes per sample. No formula belongs here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn import _namespace, _registry, _state
from pynn._numbers import Number
from pynn._pair import match_ranks

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Reduction:
    """The reductions by the names that Keras 2 gave them.

    Examples
    --------
    >>> from pynn import losses
    >>> losses.MeanSquaredError(reduction=losses.Reduction.SUM).reduction
    'sum'
    """

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def standardize_reduction(reduction: str | None) -> str | None:
    """Return `reduction` if it is one of `REDUCTIONS`; ``"auto"`` is ``"sum_over_batch_size"``."""
    if reduction == "auto":
        return "sum_over_batch_size"
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction must be one of {', '.join(map(repr, REDUCTIONS))} or 'auto'. "
            f"Received: reduction={reduction!r}"
        )
    return reduction


def _apply_weights(values: Any, weights: Any) -> Any:
    if not _namespace.is_tensor(weights):
        weights = _namespace.to_float_array(weights, np.dtype(values.dtype))
    values, weights = match_ranks(values, weights)
    xp = _namespace.namespace(values, weights)
    for _ in range(len(values.shape) - len(weights.shape)):
        weights = xp.expand_dims(weights, -1)
    return values * weights


def reduce_weighted(
    values: Any, sample_weight: Any = None, mask: Any = None, reduction: str | None = "sum"
) -> Any:
    """Multiply per-sample values by their weights, and reduce them.

    Parameters
    ----------
    values : array-like or tensor, shape (batch, ...)
    sample_weight : array-like or tensor, default=None
        Of the shape of `values`, or with fewer axes at the end.
    mask : array of 0 and 1 or tensor, default=None
        What counts; means are taken over what counts alone.
    reduction : one of `REDUCTIONS`

    Returns
    -------
    Number, ndarray or tensor
        A `Number` where arrays are reduced, an array where they are not; a tensor for tensors.
    """
    symbolic = _namespace.is_tensor(values)
    if not symbolic:
        values = _namespace.to_float_array(values)
    count: Any = values.size if not symbolic else None
    if mask is not None:
        values = _apply_weights(values, mask)
        count = _namespace.namespace(mask).sum(mask)
    if sample_weight is not None:
        symbolic = symbolic or _namespace.is_tensor(sample_weight)
        values = _apply_weights(values, sample_weight)
        if reduction == "mean_with_sample_weight":
            # The weights as they fell to the values, so that a mask takes weight away too.
            ones = values * 0 + 1 if mask is None else mask
            count = _namespace.namespace(values).sum(_apply_weights(ones, sample_weight))
    if reduction in (None, "none"):
        return values
    if symbolic:
        from pynn import ops

        if reduction == "sum":
            return ops.sum(values)
        return ops.mean(values) if count is None else ops.sum(values) / count
    total = float(np.sum(values, dtype=np.float64))
    if reduction == "sum":
        return Number(total)
    return Number(total / float(count) if count else 0.0)


class Loss(ABC):
    """What training makes small: a number per sample, reduced to one.

    Subclasses define ``call(y_true, y_pred)``. Written with `pynn.ops` (or with operators alone) it
    serves both arrays and the tensors that a model is built from.

    Parameters
    ----------
    name : str, default=None
        None stands for the class's name in snake case.
    reduction : str or None, default="sum_over_batch_size"
        ``"sum_over_batch_size"`` (also ``"mean"`` and ``"auto"``) divides the sum by the number of
        values, ``"mean_with_sample_weight"`` by the sum of the weights; ``"sum"`` leaves the sum;
        ``"none"`` and None return the values.
    dtype : {"float32", "float64"}, default=None
        Type in which arrays are computed; None keeps that of `y_pred`.

    Raises
    ------
    ValueError
        If `reduction` or `dtype` is anything else.

    Examples
    --------
    >>> from pynn import losses, ops
    >>> class Cubic(losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.abs(y_pred - y_true) ** 3, axis=-1)
    >>> Cubic()([[0.0], [1.0]], [[2.0], [1.0]])
    4.0
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: str | None = None,
    ) -> None:
        self.name = name or _registry.to_snake_case(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        if dtype is not None and str(np.dtype(dtype)) not in ("float32", "float64"):
            raise ValueError(f"dtype must be 'float32', 'float64' or None. Received: {dtype!r}")
        self._dtype = None if dtype is None else str(np.dtype(dtype))

    @property
    def dtype(self) -> str:
        """The type in which arrays are computed, `pynn.backend.floatx()` unless given."""
        return self._dtype or _state.floatx()

    @abstractmethod
    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses of the samples.

        Parameters
        ----------
        y_true, y_pred : array or tensor, shape (batch, ...)

        Returns
        -------
        array or tensor, shape (batch,) or (batch, ...)
        """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the reduced loss.

        Parameters
        ----------
        y_true, y_pred : array-like or tensor, shape (batch, ...)
        sample_weight : array-like, shape (batch,), default=None

        Returns
        -------
        Number
            An array with no reduction, a tensor for tensors.
        """
        if not _namespace.is_tensor(y_pred):
            y_pred = _namespace.to_float_array(y_pred, self._dtype)
        if not _namespace.is_tensor(y_true):
            y_true = _namespace.to_float_array(y_true, np.dtype(y_pred.dtype))
        values = self.call(y_true, y_pred)
        mask = self._mask(y_true, y_pred)
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    # Whether the entries of a row are the classes of one distribution, or one vector, rather than
    # numbers whose losses are averaged: where rows have further axes, that is another loss.
    _over_classes = False

    def _mask(self, y_true: Any, y_pred: Any) -> Any:
        """Return 1 for the samples that count and 0 for the others, or None if all count."""
        return None

    def _native(self) -> tuple[str, list[float]] | None:
        """Return the engine's name of the loss and its parameters, or None if it has no such."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same loss again."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        if self._dtype is not None:
            config["dtype"] = self._dtype
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Loss:
        """Build a loss from the output of `get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class LossFunctionWrapper(Loss):
    """A function of ``(y_true, y_pred)`` as a loss.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **kwargs)`` returns the losses of the samples.
    reduction, name, dtype
        See `Loss`.
    **kwargs
        Passed on to `fn`.

    Examples
    --------
    >>> from pynn import losses
    >>> loss = losses.LossFunctionWrapper(losses.huber, delta=2.0)
    >>> loss([[0.0]], [[1.0]])
    0.5
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return ``fn(y_true, y_pred, **kwargs)``, ranks matched first."""
        return self.fn(*match_ranks(y_true, y_pred), **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; the function by its name."""
        name = getattr(self.fn, "__name__", type(self.fn).__name__)
        return {**super().get_config(), "fn": name, **self._fn_kwargs}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Loss:
        """Build a loss from the output of `get_config`; `custom_objects` finds other functions."""
        config = dict(config)
        if isinstance(config.get("fn"), str):
            from pynn.losses import get

            config["fn"] = get(config["fn"], custom_objects)
        return cls(**config)


class NamedLoss(LossFunctionWrapper):
    """Base of the built-in losses: a function whose config need not name it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if ("call" in own or "__call__" in own) and "_native" not in own:
            # A formula of one's own is not the one that the engine has under the parent's name.
            cls._native = Loss._native  # type: ignore[method-assign]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same loss again."""
        return {**Loss.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Loss:
        """Build a loss from the output of `get_config`."""
        return cls(**config)
