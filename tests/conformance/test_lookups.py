"""Lookups and discretization against Keras, which needs TensorFlow for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import pynn
from conformance.agreement import generator

TEXTS = np.array([["cat", "dog"], ["dog", "élan"], ["", "[UNK]"], ["cat", "dog"]])
NUMBERS = np.array([[7, 3], [3, 1000], [-1, 0], [2**40, 3]])
QUERIES = {
    "StringLookup": np.array([["dog", "?"], ["", "élan"], ["cat", "cat"]]),
    "IntegerLookup": np.array([[3, 9], [0, 2**40], [-1, 7]]),
}
DATA = {"StringLookup": TEXTS, "IntegerLookup": NUMBERS}
MASKS = {"StringLookup": "", "IntegerLookup": 0}
BOTH = pytest.mark.parametrize("cls", QUERIES)


def both(cls: str, **options: Any) -> tuple[Any, Any]:
    return tuple(getattr(k.layers, cls)(**options) for k in (pynn, keras))


def assert_same(ours: Any, theirs: Any) -> None:
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_array_equal(np.asarray(ours), theirs)


@BOTH
@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("max_tokens", [None, 4, 20])
def test_adapted(cls: str, mode: str, masked: bool, max_tokens: int | None) -> None:
    options = {"output_mode": mode, "max_tokens": max_tokens}
    options |= {"mask_token": MASKS[cls] if masked else None}
    options |= {"pad_to_max_tokens": max_tokens == 20 and mode != "int"}
    ours, theirs = both(cls, **options)
    for layer in (ours, theirs):
        layer.adapt(DATA[cls])
    assert ours.get_vocabulary() == theirs.get_vocabulary()
    assert ours.get_vocabulary(False) == theirs.get_vocabulary(False)
    assert ours.vocabulary_size() == theirs.vocabulary_size()
    assert_same(ours(QUERIES[cls]), theirs(QUERIES[cls]))
    column = QUERIES[cls][:, :1]
    assert_same(ours(column), theirs(column))
    assert_same(ours(column[:, 0]), theirs(column[:, 0]))


@BOTH
@pytest.mark.parametrize("given", [False, True])
def test_config(cls: str, given: bool) -> None:
    vocabulary = np.unique(DATA[cls])[2:].tolist() if given else None
    one, other = (layer.get_config() for layer in both(cls, vocabulary=vocabulary))
    absent = {"idf_weights": None, "salt": None}
    absent["vocabulary_size"] = len(vocabulary) + 1 if given else None
    if cls == "StringLookup":
        absent["oov_method"] = "floormod"
    assert {key: value for key, value in other.items() if key not in one} == absent
    for key in set(one) - {"name", "dtype"}:
        assert one[key] == other[key], key


@BOTH
def test_adapted_to_batches(cls: str) -> None:
    ours, theirs = both(cls)
    for layer in (ours, theirs):
        layer.adapt((batch for batch in (DATA[cls][:2], DATA[cls][1:])), steps=2)
    assert ours.get_vocabulary() == theirs.get_vocabulary()


@BOTH
@pytest.mark.parametrize("masked", [False, True])
def test_back_from_places(cls: str, masked: bool) -> None:
    vocabulary = np.unique(DATA[cls][:2]).tolist()
    options = {"vocabulary": vocabulary, "mask_token": MASKS[cls] if masked else None}
    ours, theirs = both(cls, invert=True, **options)
    places = np.array([[0, 1, 2], [3, 4, 99]])
    found = np.asarray(theirs(tf.constant(places)))  # of which JAX would hold no texts
    if cls == "StringLookup":
        found = np.char.decode(found.astype("S"))
    assert_same(ours(places), found)


@pytest.mark.parametrize("masked", [False, True])
def test_several_places_for_unknown_integers(masked: bool) -> None:
    options = {"vocabulary": [5, 6], "num_oov_indices": 3, "mask_token": 0 if masked else None}
    ours, theirs = both("IntegerLookup", **options)
    x = np.arange(-5, 20).reshape(5, 5)
    assert_same(ours(x), theirs(x))


@BOTH
@pytest.mark.parametrize("mode", ["int", "count"])
def test_hashes(cls: str, mode: str) -> None:
    rng = generator("hashes")
    numbers = rng.integers(-(2**40), 2**40, 200)
    texts = np.array(["é" * (n % 7) + "x" * (n % 111) + str(n) for n in numbers])
    options: dict[str, Any] = {"num_oov_indices": 50, "output_mode": mode}
    if cls == "IntegerLookup":
        options["oov_method"] = "farmhash"
    data = numbers if cls == "IntegerLookup" else texts
    ours, theirs = both(cls, vocabulary=data[:3].tolist(), **options)
    assert_same(ours(data.reshape(-1, 2)), theirs(data.reshape(-1, 2)))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_files(mode: str, tmp_path: Path) -> None:
    x = np.array([[5, 7], [9, 100]], "int32")
    for writer, reader in ((keras, pynn), (pynn, keras)):
        inputs = writer.Input((2,), dtype="int32")
        lookup = writer.layers.IntegerLookup(
            vocabulary=[5, 9], num_oov_indices=2, output_mode=mode, name="lookup"
        )
        hot = writer.layers.Rescaling(2.0)(lookup(inputs))
        model = writer.Model(inputs, hot)
        model.save(tmp_path / "model.keras")
        again = reader.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize("rows", [5, 40, 1000])
@pytest.mark.parametrize("num_bins", [2, 3, 10])
@pytest.mark.parametrize("epsilon", [0.01, 0.1])
@pytest.mark.parametrize("batches", [1, 3])
def test_boundaries(rows: int, num_bins: int, epsilon: float, batches: int) -> None:
    ours, theirs = both("Discretization", num_bins=num_bins, epsilon=epsilon)
    x = generator("bins", rows).standard_normal((rows, 2)).astype("float32")
    for layer in (ours, theirs):
        layer.adapt(x if batches == 1 else np.array_split(x, batches))
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6)
    assert_same(ours(x), theirs(x))
