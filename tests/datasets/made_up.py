"""Files of data sets that are made up, of the right size: blank images, random districts."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from pynn.datasets import _images, california_housing, cifar10

SHAPES = ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))


def made_up_arrays(module: Any) -> list[np.ndarray]:
    """Return blank images, marked in their first pixel, with the label counts of the real set."""
    train, test = (np.repeat(np.arange(10), n).astype(np.uint8) for n in module._HISTOGRAMS)
    arrays = [np.zeros(SHAPES[0], np.uint8), train, np.zeros(SHAPES[2], np.uint8), test]
    arrays[0][0, 0, 0], arrays[2][0, 0, 0] = 1, 2
    return arrays


def idx_bytes(array: np.ndarray) -> bytes:
    dims = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + dims + array.tobytes()


def write_idx(folder: Path, arrays: list[np.ndarray], suffix: str = ".gz") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(_images.IDX_NAMES, arrays, strict=True):
        content = idx_bytes(array)
        path = folder / (name.removesuffix(".gz") + suffix)
        path.write_bytes(gzip.compress(content, 1) if suffix else content)


def write_npz(path: Path, arrays: list[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))


ROWS = 20640
COLUMNS = california_housing._CSV_COLUMNS


def made_up_table() -> np.ndarray:
    """Return columns in the order of COLUMNS, all different and positive."""
    rng = np.random.default_rng(0)
    table = rng.uniform(1, 100, (ROWS, len(COLUMNS))).round(2)
    table[:, -1] = rng.integers(15_000, 500_001, ROWS)
    return table


def write_csv(path: Path, table: np.ndarray, columns: Any = COLUMNS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = [",".join((*columns, "ocean_proximity"))]
    for row in table.tolist():
        text.append(",".join("" if np.isnan(v) else str(v) for v in row) + ",INLAND")
    path.write_text("\n".join(text) + "\n")


SUBURBS = 506


def made_up_suburbs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.uniform(0, 400, (SUBURBS, 13)), rng.uniform(5, 50, SUBURBS)


def write_suburbs(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x=x, y=y)


def batches(pictures: int) -> dict[str, dict[bytes, Any]]:
    """Return random pictures with the labels 0 to 9 in turn, as CIFAR-10's files have them."""
    rng = np.random.default_rng(2)
    return {
        name: {
            b"batch_label": b"a batch",
            b"labels": [i % 10 for i in range(pictures)],
            b"data": rng.integers(0, 256, (pictures, 3072), np.uint8),
            b"filenames": [b"%d.png" % i for i in range(pictures)],
        }
        for name in cifar10._NAMES
    }


def write_batches(place: Path, made: dict[str, Any], protocol: int = 2) -> None:
    """Write CIFAR-10's files into a folder, or into an archive where the name ends so."""
    contents = {name: pickle.dumps(batch, protocol) for name, batch in made.items()}
    if not place.name.endswith(".tar.gz"):
        place.mkdir(parents=True)
        for name, content in contents.items():
            (place / name).write_bytes(content)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place, "w:gz") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
