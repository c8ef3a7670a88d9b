"""Tables of several libraries as columns."""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import dask.dataframe
import numpy as np
import pandas as pd
import pytest

from pynn.estimators.tabular._columns import CATEGORY, DATE, NUMBER, Column, as_table, columns_of

DAYS = [datetime.datetime(2024, 2, 29, 13, 30), datetime.datetime(2023, 1, 1), None]
CONTENTS: dict[str, list[Any]] = {
    "whole": [3, -1, 2],
    "gaps": [1.5, None, 0.0],
    "flag": [True, None, False],
    "city": ["Rome", None, "Oslo"],
    "when": DAYS,
    "day": [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)],
    "length": [datetime.timedelta(hours=36), None, datetime.timedelta(0)],
    "hour": [datetime.time(12, 30), None, datetime.time(0, 0)],
}


NO_DATES = ["x", "now", "12", "-5", "202405", "1714521600", "2024-5"]


def objects() -> np.ndarray:
    array = np.empty((3, len(CONTENTS)), object)
    for i, values in enumerate(CONTENTS.values()):
        array[:, i] = values
    return array


class Derived(pd.DataFrame):
    """A DataFrame of a module that is not pandas's."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        raise AssertionError("pandas is to be read without pyarrow")


def polars_table() -> Any:
    return importlib.import_module("polars").DataFrame(CONTENTS)


def arrow_table() -> Any:
    return importlib.import_module("pyarrow").table(CONTENTS)


class Stream:
    """What hands out an Arrow stream, and is known by nothing else."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def dask_table() -> Any:
    with dask.config.set({"dataframe.convert-string": False}):  # it makes dates texts too
        return dask.dataframe.from_pandas(pd.DataFrame(CONTENTS), npartitions=2)


TABLES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(CONTENTS),
    "pandas objects": lambda: pd.DataFrame(CONTENTS, dtype=object),
    "pandas extensions": lambda: pd.DataFrame(CONTENTS).convert_dtypes(),
    "pandas derived": lambda: Derived(CONTENTS),
    "dask": dask_table,
    "array": objects,
    "list": lambda: objects().tolist(),
    "polars": polars_table,
}
if find_spec("pyarrow"):
    TABLES["pyarrow"] = arrow_table
    TABLES["batch"] = lambda: arrow_table().to_batches()[0]
    TABLES["batches"] = lambda: arrow_table().to_reader()
    TABLES["stream"] = lambda: Stream(arrow_table())
    TABLES["pandas on arrow"] = lambda: arrow_table().to_pandas(types_mapper=pd.ArrowDtype)


def table_columns(table: Any) -> list[Column]:
    return columns_of(as_table(table))


def values_of(column: Column) -> list[Any]:
    if column.kind == CATEGORY:
        return [None if code < 0 else column.levels[code] for code in column.values]
    if column.kind == DATE:
        return column.values.tolist()
    return [None if np.isnan(value) else float(value) for value in column.values]


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_a_table_of_any_library_has_the_same_columns(make: Callable[[], Any]) -> None:
    found = {column.name: (column.kind, values_of(column)) for column in table_columns(make())}
    expected = [
        (NUMBER, [3.0, -1.0, 2.0]),
        (NUMBER, [1.5, None, 0.0]),
        (CATEGORY, ["True", None, "False"]),
        (CATEGORY, ["Rome", None, "Oslo"]),
        (DATE, DAYS),
        (DATE, [DAYS[0].replace(hour=0, minute=0), None, datetime.datetime(1969, 12, 31)]),
        (NUMBER, [1.5, None, 0.0]),
        (NUMBER, [12.5, None, 0.0]),
    ]
    assert list(found.values()) == expected
    if not isinstance(make(), (np.ndarray, list)):
        assert list(found) == list(CONTENTS)


def test_integers_of_128_bits_are_numbers() -> None:
    polars = importlib.import_module("polars")
    table = polars.DataFrame({"x": [3, None]}, schema={"x": polars.Int128})
    (column,) = table_columns(table)
    assert (column.kind, values_of(column)) == (NUMBER, [3.0, None])


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (np.array([True, False]), CATEGORY, ["True", "False"]),
        (np.array(["b", "a"]), CATEGORY, ["b", "a"]),
        (np.array([1, 2], np.int8), NUMBER, [1.0, 2.0]),
        (
            np.array(["NaT", "1970-01-02"], "datetime64[D]"),
            DATE,
            [None, datetime.datetime(1970, 1, 2)],
        ),
        ([1, "a", 2.0, float("nan")], CATEGORY, ["1", "a", "2", None]),
        ([Decimal("1.5"), None, np.float32(2)], NUMBER, [1.5, None, 2.0]),
        ([pd.NA, pd.NaT, None], NUMBER, [None, None, None]),
        ([np.nan, "x"], CATEGORY, [None, "x"]),
        ([True, np.float64("nan")], CATEGORY, ["True", None]),
        ([DAYS[1], np.float64("nan")], DATE, [DAYS[1], None]),
        ([datetime.timedelta(2), np.float32("nan")], NUMBER, [2.0, None]),
        ([datetime.time(12, 30), np.float64("nan")], NUMBER, [12.5, None]),
        ([DAYS[1], 3.5], CATEGORY, ["2023-01-01", "3.5"]),
        ([datetime.timedelta(2), 3.5], CATEGORY, ["2", "3.5"]),
        ([datetime.time(12, 30), 3.5, np.nan], CATEGORY, ["12:30:00", "3.5", None]),
        (pd.Categorical([3, None, 1]), CATEGORY, ["3", None, "1"]),
        (
            pd.Series(pd.period_range("2024-02", periods=1, freq="M")),
            DATE,
            [datetime.datetime(2024, 2, 1)],
        ),
        ([datetime.datetime(2023, 1, 1, tzinfo=datetime.UTC)], DATE, [DAYS[1]]),
    ],
)
def test_values_say_what_a_column_is(values: Any, kind: str, expected: list[Any]) -> None:
    if isinstance(values, list):
        values = pd.Series(values, dtype=object)
    (column,) = table_columns(pd.DataFrame({"x": values}))
    assert column.kind == kind
    assert values_of(column) == expected


def test_times_of_a_zone_are_read_in_utc() -> None:
    tokyo = pd.Series([datetime.datetime(2023, 1, 1)]).dt.tz_localize("Asia/Tokyo")
    expected = [datetime.datetime(2022, 12, 31, 15)]
    for series in (tokyo, tokyo.astype(object)):
        assert values_of(table_columns(series.to_frame())[0]) == expected


def test_the_last_date_may_have_a_zone() -> None:
    zone = datetime.timezone(-datetime.timedelta(hours=5))
    last = datetime.datetime(9999, 12, 31, 23, tzinfo=zone)
    assert values_of(table_columns([[last]])[0]) == [last.replace(tzinfo=None)]


def test_a_column_may_be_named_compute() -> None:
    (column,) = table_columns(pd.DataFrame({"compute": [1.0, 2.0]}))
    assert values_of(column) == [1.0, 2.0]


def test_categoricals_of_numbers_are_categories_in_every_library() -> None:
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"zip": pd.Categorical([20, 10, None, 20])})
    arrow = importlib.import_module("pyarrow").Table.from_pandas(table)
    for each in (table, arrow, arrow.to_pandas(types_mapper=pd.ArrowDtype)):
        (column,) = table_columns(each)
        assert (column.kind, values_of(column)) == (CATEGORY, ["20", "10", None, "20"])


def test_a_category_of_pandas_keeps_its_codes() -> None:
    (column,) = table_columns(pd.DataFrame({"x": pd.Categorical(["b", None], ["c", "b"])}))
    assert column.levels == ["c", "b"]
    assert column.values.tolist() == [1, -1]


def test_categories_of_the_same_text_are_one() -> None:
    (column,) = table_columns(
        pd.DataFrame({"x": pd.Categorical(["1", 1, "b", None], ["1", 1, "b"])})
    )
    assert column.levels == ["1", "b"]
    assert column.values.tolist() == [0, 0, 1, -1]


def test_lists_may_hold_texts_and_numbers() -> None:
    words, numbers = table_columns([["a", 1.0], ["b", None], ["a", 3]])
    assert (words.kind, values_of(words)) == (CATEGORY, ["a", "b", "a"])
    assert (numbers.kind, values_of(numbers)) == (NUMBER, [1.0, None, 3.0])
    words, numbers = table_columns([["a", 1.0], ["b", 2]])  # of which NumPy makes texts
    assert (words.kind, values_of(words)) == (CATEGORY, ["a", "b"])
    assert (numbers.kind, values_of(numbers)) == (NUMBER, [1.0, 2.0])


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (np.zeros((0, 2)), ValueError, r"0 sample\(s\) \(shape=\(0, 2\)\)"),
        (np.zeros((2, 0)), ValueError, r"0 feature\(s\) \(shape=\(2, 0\)\)"),
        (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
        (np.zeros(3), ValueError, "Reshape your data"),
        (pd.Series([1.0]), ValueError, "Reshape your data"),
        (np.zeros((2, 2, 2)), ValueError, "got 3D array"),
        (3.0, ValueError, "scalar array"),
        (np.ones((2, 1), complex), ValueError, "Complex data not supported"),
        (np.array([[1.0], [np.inf]]), ValueError, "infinity.*column '0'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "several named 'a'"),
        (np.array([[{"foo": 1}]], object), TypeError, "must be a string, a number.*'0'.*dict"),
        (pd.DataFrame({"a": [[1], [2]]}), TypeError, "column 'a' .* type list"),
        (pd.DataFrame({"a": ["x", (1, 2)]}), TypeError, "column 'a' .* type tuple"),
    ],
)
def test_what_is_no_table_is_refused(table: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        table_columns(table)


def test_sparse_lazy_and_masked_tables_are_refused() -> None:
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match="Sparse data"):
        table_columns(csr_array(np.eye(2)))
    with pytest.raises(TypeError, match=r"collect\(\) first"):
        table_columns(polars_table().lazy())
    with pytest.raises(ValueError, match="masked"):
        table_columns(np.ma.masked_array(np.eye(2), np.eye(2)))


def test_a_column_of_another_kind_is_read_where_that_can_be() -> None:
    texts = Column("a", CATEGORY, np.array([0, -1, 1]), ["2", "3.5"])
    assert values_of(texts.as_kind(NUMBER)) == [2.0, None, 3.5]
    dates = Column("a", CATEGORY, np.array([0, -1]), ["2023-01-01"])
    assert values_of(dates.as_kind(DATE)) == [DAYS[1], None]
    texts = ["2023-01-01T02:00:00+02:00", "20230101", "2023", "unused", ""]
    dates = Column("a", CATEGORY, np.array([0, 1, 2, 4, -1]), texts)
    assert values_of(dates.as_kind(DATE)) == [DAYS[1]] * 3 + [None] * 2
    flags = Column("a", CATEGORY, np.array([1, 0, -1]), ["False", "True"])
    assert values_of(flags.as_kind(NUMBER)) == [1.0, 0.0, None]
    numbers = Column("a", NUMBER, np.array([2.0, np.nan, 0.5]))
    assert values_of(numbers.as_kind(CATEGORY)) == ["2", None, "0.5"]
    gaps = Column("a", NUMBER, np.array([np.nan]))
    assert values_of(gaps.as_kind(DATE)) == [None]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (Column("a", CATEGORY, np.array([0]), ["x"]), NUMBER),
        (Column("a", CATEGORY, np.array([0]), [""]), NUMBER),
        *((Column("a", CATEGORY, np.array([0]), [text]), DATE) for text in NO_DATES),
        (Column("a", NUMBER, np.array([1.0])), DATE),
        (Column("a", DATE, np.array(["2024"], "datetime64[us]")), NUMBER),
    ],
)
def test_a_column_of_another_kind_is_refused_otherwise(column: Column, kind: str) -> None:
    with pytest.raises(ValueError, match=f"column 'a' of X held {kind}s in fit"):
        column.as_kind(kind)


def test_texts_of_infinite_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="contains infinity .* in column 'a'"):
        Column("a", CATEGORY, np.array([0]), ["-inf"]).as_kind(NUMBER)
