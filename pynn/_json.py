"""JSON texts in a file's metadata, with errors that name the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def to_text(value: Any, what: str) -> str:
    """Return `value` as JSON; numbers and arrays of NumPy become plain ones.

    Raises
    ------
    ValueError
        If it holds anything else that JSON does not know.
    """
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} cannot be written down: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    raise TypeError(f"{value!r:.80} of type {type(value).__name__} is no text, number or list")


def from_text(metadata: Mapping[str, str], key: str, kind: type, path: str) -> Any:
    """Return what the text `key` holds.

    Raises
    ------
    ValueError
        If it is missing, no JSON, or not of type `kind`.
    """
    try:
        value = json.loads(metadata[key])
    except KeyError:
        raise ValueError(f"{path} is no valid pynn file: it has no {key!r}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no valid pynn file: its {key!r} is not JSON") from error
    if not isinstance(value, kind):
        raise ValueError(
            f"{path} is no valid pynn file: its {key!r} must be a {kind.__name__}. "
            f"Received: {type(value).__name__}"
        )
    return value
