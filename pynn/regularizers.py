"""Penalties on weights or outputs, added to the loss.

`L1`, `L2` and `L1L2` have the attributes ``l1`` and ``l2``, by which the engine computes them
itself. Adding them up over a model does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._number_checks import checked_number
from pynn._numbers import Number
from pynn._registry import Configured, Registry

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
__dir__ = __all__.copy

registry: Registry[Callable[..., Any]] = Registry("regularizer")


class Regularizer(Configured):
    """Base class: a penalty of 0.

    Subclasses define ``__call__(x)``, which returns one number for an array and, written with
    `pynn.ops`, a tensor for a tensor; and ``get_config`` if they have arguments.

    Examples
    --------
    >>> from pynn import ops, regularizers
    >>> class Cubic(regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return ops.sum(ops.abs(x) ** 3)
    >>> float(Cubic()([1.0, -2.0]))
    9.0
    """

    def __call__(self, x: Any) -> Any:
        """Return the penalty of an array or tensor `x`."""
        return 0.0


@registry.add("l1_l2", "L1_L2")
class L1L2(Regularizer):
    """The penalty ``l1 sum(|x|) + l2 sum(x**2)``.

    Parameters
    ----------
    l1, l2 : float, default=0.0
        Strengths, not negative; None is 0.

    Raises
    ------
    ValueError
        If a strength is negative, infinite or no number.

    Examples
    --------
    >>> from pynn import regularizers
    >>> regularizers.L1L2(l1=0.5, l2=0.25)([1.0, -2.0])
    2.75
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = float(checked_number("l1", 0.0 if l1 is None else l1, negative=False))
        self.l2 = float(checked_number("l2", 0.0 if l2 is None else l2, negative=False))

    def __call__(self, x: Any) -> Any:
        """Return the penalty: a `Number` for arrays, a tensor for tensors."""
        if _namespace.is_tensor(x):
            xp = _namespace.namespace(x)
            penalty = 0.0
            if self.l1:
                penalty = penalty + self.l1 * xp.sum(xp.abs(x))
            if self.l2:
                penalty = penalty + self.l2 * xp.sum(xp.square(x))
            return penalty
        x = _namespace.to_array(x).astype(np.float64)
        return Number(self.l1 * np.abs(x).sum() + self.l2 * np.square(x).sum())


@registry.add()
class L1(L1L2):
    """The penalty ``l1 sum(|x|)``, which drives weights to 0.

    Parameters
    ----------
    l1 : float, default=0.01
        Strength, not negative.

    Raises
    ------
    ValueError
        If the strength is negative, infinite or no number.

    Examples
    --------
    >>> from pynn import regularizers
    >>> regularizers.L1(0.5)([1.0, -2.0])
    1.5
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        super().__init__(l1=0.01 if l1 is None else l1)


@registry.add()
class L2(L1L2):
    """The penalty ``l2 sum(x**2)``, which keeps weights small.

    Parameters
    ----------
    l2 : float, default=0.01
        Strength, not negative.

    Raises
    ------
    ValueError
        If the strength is negative, infinite or no number.

    Examples
    --------
    >>> from pynn import regularizers
    >>> regularizers.L2(0.5)([1.0, -2.0])
    2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        super().__init__(l2=0.01 if l2 is None else l2)


@registry.add()
class OrthogonalRegularizer(Regularizer):
    """A penalty on angles other than right ones between the rows or columns of a matrix.

    It is `factor` times the mean, over all pairs, of the absolute cosine of their angle.

    Parameters
    ----------
    factor : float, default=0.01
        Strength, not negative.
    mode : {"rows", "columns"}, default="rows"
        Which vectors are to be orthogonal.

    Raises
    ------
    ValueError
        If `factor` is negative or `mode` is anything else.

    Examples
    --------
    >>> from pynn import regularizers
    >>> regularizers.OrthogonalRegularizer(1.0)([[1.0, 0.0], [3.0, 4.0]])
    0.6
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = float(checked_number("factor", factor, negative=False))
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns'. Received: mode={mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """Return the penalty: a `Number` for arrays, a tensor for tensors.

        Raises
        ------
        ValueError
            If `x` has not two axes.
        """
        xp = _namespace.namespace(x)
        if xp is np:
            x = _namespace.to_array(x).astype(np.float64)
        if len(x.shape) != 2:
            raise ValueError(f"x must have two axes. Received: x.shape={x.shape}")
        if self.mode == "columns":
            x = xp.transpose(x)
        size = x.shape[0]
        square = xp.sum(xp.square(x), axis=1, keepdims=True)
        unit = x / xp.sqrt(xp.maximum(square, _state.epsilon() ** 2))
        cosines = xp.matmul(unit, xp.transpose(unit)) * (1.0 - np.eye(size))
        penalty = xp.sum(xp.abs(cosines)) * (self.factor / max(1, size * (size - 1)))
        return Number(penalty) if xp is np else penalty


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

get, deserialize = registry.get, registry.deserialize


def serialize(regularizer: Any) -> Any:
    """Return what `deserialize` turns back into `regularizer`: a config or a function's name."""
    return registry.serialize(regularizer)
