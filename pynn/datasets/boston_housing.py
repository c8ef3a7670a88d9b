"""Boston housing: 506 suburbs. Where its file is; the table is read in _tables.py."""

from __future__ import annotations

from pynn.datasets._download import RemoteFile, downloaded
from pynn.datasets._locate import local_file
from pynn.datasets._tables import Split, check_table, check_test_split, read_npz, shuffled_split

__all__ = ["feature_names", "load_data"]
__dir__ = __all__.copy

#: The columns of ``x``.
feature_names: tuple[str, ...] = (
    "CRIM",
    "ZN",
    "INDUS",
    "CHAS",
    "NOX",
    "RM",
    "AGE",
    "DIS",
    "RAD",
    "TAX",
    "PTRATIO",
    "B",
    "LSTAT",
)

_SUBURBS = 506
_PUBLISHED = RemoteFile(
    ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",),
    57026,
    "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
)


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Load the Boston housing data, shuffled and split.

    ``boston_housing.npz`` is looked for in ``$PYNN_DATA_DIR``, ``~/.keras/datasets`` and
    ``~/.cache/pynn``. Otherwise it is downloaded to pynn's cache, 57 KB.

    One of the columns, ``B``, was made by the authors on the assumption that segregation by race
    raises the prices of houses. Use `california_housing` unless it is old figures that you need.

    Parameters
    ----------
    path : str, default "boston_housing.npz"
        The archive's name within those folders, or an absolute path, which is then the only place
        to look.
    test_split : float, default 0.2
        Fraction of the rows that go into the test set, in [0, 1).
    seed : int, default 113
        Seed of the shuffle, which is Keras's: the same seed puts the same suburbs in each set.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray of float64
        ``x`` of shape ``(n, 13)`` with the columns of `feature_names`, ``y`` of shape ``(n,)``:
        the median value of houses in 1,000 dollars, up to 50.

    Raises
    ------
    DatasetNotFoundError
        If the data is not on this machine and cannot be downloaded; a `FileNotFoundError` that
        says which file to put where.
    ValueError
        If an argument is out of range, or a file that was found is damaged.

    References
    ----------
    D. Harrison, D. L. Rubinfeld: "Hedonic Housing Prices and the Demand for Clean Air", Journal of
    Environmental Economics and Management 5, 1978. The data is from the 1970 census.

    Examples
    --------
    >>> from pynn.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_test.shape  # doctest: +SKIP
    ((404, 13), (102,))
    """
    check_test_split(test_split)
    file = local_file(path)
    if file is None:
        file = downloaded("Boston housing", "boston_housing.npz", _PUBLISHED, (path,))
    x, y = read_npz(file)
    check_table(file, x, y, _SUBURBS, len(feature_names))
    return shuffled_split(x, y, test_split, seed)
