"""`Content`, what a request holds, whatever the format; and `BadContent`, what is wrong with it.

Formats are read and written beside this file; what a model makes of it is in `_served`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

_SHOWN = 10  # names in a message


class BadContent(ValueError):
    """A request does not fit the model; the message is for who sent it."""

    status = 422


class BadFormat(BadContent):
    """A request cannot be read at all."""

    status = 400


class TooLarge(BadContent):
    """A request is larger than the limits."""

    status = 413


class Content(NamedTuple):
    """Rows, or columns by name.

    Attributes
    ----------
    rows : list or None
        Nested lists of values.
    columns : mapping of str to list or ndarray, or None
        A value for each row.
    is_table : bool
        Whether the columns have an order too.
    """

    rows: list[Any] | None = None
    columns: Mapping[str, Any] | None = None
    is_table: bool = False


class RequestRows(NamedTuple):
    """What a model predicts for.

    Attributes
    ----------
    arrays : list of ndarray
        One for each input, with as many rows.
    kind : hashable
        Rows of the same kind may be predicted together.
    """

    arrays: list[np.ndarray]
    kind: Hashable

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.arrays[0])


def check_rows(count: int, most: int) -> None:
    """Check the number of rows.

    Raises
    ------
    TooLarge
        If there are more.
    """
    if count > most:
        raise TooLarge(f"there may be {most} rows in a request. Received: {count}")


def in_order(columns: Mapping[str, Any], names: Sequence[str], what: str) -> list[Any]:
    """Return the columns that have these names, in this order.

    Raises
    ------
    BadContent
        If one is missing, or there are others.
    """
    if columns.keys() != set(names):
        missing = [name for name in names if name not in columns]
        unknown = sorted(set(columns) - set(names))
        wrong = ((missing, "missing"), (unknown, "unknown"))
        found = ", ".join(f"{listed(each)} {how}" for each, how in wrong if each)
        raise BadContent(f"{what} must have the names {listed(names)}: {found}")
    return [columns[name] for name in names]


def listed(names: Sequence[str]) -> str:
    """Return some names for a message."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"{name!r:.80}" for name in names[:_SHOWN]) + more


def check_lengths(columns: Sequence[Any]) -> None:
    """Check that there are rows, and as many in each column.

    Raises
    ------
    BadContent
        If there are none, or they differ.
    """
    lengths = sorted({len(column) for column in columns})
    if not lengths or lengths == [0]:
        raise BadContent("there must be at least one row")
    if len(lengths) > 1:
        raise BadContent(
            f"all inputs must have as many rows. Received: {lengths[0]} and {lengths[-1]} rows"
        )


def as_numbers(values: Any, what: str) -> np.ndarray:
    """Return an array of finite numbers: float64, or float32 as it is.

    Raises
    ------
    BadContent
        If there is anything else, or lists of different lengths.
    """
    try:
        array = values if isinstance(values, np.ndarray) else np.array(values)
    except ValueError:  # NumPy's message does not say whose fault it is
        raise BadContent(f"{what} must be numbers, in lists of equal lengths") from None
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise BadContent(f"{what} must be numbers, in lists of equal lengths")
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise BadContent(f"{what} must be finite numbers. Received: NaN or infinity")
    return array


def objects(values: list[Any]) -> np.ndarray:
    """Return a column of values of any kind, each as it is."""
    found = np.empty(len(values), object)
    found[:] = values
    return found


def plain_labels(labels: np.ndarray) -> list[Any]:
    """Return class labels as JSON has them: dates as texts, durations in days."""
    if labels.dtype.kind == "M":
        labels = np.datetime_as_string(labels)
    elif labels.dtype.kind == "m":
        labels = labels / np.timedelta64(1, "D")
    return labels.tolist()
