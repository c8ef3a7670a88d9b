"""Errors and times on real tables: pynn's presets beside boosted trees and other networks.

Everybody gets the same rows and one thread: 64% of a table to train on, 16% to validate, 20% to
test, at most --rows, a quarter of that, and 10,000. Who chooses validation rows by itself, or needs
none, gets both parts together. Results are appended to a file, and what is in it is not done again.

    python bench/tables.py run --rows 2000 --seeds 0 1 2
    python bench/tables.py report --rows 2000 [--plot docs/tables.svg]

Needs pandas and openpyxl, and lightgbm, xgboost, catboost and pytabkit where they are compared.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _tables_data import CACHE, SETS, Table, download, load
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import pynn

PRESETS = ("realmlp", "realmlp-td", "realmlp-s", "tabm", "tabm-mini", "mlp")
RESULTS = CACHE / "results.jsonl"
_TEST_ROWS = 10_000
# Keeps the geometric mean from being that of the easiest set.
_SHIFT = 0.01


@dataclass
class Split:
    """A table in three parts: rows to train on, to validate, to test."""

    classifies: bool
    x: list[pd.DataFrame]
    y: list[np.ndarray]

    @property
    def both(self) -> tuple[pd.DataFrame, np.ndarray]:
        """The rows to train on and to validate."""
        return pd.concat(self.x[:2], ignore_index=True), np.concatenate(self.y[:2])

    @property
    def categories(self) -> list[str]:
        return [name for name in self.x[0] if self.x[0][name].dtype == "category"]


def split(table: Table, seed: int, rows: int) -> Split:
    """Divide a table, with equal shares of the classes, and standardise numbers to predict."""
    y = table.y

    def part(at: np.ndarray, **size: Any) -> list[np.ndarray]:
        by = y[at] if table.classifies else None
        return train_test_split(at, random_state=seed, stratify=by, **size)

    def few(at: np.ndarray, n: int) -> np.ndarray:
        return at if len(at) <= n else part(at, train_size=n)[0]

    others, test = part(np.arange(len(y)), test_size=0.2)
    train, validation = part(others, test_size=0.2)
    places = [few(train, rows), few(validation, rows // 4), few(test, _TEST_ROWS)]
    if not table.classifies:
        y = (y - y[places[0]].mean()) / y[places[0]].std()
    frames = [table.x.iloc[at].reset_index(drop=True) for at in places]
    return Split(table.classifies, frames, [y[at] for at in places])


# ---- contestants: each returns what predicts, and the rows to test as it takes them

Fitted = tuple[Any, pd.DataFrame]


def _pynn(preset: str, **parameters: Any) -> Callable[[Split, int], Fitted]:
    def fit(s: Split, seed: int) -> Fitted:
        cls = pynn.TabularClassifier if s.classifies else pynn.TabularRegressor
        estimator: Any = cls(preset, random_state=seed, **parameters)
        return estimator.fit(*s.both), s.x[2]

    return fit


def _pynn_holdout(preset: str) -> Callable[[Split, int], Fitted]:
    def fit(s: Split, seed: int) -> Fitted:
        cls = pynn.TabularClassifier if s.classifies else pynn.TabularRegressor
        estimator: Any = cls(preset, random_state=seed)
        return estimator.fit(s.x[0], s.y[0], X_val=s.x[1], y_val=s.y[1]), s.x[2]

    return fit


def _mlp(classifier: type, regressor: type) -> Callable[[Split, int], Fitted]:
    def fit(s: Split, seed: int) -> Fitted:
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        columns = make_column_transformer(
            (numbers, make_column_selector(dtype_include="float64")),
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_include="category"),
            ),
        )
        made = (classifier if s.classifies else regressor)(random_state=seed)
        return make_pipeline(columns, made).fit(*s.both), s.x[2]

    return fit


def _hist_gradient_boosting(s: Split, seed: int) -> Fitted:
    cls = HistGradientBoostingClassifier if s.classifies else HistGradientBoostingRegressor
    return cls(random_state=seed).fit(*s.both), s.x[2]


def _boosting(module: str, prefix: str, **parameters: Any) -> Callable[[Split, int], Fitted]:
    def fit(s: Split, seed: int) -> Fitted:
        kind = "Classifier" if s.classifies else "Regressor"
        cls = getattr(importlib.import_module(module), prefix + kind)
        x, y = s.both
        names = [f"column{i}" for i in range(x.shape[1])]  # some refuse brackets and spaces
        made = cls(random_state=seed, n_jobs=1, **parameters)
        return made.fit(x.set_axis(names, axis=1), y), s.x[2].set_axis(names, axis=1)

    return fit


def _catboost(s: Split, seed: int) -> Fitted:
    kind = "Classifier" if s.classifies else "Regressor"
    cls = getattr(importlib.import_module("catboost"), f"CatBoost{kind}")

    def with_texts(x: pd.DataFrame) -> pd.DataFrame:
        texts = {
            name: x[name].astype(object).fillna("missing").astype(str) for name in s.categories
        }
        return x.assign(**texts)

    x, y = s.both
    made = cls(
        random_seed=seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
        cat_features=s.categories,
    )
    return made.fit(with_texts(x), y), with_texts(s.x[2])


def _pytabkit(name: str) -> Callable[[Split, int], Fitted]:
    def fit(s: Split, seed: int) -> Fitted:
        importlib.import_module("torch").set_num_threads(1)
        kind = "Classifier" if s.classifies else "Regressor"
        cls = getattr(importlib.import_module("pytabkit"), f"{name}_{kind}")
        medians = s.x[0].drop(columns=s.categories).median().fillna(0.0)  # it takes no gaps
        train, validation, test = (x.fillna(medians) for x in s.x)
        made = cls(device="cpu", random_state=seed, n_threads=1, verbosity=0)
        return made.fit(train, s.y[0], validation, s.y[1], cat_col_names=s.categories), test

    return fit


CONTESTANTS: dict[str, Callable[[Split, int], Fitted]] = {
    **{f"pynn {preset}": _pynn(preset) for preset in PRESETS},
    "pynn realmlp, holdout": _pynn_holdout("realmlp"),
    "pynn realmlp-td, holdout": _pynn_holdout("realmlp-td"),
    "pynn tabm, holdout": _pynn_holdout("tabm"),
    "pynn realmlp, folds": _pynn("realmlp", strategy="folds"),
    "pynn MLP": _mlp(pynn.MLPClassifier, pynn.MLPRegressor),
    "scikit-learn MLP": _mlp(MLPClassifier, MLPRegressor),
    "HistGradientBoosting": _hist_gradient_boosting,
    "LightGBM": _boosting("lightgbm", "LGBM", verbose=-1),
    "XGBoost": _boosting("xgboost", "XGB", enable_categorical=True),
    "CatBoost": _catboost,
    "pytabkit RealMLP-TD": _pytabkit("RealMLP_TD"),
    "pytabkit RealMLP-TD-S": _pytabkit("RealMLP_TD_S"),
    "pytabkit TabM": _pytabkit("TabM_D"),
}


# ---- running


def measure(name: str, contestant: str, seed: int, rows: int) -> dict[str, Any]:
    """Return what a contestant reaches on a table."""
    s = split(load(name), seed, rows)
    pynn.set_num_threads(1)
    start, began = time.process_time(), time.perf_counter()
    fitted, x = CONTESTANTS[contestant](s, seed)
    found: dict[str, Any] = {
        "cpu": time.process_time() - start,
        "wall": time.perf_counter() - began,
        "rows_trained": len(s.y[0]) + len(s.y[1]),
    }
    start, y = time.process_time(), s.y[2]
    if s.classifies:
        p = np.asarray(fitted.predict_proba(x), np.float64)
        found["error"] = float(np.mean(fitted.classes_[p.argmax(axis=1)] != y))
        binary = p.shape[1] == 2
        p /= p.sum(axis=1, keepdims=True)
        found["auc"] = float(roc_auc_score(y, p[:, 1] if binary else p, multi_class="ovr"))
    else:
        errors = np.asarray(fitted.predict(x), np.float64).ravel() - y
        found["error"] = float(np.sqrt(np.mean(errors**2)) / y.std())
    found["predict_cpu"] = time.process_time() - start
    return found


def results() -> list[dict[str, Any]]:
    """Return all that has been measured."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def run(sets: Sequence[str], contestants: Sequence[str], seeds: Sequence[int], rows: int) -> None:
    """Measure what has not been measured yet."""
    download()
    for name in sets:  # one that is not there is no result of anybody
        load(name)
    keys = ("set", "contestant", "seed", "rows")
    done = {tuple(each[key] for key in keys) for each in results()}
    for key in ((n, c, s, rows) for s in seeds for n in sets for c in contestants):
        if key in done:
            continue
        found: dict[str, Any] = dict(zip(keys, key, strict=True))
        try:
            found |= measure(*key)
        except Exception as error:  # one that fails is a result, too
            found["failed"] = f"{type(error).__name__}: {error}"[:300]
        with RESULTS.open("a") as file:
            file.write(json.dumps(found) + "\n")
        shown = found.get("failed") or f"{found['error']:.4f} in {found['cpu']:.1f} s"
        print(f"{key[0]}, {key[1]}, seed {key[2]}: {shown}", flush=True)


# ---- reporting


def summaries(contestants: Sequence[str], rows: int) -> dict[str, pd.DataFrame]:
    """Return a line for each contestant, over the sets and seeds that all of them have done."""
    known = pd.DataFrame([each for each in results() if "failed" not in each])
    known = known[(known["rows"] == rows) & known["contestant"].isin(contestants)]
    known["classifies"] = known["set"].map({name: kind for name, (kind, _) in SETS.items()})
    by = ["set", "seed"]
    all_done = known.groupby(by)["contestant"].transform("nunique") == known["contestant"].nunique()
    known = known[all_done]
    found = {}
    for classifies, title in ((True, "classification error"), (False, "nRMSE")):
        some = known[known["classifies"] == classifies]
        if some.empty:
            continue
        errors = some.pivot_table(index="set", columns="contestant", values="error")
        seconds = 1000 * some["cpu"] / some["rows_trained"]
        found[title] = pd.DataFrame(
            {
                title: np.exp(np.log(errors + _SHIFT).mean()) - _SHIFT,
                "mean rank": errors.rank(axis=1).mean(),
                "wins": (errors.rank(axis=1, method="min") == 1).sum(),
                "CPU s / 1,000 rows": seconds.groupby(some["contestant"]).mean(),
            }
        ).sort_values(title)
        found[title].attrs["sets"] = len(errors)
    return found


def report(contestants: Sequence[str], rows: int, picture: Path | None) -> None:
    """Print the tables, and draw error against time."""
    found = summaries(contestants, rows)
    for title, summary in found.items():
        print(f"\n{title}: {summary.attrs['sets']} sets, at most {rows:,} rows to train on\n")
        columns = [""] + list(summary.columns)
        print("| " + " | ".join(columns) + " |\n|" + "---|" + "--:|" * len(summary.columns))
        for name, line in summary.iterrows():
            print(f"| {name} | " + " | ".join(f"{value:.4g}" for value in line) + " |")
    if picture is not None:
        draw(found, picture)


def draw(found: dict[str, pd.DataFrame], picture: Path) -> None:
    """Draw the error of each contestant against the time it takes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, (title, summary) in zip(axes, found.items(), strict=True):
        for name, line in summary.iterrows():
            own = str(name).startswith("pynn")
            x, y = line["CPU s / 1,000 rows"], line[title]
            axis.plot(x, y, "o", color="tab:red" if own else "tab:gray")
            axis.annotate(str(name), (x, y), (4, 3), textcoords="offset points", fontsize=8)
        axis.set_xscale("log")
        axis.set_xlabel("seconds of one processor, per 1,000 rows")
        axis.set_ylabel(f"{title}, shifted geometric mean of {summary.attrs['sets']} sets")
    figure.savefig(picture)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("--rows", type=int, default=2000, help="to train on, at most")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--plot", type=Path, help="where to draw error against time")
    given = parser.parse_args()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        if given.what == "run":
            run(given.sets, given.contestants, given.seeds, given.rows)
        else:
            report(given.contestants, given.rows, given.plot)


if __name__ == "__main__":
    main()
