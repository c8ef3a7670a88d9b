"""Values as JSON has them: what is written with marks comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pynn
from pynn._files import QUOTED, FileError, file_errors
from pynn._json import decode, encode, from_text, parse, to_text, tuples

VALUES = [
    None,
    True,
    2.5,
    "text",
    [1, [2]],
    (1, (2, [3])),
    {"a": (1,), "b": {"c": slice(None, 5, -1)}},
    (slice(1, 2), ..., None, 3),
]


@pytest.mark.parametrize("value", VALUES, ids=map(str, range(len(VALUES))))
def test_marked_values_come_back(value: Any) -> None:
    text = json.dumps(encode(value, marked=True))
    assert decode(json.loads(text)) == value


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64"])
def test_arrays_come_back_with_their_type(dtype: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    found = decode(json.loads(json.dumps(encode((array,), marked=True))))
    np.testing.assert_array_equal(found[0], array, strict=True)


def test_plain_values_hold_lists_and_names() -> None:
    layer = pynn.layers.Rescaling(0.5, name="half")
    value = {"a": (np.float32(0.5), np.arange(2)), "b": layer, "c": np.dtype("float32")}
    assert encode(value) == {
        "a": [0.5, [0, 1]],
        "b": {"class_name": "Rescaling", "config": encode(layer.get_config())},
        "c": "float32",
    }
    assert tuples([1, [2, (3,)]]) == (1, (2, (3,)))


def test_other_values_are_asked_about_or_refused() -> None:
    assert encode([{1}], sorted) == [[1]]
    for value in ({1}, ..., slice(1), pynn.layers.Dense, np.array(["x"])):
        with pytest.raises(TypeError, match=r"is no text, number or list$"):
            encode(value)
    with pytest.raises(ValueError, match="^the thing cannot be written down: .*of type set"):
        to_text([{1}], "the thing")


def test_further_marks() -> None:
    read = decode([{"at": [1]}, {"x": {"at": [2]}}], {"at": tuple})
    assert read == [(1,), {"x": (2,)}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x is no valid pynn file: its 'k' is not JSON"),
        ("[" * 100_000, "its 'k' is not JSON"),
        ("1" * 5000, "its 'k' is not JSON"),
        ("3", "its 'k' must be a list. Received: int"),
        ("[" + "{}," * 500_000 + "0]", "its 'k' would take about .* bytes of memory"),
        ("[" + "[]," * 500_000 + "0]", "its 'k' would take about .* bytes of memory"),
        ("[" + "9.5," * 1_000_000 + "0]", "its 'k' would take about .* bytes of memory"),
    ],
    ids=["cut", "deep", "long number", "type", "objects", "lists", "numbers"],
)
def test_texts_in_files_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        from_text({"k": text}, "k", list, "x")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(FileError, match="is no valid Keras file: its config is not JSON"):
        parse(b"\xff\xfe", "x", "its config", "Keras")
    with pytest.raises(FileError, match="it has no 'k'"):
        from_text({}, "k", list, "x")


@pytest.mark.parametrize(
    "error",
    [KeyError("a"), TypeError("a"), RecursionError(), OverflowError("a"), NotImplementedError("a")],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_is_a_file_error(error: Exception) -> None:
    kind = type(error).__name__
    with pytest.raises(FileError, match=f"^x holds no usable model: {kind}: ") as found:
        with file_errors("x", "model"):
            raise error
    assert found.value.__cause__ is error
    assert (found.value.file, found.value.place) == ("x", None)


@pytest.mark.parametrize("error", [FileNotFoundError, ImportError, MemoryError, KeyboardInterrupt])
def test_what_is_not_the_files_fault_stays(error: type[BaseException]) -> None:
    with pytest.raises(error), file_errors("x", "model"):
        raise error


@pytest.mark.parametrize(
    "message",
    [
        f"unknown layer: '{'a' * 10_000}'. It must be one of Dense, Dropout",
        f"unknown layer: '{'a' * 500}'. It must be one of Dense, Dropout",
        f"units must be a positive integer. Received: units=[{'1, ' * 300}]",
    ],
    ids=["very long", "long", "value"],
)
def test_messages_quote_little_of_a_file(message: str) -> None:
    error = FileError("x", message, "a" * 1000)
    longest = max(str(error).count(c) for c in "a1")
    assert longest <= 2 * QUOTED + 20
    assert len(str(error)) < 700
