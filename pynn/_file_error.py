"""`FileError`: what loading raises for a file that is damaged or not to be trusted.

Messages name the file, the place in it and what was found there, and quote little of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

QUOTED = 200  # characters of a file that a message shows at most
_LONGEST = 1500  # of a message of pynn's own, such as one that lists all layers
_LONG_TEXT = re.compile(rf"'([^']{{{QUOTED},}})'")


class FileError(ValueError):
    """A file cannot be read: it is damaged, of another kind or version, or asks for too much.

    Parameters
    ----------
    file : str
        Its path, or what else a message is to call it.
    problem : str
        The rest of the sentence that begins with `file`.
    place : str, default=None
        Where in the file it was found.

    Attributes
    ----------
    file : str
    place : str or None
    """

    def __init__(self, file: str, problem: str, place: str | None = None) -> None:
        super().__init__(file, problem, place)
        self.file = file
        self.place = place
        where = "" if place is None else f" (at {place!r:.{QUOTED}})"
        self._message = f"{file} {_shortened(problem)}{where}"

    def __str__(self) -> str:
        return self._message


@contextmanager
def file_errors(file: str, holds: str) -> Iterator[None]:
    """Raise whatever goes wrong inside as a `FileError`.

    Errors of the operating system, and packages that are missing, stay what they are.

    Parameters
    ----------
    file : str
    holds : str
        What the file should hold: ``"model"``.
    """
    try:
        yield
    except (FileError, OSError, ImportError, MemoryError, Warning):
        raise
    except Exception as error:
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise FileError(file, f"holds no usable {holds}: {kind}{error}") from error


def _shortened(text: str) -> str:
    """Return a message that shows only the beginnings of long texts and values."""
    if len(text) > _LONGEST:
        return f"{text[:QUOTED]}..."
    told, received, value = text.partition("Received: ")
    told = _LONG_TEXT.sub(lambda found: f"'{found[1][:QUOTED]}...'", told)
    return f"{told}{received}{value[:QUOTED]}"
