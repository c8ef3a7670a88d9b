"""Boston housing: a made-up table of the right size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.made_up import SUBURBS, made_up_suburbs, write_suburbs
from pynn.datasets import DatasetNotFoundError, boston_housing


@pytest.mark.parametrize("place", ["data", "keras/datasets", "cache/pynn"])
def test_rows_are_shuffled_and_split_as_keras_does(empty_machine: Path, place: str) -> None:
    x, y = made_up_suburbs()
    write_suburbs(empty_machine / place / "boston_housing.npz", x, y)
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    assert (x_train.shape, y_test.shape, x_train.dtype) == ((404, 13), (102,), np.float64)
    order = np.arange(SUBURBS)
    np.random.RandomState(113).shuffle(order)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x[order])
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y[order])
    assert len(boston_housing.feature_names) == 13


def test_arguments(empty_machine: Path) -> None:
    x, y = made_up_suburbs()
    path = empty_machine / "elsewhere.npz"
    write_suburbs(path, x, y)
    (x_train, _), (x_test, _) = boston_housing.load_data(str(path), test_split=0, seed=1)
    order = np.arange(SUBURBS)
    np.random.RandomState(1).shuffle(order)
    np.testing.assert_array_equal(x_train, x[order])
    assert len(x_test) == 0
    with pytest.raises(ValueError, match=r"test_split must be in \[0, 1\). Received"):
        boston_housing.load_data(test_split=1.0)


def test_absent_says_what_to_put_where(empty_machine: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        boston_housing.load_data()
    assert str(empty_machine / "data" / "boston_housing.npz") in str(caught.value)
    assert "PYNN_DATA_DIR" in str(caught.value)


def test_damaged_tables_are_refused(empty_machine: Path) -> None:
    path = empty_machine / "data" / "boston_housing.npz"
    x, y = made_up_suburbs()
    write_suburbs(path, x[:-1], y[:-1])
    with pytest.raises(ValueError, match="must give x of shape"):
        boston_housing.load_data()
    x[3, 4] = np.nan
    write_suburbs(path, x, y)
    with pytest.raises(ValueError, match="finite"):
        boston_housing.load_data()
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"must be an \.npz archive with x and y"):
        boston_housing.load_data()
