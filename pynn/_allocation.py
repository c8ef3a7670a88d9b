"""Limits on what a model may hold, checked before anything is allocated.

One row of a tensor has at most `LARGEST_ROW` numbers. A model that is made from a file has no
larger weights than the file holds, and rows that are not much larger.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

LARGEST_ROW = 2**31 - 1  # 8 GB of float32
# What a model from a file may make of few weights, such as rows of a one-hot code: 64 MB a row.
_ROW_FROM_FILE = 2**24
_MOST_OF_A_METRIC = 2**18  # numbers in what a metric from a file counts in


class _FromFile(NamedTuple):
    left: list[int]  # numbers that new weights may hold yet
    row: int


_limits: ContextVar[_FromFile | None] = ContextVar("limits", default=None)


@contextmanager
def weights_limited_to(count: int) -> Iterator[None]:
    """Let weights made inside hold `count` numbers at most, all together."""
    token = _limits.set(_FromFile([count], min(_ROW_FROM_FILE + count, LARGEST_ROW)))
    try:
        yield
    finally:
        _limits.reset(token)


def claim(shape: Sequence[int], name: str) -> None:
    """Say that a weight of this shape is about to be made.

    Raises
    ------
    ValueError
        If that is more than the limit leaves.
    """
    limits = _limits.get()
    if limits is None:
        return
    size = math.prod(shape)
    if size > limits.left[0]:
        raise ValueError(
            f"weight {name!r} of shape {tuple(shape)} is larger than what the file holds, "
            f"{limits.left[0]} numbers more"
        )
    limits.left[0] -= size


def check_row(shape: Sequence[int | None], what: str) -> None:
    """Refuse the shape of a tensor if it has no size, or is too large for a row.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If a size is negative, or all are too large together.
    """
    sizes = [operator.index(n) for n in shape if n is not None]
    limits = _limits.get()
    most = LARGEST_ROW if limits is None else limits.row
    if math.prod(sizes) > most or (sizes and min(sizes) < 0):
        raise ValueError(
            f"{what!r} would make rows of shape {tuple(shape)}, which must have at most "
            f"{most} numbers"
        )


def check_metric(shape: Sequence[int], what: str) -> None:
    """Refuse what a metric from a file would count in, if that is large.

    Raises
    ------
    ValueError
        If a file asks for more numbers than any metric needs.
    """
    if _limits.get() is not None and math.prod(shape) > _MOST_OF_A_METRIC:
        raise ValueError(
            f"{what} of shape {tuple(shape)} must have at most {_MOST_OF_A_METRIC} numbers"
        )
