"""CIFAR-10: batches of a few made-up pictures."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.made_up import batches, write_batches
from pynn.datasets import DatasetNotFoundError, cifar10

PICTURES = 20


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "_PICTURES", PICTURES)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "place",
    [
        "data/cifar-10-batches-py",
        "keras/datasets/cifar-10-batches-py-target/cifar-10-batches-py",
        "keras/datasets/cifar-10-batches-py.tar.gz",
        "cache/pynn/cifar-10-python.tar.gz",
    ],
)
def test_batches_become_arrays(empty_machine: Path, place: str, protocol: int) -> None:
    made = batches(PICTURES)
    write_batches(empty_machine / place, made, protocol)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, y_train.shape) == ((100, 32, 32, 3), (100, 1))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    planes = np.concatenate([batch[b"data"] for batch in made.values()]).reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), np.moveaxis(planes, 1, -1))
    np.testing.assert_array_equal(y_test[:, 0], np.arange(PICTURES) % 10)
    assert len(cifar10.class_names) == 10


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("made"),)


def test_nothing_in_a_file_is_run(
    empty_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = batches(PICTURES)
    made["data_batch_2"][b"filenames"] = [Harmful()]
    write_batches(empty_machine / "data" / "cifar-10-batches-py", made)
    cifar10.load_data()
    assert not Path("made").exists()


def test_absent_says_what_to_put_where(empty_machine: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        cifar10.load_data()
    assert str(empty_machine / "data" / "cifar-10-python.tar.gz") in str(caught.value)
    assert "PYNN_DATA_DIR" in str(caught.value)


def test_damaged_files_are_refused(empty_machine: Path) -> None:
    folder = empty_machine / "data" / "cifar-10-batches-py"
    write_batches(folder, batches(PICTURES))
    good = (folder / "data_batch_3").read_bytes()
    wrong: list[tuple[bytes, str]] = [
        (good[: len(good) // 2], "data_batch_3 in .* is damaged"),
        (pickle.dumps({**batches(PICTURES)["test_batch"], b"labels": [11] * 20}, 2), "0 to 9"),
        (pickle.dumps(batches(PICTURES - 1)["test_batch"], 2), "must have pictures of shape"),
        (pickle.dumps({**batches(PICTURES)["test_batch"], b"labels": [*range(10)]}), "20 labels"),
        (b"", "is damaged"),
    ]
    for content, message in wrong:
        (folder / "data_batch_3").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            cifar10.load_data()
    (folder / "data_batch_3").unlink()
    with pytest.raises(ValueError, match="has not all batches"):
        cifar10.load_data()


def test_damaged_archives_are_refused(empty_machine: Path) -> None:
    path = empty_machine / "data" / "cifar-10-python.tar.gz"
    write_batches(path, batches(PICTURES))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="has not all batches"):
        cifar10.load_data()
