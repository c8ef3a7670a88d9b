"""What an activation is declared with, and its op: the engine's formula, by its name there.

The functions users call, each beside its declaration, are in `pynn.activations`; the engine's
formulas are in csrc/formulas/activations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import _core, _state
from pynn._onnx import OnnxForm
from pynn._rule_operand import RuleOperand
from pynn._shape_rules import same
from pynn._tensor import Op, Tensor, apply, value_of
from pynn._weight import Weight


class KerasOp(NamedTuple):
    """One of Keras's operations, as its files name it.

    Attributes
    ----------
    module, class_name : str
        ``"keras.src.ops.nn"``, ``"Elu"``.
    alpha : str or None
        What it calls the activation's parameter; None where it has none.
    fixed : dict
        Arguments that are always the same.
    """

    module: str
    class_name: str
    alpha: str | None = None
    fixed: dict[str, Any] = {}


class ActivationEntry(NamedTuple):
    """What is known of one of the engine's activations.

    Attributes
    ----------
    op : Op
        With the one keyword ``alpha``. Its ``onnx`` and ``c`` are the translations.
    value, slope : callable or None
        ``value(x, alpha)`` and its derivative in plain float64 NumPy: the truth for the kernels,
        and what second derivatives are derivatives of. None for what works along the last axis.
    kinks : callable
        ``kinks(alpha)`` returns where value or derivative jumps.
    at_nan : float
        What NaN becomes.
    keras : KerasOp or None
        Its twin in Keras.
    """

    op: Op
    value: Callable[..., np.ndarray] | None
    slope: Callable[..., np.ndarray] | None
    kinks: Callable[[float], Sequence[float]]
    at_nan: float
    keras: KerasOp | None


ACTIVATIONS: dict[str, ActivationEntry] = {}


def declare_activation(
    name: str,
    value: Callable[..., np.ndarray] | None = None,
    slope: Callable[..., Any] | None = None,
    *,
    gradient: Callable[..., Any] | None = None,
    kinks: Callable[[float], Sequence[float]] = lambda alpha: (),
    at_nan: float = np.nan,
    keras: KerasOp | None = None,
    onnx: OnnxForm | None = None,
    c: str | None = None,
) -> ActivationEntry:
    """Make the op of the engine's activation `name`; see `ActivationEntry` for the arguments.

    Where the gradient is a formula of the gradient after it and of the result, that is `gradient`;
    what works along the last axis needs it in the place of a slope.
    """

    def forward(x: Any, alpha: float) -> np.ndarray:
        x = _float(x)
        return _core.apply_activation(name, alpha, x).reshape(x.shape)

    def backward(grad: Any, out: Any, x: Any, alpha: float) -> tuple[Any]:
        if isinstance(grad, RuleOperand):
            made = gradient(grad, out) if gradient else grad * slope(x, alpha)  # type: ignore[misc]
            return (made.astype(grad.dtype),)
        x = _float(x)
        grad = np.asarray(grad, x.dtype, order="C")
        return (_core.activation_gradient(name, alpha, x, grad).reshape(x.shape),)

    op = Op(name, forward, backward, same, "float", onnx=onnx, c=c)
    ACTIVATIONS[name] = ActivationEntry(op, value, slope, kinks, at_nan, keras)
    return ACTIVATIONS[name]


def _float(x: Any) -> np.ndarray:
    """Return `x` as the engine takes it: C-contiguous float32 or float64."""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype in (np.float32, np.float64) else _state.floatx()
    return np.asarray(x, dtype, order="C")  # which leaves a number without axes as it is


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
    known = ACTIVATIONS.get(name)
    if known is None:
        raise ValueError(f"name must be one of {', '.join(ACTIVATIONS)}. Received: {name!r}")
    if alpha is None:
        alpha = 0.0 if known.value is None else _core.activation_default(name)
    if isinstance(x, (list, tuple, int, float)):
        x = np.asarray(x, _state.floatx())
    x = x if isinstance(x, (Tensor, Weight)) else value_of(x)
    return apply(known.op, x, alpha=float(alpha))
