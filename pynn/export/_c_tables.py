"""The preparation of tables in C: a double for each column becomes the networks' inputs.

All of it is computed in double, as by pynn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill, indent
from typing import Any

import numpy as np

from pynn.export._tables import CENTRE, LEAST_SHARE, TAIL, TAIL_BEGINS
from pynn.formats.c import Front, Pointer, Program, c_name, c_text

_COLUMNS = "columns"
_MOST_LISTED = 30  # levels of a category, in the comment


def table_front(estimator: Any, name: str, inputs: Sequence[Pointer]) -> tuple[Front, str]:
    """Return the preparation of an estimator's columns, and what to say of the columns.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        Fitted.
    name : str
        What functions begin with.
    inputs : sequence of Pointer
        Of the networks.
    """
    return _Table(estimator, name, inputs).front()


class _Table:
    """Writes what `Preparation` does."""

    def __init__(self, estimator: Any, name: str, inputs: Sequence[Pointer]) -> None:
        self._known = estimator._preparation
        self._name = name
        self._inputs = inputs
        self._program = Program(name)
        self._functions: list[str] = []
        given = getattr(estimator, "feature_names_in_", None)
        count = estimator.n_features_in_
        self._columns = (
            [f"column {i}" for i in range(count)] if given is None else [*map(str, given)]
        )

    def front(self) -> tuple[Front, str]:
        """Return the front, and what to say of the columns."""
        numbers, *others = self._inputs
        statements = "".join([*self._numbers(), *self._gaps(), *self._categories(), self._scaled()])
        statements += f"for (i = 0; i < {numbers.size}; i++) {numbers.name}[i] = (float)v[i];\n"
        arguments = ", ".join(
            [f"const double *{_COLUMNS}", *(f"float *{p.name}" for p in self._inputs)]
        )
        body = f"double v[{numbers.size}];\nint i;\n{statements}"
        self._functions.append(
            f"static void {self._name}_prepare({arguments})\n{{\n{indent(body, '  ')}}}\n"
        )
        about = "one for each column of the table, as listed above"
        row = Pointer(_COLUMNS, len(self._columns), "const double", about)
        names = ", ".join([_COLUMNS, *(p.name for p in self._inputs)])
        front = Front(
            [row],
            "\n".join([self._program.tables, *self._functions]),
            f"{self._name}_prepare({names});",
            self._program.table_bytes,
            "".join(self._declared()),
        )
        return front, "Columns:\n" + "\n".join(self._described()) + "\n"

    def _described(self) -> Iterator[str]:
        levels = iter(self._known.levels)
        for i, (column, kind) in enumerate(zip(self._columns, self._known.kinds, strict=True)):
            if kind == "category":
                known = next(levels).tolist()
                listed = ", ".join(f"{k} {text}" for k, text in enumerate(known[:_MOST_LISTED], 1))
                more = f", ... {len(known)} in all" if len(known) > _MOST_LISTED else ""
                text = f"a code, of {self._code_name(i)}(text): {listed}{more}; 0 for others, gaps"
            elif kind == "date":
                text = "days since 1970-01-01, UTC, with a fraction; NaN for a gap"
            else:
                text = "a number, NaN for a gap" if kind else "not read"
            yield fill(f"  [{i}] {column}: {text}", 96, subsequent_indent="      ")

    def _code_name(self, place: int) -> str:
        texts = [c_name(text) for text in self._columns]
        own = texts[place] if texts.count(texts[place]) == 1 else f"{texts[place]}_{place}"
        return f"{self._name}_code_{own}"

    def _declared(self) -> Iterator[str]:
        for i, kind in enumerate(self._known.kinds):
            if kind == "category":
                yield f"double {self._code_name(i)}(const char *text);\n"

    # ---- numbers and dates, with gaps

    def _numbers(self) -> Iterator[str]:
        hours, at = iter(self._known.has_hours), 0
        for i, kind in enumerate(self._known.kinds):
            if kind == "number":
                yield f"v[{at}] = {_COLUMNS}[{i}];\n"
                at += 1
            elif kind == "date":
                has_hours = int(next(hours))
                if f"{self._name}_date" not in "".join(self._functions):
                    self._functions.append(_DATE.replace("NAME", f"{self._name}_date"))
                yield f"{self._name}_date({_COLUMNS}[{i}], {has_hours}, v + {at});\n"
                at += 4 + has_hours

    def _gaps(self) -> Iterator[str]:
        known, n = self._known, len(self._known.medians)
        absent = "-1.0" if known.pairs else "0.0"
        for at, place in enumerate(np.flatnonzero(known.has_gaps), n):
            yield f"v[{at}] = v[{place}] != v[{place}] ? 1.0 : {absent};\n"
        if n:
            medians = self._program.table("medians", known.medians, "double")
            yield f"for (i = 0; i < {n}; i++) if (v[i] != v[i]) v[i] = {medians}[i];\n"

    # ---- categories

    def _categories(self) -> Iterator[str]:
        known = self._known
        at = len(known.medians) + int(known.has_gaps.sum())
        other = 0
        places = [i for i, kind in enumerate(known.kinds) if kind == "category"]
        if places:
            self._functions.append(_CODE.replace("NAME", f"{self._name}_place"))
        for i, levels, one_hot in zip(places, known.levels, known.one_hot, strict=True):
            self._functions.append(self._lookup(i, levels.tolist()))
            code = f"{self._name}_place({_COLUMNS}[{i}], {len(levels)})"
            if not one_hot:
                yield f"{self._inputs[1].name}[{other}] = (float){code};\n"
                other += 1
            elif known._is_pair(levels):
                yield f"i = {code};\nv[{at}] = i == 0 ? 0.0 : i == 1 ? 1.0 : -1.0;\n"
                at += 1
            else:
                yield f"for (i = 0; i < {len(levels)}; i++) v[{at} + i] = 0.0;\n"
                yield f"i = {code};\nif (i > 0) v[{at - 1} + i] = 1.0;\n"
                at += len(levels)

    def _lookup(self, place: int, levels: Sequence[str]) -> str:
        listed = "".join(f"    {c_text(text)},\n" for text in levels)
        return _LOOKUP.format(
            name=self._code_name(place), listed=listed.rstrip(",\n"), count=len(levels)
        )

    # ---- scaling

    def _scaled(self) -> str:
        known, scaling, table = self._known, self._known.scaling, self._program.table
        n = self._inputs[0].size if scaling.scales_one_hot else len(known.medians)
        if not n:
            return ""
        if hasattr(scaling, "quantiles"):
            count = len(scaling.shares)
            quantiles = table("quantiles", scaling.quantiles.T, "double")
            self._functions.append(_quantile_functions(self._name))
            value = f"{self._name}_normal(v[i], {quantiles} + i * {count}, {count})"
            return f"for (i = 0; i < {n}; i++) v[i] = {value};\n"
        center, factor = (table(w, getattr(scaling, w), "double") for w in ("center", "factor"))
        text = f"v[i] = (v[i] - {center}[i]) * {factor}[i];\n"
        bound = repr(float(scaling.bound))
        text += f"v[i] = v[i] < -{bound} ? -{bound} : v[i] > {bound} ? {bound} : v[i];\n"
        if scaling.scales_one_hot:  # RealMLP's, with its smooth bound
            text += "v[i] /= sqrt(1.0 + v[i] / 3.0 * (v[i] / 3.0));\n"
        return f"for (i = 0; i < {n}; i++) {{\n{indent(text, '  ')}}}\n"


# Days since 1970, month, day of the month and of the week, and the hour. Source of the calendar:
# Hinnant, "chrono-compatible low-level date algorithms".
_DATE = """\
static void NAME(double days, int has_hours, double *v)
{
  const double whole = floor(days);
  long era, of_era, year, of_year, month, day;
  int i;
  if (!(days > -1e8 && days < 1e8)) {
    for (i = 0; i < 4 + has_hours; i++) v[i] = NAN;
    return;
  }
  day = (long)whole + 719468;
  era = (day >= 0 ? day : day - 146096) / 146097;
  of_era = day - era * 146097;
  year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  of_year = of_era - (365 * year + year / 4 - year / 100);
  month = (5 * of_year + 2) / 153;
  v[0] = days;
  v[1] = (double)(month < 10 ? month + 3 : month - 9);
  v[2] = (double)(of_year - (153 * month + 2) / 5 + 1);
  v[3] = (double)((((long)whole + 3) % 7 + 7) % 7);
  if (has_hours) v[4] = (days - whole) * 24.0;
}
"""
_CODE = """\
static int NAME(double code, int count)
{
  return code >= 1.0 && code < count + 1 ? (int)code : 0;
}
"""
_LOOKUP = """\
double {name}(const char *text)
{{
  static const char *const known[{count}] = {{
{listed}
  }};
  int i, k;
  for (i = 0; i < {count}; i++) {{
    for (k = 0; known[i][k] != 0 && known[i][k] == text[k]; k++) {{
    }}
    if (known[i][k] == text[k]) return i + 1;
  }}
  return 0.0;
}}
"""
_QUANTILES = """\
/* The share of the rows below v, linear between quantiles; of equal ones that of the last, or
   the first. */
static double NAME_share(double v, const double *known, int count, int last)
{
  int low = 0, high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (last ? known[middle] <= v : known[middle] < v) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return 0.0;
  if (low == count) return 1.0;
  return (low - 1 + (v - known[low - 1]) / (known[low] - known[low - 1])) / (count - 1);
}

/* Source: Acklam, "An algorithm for computing the inverse normal cumulative distribution
   function". */
static double NAME_normal(double v, const double *known, int count)
{
  static const double top[6] = {TOP}, bottom[6] = {BOTTOM};
  static const double tail_top[6] = {TAIL_TOP}, tail_bottom[5] = {TAIL_BOTTOM};
  double share = (NAME_share(v, known, count, 1) + NAME_share(v, known, count, 0)) / 2.0;
  const double range = known[count - 1] - known[0], margin = range < 1.0 ? 1e-7 * range : 1e-7;
  double above, below, x;
  int i;
  if (v + margin > known[count - 1]) share = 1.0;
  if (v - margin < known[0]) share = 0.0;
  if (share < LEAST) share = LEAST;
  if (share > 1.0 - LEAST) share = 1.0 - LEAST;
  if (share >= BEGINS && share <= 1.0 - BEGINS) {
    x = (share - 0.5) * (share - 0.5);
    above = top[0];
    below = bottom[0];
    for (i = 1; i < 6; i++) above = above * x + top[i];
    for (i = 1; i < 6; i++) below = below * x + bottom[i];
    return above * (share - 0.5) / below;
  }
  x = sqrt(-2.0 * log(share < 0.5 ? share : 1.0 - share));
  above = tail_top[0];
  below = tail_bottom[0];
  for (i = 1; i < 6; i++) above = above * x + tail_top[i];
  for (i = 1; i < 5; i++) below = below * x + tail_bottom[i];
  return share < 0.5 ? above / below : -above / below;
}
"""


def _quantile_functions(name: str) -> str:
    numbers = {
        "TAIL_TOP": TAIL[0],
        "TAIL_BOTTOM": TAIL[1],
        "TOP": CENTRE[0],
        "BOTTOM": CENTRE[1],
        "LEAST": (LEAST_SHARE,),
        "BEGINS": (TAIL_BEGINS,),
    }
    text = _QUANTILES
    for word, values in numbers.items():
        text = text.replace(word, ", ".join(repr(float(value)) for value in values))
    return text.replace("NAME", name)
