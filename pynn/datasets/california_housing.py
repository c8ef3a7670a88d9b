"""California housing: 20,640 census districts. Where its file is and how the table is built.

The usual eight columns are ratios of the census columns. They are computed here from
``housing.csv``, the form in which the data circulates in teaching material; an archive in Keras's
cache, which has them ready, is read as well.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from pynn.datasets._download import RemoteFile, downloaded
from pynn.datasets._locate import local_file
from pynn.datasets._tables import Split, check_table, check_test_split, read_npz, shuffled_split

__all__ = ["feature_names", "load_data"]
__dir__ = __all__.copy

#: The columns of ``x``.
feature_names: tuple[str, ...] = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)

_DISTRICTS = 20640
_SMALL = 600  # rows of Keras's version="small"
_DOLLARS_PER_UNIT = 100_000.0  # of the target
_CSV_COLUMNS = (
    "median_income",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "latitude",
    "longitude",
    "median_house_value",
)
_PUBLISHED = RemoteFile(
    ("https://raw.githubusercontent.com/ageron/handson-ml2/master/datasets/housing/housing.csv",),
    1423529,
    "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e",
)


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[Split, Split]:
    """Load the California housing data, shuffled and split.

    ``path``, then ``housing.csv`` or ``housing/housing.csv``, is looked for in ``$PYNN_DATA_DIR``,
    ``~/.keras/datasets`` and ``~/.cache/pynn``. Otherwise ``housing.csv`` is downloaded to pynn's
    cache, 1.4 MB. In ``housing.csv`` 207 districts lack their number of bedrooms; the column's
    median stands in for it.

    Parameters
    ----------
    version : {"large", "small"}, default "large"
        All 20,640 districts, or the first 600.
    path : str, default "california_housing.npz"
        A file's name within those folders, or an absolute path, which is then the only place to
        look. ``.csv`` is read as ``housing.csv``, anything else as Keras's archive.
    test_split : float, default 0.2
        Fraction of the rows that go into the test set, in [0, 1).
    seed : int, default 113
        Seed of the shuffle, which is Keras's: the same seed puts the same districts in each set.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray of float32
        ``x`` of shape ``(n, 8)`` with the columns of `feature_names`: median income in 10,000
        dollars, median age of the houses in years, rooms and bedrooms per household, population,
        people per household, latitude and longitude in degrees. ``y`` of shape ``(n,)``: the
        median house value **in units of 100,000 dollars** (0.15 to 5.0), as scikit-learn's
        ``fetch_california_housing`` gives it. Keras's function of the same name gives dollars:
        multiply by 100,000 to have its figures.

    Raises
    ------
    DatasetNotFoundError
        If the data is not on this machine and cannot be downloaded; a `FileNotFoundError` that
        says which file to put where.
    ValueError
        If an argument is out of range, or a file that was found is damaged.

    References
    ----------
    R. K. Pace, R. Barry: "Sparse Spatial Autoregressions", Statistics and Probability Letters
    33(3), 1997. The data is from the 1990 census, by way of StatLib.

    Examples
    --------
    >>> from pynn.datasets import california_housing
    >>> (x_train, y_train), (x_test, y_test) = california_housing.load_data()
    >>> x_train.shape, y_test.shape
    ((16512, 8), (4128,))
    """
    if version not in ("large", "small"):
        raise ValueError(f"version must be 'large' or 'small'. Received: version={version!r}")
    check_test_split(test_split)
    x, y = _read(_find(path))
    if version == "small":
        x, y = x[:_SMALL], y[:_SMALL]
    return shuffled_split(x, y, test_split, seed)


def _find(path: str) -> Path:
    names = ("housing.csv", "housing/housing.csv")
    if (file := local_file(path, names)) is not None:
        return file
    return downloaded("California housing", "housing.csv", _PUBLISHED, (path, *names))


def _read(path: Path) -> Split:
    x, dollars = _read_csv(path) if path.suffix == ".csv" else read_npz(path)
    check_table(path, x, dollars, _DISTRICTS, len(feature_names))
    if not (dollars.min() >= 10_000 and dollars.max() <= 1_000_000):
        raise ValueError(
            f"House values in {path} must be dollars between 10000 and 1000000. "
            f"Received: {dollars.min():g} to {dollars.max():g}"
        )
    return x.astype(np.float32), (dollars / _DOLLARS_PER_UNIT).astype(np.float32)


def _read_csv(path: Path) -> Split:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = [name for name in _CSV_COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(
                f"{path} must have the columns {', '.join(_CSV_COLUMNS)}. "
                f"Received: a file without {', '.join(missing)}"
            )
        try:
            table = np.array([[float(row[c] or math.nan) for c in _CSV_COLUMNS] for row in rows])
        except ValueError as error:
            raise ValueError(f"{path} must hold numbers, line {rows.line_num}: {error}") from error
    table = table.reshape(-1, len(_CSV_COLUMNS))
    income, age, rooms, bedrooms, population, households, latitude, longitude, dollars = table.T
    if not (households > 0).all():
        raise ValueError(f"{path} must have at least one household in every district")
    bedrooms = np.where(np.isnan(bedrooms), np.nanmedian(bedrooms), bedrooms)
    columns = [
        income,
        age,
        rooms / households,
        bedrooms / households,
        population,
        population / households,
        latitude,
        longitude,
    ]
    return np.stack(columns, axis=1), dollars
