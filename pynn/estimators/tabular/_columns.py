"""Tables of any kind as columns of numbers, dates or categories.

DataFrames of pandas, polars and pyarrow, what hands out Arrow streams, and arrays are read here. No
library is imported for it that has not made the table; what a network is given is made elsewhere.
"""

from __future__ import annotations

import datetime
import decimal
import numbers
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pynn._number_checks import check_unmasked
from pynn._sparse import is_sparse

NUMBER, DATE, CATEGORY = "number", "date", "category"
BOOLEANS = ["False", "True"]

_DAY = np.timedelta64(1, "D")
_DATES = "datetime64[us]"
_NO_DATE = np.datetime64("NaT", "us")
_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}
_CONTAINERS = (list, tuple, dict, set, np.ndarray)
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?")
# From here on float64 does not tell whole numbers apart.
_LARGEST_WHOLE = 2.0**53


@dataclass
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        For messages.
    kind : {"number", "date", "category"}
    values : ndarray of shape (n,)
        float64 with NaN; datetime64[us] with NaT; or int32: places in `levels`, -1 if missing.
    levels : list of str
        The texts of a category's values.
    """

    name: str
    kind: str
    values: np.ndarray
    levels: Sequence[str] = ()

    def at(self, rows: np.ndarray) -> Column:
        """Return some of the rows."""
        return replace(self, values=self.values[rows])

    def as_kind(self, kind: str) -> Column:
        """Return the column as one of another kind.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        if kind == self.kind:
            return self
        if kind == CATEGORY:
            return self._as_category()
        dtype, missing, value_of = _AS_READ[kind]
        used = set(self.values.tolist()) if self.kind == CATEGORY else set()
        try:
            # A date is no number, and a number no date, unless all are missing.
            if self.kind != CATEGORY and not _is_missing_array(self.values).all():
                raise ValueError
            found = [
                value_of(text) if code in used else missing for code, text in enumerate(self.levels)
            ]
        except ValueError:
            raise ValueError(
                f"column {self.name!r} of X held {_PLURALS[kind]} in fit. Received: "
                f"{_PLURALS[self.kind]} in a column of that name"
            ) from None
        codes = self.values if self.kind == CATEGORY else np.full(len(self.values), -1)
        column = Column(self.name, kind, np.array([*found, missing], dtype)[codes])
        _check_finite(column)
        return column

    def _as_category(self) -> Column:
        present = ~_is_missing_array(self.values)
        distinct, places = np.unique(self.values[present], return_inverse=True)
        if self.kind == NUMBER and np.abs(distinct).max(initial=0.0) >= _LARGEST_WHOLE:
            raise ValueError(
                f"column {self.name!r} of X has numbers of 2**53 or more, of which float64 makes "
                "one category for several: give them as texts or as categoricals"
            )
        codes = np.full(len(self.values), -1, np.int32)
        codes[present] = places
        return Column(self.name, CATEGORY, codes, [_text_of(v) for v in distinct.tolist()])


def _number_of(text: str) -> float:
    return float(text) if text not in BOOLEANS else float(BOOLEANS.index(text))


def _date_of(text: str) -> Any:
    try:
        return _without_zone(datetime.datetime.fromisoformat(text))
    except ValueError:
        if text in ("", "NaT"):
            return _NO_DATE
        if not _YEAR_OR_MONTH.fullmatch(text):
            raise
        return np.datetime64(text, "us")


# Type, what stands for a gap, and what reads a text.
_AS_READ: dict[str, tuple[str, Any, Callable[[str], Any]]] = {
    NUMBER: ("float64", np.nan, _number_of),
    DATE: (_DATES, _NO_DATE, _date_of),
}
_PLURALS = {NUMBER: "numbers", DATE: "dates", CATEGORY: "texts"}


def _is_missing_array(values: np.ndarray) -> np.ndarray:
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def as_table(table: Any) -> Any:
    """Return a table as a DataFrame of pandas or polars, an Arrow table or an array.

    Parameters
    ----------
    table : DataFrame, Arrow table or array-like of shape (n, columns)

    Raises
    ------
    TypeError
        If it is sparse or lazy.
    ValueError
        If it has not two axes, no rows or no columns.
    """
    if is_sparse(table):
        raise TypeError(
            "Sparse data was passed for X, but dense data is required: a sparse matrix has no gaps "
            "and no categories. Use '.toarray()', or pynn.MLPClassifier, which takes it"
        )
    check_unmasked(table, "X")
    library = _library(table)
    if not library and hasattr(table, "compute") and hasattr(table, "columns"):
        table = table.compute()  # Dask's become pandas's, with names and types
        library = _library(table)
    if library == "polars" and hasattr(table, "collect"):
        raise TypeError("X must be a DataFrame. Received: a LazyFrame; call its collect() first")
    # Batches of Arrow, too, become a table, of which scikit-learn knows the names.
    is_known = hasattr(table, "to_batches") if library == "pyarrow" else library in _READERS
    if not is_known and hasattr(table, "__arrow_c_stream__"):
        import pyarrow

        table = pyarrow.table(table)
    if not _is_frame(table):
        table = _as_array(table)
    _check_size(*table.shape)
    return table


def columns_of(table: Any) -> list[Column]:
    """Return the columns of a table as `as_table` returns it.

    Raises
    ------
    TypeError
        If it has values that are no numbers, texts or dates.
    ValueError
        If it has two columns of the same name, infinite or complex numbers.
    """
    if _is_frame(table):
        columns = list(_READERS[_library(table)](table))
    else:
        columns = [_column(str(i), values) for i, values in enumerate(table.T)]
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the names of columns must differ. Received: several named {twice!r}")
    for column in columns:
        _check_finite(column)
    return columns


def _check_finite(column: Column) -> None:
    if column.kind == NUMBER and np.isinf(column.values).any():
        raise ValueError(
            "Input X contains infinity or a value too large for dtype('float64'): in column "
            f"{column.name!r}"
        )


def _library(table: Any) -> str:
    """Return the library that has made a table, if only by a class derived from its own, or ""."""
    names = (cls.__module__.split(".")[0] for cls in type(table).__mro__)
    return next((name for name in names if name in _READERS), "")


def _is_frame(table: Any) -> bool:
    return _library(table) in _READERS and hasattr(table, "columns")


def _check_size(n_rows: int, n_columns: int) -> None:
    for count, what in ((n_rows, "sample"), (n_columns, "feature")):
        if count == 0:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape=({n_rows}, {n_columns})) while a minimum of "
                "1 is required."
            )


# ---- one library each


def _columns_of_pandas(table: Any) -> Iterable[Column]:
    for i, label in enumerate(table.columns):
        name, series = str(label), table.iloc[:, i]
        dtype = series.dtype
        if hasattr(dtype, "categories"):
            levels: dict[str, int] = {}  # several categories may have the same text, as 1 and "1"
            places = [levels.setdefault(_text_of(v), len(levels)) for v in dtype.categories]
            codes = np.array([*places, -1], np.int32)[series.cat.codes.to_numpy()]
            yield Column(name, CATEGORY, codes, list(levels))
        elif dtype.name.startswith("period"):
            yield _column(name, series.dt.to_timestamp().to_numpy())
        elif isinstance(dtype, np.dtype):
            yield _column(name, series.to_numpy())
        elif dtype.kind in "iuf":
            yield _column(name, series.to_numpy("float64", na_value=np.nan))
        elif dtype.kind == "M" and not dtype.name.startswith(("date32", "date64")):
            yield _column(name, series.to_numpy(_DATES))
        else:
            read = _category if dtype.name.startswith("dictionary") else _column
            yield read(name, series.to_numpy(object))


def _columns_of_polars(table: Any) -> Iterable[Column]:
    for series in table.get_columns():
        if series.dtype.is_numeric():
            series = series.cast(float)  # NumPy has no integers of 128 bits
        as_array = str(series.dtype).startswith(("Float", "Date", "Duration"))
        values = series.to_numpy() if as_array else _objects(series.to_list())
        yield _column(series.name, values)


def _columns_of_pyarrow(table: Any) -> Iterable[Column]:
    for name, values in zip(table.column_names, table.columns, strict=True):
        kind = str(values.type)
        if kind.startswith("dictionary"):  # of numbers, too, as pandas's categoricals
            yield _category(name, _objects(values.to_pylist()))
        elif kind.startswith(("bool", "time32", "time64")):
            yield _column(name, _objects(values.to_pylist()))
        else:
            yield _column(name, values.to_numpy())


_READERS: dict[str, Callable[[Any], Iterable[Column]]] = {
    "pandas": _columns_of_pandas,
    "polars": _columns_of_polars,
    "pyarrow": _columns_of_pyarrow,
}


def _as_array(table: Any) -> np.ndarray:
    """Return an array of two axes; of a list that holds more than numbers, one of objects."""
    array = np.asarray(table)
    if array.dtype.kind in "US" and not hasattr(table, "dtype"):
        array = np.array(table, object)
    if array.ndim == 0:
        raise ValueError(f"Expected 2D array, got scalar array instead:\narray={array}.")
    if array.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data either using "
            "array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
            "contains a single sample."
        )
    return array


def _objects(values: list[Any]) -> np.ndarray:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def check_no_gaps(y: np.ndarray) -> None:
    """Check class labels, dates or durations to predict.

    Raises
    ------
    ValueError
        If one is missing.
    """
    if y.dtype.kind in "fOMm":
        gaps = [row for row, value in enumerate(y) if _is_missing(value)]
        if gaps:
            raise ValueError(
                f"Input y contains NaN or None: {len(gaps)} values are missing, the first in row "
                f"{gaps[0]}. Leave these rows out"
            )


# ---- columns of values


def _column(name: str, values: np.ndarray) -> Column:
    kind = values.dtype.kind
    if kind in "iuf":
        return Column(name, NUMBER, values.astype(np.float64))
    if kind == "b":
        return Column(name, CATEGORY, values.astype(np.int32), BOOLEANS)
    if kind == "M":
        return Column(name, DATE, values.astype(_DATES))
    if kind == "m":
        return Column(name, NUMBER, values / _DAY)
    if kind == "c":
        raise ValueError(f"Complex data not supported: in column {name!r} of X")
    return _column_of_objects(name, values.astype(object))


def _column_of_objects(name: str, values: np.ndarray) -> Column:
    """Return numbers, dates or a category, as the types of the values say."""
    types = {cls for cls in set(map(type, values)) if cls.__name__ not in _MISSING_TYPES}
    # NaN stands for what is missing among texts and dates too.
    floats = {cls for cls in types if issubclass(cls, (float, np.floating))}
    named = types - floats
    if floats and not all(_is_missing(v) for v in values if type(v) in floats):
        named = types
    if named and _are(named, (bool, np.bool_)):
        return _category(name, values)
    if _are(types, (numbers.Real, decimal.Decimal)):
        return Column(name, NUMBER, _present(values, np.nan, "float64"))
    if _are(named, (datetime.date, np.datetime64)):
        return Column(name, DATE, _present(values, _NO_DATE, _DATES, _without_zone))
    if _are(named, (datetime.timedelta, np.timedelta64)):
        durations = _present(values, np.timedelta64("NaT", "us"), "timedelta64[us]")
        return Column(name, NUMBER, durations / _DAY)
    if _are(named, (datetime.time,)):
        return Column(name, NUMBER, _present(values, np.nan, "float64", _hours))
    return _category(name, values)


def _are(types: set[type], bases: tuple[type, ...]) -> bool:
    return all(issubclass(cls, bases) for cls in types)


def _present(
    values: np.ndarray,
    missing: Any,
    dtype: str,
    convert: Callable[[Any], Any] = lambda value: value,
) -> np.ndarray:
    return np.array([missing if _is_missing(v) else convert(v) for v in values], dtype)


def _without_zone(date: Any) -> Any:
    """Return a time in UTC without a zone; a time without one, and a date, as they are."""
    if getattr(date, "tzinfo", None) is None:
        return date
    try:
        date = date.astimezone(datetime.UTC)
    except OverflowError:  # within hours of the first or the last date that there is
        pass
    return date.replace(tzinfo=None)


def _hours(time: datetime.time) -> float:
    return time.hour + time.minute / 60 + (time.second + time.microsecond / 1e6) / 3600


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return type(value).__name__ in _MISSING_TYPES or (
        isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))
    )


def _text_of(value: Any) -> str:
    """Return what a level is known by, which is the same for all types of numbers and dates."""
    if hasattr(value, "to_timestamp"):
        value = value.to_timestamp()  # a column of periods holds dates
    if isinstance(value, decimal.Decimal):
        value = float(value)  # and one of decimals numbers
    if isinstance(value, (datetime.date, np.datetime64)):
        # A day alone is written without a time.
        return str(np.datetime64(_without_zone(value), "us").item()).removesuffix(" 00:00:00")
    if isinstance(value, (datetime.timedelta, np.timedelta64)):
        value = value / _DAY  # a column of them holds days
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


class _Codes(dict[Any, int]):
    """The codes of values by their texts, in the order in which they first come."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}

    def __missing__(self, value: Any) -> int:
        if _is_missing(value):
            return -1
        if isinstance(value, _CONTAINERS):
            raise TypeError
        code = self[value] = self.levels.setdefault(_text_of(value), len(self.levels))
        return code


def _category(name: str, values: np.ndarray) -> Column:
    codes = _Codes()
    try:
        places = np.fromiter(map(codes.__getitem__, values), np.int32, len(values))
    except TypeError:
        found = next(
            type(v).__name__ for v in values if isinstance(v, _CONTAINERS) or not _hashes(v)
        )
        raise TypeError(
            f"each argument must be a string, a number or a date: column {name!r} of X has a value "
            f"of type {found}"
        ) from None
    return Column(name, CATEGORY, places, list(codes.levels))


def _hashes(value: Any) -> bool:
    return type(value).__hash__ is not None
