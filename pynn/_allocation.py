"""A limit on how many numbers new weights may hold, for models that are made from a file.

A file says how large its weights are; what it makes must not be larger. Without a limit, nothing is
checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def weights_limited_to(count: int) -> Iterator[None]:
    """Let weights made inside hold `count` numbers at most, all together."""
    token = _left.set([count])
    try:
        yield
    finally:
        _left.reset(token)


def claim(shape: Sequence[int], name: str) -> None:
    """Say that a weight of this shape is about to be made.

    Raises
    ------
    ValueError
        If that is more than the limit leaves.
    """
    left = _left.get()
    if left is None:
        return
    size = math.prod(shape)
    if size > left[0]:
        raise ValueError(
            f"weight {name!r} of shape {tuple(shape)} is larger than what the file holds, "
            f"{left[0]} numbers more"
        )
    left[0] -= size
