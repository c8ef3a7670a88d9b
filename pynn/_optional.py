"""What is said where a package is missing that pynn itself does not need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(what: str, package: str, install: str) -> Iterator[None]:
    """Say in an ImportError what needs a package, and what to install for it.

    What is wrong with a package that is there, or with pynn itself, is raised as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "pynn":
            raise
        raise ImportError(
            f"{what} needs {package}: pip install {install}", name=error.name
        ) from error
