"""Estimators for tables, written as ONNX: the preparation of the columns, and the networks.

The columns are tensors of shape (n, 1): numbers in double, with NaN for gaps; categories as texts,
where what is not known, as an empty text, is a gap; dates as whole microseconds since 1970, where
the least int64 is a gap. All of it is prepared in double, as by pynn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pynn._onnx import OnnxWriter
from pynn.estimators import TabularClassifier, TabularRegressor
from pynn.export._predictors import Written, write_largest
from pynn.formats import write_model

TABLES = (TabularClassifier, TabularRegressor)
# The type of a column of each kind; what is ignored is a number.
COLUMN_TYPES = {"number": "float64", "": "float64", "category": "str", "date": "int64"}

_DAY = 86_400_000_000  # microseconds
_HOUR = _DAY // 24
_NO_DATE = np.iinfo(np.int64).min


def write_table(w: OnnxWriter, estimator: Any, columns: Sequence[str]) -> Written:
    """Write what an estimator predicts for columns.

    Parameters
    ----------
    w : OnnxWriter
    estimator : TabularClassifier or TabularRegressor
        Fitted.
    columns : sequence of str
        The names of the columns, of `COLUMN_TYPES`.
    """
    w.dtype = np.dtype("float64")
    inputs = _Prepared(w, estimator._preparation).inputs(columns)
    w.dtype = np.dtype("float32")
    model = estimator._networks.model
    (outputs,) = write_model(w, model, [w.cast_to(x, "float32") for x in inputs])
    if isinstance(estimator, TabularClassifier):
        if estimator.n_classes_ == 1:
            outputs = w.node("Slice", w.filled(outputs, 1.0), *map(w.integers, ([0], [1], [1])))
        return Written(outputs, write_largest(w, outputs, estimator.classes_))
    w.dtype = np.dtype("float64")
    numbers = w.node("Mul", w.cast_to(outputs, "float64"), estimator.target_scale_)
    numbers = w.node("Add", numbers, estimator.target_mean_)
    if estimator._clamps:
        low, high = estimator.target_range_
        numbers = w.node("Min", w.node("Max", numbers, low), high)
    return Written(numbers)


class _Prepared:
    """Writes what `Preparation` does."""

    def __init__(self, w: OnnxWriter, preparation: Any) -> None:
        self._w = w
        self._known = preparation

    def inputs(self, columns: Sequence[str]) -> list[str]:
        """Return the inputs of the networks: numbers and one-hot columns, and the other codes."""
        w, known = self._w, self._known
        parts: list[str] = []
        if len(known.medians):
            numbers = _joined(w, list(self._numbers(columns)))
            gaps = w.node("IsNaN", numbers)
            parts.append(w.node("Where", gaps, known.medians, numbers))
            if known.has_gaps.any():
                own = w.integers(np.flatnonzero(known.has_gaps))
                missing = w.node("Gather", w.cast_to(gaps, "float64"), own, axis=1)
                if known.pairs:
                    missing = w.node("Sub", w.node("Mul", missing, 2.0), 1.0)
                parts.append(missing)
        others = []
        for code, levels, one_hot in self._codes(columns):
            if not one_hot:
                others.append(code)
            elif known._is_pair(levels):
                parts.append(w.node("Gather", [0.0, 1.0, -1.0], code))
            else:
                places = w.integers(np.arange(1, len(levels) + 1))
                parts.append(w.cast(w.node("Equal", code, places)))
        scaled = 1 if len(known.medians) else 0
        if known.scaling.scales_one_hot:
            rows = [self._scaled(_joined(w, parts))]
        else:
            rows = [self._scaled(part) for part in parts[:scaled]] + parts[scaled:]
        return [_joined(w, rows), *([_joined(w, others)] if others else [])]

    def _numbers(self, columns: Sequence[str]) -> Iterator[str]:
        hours = iter(self._known.has_hours)
        for column, kind in zip(columns, self._known.kinds, strict=True):
            if kind == "number":
                yield column
            elif kind == "date":
                yield from _parts_of_date(self._w, column, next(hours))

    def _codes(self, columns: Sequence[str]) -> Iterator[tuple[str, np.ndarray, bool]]:
        known = self._known
        given = [c for c, kind in zip(columns, known.kinds, strict=True) if kind == "category"]
        for column, levels, one_hot in zip(given, known.levels, known.one_hot, strict=True):
            code = write_places(self._w, column, levels.tolist(), range(1, len(levels) + 1), 0)
            yield code, levels, one_hot

    def _scaled(self, x: str) -> str:
        w, scaling = self._w, self._known.scaling
        if hasattr(scaling, "quantiles"):
            return _to_normal(w, x, scaling)
        z = w.node("Mul", w.node("Sub", x, scaling.center), scaling.factor)
        z = w.node("Min", w.node("Max", z, -scaling.bound), scaling.bound)
        if scaling.scales_one_hot:  # RealMLP's, with its smooth bound
            third = w.node("Div", z, 3.0)
            z = w.node("Div", z, w.node("Sqrt", w.node("Add", w.node("Mul", third, third), 1.0)))
        return z


def _joined(w: OnnxWriter, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else w.node("Concat", *parts, axis=1)


def write_places(
    w: OnnxWriter, x: str, known: Sequence[Any], places: Sequence[int], other: int
) -> str:
    """Write the places, as int64, of texts or of int64, and `other` for what is not known."""
    texts = all(isinstance(key, str) for key in known)
    said: dict[str, Any] = {
        "keys_strings" if texts else "keys_int64s": list(known),
        "values_int64s": list(places),
        "default_int64": other,
    }
    return w.node("LabelEncoder", x, domain="ai.onnx.ml", **said)


def _parts_of_date(w: OnnxWriter, x: str, has_hours: bool) -> Iterator[str]:
    """Write days since 1970, month, day of the month and of the week, and the hour.

    Source of the calendar: Hinnant, "chrono-compatible low-level date algorithms".
    """

    def whole(operator: str, a: str, b: int) -> str:
        return w.node(operator, a, w.integers(b))

    def less(a: str, b: str) -> str:
        return w.node("Sub", a, b)

    missing = w.node("Equal", x, w.integers(_NO_DATE))
    time = w.node("Where", missing, w.integers(0), x)
    rest = whole("Mod", time, _DAY)
    days = whole("Div", less(time, rest), _DAY)
    since = whole("Add", days, 719_468)  # the first of March of the year 0
    of_era = whole("Mod", since, 146_097)  # 400 years
    leaps = less(whole("Div", of_era, 1460), whole("Div", of_era, 36_524))
    leaps = w.node("Add", leaps, whole("Div", of_era, 146_096))
    year = whole("Div", less(of_era, leaps), 365)
    before = less(
        w.node("Add", whole("Mul", year, 365), whole("Div", year, 4)), whole("Div", year, 100)
    )
    of_year = less(of_era, before)
    from_march = whole("Div", whole("Add", whole("Mul", of_year, 5), 2), 153)
    first = whole("Div", whole("Add", whole("Mul", from_march, 153), 2), 5)
    parts = [
        w.node("Div", w.cast(time), float(_DAY)),
        w.cast(whole("Add", whole("Mod", whole("Add", from_march, 2), 12), 1)),
        w.cast(whole("Add", less(of_year, first), 1)),
        w.cast(whole("Mod", whole("Add", days, 3), 7)),
    ]
    if has_hours:
        parts.append(w.node("Div", w.cast(rest), float(_HOUR)))
    for part in parts:
        yield w.node("Where", missing, np.nan, part)


# ---- quantiles


def _to_normal(w: OnnxWriter, x: str, scaling: Any) -> str:
    """Write what `QuantileScaling` does with columns."""
    scaled, shares = [], scaling.shares
    for i, (known, margin) in enumerate(zip(scaling.quantiles.T, scaling.margins, strict=True)):
        column = w.node("Gather", x, w.integers([i]), axis=1)
        share = w.node(
            "Add", _share(w, column, known, shares, True), _share(w, column, known, shares, False)
        )
        share = w.node("Div", share, 2.0)
        above = w.node("Greater", w.node("Add", column, margin), known[-1])
        below = w.node("Less", w.node("Sub", column, margin), known[0])
        share = w.node("Where", below, 0.0, w.node("Where", above, 1.0, share))
        scaled.append(_normal_quantile(w, share))
    return _joined(w, scaled)


def _share(w: OnnxWriter, x: str, known: np.ndarray, shares: np.ndarray, last: bool) -> str:
    """Write the share at `x`, linear between quantiles; of equal ones, that of the last or first.

    How many quantiles are below says which line it is: of the first and the last count, a constant.
    """
    before = "GreaterOrEqual" if last else "Greater"
    count = w.reduce("ReduceSum", w.cast(w.node(before, x, known[None, :])), 1, True)
    place = w.cast_to(count, "int64")
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(shares) / np.diff(known)
    slopes = np.concatenate([[0.0], np.where(np.isfinite(slopes), slopes, 0.0), [0.0]])
    if last:
        at = np.concatenate([known[:1], known])
        value = np.concatenate([shares[:1], shares])
    else:
        at = np.concatenate([known, known[-1:]])
        value = np.concatenate([shares, shares[-1:]])
    slope, origin, share = (w.node("Gather", table, place) for table in (slopes, at, value))
    return w.node("Add", share, w.node("Mul", slope, w.node("Sub", x, origin)))


# Of Acklam, "An algorithm for computing the inverse normal cumulative distribution function": the
# relative error is below 1.2e-9.
CENTRE = (
    (
        *(-39.69683028665376, 220.9460984245205, -275.9285104469687),
        *(138.357751867269, -30.66479806614716, 2.506628277459239),
    ),
    (
        *(-54.47609879822406, 161.5858368580409, -155.6989798598866),
        *(66.80131188771972, -13.28068155288572, 1.0),
    ),
)
TAIL = (
    (
        *(-0.007784894002430293, -0.3223964580411365, -2.400758277161838),
        *(-2.549732539343734, 4.374664141464968, 2.938163982698783),
    ),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0),
)
TAIL_BEGINS = 0.02425
LEAST_SHARE = 1e-7 - float(np.spacing(1.0))


def _normal_quantile(w: OnnxWriter, share: str) -> str:
    """Write the normal distribution's quantile of shares within those of `QuantileScaling`."""
    share = w.node("Min", w.node("Max", share, LEAST_SHARE), 1.0 - LEAST_SHARE)
    middle = w.node("Sub", share, 0.5)
    square = w.node("Mul", middle, middle)
    top, bottom = (_polynomial(w, square, numbers) for numbers in CENTRE)
    centre = w.node("Div", w.node("Mul", top, middle), bottom)
    nearer = w.node("Sub", 0.5, w.node("Abs", middle))
    root = w.node("Sqrt", w.node("Mul", w.node("Log", nearer), -2.0))
    top, bottom = (_polynomial(w, root, numbers) for numbers in TAIL)
    tail = w.node("Mul", w.node("Div", top, bottom), w.node("Neg", w.node("Sign", middle)))
    return w.node("Where", w.node("Less", nearer, TAIL_BEGINS), tail, centre)


def _polynomial(w: OnnxWriter, x: str, numbers: Sequence[float]) -> str:
    value = w.name_of(numbers[0])
    for number in numbers[1:]:
        value = w.node("Add", w.node("Mul", value, x), number)
    return value
