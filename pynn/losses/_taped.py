"""A loss as one op of a tape: the engine computes it, and differentiates it by the predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core
from pynn._namespace import is_tensor, to_float_array
from pynn._tensor import Op, Shape, ValueTensor
from pynn._tracing import here

if TYPE_CHECKING:
    from pynn.losses._loss import Loss


Native = tuple[str, list[float]]  # the engine's name of a loss, and its parameters


def taped(loss: Loss, y_true: Any, y_pred: Any) -> Any:
    """Return the reduced loss of plain rows, None where its formula is to be gone through."""
    recorder = here.recorder
    if recorder.stand_ins or type(y_pred) is not ValueTensor or is_tensor(y_true):
        return None
    native = loss._native()
    found = y_pred.value
    if native is None or found.ndim != 2 or loss.reduction in (None, "none"):
        return None
    rows, width = found.shape
    if type(y_true) is not np.ndarray or y_true.dtype != found.dtype:
        y_true = to_float_array(y_true, found.dtype)
    y_true = y_true.reshape(-1, 1) if y_true.ndim == 1 else y_true
    if y_true.shape != (rows, 1 if loss._data == "labels" else width) or not rows:
        return None
    if loss._mask(y_true, y_pred) is not None:
        return None
    params: dict[str, Any] = {"loss": loss, "native": native}
    return recorder.keep(_OP, (y_true, y_pred), params, _forward(y_true, found, loss, native))


def _forward(y_true: Any, y_pred: Any, loss: Loss, native: Native) -> Any:
    total = _core.loss_sum(*native, y_true, y_pred)
    return np.asarray(total if loss.reduction == "sum" else total / len(y_pred), y_pred.dtype)


def _backward(
    grad: Any, out: Any, y_true: Any, y_pred: Any, loss: Loss, native: Native
) -> tuple[None, Any]:
    slope = _core.loss_gradient(*native, y_true, y_pred)
    factor = grad[()]  # NumPy takes longer over arrays of one number
    return None, slope * (factor if loss.reduction == "sum" else factor / len(slope))


def _shape(*shapes: Shape, **params: Any) -> Shape:
    return ()


def _expand(y_true: Any, y_pred: Any, loss: Loss, native: Native) -> Any:
    return loss._reduced(y_true, y_pred)


_OP = Op("loss", _forward, _backward, _shape, expand=_expand)
