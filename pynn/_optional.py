"""What is said where a package is missing that pynn itself does not need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(what: str, package: str, install: str) -> Iterator[None]:
    """Say in an ImportError what needs a package, and what to install for it."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"{what} needs {package}: pip install {install}", name=error.name
        ) from error
