"""The engine's activations as ops: one op for each name on the engine's list, and the softmaxes.

The functions users call are in `pynn.activations`; the formulas are in csrc/formulas/activations.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from pynn import _core, _state
from pynn._shape_rules import same
from pynn._tensor import Op, Tensor, apply, value_of
from pynn._weight import Weight

SOFTMAXES = ("softmax", "log_softmax")  # across the last axis; all others go entry by entry


def _float(x: Any) -> np.ndarray:
    """Return `x` as the engine takes it: C-contiguous float32 or float64."""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype in (np.float32, np.float64) else _state.floatx()
    return np.asarray(x, dtype, order="C")  # which leaves a number without axes as it is


@cache
def activation_op(name: str) -> Op:
    """Return the op of the engine's activation `name`.

    Raises
    ------
    ValueError
        If the engine has none of that name.
    """
    names = (*_core.activation_names(), *SOFTMAXES)
    if name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}. Received: {name!r}")

    def forward(x: Any, alpha: float) -> np.ndarray:
        x = _float(x)
        return _core.apply_activation(name, alpha, x).reshape(x.shape)

    def backward(grad: Any, out: Any, x: Any, alpha: float) -> tuple[np.ndarray]:
        x = _float(x)
        grad = np.asarray(grad, x.dtype, order="C")
        return (_core.activation_gradient(name, alpha, x, grad).reshape(x.shape),)

    return Op(name, forward, backward, same)


def apply_activation(name: str, x: Any, alpha: float | None = None) -> Any:
    """Apply one of the engine's activations.

    Parameters
    ----------
    name : str
        A name on the engine's list, ``"softmax"`` or ``"log_softmax"``; the last two work along
        the last axis.
    x : tensor or array-like
    alpha : float, default=None
        The parameter of those activations that have one; None stands for its usual value.

    Returns
    -------
    tensor or ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If there is no such activation.

    Examples
    --------
    >>> from pynn import ops
    >>> ops.apply_activation("relu", [-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    op = activation_op(name)
    if alpha is None:
        alpha = 0.0 if name in SOFTMAXES else _core.activation_default(name)
    if isinstance(x, (list, tuple, int, float)):
        x = np.asarray(x, _state.floatx())
    x = x if isinstance(x, (Tensor, Weight)) else value_of(x)
    return apply(op, x, alpha=float(alpha))
