"""Rows to work on, by name: real data sets where a textbook uses them, random numbers elsewhere.

``fashion``: 55,000 images, ``fashion-60000``: all; ``california``: 11,610 standardized districts;
``normal-INPUTS-OUTPUTS-ROWS``: standard normal rows, whose target is a smooth function (one output)
or a class; ``csr-ROWS-INPUTS-ENTRIES``: a sparse matrix and two classes.
"""

from __future__ import annotations

import numpy as np

_SEED = 0


def load(name: str, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    """Load inputs of a floating type, and targets: class numbers, or one number a row."""
    kind, *numbers = name.split("-")
    x, y = _LOADERS[kind](*map(int, numbers))
    x = x.astype(dtype, copy=False)
    return x, y if y.dtype.kind == "i" else y.astype(dtype, copy=False)


def _fashion(rows: int = 55000) -> tuple[np.ndarray, np.ndarray]:
    from pynn import datasets

    (images, labels), _ = datasets.fashion_mnist.load_data()
    images, labels = images[-rows:], labels[-rows:]
    x = images.reshape(-1, 784).astype(np.float32) / np.float32(255)
    return x, labels.astype(np.int64)


def _california() -> tuple[np.ndarray, np.ndarray]:
    from pynn import datasets

    (x, y), _ = datasets.california_housing.load_data()
    x, y = x[:11610], y[:11610]
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def _normal(inputs: int, outputs: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(_SEED)
    x = rng.standard_normal((rows, inputs), dtype=np.float32)
    if outputs == 1:
        return x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    chosen = x @ rng.standard_normal((inputs, outputs), dtype=np.float32)
    return x, chosen.argmax(axis=1)


def _csr(rows: int, inputs: int, entries: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy import sparse

    rng = np.random.default_rng(_SEED)
    columns = np.sort(rng.integers(0, inputs, (rows, entries), dtype=np.int32), axis=1)
    values = rng.standard_normal(rows * entries, dtype=np.float32)
    starts = np.arange(rows + 1, dtype=np.int32) * entries
    x = sparse.csr_matrix((values, columns.ravel(), starts), shape=(rows, inputs))
    x.sum_duplicates()
    return x, (x @ rng.standard_normal(inputs, dtype=np.float32) > 0).astype(np.int64)


_LOADERS = {
    "fashion": _fashion,
    "california": _california,
    "normal": _normal,
    "csr": _csr,
}
