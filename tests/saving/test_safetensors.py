"""The file format: what is written is what the format prescribes, what is broken cannot.

Nothing here knows of models.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynn import _safetensors
from pynn._safetensors import SafetensorsFile

ARRAYS = {
    "a": np.arange(6, dtype="float32").reshape(2, 3),
    "empty": np.zeros((0, 4), "float64"),
    "scalar": np.array(7, "int64"),
    "transposed": np.arange(6, dtype="float64").reshape(2, 3).T,
    "big endian": np.arange(3, dtype=">i2"),
    "flags": np.array([True, False]),
}


def written(path: Path, arrays: dict[str, np.ndarray] = ARRAYS) -> Path:
    with path.open("wb") as file:
        _safetensors.write(file, {"key": "value"}, arrays)
    return path


def read(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    with path.open("rb") as stream:
        file = SafetensorsFile(stream, str(path))
        return file.metadata, {key: file.read(key) for key in file.shapes}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    metadata, arrays = read(written(tmp_path / "x"))
    assert metadata == {"key": "value"}
    assert list(arrays) == list(ARRAYS)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], array, strict=key != "big endian")


def test_the_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    content = written(tmp_path / "x", {"a": np.array([[1.0, 2.0]], "float32")}).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0
    assert json.loads(content[8 : 8 + length]) == {
        "__metadata__": {"key": "value"},
        "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
    }
    assert content[8 + length :] == struct.pack("<2f", 1.0, 2.0)


def test_every_truncation_is_found(tmp_path: Path) -> None:
    content = written(tmp_path / "x").read_bytes()
    for length in range(len(content)):
        (tmp_path / "x").write_bytes(content[:length])
        with pytest.raises(ValueError, match="is no valid pynn file"):
            read(tmp_path / "x")
    (tmp_path / "x").write_bytes(content + b"\0")
    with pytest.raises(ValueError, match="follow the header"):
        read(tmp_path / "x")


def raw(path: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(**changes: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"{" * 5000, "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([], "not a JSON object"),
        ({"__metadata__": {"a": 1}}, "metadata are not strings"),
        ({"__metadata__": []}, "metadata are not strings"),
        ({"a": None}, "malformed"),
        ({"a": {}}, "malformed"),
        (entry(dtype="F128"), "malformed"),
        (entry(dtype=["F32"]), "malformed"),
        (entry(shape=[-2]), "malformed"),
        (entry(shape=[2.0]), "malformed"),
        (entry(shape=[True, 2]), "malformed"),
        (entry(shape=[1] * 40 + [2]), "malformed"),
        (entry(shape=3), "malformed"),
        (entry(data_offsets=[0]), "malformed"),
        (entry(data_offsets=[0, "8"]), "malformed"),
        (entry(data_offsets=[8, 0]), "lies at"),
        (entry(data_offsets=[0, 16], shape=[4]), "lies at"),
        (entry(shape=[10**18]), "lies at"),
        (entry(shape=[2**32, 2**32]), "lies at"),
        ({**entry(), "b": entry()["a"]}, "overlap"),
        (entry(data_offsets=[4, 8], shape=[1]), "overlap, or leave gaps"),
        ({}, "take 0 bytes, and 8 follow"),
    ],
)
def test_broken_headers_are_refused(tmp_path: Path, header: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(raw(tmp_path / "x", header, bytes(8)))


def test_a_header_as_long_as_it_likes_is_refused(tmp_path: Path) -> None:
    for length in (2**64 - 1, 2**40, 1000):
        with pytest.raises(ValueError, match=f"header would be {length} bytes"):
            read(raw(tmp_path / "x", b"{}", length=length))


def test_a_header_that_nobody_would_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_safetensors, "_LONGEST_HEADER", 100)
    with pytest.raises(ValueError, match="the arrays would take .* a file may have 100 bytes"):
        written(tmp_path / "x")


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    path = written(tmp_path / "x")
    with path.open("rb", buffering=0) as stream:
        file = SafetensorsFile(stream, "x")
        with path.open("r+b") as other:
            other.truncate(path.stat().st_size - 1)
        with pytest.raises(ValueError, match="became shorter while it was read"):
            for key in file.shapes:
                file.read(key)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    with written(tmp_path / "x").open("rb") as stream:
        file = SafetensorsFile(stream, "x")
        with pytest.raises(ValueError, match="the array 'other' is missing"):
            file.read("other")
