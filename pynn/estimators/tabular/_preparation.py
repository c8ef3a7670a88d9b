"""`Preparation`: what becomes of the columns of a table on the way into a network.

It is fitted once, and kept and saved with the networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pynn._user_warning import warn_user
from pynn.estimators._saving import saved_as
from pynn.estimators.tabular._columns import BOOLEANS, CATEGORY, DATE, NUMBER, Column
from pynn.estimators.tabular._network import TableShape
from pynn.estimators.tabular._recipes import Recipe
from pynn.estimators.tabular._scaling import LARGEST_NUMBER, SCALINGS, Scaling

_DAY = np.timedelta64(1, "D")
_ROWS_AT_ONCE = 1 << 14  # scaling makes several copies


@saved_as("Preparation")
class Preparation:
    """Turns columns into a matrix of numbers and codes of categories.

    - Gaps in numbers become the median; where there were gaps in fit, a column says which.
    - Dates become the days since 1970, the month, the day of the month, that of the week and,
      unless all are at midnight, the hour, as numbers.
    - Levels of categories are known by their texts, and False and True may be 0 and 1 too; codes
      count from 1, and 0 stands for gaps and for what was not in fit. One-hot columns are then all
      0.
    - What had no value at all in fit is ignored.

    Attributes
    ----------
    kinds : list of str
        Of each column: "number", "date", "category" or, of what is ignored, "".
    has_hours : list of bool
        Of each date.
    medians : ndarray of shape (n_numbers,)
    has_gaps : ndarray of bool, shape (n_numbers,)
        Which numbers have a column that says where there are gaps.
    levels : list of ndarray of str, as objects
        Of each category; a long text among them takes no memory for the others.
    one_hot : list of bool
        Of each category.
    pairs : bool
        Whether two levels, or gap and none, become one column of 1 and -1.
    scaling : Scaling
    """

    scaling: Scaling

    def fit(
        self,
        columns: Sequence[Column],
        recipe: Recipe,
        *,
        categories: Sequence[int],
        max_categories: int,
        missing_indicator: bool,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        """Take what is needed from the columns of a table, and return them prepared.

        Parameters
        ----------
        columns : sequence of Column
        recipe : Recipe
        categories : sequence of int
            Columns that are categories whatever is in them.
        max_categories : int
            The most frequent levels that are kept of a category.
        missing_indicator : bool
        rng : Generator

        Raises
        ------
        ValueError
            If no column has any value.
        """
        self.pairs = recipe.single_column_pairs
        self.kinds: list[str] = []
        self.has_hours: list[bool] = []
        self.levels: list[np.ndarray] = []
        for i, column in enumerate(columns):
            column = column.as_kind(CATEGORY) if i in categories else column
            self.kinds.append(self._fit_column(column, max_categories))
        if not any(self.kinds):
            raise ValueError("X must have a column with values. Received: gaps only")
        limit = recipe.one_hot_levels if recipe.has_embeddings else None
        self.one_hot = [limit is None or len(levels) <= limit for levels in self.levels]
        if not {NUMBER, DATE}.intersection(self.kinds) and not any(self.one_hot):
            self.one_hot[0] = True  # a network has at least one column of numbers
        numbers, codes = self._numbers(columns), self._codes(columns)
        gaps = np.isnan(numbers)
        self.has_gaps = gaps.any(axis=0) & self._are_first() & missing_indicator
        self.medians = np.array([np.median(x[~np.isnan(x)]) for x in numbers.T], np.float64)
        self.scaling = SCALINGS[recipe.scaling]()
        matrix, others = self._encoded(numbers, codes)
        scaled = matrix.shape[1] if self.scaling.scales_one_hot else len(self.medians)
        self.scaling.fit(matrix[:, :scaled], rng)
        return self._scaled(matrix, others)

    def _fit_column(self, column: Column, max_categories: int) -> str:
        values = column.values
        if column.kind == CATEGORY:
            counts = np.bincount(values[values >= 0], minlength=len(column.levels))
            found = [
                (-count, level) for count, level in zip(counts, column.levels, strict=True) if count
            ]
            if found:
                kept = [level for _, level in sorted(found)[:max_categories]]
                self.levels.append(np.array(sorted(kept), object))
                return CATEGORY
        elif column.kind == DATE:
            present = values[~np.isnat(values)]
            if len(present):
                self.has_hours.append(bool((present.astype("datetime64[D]") != present).any()))
                return DATE
        elif not np.isnan(values).all():
            return NUMBER
        warn_user(f"column {column.name!r} of X has no values and is ignored")
        return ""

    def __call__(self, columns: Sequence[Column]) -> list[np.ndarray]:
        """Return the inputs of a network for the columns of a table.

        Raises
        ------
        ValueError
            If a column holds something else than in fit.
        """
        return self._scaled(*self._encoded(self._numbers(columns), self._codes(columns)))

    def shape(self, n_rows: int) -> TableShape:
        """Return what the inputs consist of."""
        sizes = [1] * int(self.has_gaps.sum())
        large = []
        for levels, one_hot in zip(self.levels, self.one_hot, strict=True):
            if one_hot:
                sizes.append(1 if self._is_pair(levels) else len(levels))
            else:
                large.append(len(levels) + 1)
        return TableShape(len(self.medians), tuple(sizes), tuple(large), n_rows)

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Return from which column of the table each column of the inputs comes."""
        numbers, categories = self._sources(NUMBER, DATE), self._sources(CATEGORY)
        small = [i for i, one_hot in zip(categories, self.one_hot, strict=True) if one_hot]
        own = [*np.flatnonzero(self.has_gaps)]
        sources = [*(numbers[i] for i in own), *small]
        sizes = self.shape(0).one_hot_sizes
        columns = [*numbers, *np.repeat(np.array(sources, int), sizes)]
        large = [i for i, one_hot in zip(categories, self.one_hot, strict=True) if not one_hot]
        return np.array(columns, int), np.array(large, int)

    def check(self, n_features: int, shape: TableShape) -> None:
        """Check what may come from a file, for a table of so many columns and for networks.

        Raises
        ------
        ValueError
            If its parts do not fit together.
        """
        kinds, n_numbers = list(self.kinds), len(self.medians)
        categories, dates = kinds.count(CATEGORY), kinds.count(DATE)
        hours = [bool(each) for each in self.has_hours]
        expected = kinds.count(NUMBER) + 4 * dates + sum(hours)
        scaled = shape[0] + (sum(shape[1]) if self.scaling.scales_one_hot else 0)
        if not (
            len(kinds) == n_features
            and set(kinds) <= {NUMBER, CATEGORY, DATE, ""}
            and (len(hours), len(self.levels), len(self.one_hot)) == (dates, categories, categories)
            and all(map(_are_texts, self.levels))
            and self.medians.shape == self.has_gaps.shape == (n_numbers,) == (expected,)
            and self.has_gaps.dtype == bool
            and np.isfinite(self.medians).all()
            and self.shape(0)[:3] == tuple(shape)[:3]
            and type(self.scaling) in SCALINGS.values()
        ):
            raise ValueError("the preparation of the columns does not fit the networks")
        self.scaling(np.zeros((1, scaled)))

    def _are_first(self) -> np.ndarray:
        """Return which numbers are the first, or all, of what their column becomes."""
        sources = self._sources(NUMBER, DATE)
        return np.diff(sources, prepend=-1) > 0

    def _sources(self, *kinds: str) -> list[int]:
        """Return the columns of some kinds; of a date so often as it has parts."""
        hours = iter(self.has_hours)
        found: list[int] = []
        for i, kind in enumerate(self.kinds):
            if kind in kinds:
                found += [i] * (4 + next(hours) if kind == DATE else 1)
        return found

    def _is_pair(self, levels: np.ndarray) -> bool:
        return self.pairs and len(levels) == 2

    def _numbers(self, columns: Sequence[Column]) -> np.ndarray:
        """Return float64 of shape (n, n_numbers), with NaN, and none beyond the bound."""
        found: list[np.ndarray] = []
        hours = iter(self.has_hours)
        for column, kind in zip(columns, self.kinds, strict=True):
            if kind == NUMBER:
                found.append(column.as_kind(NUMBER).values)
            elif kind == DATE:
                found += _parts(column.as_kind(DATE).values, next(hours))
        n_rows = len(columns[0].values)
        if not found:
            return np.empty((n_rows, 0))
        return np.clip(np.stack(found, axis=1), -LARGEST_NUMBER, LARGEST_NUMBER)

    def _codes(self, columns: Sequence[Column]) -> list[np.ndarray]:
        """Return int32 codes of the rows for each category."""
        given = [c for c, kind in zip(columns, self.kinds, strict=True) if kind == CATEGORY]
        return [_codes_of(c, levels) for c, levels in zip(given, self.levels, strict=True)]

    def _encoded(
        self, numbers: np.ndarray, codes: list[np.ndarray]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return numbers without gaps and one-hot columns, float64, and the other codes."""
        gaps = np.isnan(numbers)
        shape = self.shape(len(numbers))
        matrix = np.zeros((len(numbers), shape.n_inputs))
        n = shape.n_numbers
        matrix[:, :n] = np.where(gaps, self.medians, numbers)
        at = n + int(self.has_gaps.sum())
        missing = gaps[:, self.has_gaps]
        matrix[:, n:at] = np.where(missing, 1.0, -1.0) if self.pairs else missing
        others = []
        for code, levels, one_hot in zip(codes, self.levels, self.one_hot, strict=True):
            if not one_hot:
                others.append(code)
            elif self._is_pair(levels):
                matrix[:, at] = np.array([0.0, 1.0, -1.0])[code]
                at += 1
            else:
                known = np.flatnonzero(code)
                matrix[known, at - 1 + code[known]] = 1.0
                at += len(levels)
        return matrix, others

    def _scaled(self, matrix: np.ndarray, others: list[np.ndarray]) -> list[np.ndarray]:
        scaled = matrix.shape[1] if self.scaling.scales_one_hot else len(self.medians)
        numbers = np.empty(matrix.shape, np.float32)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            numbers[rows, :scaled] = self.scaling(matrix[rows, :scaled])
            numbers[rows, scaled:] = matrix[rows, scaled:]
        inputs = [numbers]
        return [*inputs, np.stack(others, axis=1)] if others else inputs


def _are_texts(levels: np.ndarray) -> bool:
    return levels.ndim == 1 and all(isinstance(level, str) for level in levels.tolist())


def _parts(dates: np.ndarray, has_hours: bool) -> list[np.ndarray]:
    """Return days since 1970, month, day of the month and of the week, and the hour."""
    missing = np.isnat(dates)
    dates = np.where(missing, np.datetime64(0, "us"), dates)
    days, months = dates.astype("datetime64[D]"), dates.astype("datetime64[M]")
    parts = [
        (dates - np.datetime64(0, "us")) / _DAY,
        months.astype(int) % 12 + 1.0,
        (days - months.astype("datetime64[D]")) / _DAY + 1.0,
        (days.astype(int) + 3) % 7 + 0.0,  # 1970 began on a Thursday; Monday is 0
    ]
    if has_hours:
        parts.append((dates - days) / np.timedelta64(1, "h"))
    return [np.where(missing, np.nan, part) for part in parts]


def _codes_of(column: Column, levels: np.ndarray) -> np.ndarray:
    column = column.as_kind(CATEGORY)
    known = {text: code for code, text in enumerate(levels.tolist(), 1)}
    for number, text in enumerate(BOOLEANS):
        for given, other in ((text, str(number)), (str(number), text)):
            if given not in known and other in known:
                known[given] = known[other]
    codes = [known.get(text, 0) for text in column.levels]
    return np.array([*codes, 0], np.int32)[column.values]
