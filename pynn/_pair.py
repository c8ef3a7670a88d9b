"""What every loss formula starts with: targets and predictions of one type and matching ranks.

The formulas themselves are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynn import _namespace


def match_ranks(a: Any, b: Any) -> tuple[Any, Any]:
    """Make two arrays or tensors equal in rank where a last axis of length 1 is all that differs.

    Of shapes (n,) and (n, 1) the former becomes (n, 1); of (n, m) and (n, m, 1) the latter becomes
    (n, m). Other pairs are returned as they are.
    """
    if len(a.shape) == len(b.shape) + 1:
        b, a = match_ranks(b, a)
    elif len(b.shape) == len(a.shape) + 1 and b.shape[-1] == 1:
        xp = _namespace.namespace(a, b)
        if len(a.shape) == 1:
            a = xp.expand_dims(a, -1)
        else:
            b = xp.squeeze(b, -1)
    return a, b


def as_axis(axis: int | Sequence[int] | None) -> Any:
    """Return several axes as a tuple, as NumPy wants them: files hold lists."""
    return tuple(axis) if isinstance(axis, Sequence) else axis


def as_pair(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Return ``(xp, y_true, y_pred)``, ready for a formula written with the functions of ``xp``.

    Arrays become float arrays of the type of `y_pred`; with a tensor among them, ``xp`` is
    `pynn.ops`, and `numpy` otherwise.
    """
    xp = _namespace.namespace(y_true, y_pred)
    if not _namespace.is_tensor(y_pred):
        y_pred = _namespace.to_float_array(y_pred)
    if not _namespace.is_tensor(y_true):
        y_true = _namespace.to_float_array(y_true, y_pred.dtype)
    return (xp, *match_ranks(y_true, y_pred))


def as_equal_pair(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Return the same as `as_pair`, of formulas that nothing is broadcast in.

    Raises
    ------
    ValueError
        If the shapes differ where both are known.
    """
    xp, y_true, y_pred = as_pair(y_true, y_pred)
    shapes = y_true.shape, y_pred.shape
    sizes = zip(*shapes, strict=False)
    if len(shapes[0]) != len(shapes[1]) or any(a != b for a, b in sizes if None not in (a, b)):
        raise ValueError(
            "y_true and y_pred must have the same shape. "
            f"Received: y_true.shape={shapes[0]}, y_pred.shape={shapes[1]}"
        )
    return xp, y_true, y_pred
