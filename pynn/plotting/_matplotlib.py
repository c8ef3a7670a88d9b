"""What is said where matplotlib is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed() -> Iterator[None]:
    """Say in an ImportError how to get matplotlib."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            'Plotting needs matplotlib: pip install "pynn-mlp[plot]"', name=error.name
        ) from error
