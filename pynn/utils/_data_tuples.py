"""Inputs, targets and sample weights, as a step of one's own gets them."""

from __future__ import annotations

from typing import Any


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return what `fit` takes for a batch: a tuple of what there is.

    Inputs alone stay as they are, unless they are a list or tuple themselves.

    Examples
    --------
    >>> from pynn import utils
    >>> utils.pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and sample weights, None for what a batch has not.

    Parameters
    ----------
    data : object or tuple
        What `Model.train_step` gets.

    Raises
    ------
    ValueError
        If it is a tuple of more than three.

    Examples
    --------
    >>> from pynn import utils
    >>> utils.unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    parts = tuple(data) if isinstance(data, (list, tuple)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"data must be x, (x,), (x, y) or (x, y, sample_weight). Received: {len(parts)} entries"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight
