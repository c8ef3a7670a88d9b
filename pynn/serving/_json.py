"""Requests and answers in JSON.

``{"instances": [...]}`` has rows: lists, or objects of named values. ``{"inputs": {...}}`` has
columns or inputs by name. Both forms are those of TensorFlow Serving and KServe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from pynn.serving._content import BadContent, BadFormat, Content, check_rows, plain_labels
from pynn.serving._served import Served

MEDIA_TYPE = "application/json"
_FORM = 'the body must be {"instances": [row, ...]} or {"inputs": {name: [value, ...], ...}}'


def read(body: bytes, max_rows: int) -> Content:
    """Return what a body holds.

    Raises
    ------
    BadContent
        If it is not JSON, has another form, or more rows than that.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadFormat(f"the body is not JSON: {error}") from None
    if not isinstance(found, dict) or len(found) != 1:
        raise BadContent(_FORM)
    ((key, value),) = found.items()
    if key == "inputs" and isinstance(value, dict):
        for name, column in value.items():
            if not isinstance(column, list):
                raise BadContent(f"inputs {name!r:.80} must be a list with a value for each row")
        check_rows(max(map(len, value.values()), default=0), max_rows)
        return Content(columns=value)
    if key not in ("instances", "inputs") or not isinstance(value, list):
        raise BadContent(_FORM)
    check_rows(len(value), max_rows)
    if value and isinstance(value[0], dict):
        return Content(columns=_columns(value))
    return Content(rows=value)


def _columns(rows: list[Any]) -> dict[str, list[Any]]:
    """Return rows that are objects by the names in them."""
    names = rows[0].keys()
    if not all(isinstance(row, dict) and row.keys() == names for row in rows):
        raise BadContent("all rows must have the same names")
    return {name: [row[name] for row in rows] for name in names}


def write(served: Served, outputs: Mapping[str, np.ndarray]) -> bytes:
    """Return the body of an answer. NaN and infinity are null."""
    plain = {name: _plain(array) for name, array in outputs.items()}
    answer: dict[str, Any] = {"predictions": plain} if served.has_several else plain
    if served.classes is not None:
        answer["classes"] = served.classes
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def _plain(array: np.ndarray) -> Any:
    """Return what orjson writes."""
    if array.dtype.kind in "biuf":
        return np.ascontiguousarray(array)
    return plain_labels(array)
