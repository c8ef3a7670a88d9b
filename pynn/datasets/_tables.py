"""Tables with a column to predict: Keras's .npz, and its shuffle and split."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def read_npz(path: Path) -> Split:
    """Read an archive as Keras caches it, with x and y, as float64. Pickles are refused."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return archive["x"].astype(np.float64), archive["y"].astype(np.float64)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise ValueError(f"{path} must be an .npz archive with x and y: {error}") from error


def check_table(path: Path, x: np.ndarray, y: np.ndarray, rows: int, columns: int) -> None:
    """Raise ValueError unless a table has that shape and finite numbers only."""
    if x.shape != (rows, columns) or y.shape != (rows,):
        raise ValueError(
            f"{path} must give x of shape {(rows, columns)} and y of shape {(rows,)}. "
            f"Received: {x.shape} and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{path} must hold finite numbers only. Received: NaN or infinity")


def check_test_split(test_split: float) -> None:
    """Raise ValueError unless a fraction of the rows is meant."""
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be in [0, 1). Received: test_split={test_split}")


def shuffled_split(
    x: np.ndarray, y: np.ndarray, test_split: float, seed: int
) -> tuple[Split, Split]:
    """Return the rows in Keras's order of that seed, those to train and those to test with."""
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    train, test = np.split(order, [int(len(x) * (1 - test_split))])
    return (x[train], y[train]), (x[test], y[test])
