"""Whether targets can be those of a loss, asked once per call so that the message can be clear."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._tensor import Shape
from pynn.losses import Loss


def check_target(name: str, loss: Loss | None, target: Any, shape: Shape) -> None:
    """Check the target of one output.

    Parameters
    ----------
    name : str
        Of the output.
    loss : Loss or None
    target : array or None
    shape : tuple
        Of the output, the batch included.

    Raises
    ------
    ValueError
        If it is missing, of a wrong shape, or has labels that the output has no unit for.
    """
    if loss is None:
        return
    if target is None:
        raise ValueError(f"output {name!r} has the loss {loss.name!r} and needs targets: y is None")
    row = target.shape[1:]
    if loss._data == "labels":
        _check_labels(name, loss, target, shape)
    elif loss._native() is not None and math.prod(row) != _width(shape):
        hint = _flatten_hint(row, shape)
        if loss.name == "categorical_crossentropy" and math.prod(row) == 1:
            hint += ". For class numbers use sparse_categorical_crossentropy"
        raise ValueError(
            f"the loss {loss.name!r} of output {name!r} takes targets of shape "
            f"{_shown(shape)}. Received: y of shape {target.shape}{hint}"
        )


def _width(shape: Shape) -> int:
    return math.prod(n or 1 for n in shape[1:])


def _flatten_hint(row: tuple[int, ...], shape: Shape) -> str:
    """Return what may be wrong where the output has an axis that rows of targets have not."""
    if len(shape) > 2 and len(row) < len(shape) - 1:
        return f". The output has the shape {_shown(shape)}: was a Flatten forgotten?"
    return ""


def _shown(shape: Shape) -> str:
    return "(" + ", ".join(["n", *map(str, shape[1:])]) + ")"


def _check_labels(name: str, loss: Loss, target: Any, shape: Shape) -> None:
    classes = shape[-1] or 0
    positions = math.prod(n or 1 for n in shape[1:-1])
    if math.prod(target.shape[1:]) != positions:
        hint = _flatten_hint(target.shape[1:], shape)
        if math.prod(target.shape[1:]) == _width(shape):
            hint = ". For one-hot targets use categorical_crossentropy"
        raise ValueError(
            f"the loss {loss.name!r} of output {name!r} takes one class number per row. "
            f"Received: y of shape {target.shape}{hint}"
        )
    if not target.size:
        return
    if target.dtype.kind == "f" and (target % 1 > 0).any():
        example = target[target % 1 > 0].flat[0]
        raise ValueError(
            f"the class numbers of output {name!r} must be whole numbers. Received: {example}"
        )
    low, high = target.min(), target.max()
    if low >= 0 and high < classes:
        return
    ignored = getattr(loss, "ignore_class", None)
    if ignored is not None:
        counted = target[target != ignored]
        if not counted.size or (counted.min() >= 0 and counted.max() < classes):
            return
    if np.isnan(high):
        raise ValueError(f"the class numbers of output {name!r} contain NaN")
    raise ValueError(
        f"the class numbers of output {name!r} must be in [0, {classes}), it has {classes} units. "
        f"Received: min(y)={low}, max(y)={high}"
    )
