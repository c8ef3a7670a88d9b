"""Event files as TensorBoard reads them: records of protocol-buffer messages with checksums.

Written by hand, as the few messages needed here do not warrant a dependency. Formats: TFRecord and
the messages Event, Summary, HistogramProto and TensorProto of TensorFlow's event.proto,
summary.proto and tensor.proto. What is in the texts and images is not known here.
"""

from __future__ import annotations

import os
import socket
import struct
import time
import zlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected
_MASK_DELTA = 0xA282EAD8  # added to rotated checksums, as TFRecord asks for
_file_numbers = count()


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C checksum.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    value = crc32c(data)
    rotated = ((value >> 15) | (value << 17)) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + _MASK_DELTA) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Return one TFRecord: length, its checksum, data, their checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers as two's complement of 64 bits
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _message(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _doubles(field: int, values: np.ndarray) -> bytes:
    return _message(field, np.asarray(values, "<f8").tobytes())


def _event(wall_time: float, step: int, body: bytes) -> bytes:
    return _double(1, wall_time) + _varint(2 << 3) + _varint(step) + body


def scalar(tag: str, value: float) -> bytes:
    """Return a Summary.Value with one number."""
    number = _varint(2 << 3 | 5) + struct.pack("<f", value)
    return _message(1, tag.encode()) + number


def histogram(tag: str, values: np.ndarray, bins: int = 30) -> bytes:
    """Return a Summary.Value with a histogram of all entries of `values`."""
    values = np.asarray(values, np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    counts, edges = np.histogram(values, bins=bins)
    body = b"".join(
        (
            _double(1, values.min(initial=np.inf) if values.size else 0.0),
            _double(2, values.max(initial=-np.inf) if values.size else 0.0),
            _double(3, values.size),
            _double(4, values.sum()),
            _double(5, np.square(values).sum()),
            _doubles(6, edges[1:]),
            _doubles(7, counts),
        )
    )
    return _message(1, tag.encode()) + _message(5, body)


_STRING = 7  # TensorFlow's DT_STRING


def strings(tag: str, plugin: str, content: bytes, values: Sequence[bytes]) -> bytes:
    """Return a Summary.Value with texts for one of TensorBoard's plugins.

    Parameters
    ----------
    tag : str
    plugin : str
        Name of the plugin that shows it.
    content : bytes
        What the plugin wants to be told beside the texts.
    values : sequence of bytes
        A single one is a tensor without axes, more are a vector.
    """
    data = _message(1, plugin.encode()) + _message(2, content)
    sizes = b"" if len(values) == 1 else _message(2, _varint(1 << 3) + _varint(len(values)))
    tensor = _varint(1 << 3) + _varint(_STRING) + _message(2, sizes)
    tensor += b"".join(_message(8, value) for value in values)
    return _message(1, tag.encode()) + _message(9, _message(1, data)) + _message(8, tensor)


def image(tag: str, values: np.ndarray) -> bytes:
    """Return a Summary.Value with a matrix as a grey picture, black where it is smallest."""
    grey = np.asarray(values, np.float64)
    low, high = grey.min(initial=np.inf), grey.max(initial=-np.inf)
    scaled = (grey - low) * (255.0 / (high - low)) if high > low else np.zeros(grey.shape)
    pixels = np.nan_to_num(scaled).astype(np.uint8)
    height, width = pixels.shape
    sizes = [str(n).encode() for n in (width, height)]
    return strings(tag, "images", b"", [*sizes, _png(pixels)])


def _png(pixels: np.ndarray) -> bytes:
    """Return a PNG of one byte a pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each begins with its filter, 0 for none
    rows[:, 1:] = pixels
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.tobytes()))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


class EventFile:
    """A file that summaries are added to; it is made when the first one is.

    Parameters
    ----------
    directory : path-like
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)
        self._file: BinaryIO | None = None

    def add(self, step: int, *values: bytes) -> None:
        """Write an event with the summary values at that step."""
        if self._file is None:
            self._file = self._open()
        summary = b"".join(_message(1, value) for value in values)
        self._file.write(record(_event(time.time(), step, _message(5, summary))))

    def flush(self) -> None:
        """See to it that readers find what was written."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file; `add` then begins another one."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _open(self) -> BinaryIO:
        now = time.time()
        self._directory.mkdir(parents=True, exist_ok=True)
        name = (
            f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}"
            f".{next(_file_numbers)}.v2"
        )
        file = open(self._directory / name, "wb")
        file.write(record(_double(1, now) + _message(3, b"brain.Event:2")))
        return file
