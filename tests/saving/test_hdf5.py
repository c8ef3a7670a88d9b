"""HDF5 files are read as h5py reads them, whatever its version wrote; others are refused."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pynn._files import FileError, OpenFile
from pynn.formats.keras._arrays import Hdf5Arrays

DATA = Path(__file__).resolve().parent / "data"
VERSIONS = ["earliest", "v108", "v110", "latest"]


def opened(content: bytes) -> Hdf5Arrays:
    return Hdf5Arrays(OpenFile(io.BytesIO(content), "the file", len(content)))


def written(fill: Callable[[Any], None], version: str = "earliest", **options: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=version, **options) as file:
        fill(file)
    return buffer.getvalue()


def assert_as_h5py(content: bytes) -> int:
    """Compare arrays, groups and texts; return the number of arrays."""
    found, arrays = opened(content), {}

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Group):
            assert found.has_group(path)
            compare_texts(path, item)
        elif item.dtype.kind in "fiu":
            arrays[path] = item[()]

    def compare_texts(path: str, item: Any) -> None:
        for name, value in item.attrs.items():
            values = list(value) if isinstance(value, np.ndarray) else [value]
            if all(isinstance(text, (str, bytes)) for text in values):
                texts = [x.decode() if isinstance(x, bytes) else x for x in values]
                assert found.texts(path, name) == texts

    with h5py.File(io.BytesIO(content)) as file:
        compare_texts("", file)
        file.visititems(visit)
    assert found.shapes.keys() == arrays.keys()
    for path, array in arrays.items():
        read = found.read(path)
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype.newbyteorder("=")
    return len(arrays)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.h5")), ids=lambda path: path.name)
def test_files_of_keras(path: Path) -> None:
    assert assert_as_h5py(path.read_bytes()) > 0


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 46, 47, 300])
def test_groups_of_many(count: int, track_order: bool, version: str) -> None:
    def fill(file: Any) -> None:
        group = file.create_group("layers", track_order=track_order)
        for i in range(count):
            group.create_group(f"dense_{i}")["vars"] = np.float32([i, -i])

    assert assert_as_h5py(written(fill, version)) == count


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_a_group_of_very_many(version: str) -> None:
    def fill(file: Any) -> None:
        for i in range(4000):
            file[f"layers/{i:064}"] = np.float32(i)

    found = opened(written(fill, version))
    assert len(found.shapes) == 4000
    assert found.read(f"layers/{1234:064}") == 1234


@pytest.mark.parametrize("version", VERSIONS)
def test_kinds_of_arrays(version: str) -> None:
    rng = np.random.default_rng(0)

    def fill(file: Any) -> None:
        for i, name in enumerate("f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 >f4 >f8 >i2 >u4".split()):
            file[f"a/{i}"] = (100 * rng.random((3, 4))).astype(name)
        file["number"], file["empty"] = np.float32(3), np.zeros((0, 5), "f4")
        file["nothing"] = h5py.Empty("f4")
        file["text"], file["complex"] = "text", np.complex64([1j])
        file["truth"] = np.array([True, False])
        small = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        small.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        made = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, small)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.float32([1, 2, 3]))

    content = written(fill, version)
    if version == "earliest":
        assert opened(content).shapes["compact"] == (3,)
    found = opened(content)
    assert {"text", "complex", "truth", "nothing"}.isdisjoint(found.shapes)
    np.testing.assert_array_equal(found.read("compact"), [1, 2, 3])
    with h5py.File(io.BytesIO(content)) as file:
        for path in found.shapes:
            np.testing.assert_array_equal(found.read(path), file[path][()])
    assert len(found.shapes) == 18


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", [1, 9, 400])
def test_texts(count: int, version: str) -> None:
    def fill(file: Any) -> None:
        for i in range(count):
            file.attrs[f"text {i}"] = "ä" * i
            file.attrs[f"fixed {i}"] = np.asarray([b"abc", b"defg"])
        file.attrs["list"] = ["one", "", "three"]
        file.attrs["wide"] = np.asarray([b"x" * 5000, b"y" * 3])
        file.attrs["long"] = "x" * 300_000
        file.attrs["number"], file.attrs["none"] = 3.0, h5py.Empty("f4")
        file.attrs["empty"] = []

    content = written(fill, version)
    assert_as_h5py(content)
    assert opened(content).texts("", "wide") == ["x" * 5000, "yyy"]
    assert opened(content).text("", "number") is None
    assert opened(content).texts("nowhere", "list") is None


def test_links_to_other_places_are_passed_over() -> None:
    def fill(file: Any) -> None:
        file["a/b"] = np.float32([1])
        file["soft"], file["outside"] = h5py.SoftLink("/a/b"), h5py.ExternalLink("x.h5", "/a")
        file["a/again"] = file["a"]

    for version in VERSIONS:
        assert {*opened(written(fill, version)).shapes} == {"a/b"}


def deep(depth: int, name: str = "g") -> Callable[[Any], None]:
    return lambda file: file.create_group("/".join([name] * depth)) and None


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_nested_deep_are_refused(version: str) -> None:
    opened(written(deep(60), version))
    with pytest.raises(FileError, match="nested deeper than 64"):
        opened(written(deep(2000), version))


def test_long_names_within_each_other_are_refused() -> None:
    with pytest.raises(FileError, match="names in it are longer than Keras writes any"):
        opened(written(deep(60, "g" * 2000), "latest"))


def test_addresses_of_another_size_are_refused() -> None:
    content = written(deep(1))
    with pytest.raises(FileError, match="its addresses are not those of files that Keras writes"):
        opened(content[:13] + b"\4\4" + content[15:])


def test_arrays_that_share_bytes_are_refused() -> None:
    def fill(file: Any) -> None:
        file["a"], file["b"] = np.zeros(4001, "f4"), np.zeros(4003, "f4")

    content = written(fill)
    for found, larger in ((4001, 7001), (4 * 4001, 4 * 7001)):
        content = content.replace(struct.pack("<Q", found), struct.pack("<Q", larger))
    with pytest.raises(FileError, match="its arrays are larger than the file"):
        opened(content)


@pytest.mark.parametrize(
    ("signature", "at", "form", "value", "message"),
    [
        (b"FRHP", 7, "<H", 1, "a group's heap is compressed"),
        (b"FRHP", 120, "<Q", 512, "more entries than Keras writes"),
        (b"FRHP", 140, "<H", 1, "a heap's row is missing"),
        (b"BTHD", 10, "<H", 0, "a tree's records have no size"),
        (b"BTHD", 12, "<H", 9, "a tree's records have no size"),
    ],
    ids=["filters", "largest block", "rows", "size of records", "depth"],
)
def test_damaged_groups_are_refused(
    signature: bytes, at: int, form: str, value: int, message: str
) -> None:
    def fill(file: Any) -> None:
        for i in range(300):
            file[f"dense_{i:040}"] = np.float32(i)

    content = bytearray(written(fill, "latest"))
    struct.pack_into(form, content, content.index(signature) + at, value)
    with pytest.raises(FileError, match=message):
        opened(bytes(content))


def test_damaged_files_are_read_to_the_end() -> None:
    def fill(file: Any) -> None:
        for i in range(12):
            file[f"layers/dense_{i}/vars/0"] = np.float32([i])
        file.attrs["model_config"] = "{}" * 100
        file.attrs["layer_names"] = ["a", "b"]

    for version in VERSIONS:
        content = written(fill, version)
        refused = 0
        for i in range(0, len(content) - 8, 61):
            for value in (b"\0", b"\xff", content[i + 8 : i + 16], content[16:24]):
                damaged = content[:i] + value + content[i + len(value) :]
                try:
                    found = opened(damaged)
                    found.texts("", "model_config"), found.texts("", "layer_names")
                    [found.read(path) for path in found.shapes]
                except FileError:
                    refused += 1
        assert refused > 20
