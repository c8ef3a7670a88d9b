"""The list of losses, and `Loss`, their base: it reduces what `call` computes per sample.

How a loss is declared is here too; no formula belongs here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Self

import numpy as np

from pynn import _core, _namespace, _state
from pynn._dtypes import checked_float_type
from pynn._numbers import Number
from pynn._pair import match_ranks
from pynn._registry import Configured, Registry, Thing, to_snake_case
from pynn._tracing import here
from pynn.losses._taped import taped

registry: Registry[Callable[..., Any]] = Registry("loss")
CLASS_OF: dict[Callable[..., Any], type[NamedLoss]] = {}  # of each declared function
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
    count: Any = None  # of the values, unless these are counted otherwise
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
        xp = _namespace.namespace(values)
        if reduction == "sum":
            return xp.sum(values)
        return xp.mean(values) if count is None else xp.sum(values) / count
    total = float(np.sum(values, dtype=np.float64))
    if reduction == "sum":
        return Number(total)
    count = float(values.size if count is None else count)
    return Number(total / count if count else 0.0)


class Loss(Configured):
    """What training makes small: a number per sample, reduced to one.

    Subclasses define ``call(y_true, y_pred)``. Written with `pynn.ops` (or with operators alone) it
    serves both arrays and the tensors that a model is built from. One that defines ``__call__``
    alone returns the reduced loss itself.

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
        self.name = name or to_snake_case(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype = checked_float_type(dtype)

    @property
    def dtype(self) -> str:
        """The type in which arrays are computed, `pynn.backend.floatx()` unless given."""
        return self._dtype or _state.floatx()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses of the samples.

        Parameters
        ----------
        y_true, y_pred : array or tensor, shape (batch, ...)

        Returns
        -------
        array or tensor, shape (batch,) or (batch, ...)

        Raises
        ------
        NotImplementedError
            If the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define call(y_true, y_pred)")

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
        if here.recorder is not None and sample_weight is None:
            found = taped(self, y_true, y_pred)
            if found is not None:
                return found
        if not _namespace.is_tensor(y_pred):
            y_pred = _namespace.to_float_array(y_pred, self._dtype)
        if not _namespace.is_tensor(y_true):
            y_true = _namespace.to_float_array(y_true, np.dtype(y_pred.dtype))
        return self._reduced(y_true, y_pred, sample_weight)

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        values = self.call(y_true, y_pred)
        mask = self._mask(y_true, y_pred)
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    _data = "real"  # what targets are, see `loss`

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


@registry.add()
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
    ) -> Self:
        """Build a loss from the output of `get_config`; `custom_objects` finds other functions."""
        config = dict(config)
        if isinstance(config.get("fn"), str):
            config["fn"] = registry.get(config["fn"], custom_objects)
        return cls(**config)


class NamedLoss(LossFunctionWrapper):
    """Base of the built-in losses: a declared function, which a config need not name.

    Arguments of the function are attributes too.
    """

    _function: Callable[..., Any]  # set by `loss`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if ("call" in own or "__call__" in own) and "_native" not in own:
            # A formula of one's own is not the one that the engine has under the parent's name.
            cls._native = Loss._native  # type: ignore[method-assign]

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(type(self)._function, reduction, name, dtype, **arguments)
        vars(self).update(arguments)

    def _engine_arguments(self) -> dict[str, Any]:
        """Return the function's arguments as the engine understands them."""
        return self._fn_kwargs

    def _native(self) -> tuple[str, list[float]] | None:
        given = self._engine_arguments()
        name = type(self)._function.__name__ + "_logits" * bool(given.get("from_logits"))
        if name not in _engine_parameters() or given.get("axis", -1) != -1:
            return None
        values = map(given.__getitem__, _engine_parameters()[name])
        return name, [math.nan if value is None else float(value) for value in values]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same loss again."""
        return {**Loss.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Build a loss from the output of `get_config`."""
        return cls(**config)


@cache
def _engine_parameters() -> dict[str, list[str]]:
    """Return the names of the parameters of each of the engine's losses."""
    return {n: [name for name, _ in _core.loss_parameters(n)] for n in _core.loss_names()}


def loss(
    function: Callable[..., Any],
    *aliases: str,
    keras: bool = True,
    data: str = "real",
    example: Mapping[str, Any] | None = None,
) -> Callable[[Thing], Thing]:
    """Return a decorator that declares a loss: a `NamedLoss` and the function behind it.

    The function is the truth for the engine's kernel of that name (with ``_logits`` at its end
    where ``from_logits`` is set), and its gradient that for the kernel's: it is written in NumPy's
    functions, and float64 arrays are computed in float64.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred, **arguments)``. A class without a constructor has the function's
        name, and no arguments.
    *aliases : str
        Further names of the function.
    keras : bool, default=True
        Whether Keras has both, under the same names.
    data : {"real", "counts", "amounts", "signs", "binary", "classes", "labels"}, default="real"
        What the targets are.
    example : mapping, default={}
        Arguments that are none of the defaults, for tests.
    """

    def declare(cls: Any) -> Any:
        cls._function = staticmethod(function)
        cls._data, cls._example = data, dict(example or {})
        if "__init__" not in vars(cls):
            cls.__init__ = _constructor(function.__name__)
        CLASS_OF[function] = cls
        registry.add(*aliases, keras=keras)(function)
        return registry.add(keras=keras)(cls)

    return declare


def _constructor(usual_name: str) -> Callable[..., None]:
    """Return the constructor of a loss without arguments."""

    def __init__(
        self: NamedLoss,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = usual_name,
        dtype: str | None = None,
    ) -> None:
        NamedLoss.__init__(self, reduction, name, dtype)

    return __init__
