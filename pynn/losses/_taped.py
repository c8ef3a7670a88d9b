"""A loss as one op of a tape: the engine computes it, and differentiates it by the predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core
from pynn._tensor import Op, Shape, ValueTensor
from pynn._tracing import here

if TYPE_CHECKING:
    from pynn.losses._loss import Loss


def taped(loss: Loss, y_true: Any, y_pred: Any) -> Any:
    """Return the reduced loss of plain rows, None where its formula is to be gone through."""
    recorder = here.recorder
    if recorder.stand_ins or type(y_true) is not np.ndarray or type(y_pred) is not ValueTensor:
        return None
    native = loss._native()
    found = y_pred.value
    if native is None or found.ndim != 2 or loss.reduction in (None, "none"):
        return None
    rows, width = found.shape
    y_true = y_true.reshape(-1, 1) if y_true.ndim == 1 else y_true
    if y_true.shape != (rows, 1 if loss._data == "labels" else width) or not rows:
        return None
    if y_true.dtype != found.dtype or loss._mask(y_true, y_pred) is not None:
        return None
    name, arguments = native
    params: dict[str, Any] = {"loss": loss, "name": name, "arguments": arguments}
    return recorder.keep(_OP, (y_true, y_pred), params, _forward(y_true, found, **params))


def _forward(y_true: Any, y_pred: Any, loss: Loss, name: str, arguments: list[float]) -> Any:
    values = _core.loss_values(name, arguments, y_true, y_pred)
    total = np.add.reduce(values, dtype=np.float64)
    return np.asarray(total if loss.reduction == "sum" else total / len(values), values.dtype)


def _backward(
    grad: Any, out: Any, y_true: Any, y_pred: Any, loss: Loss, name: str, arguments: list[float]
) -> tuple[None, Any]:
    slope = _core.loss_gradient(name, arguments, y_true, y_pred)
    return None, slope * (grad if loss.reduction == "sum" else grad / len(slope))


def _shape(*shapes: Shape, **params: Any) -> Shape:
    return ()


def _expand(y_true: Any, y_pred: Any, loss: Loss, name: str, arguments: list[float]) -> Any:
    return loss._reduced(y_true, y_pred)


_OP = Op("loss", _forward, _backward, _shape, expand=_expand)
