"""California housing: a made-up table of the right size, and the real file where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.made_up import COLUMNS, ROWS, made_up_table, write_csv
from pynn.datasets import DatasetNotFoundError, california_housing


def features(table: np.ndarray) -> np.ndarray:
    income, age, rooms, bedrooms, people, households, latitude, longitude, _ = table.T
    ratios = rooms / households, bedrooms / households, people, people / households
    return np.stack([income, age, *ratios, latitude, longitude], 1).astype(np.float32)


def test_the_real_table() -> None:
    try:
        (x_train, y_train), (x_test, y_test) = california_housing.load_data()
    except DatasetNotFoundError as error:
        pytest.skip(str(error))
    assert x_train.shape == (16512, 8) and x_test.shape == (4128, 8)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.float32)}
    # Keras's documented split: the same districts come first.
    (_, y_small), _ = california_housing.load_data(version="small")
    np.testing.assert_allclose(y_small[:5] * 1e5, [228400, 132900, 60000, 95200, 107000])
    (x, y), (none, _) = california_housing.load_data(test_split=0)
    assert len(x) == ROWS and len(none) == 0
    first = x[np.flatnonzero((y == np.float32(4.526)) & (x[:, 1] == 41))]
    expected = [8.3252, 41.0, 6.98412698, 1.02380952, 322.0, 2.55555556, 37.88, -122.23]
    np.testing.assert_allclose(first, [expected], rtol=1e-6)
    assert round(float(y.mean()), 4) == 2.0686


@pytest.mark.parametrize("place", ["data/housing.csv", "cache/pynn/housing.csv"])
def test_csv_columns_and_blanks(empty_machine: Path, place: str) -> None:
    table = made_up_table()
    table[7, COLUMNS.index("total_bedrooms")] = np.nan
    write_csv(empty_machine / place, table)
    (x, y), _ = california_housing.load_data(test_split=0, seed=1)
    order = np.arange(ROWS)
    np.random.RandomState(1).shuffle(order)
    bedrooms = COLUMNS.index("total_bedrooms")
    table[7, bedrooms] = np.nanmedian(table[:, bedrooms])
    np.testing.assert_allclose(x, features(table)[order], rtol=1e-6)
    np.testing.assert_allclose(y, (table[:, -1] / 1e5)[order], rtol=1e-6)


def test_keras_archive_is_read(empty_machine: Path) -> None:
    table = made_up_table()
    path = empty_machine / "keras" / "datasets" / "california_housing.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x=features(table), y=table[:, -1].astype(np.float32))
    (x_train, y_train), (x_test, y_test) = california_housing.load_data(test_split=0.25)
    assert len(x_train) == len(y_train) == 15480
    np.testing.assert_array_equal(
        np.sort(np.concatenate([y_train, y_test])), np.sort((table[:, -1] / 1e5).astype(np.float32))
    )
    again = california_housing.load_data(path=str(path), test_split=0.25)
    np.testing.assert_array_equal(again[1][0], x_test)


def test_small_version(empty_machine: Path) -> None:
    table = made_up_table()
    write_csv(empty_machine / "data" / "housing.csv", table)
    (x_train, _), (x_test, _) = california_housing.load_data(version="small")
    assert (len(x_train), len(x_test)) == (480, 120)
    np.testing.assert_array_equal(
        np.sort(np.concatenate([x_train, x_test])[:, 0]), np.sort(features(table)[:600, 0])
    )


@pytest.mark.parametrize("test_split", [-0.1, 1, 1.5, float("nan")])
def test_bad_split(test_split: float) -> None:
    with pytest.raises(ValueError, match=r"test_split must be in \[0, 1\). Received"):
        california_housing.load_data(test_split=test_split)


def test_bad_version() -> None:
    with pytest.raises(ValueError, match="version must be 'large' or 'small'. Received"):
        california_housing.load_data(version="medium")


def test_absent_says_what_to_put_where(empty_machine: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        california_housing.load_data()
    assert str(empty_machine / "data" / "housing.csv") in str(caught.value)
    assert "PYNN_DATA_DIR" in str(caught.value)
    with pytest.raises(DatasetNotFoundError, match="must name an existing file"):
        california_housing.load_data(path=str(empty_machine / "absent.csv"))


def test_damaged_tables_are_refused(empty_machine: Path) -> None:
    path = empty_machine / "data" / "housing.csv"
    table = made_up_table()

    def refused(message: str) -> None:
        with pytest.raises(ValueError, match=message) as caught:
            california_housing.load_data()
        assert str(path) in str(caught.value)

    write_csv(path, table[:-1])
    refused("must give x of shape")
    write_csv(path, table, columns=("wrong", *COLUMNS[1:]))
    refused("without median_income")
    broken = table.copy()
    broken[3, 0] = np.nan
    write_csv(path, broken)
    refused("finite")
    broken = table.copy()
    broken[3, COLUMNS.index("households")] = 0
    write_csv(path, broken)
    refused("household")
    broken = table.copy()
    broken[:, -1] /= 1e5
    write_csv(path, broken)
    refused("dollars")
    write_csv(path, table)
    path.write_text(path.read_text().replace("INLAND", "INLAND\nword,word", 1))
    refused("numbers")
    path.write_text("")
    refused("must have the columns")
