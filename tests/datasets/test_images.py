"""Fashion-MNIST and MNIST: real files where they are installed, made-up ones elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from datasets.made_up import made_up_arrays, write_idx, write_npz
from pynn.datasets import DatasetNotFoundError, _images, fashion_mnist, mnist


def assert_loads(loaded, arrays: list[np.ndarray]) -> None:
    (x_train, y_train), (x_test, y_test) = loaded
    for got, expected in zip((x_train, y_train, x_test, y_test), arrays, strict=True):
        assert got.dtype == np.uint8
        assert got.flags.writeable
        np.testing.assert_array_equal(got, expected)


def test_fashion_mnist_is_what_it_should_be() -> None:
    try:
        (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    except DatasetNotFoundError as error:
        pytest.skip(str(error))
    assert x_train.shape == (60000, 28, 28) and y_train.shape == (60000,)
    assert x_test.shape == (10000, 28, 28) and y_test.shape == (10000,)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y_train[:5].tolist() == [9, 0, 0, 3, 0]
    assert y_test[:5].tolist() == [9, 2, 1, 1, 6]
    # Mean and standard deviation of the training pixels in [0, 1], as widely published.
    assert round(float(x_train.mean() / 255), 4) == 0.2860
    assert round(float(x_train.std() / 255), 4) == 0.3530


def test_class_names() -> None:
    assert len(fashion_mnist.class_names) == 10
    assert fashion_mnist.class_names[9] == "Ankle boot"


@pytest.mark.parametrize("folder", ["data", "keras/datasets", "cache/pynn"])
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_fashion_mnist_is_found(empty_machine: Path, folder: str, suffix: str) -> None:
    arrays = made_up_arrays(fashion_mnist)
    write_idx(empty_machine / folder / "fashion-mnist", arrays, suffix)
    assert_loads(fashion_mnist.load_data(), arrays)


def test_fashion_mnist_is_found_where_debian_puts_it(empty_machine: Path) -> None:
    arrays = made_up_arrays(fashion_mnist)
    write_idx(empty_machine / "debian", arrays)
    assert_loads(fashion_mnist.load_data(), arrays)


def test_the_data_dir_wins(empty_machine: Path) -> None:
    arrays = made_up_arrays(fashion_mnist)
    write_idx(empty_machine / "debian", arrays)
    arrays[0][1] = 7
    write_idx(empty_machine / "data" / "fashion-mnist", arrays)
    assert_loads(fashion_mnist.load_data(), arrays)


def test_an_incomplete_folder_is_passed_over(empty_machine: Path) -> None:
    arrays = made_up_arrays(fashion_mnist)
    write_idx(empty_machine / "debian", arrays)
    write_idx(empty_machine / "data" / "fashion-mnist", arrays)
    (empty_machine / "data" / "fashion-mnist" / _images.IDX_NAMES[3]).unlink()
    assert_loads(fashion_mnist.load_data(), arrays)


def test_absent_fashion_mnist_says_what_to_install(empty_machine: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        fashion_mnist.load_data()
    message = str(caught.value)
    assert isinstance(caught.value, FileNotFoundError)
    assert "apt-get install dataset-fashion-mnist" in message
    assert str(empty_machine / "data" / "fashion-mnist") in message
    assert "train-images-idx3-ubyte.gz" in message
    assert "no network" in message
    assert not (empty_machine / "cache").exists()


def test_fashion_mnist_is_downloaded_once(
    empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = made_up_arrays(fashion_mnist)
    write_idx(empty_machine / "served", arrays)
    contents = {name: (empty_machine / "served" / name).read_bytes() for name in _images.IDX_NAMES}
    published = {n: (len(c), hashlib.sha256(c).hexdigest()) for n, c in contents.items()}
    monkeypatch.setattr(fashion_mnist, "_PUBLISHED", published)
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(contents[url.rsplit("/", 1)[-1]])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    for _ in range(2):
        assert_loads(fashion_mnist.load_data(), arrays)
        assert len(asked) == 4
    assert (empty_machine / "cache" / "pynn" / "fashion-mnist").is_dir()


@pytest.mark.parametrize("name", _images.IDX_NAMES)
def test_damaged_idx_files_are_refused(empty_machine: Path, name: str) -> None:
    folder = empty_machine / "data" / "fashion-mnist"
    write_idx(folder, made_up_arrays(fashion_mnist))
    whole = (folder / name).read_bytes()
    content = gzip.decompress(whole)
    for damaged, message in (
        (whole[: len(whole) // 2], "damaged"),
        (b"no gzip at all", "damaged"),
        (gzip.compress(content[:-1], 1), "must hold"),
        (gzip.compress(content + b"\0", 1), "must hold"),
        (gzip.compress(b"\0\0\x0d" + content[3:], 1), "starting with the bytes 00 00 08"),
        (gzip.compress(b"", 1), "starting with"),
    ):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ValueError, match=message) as caught:
            fashion_mnist.load_data()
        assert name in str(caught.value)


def test_mnist_in_the_place_of_fashion_mnist_is_refused(empty_machine: Path) -> None:
    write_idx(empty_machine / "data" / "fashion-mnist", made_up_arrays(mnist))
    with pytest.raises(ValueError, match="must occur .*6000"):
        fashion_mnist.load_data()


@pytest.mark.parametrize("folder", ["data", "keras/datasets", "cache/pynn"])
def test_mnist_archive_is_found(empty_machine: Path, folder: str) -> None:
    arrays = made_up_arrays(mnist)
    write_npz(empty_machine / folder / "mnist.npz", arrays)
    assert_loads(mnist.load_data(), arrays)


def test_mnist_idx_folder_is_found(empty_machine: Path) -> None:
    arrays = made_up_arrays(mnist)
    write_idx(empty_machine / "data" / "mnist", arrays)
    assert_loads(mnist.load_data(), arrays)


def test_mnist_path(empty_machine: Path) -> None:
    arrays = made_up_arrays(mnist)
    write_npz(empty_machine / "data" / "digits.npz", arrays)
    assert_loads(mnist.load_data("digits.npz"), arrays)
    assert_loads(mnist.load_data(str(empty_machine / "data" / "digits.npz")), arrays)
    with pytest.raises(DatasetNotFoundError, match="must name an existing file. Received"):
        mnist.load_data(str(empty_machine / "absent.npz"))


def test_absent_mnist_says_what_to_put_where(empty_machine: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        mnist.load_data()
    assert str(empty_machine / "cache" / "pynn" / "mnist.npz") in str(caught.value)
    assert "PYNN_DATA_DIR" in str(caught.value)


def test_bad_mnist_archives_are_refused(empty_machine: Path) -> None:
    path = empty_machine / "data" / "mnist.npz"
    arrays = made_up_arrays(mnist)
    write_npz(path, [arrays[0].astype(np.float32), *arrays[1:]])
    with pytest.raises(ValueError, match="must be uint8 .*Received: float32"):
        mnist.load_data()
    write_npz(path, [arrays[0], arrays[1][::-1] // 2, *arrays[2:]])
    with pytest.raises(ValueError, match="labels"):
        mnist.load_data()
    np.savez(path, x_train=arrays[0])
    with pytest.raises(ValueError, match="must be an .npz archive"):
        mnist.load_data()
    path.write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="must be an .npz archive"):
        mnist.load_data()


def test_pickles_are_refused(empty_machine: Path) -> None:
    objects = [np.array([{"code": "runs"}], dtype=object)] * 4
    write_npz(empty_machine / "data" / "mnist.npz", objects)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        mnist.load_data()
