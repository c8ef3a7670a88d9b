"""Values as JSON has them, and back; and JSON texts in files.

A value is written plainly, with lists for tuples and arrays, or with marks, from which it comes
back as it was: ``{"__tuple__": [...]}``, ``{"__slice__": [start, stop, step]}``,
``{"__ellipsis__": true}`` and ``{"__array__": [...], "dtype": name}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn._dtypes import type_of_numbers
from pynn._files import FileError

_TUPLE, _SLICE, _ELLIPSIS, _ARRAY = "__tuple__", "__slice__", "__ellipsis__", "__array__"
_ARRAY_KINDS = "biuf"
# Bytes that an object, a list and an entry of either take in memory, rounded up (CPython 3.11): a
# text of a few bytes may describe many of them.
_BYTES = {"{": 240, "[": 72, ",": 64}
_MOST_MEMORY = 40_000_000


def encode(value: Any, other: Callable[[Any], Any] | None = None, marked: bool = False) -> Any:
    """Return a value in dicts, lists, numbers and texts.

    Parameters
    ----------
    value : object
        Dicts, lists and tuples of plain values, numbers, arrays and types of NumPy, and objects
        with a ``get_config()``; slices and ``...`` if `marked`.
    other : callable, default=None
        Returns what to write for a value that is none of these, or raises; None raises
        `TypeError`.
    marked : bool, default=False
        Whether tuples and arrays can be distinguished from lists in the result.

    Examples
    --------
    >>> encode({"axes": (0, 1)}), encode((slice(1, 3), ...), marked=True)
    ({'axes': [0, 1]}, {'__tuple__': [{'__slice__': [1, 3, None]}, {'__ellipsis__': True}]})
    """

    def written(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, Mapping):
            return {key: written(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            items = [written(item) for item in value]
            return {_TUPLE: items} if marked and isinstance(value, tuple) else items
        if isinstance(value, np.ndarray) and value.dtype.kind in _ARRAY_KINDS:
            array = value.tolist()
            return {_ARRAY: array, "dtype": value.dtype.name} if marked else array
        if marked and isinstance(value, slice):
            return {_SLICE: written([value.start, value.stop, value.step])}
        if marked and value is Ellipsis:
            return {_ELLIPSIS: True}
        if isinstance(value, np.dtype):
            return value.name
        if hasattr(value, "get_config") and not isinstance(value, type):
            return {"class_name": type(value).__name__, "config": written(value.get_config())}
        return unknown(value) if other is None else other(value)

    return written(value)


def unknown(value: Any) -> Any:
    """Raise TypeError: JSON has no word for the value."""
    raise TypeError(f"{value!r:.80} of type {type(value).__name__} is no text, number or list")


def decode(value: Any, marks: Mapping[str, Callable[[Any], Any]] | None = None) -> Any:
    """Return what `encode` wrote with marks.

    Parameters
    ----------
    value : object
    marks : mapping of str to callable, default={}
        Further marks: each gets what stands beside it.

    Examples
    --------
    >>> decode({"__tuple__": [{"__slice__": [1, 3, None]}, {"size": 2}]})
    (slice(1, 3, None), {'size': 2})
    """
    marks = marks or {}

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        for mark, made in marks.items():
            if mark in value:
                return made(value[mark])
        if _TUPLE in value:
            return tuple(map(read, value[_TUPLE]))
        if _SLICE in value:
            return slice(*value[_SLICE])
        if _ELLIPSIS in value:
            return Ellipsis
        if _ARRAY in value:
            return _array(value)
        return {key: read(item) for key, item in value.items()}

    return read(value)


def _array(value: Mapping[str, Any]) -> np.ndarray:
    return np.asarray(value[_ARRAY], type_of_numbers(value["dtype"]))


def tuples(value: Any) -> Any:
    """Return a value with tuples in place of lists, as arguments of ops have them."""
    return tuple(map(tuples, value)) if isinstance(value, (list, tuple)) else value


# ---- texts in files


def to_text(value: Any, what: str) -> str:
    """Return a value as JSON.

    Raises
    ------
    ValueError
        If it holds what `encode` does not know.
    """
    try:
        return json.dumps(value, default=encode)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} cannot be written down: {error}") from error


def parse(text: str | bytes, file: str, what: str, format: str = "pynn") -> Any:
    """Return what a JSON text of a file says.

    Parameters
    ----------
    text : str or bytes
    file : str
        For messages.
    what : str
        What the text is: ``"its header"``.
    format : str, default="pynn"
        What kind of file it should be.

    Raises
    ------
    FileError
        If it is not JSON, or would take far more memory than the file.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        memory = sum(size * text.count(mark) for mark, size in _BYTES.items())
        if memory <= _MOST_MEMORY:
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(file, f"is no valid {format} file: {what} is not JSON: {error}") from error
    raise FileError(
        file, f"is refused: {what} would take about {memory} bytes of memory, above {_MOST_MEMORY}"
    )


def from_text(metadata: Mapping[str, str], key: str, kind: type, path: str) -> Any:
    """Return what the text `key` of a file's metadata holds.

    Raises
    ------
    FileError
        If it is missing, no JSON, or not of type `kind`.
    """
    if key not in metadata:
        raise FileError(path, f"is no valid pynn file: it has no {key!r}")
    value = parse(metadata[key], path, f"its {key!r}")
    if not isinstance(value, kind):
        raise FileError(
            path,
            f"is no valid pynn file: its {key!r} must be a {kind.__name__}. "
            f"Received: {type(value).__name__}",
        )
    return value
