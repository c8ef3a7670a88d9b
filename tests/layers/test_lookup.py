"""Layers that turn categories and numbers into places; the numbers are those of Keras 3.15.1.

tests/conformance/test_lookups.py compares with Keras itself, where TensorFlow is installed, too.
"""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pynn import layers
from pynn.models import Model, Sequential, load_model
from pynn.utils import PyDataset

TEXTS = [["cat", "dog"], ["dog", "élan"], ["", "[UNK]"], ["cat", "dog"]]
MODES = {
    "int": [[2, 1], [4, 1], [3, 3]],
    "one_hot": np.eye(5)[[[2, 1], [4, 1], [3, 3]]],
    "multi_hot": [[0, 1, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0]],
    "count": [[0, 1, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 2, 0]],
}

FARMHASHED = [3, 3, 2, 2, 0, 1, 4]
# TensorFlow's to_hash_bucket_fast(text, 1000).
BUCKETS = {
    "": 263,
    "a": 939,
    "ab": 502,
    "élan": 47,
    "hello world": 11,
    "x" * 20: 348,
    "x" * 40: 852,
    "x" * 100: 719,
}


def test_unknown_texts_get_the_places_that_tensorflow_gives_them() -> None:
    layer = layers.StringLookup(vocabulary=["known"], num_oov_indices=1000)
    np.testing.assert_array_equal(layer([*BUCKETS, "known"]), [*BUCKETS.values(), 1000])


@pytest.mark.parametrize("mode", MODES)
def test_texts_become_places(mode: str) -> None:
    layer = layers.StringLookup(output_mode=mode)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["[UNK]", "dog", "cat", "élan", ""]
    found = layer([["cat", "dog"], ["", "dog"], ["élan", "élan"]])
    np.testing.assert_array_equal(found, MODES[mode])
    assert found.dtype == ("int64" if mode == "int" else "float32")


def test_what_stands_for_gaps_and_for_what_is_unknown() -> None:
    layer = layers.StringLookup(mask_token="")
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "dog", "cat", "élan"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["dog", "cat", "élan"]
    np.testing.assert_array_equal(layer(["", "cow", "dog"]), [0, 1, 2])
    dropped = layers.StringLookup(mask_token="", vocabulary=["dog"], output_mode="multi_hot")
    np.testing.assert_array_equal(dropped([["", ""], ["cow", "dog"]]), [[0, 0], [1, 1]])
    back = layers.StringLookup(vocabulary=layer.get_vocabulary(), mask_token="", invert=True)
    np.testing.assert_array_equal(back([0, 1, 2, 9]), ["", "[UNK]", "dog", "[UNK]"])
    none = layers.StringLookup(vocabulary=["dog"], num_oov_indices=0)
    with pytest.raises(ValueError, match="num_oov_indices=0. Received: 'cow'"):
        none(["dog", "cow"])


@pytest.mark.parametrize(
    "data",
    [
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.char.encode(np.array(TEXTS), "utf-8"),
        pd.DataFrame(TEXTS),
        tuple(map(tuple, TEXTS)),
        [np.array(TEXTS[:1]), np.array(TEXTS[1:])],
        (np.array([row]) for row in TEXTS),
        ((np.array([row]), np.zeros(1)) for row in TEXTS),
    ],
    ids=["U", "object", "bytes", "frame", "tuples", "arrays", "generator", "pairs"],
)
def test_texts_come_in_many_forms(data: Any) -> None:
    layer = layers.StringLookup()
    layer.adapt(data)
    assert layer.vocabulary == ["dog", "cat", "élan", ""]


def test_integers_become_places() -> None:
    layer = layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=2)
    np.testing.assert_array_equal(layer([[12, 1138, 42], [37, 1000, 36]]), [[2, 4, 5], [1, 0, 3]])
    layer = layers.IntegerLookup(vocabulary=[1], num_oov_indices=4, oov_method="farmhash")
    np.testing.assert_array_equal(layer([100, 300, 700, 1100, 1700, 2000, 1]), FARMHASHED)
    with pytest.raises(ValueError, match="hashes what is unknown"):
        layer(layers.Input((1,)))
    layer = layers.IntegerLookup(max_tokens=4)
    layer.adapt([[12, 1138, 42], [42, 1000, 36]])
    assert layer.get_vocabulary() == [-1, 42, 1138, 1000]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mask", [None, 7])
@pytest.mark.parametrize("unknown", [1, 3])
def test_integers_are_looked_up_in_models(mode: str, mask: int | None, unknown: int) -> None:
    layer = layers.IntegerLookup(
        vocabulary=[5, 6, 9, 2**24 - 1], output_mode=mode, mask_token=mask, num_oov_indices=unknown
    )
    x = np.array([[5, 7, 100], [9, 9, -101], [5, 2**24 - 1, 2**40]])
    inputs = layers.Input((3,), dtype="int64")
    model = Model(inputs, layer(inputs))
    assert model._plan().is_native
    if unknown > 1:
        x[2, 2] = 8  # the bucket of a number is exact as long as the number is
    np.testing.assert_array_equal(model.predict(x, verbose=0), layer(x))
    for change in (layer.set_vocabulary, layers.IntegerLookup.adapt.__get__(layer)):
        with pytest.raises(ValueError, match="vocabulary"):
            change([1, 2])
    with pytest.raises(ValueError, match="does not keep exactly"):
        layers.IntegerLookup(vocabulary=[2**24])(inputs)
    with pytest.raises(ValueError, match="needs a vocabulary"):
        layers.IntegerLookup()(inputs)


def test_texts_are_looked_up_before_models() -> None:
    with pytest.raises(ValueError, match="used on arrays, before a model"):
        layers.StringLookup(vocabulary=["a"])(layers.Input((1,)))


@pytest.mark.parametrize("kind", ["given", "adapted"])
def test_vocabulary_and_boundaries_are_kept(kind: str, tmp_path: Path) -> None:
    given = kind == "given"
    lookup = layers.StringLookup(vocabulary=["b", "a"] if given else None)
    bins = layers.Discretization(*([[0.0, 1.0]] if given else [None, 3]), output_mode="one_hot")
    if not given:
        lookup.adapt(["b", "a", "b"])
        bins.adapt(np.arange(9.0))
    for layer, x in ((lookup, ["a", "c"]), (bins, np.array([[0.5, 7.0]]))):
        for again in (
            type(layer).from_config(layer.get_config()),
            layers.deserialize(layers.serialize(layer)),
            pickle.loads(pickle.dumps(layer)),
        ):
            assert again.get_config() == layer.get_config()
            np.testing.assert_array_equal(again(x), layer(x))
    model = Sequential([layers.Input((2,)), bins, layers.Flatten(), layers.Dense(1)])
    x = np.array([[0.5, 7.0], [-1.0, 3.0]])
    for name in ("model.pynn", "model.keras"):
        model.save(tmp_path / name)
        again = load_model(tmp_path / name)
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_vocabulary_is_read_from_a_file_by_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("b\na\n")
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.vocabulary == ["b", "a"]
    assert layer.get_config()["vocabulary"] == ["b", "a"]
    with pytest.raises(ValueError, match="names no file"):
        layers.StringLookup.from_config({"vocabulary": str(path)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": ["a", "a"]}, "each entry once"),
        ({"vocabulary": []}, "must not be empty"),
        ({"vocabulary": ["a", ""], "mask_token": ""}, "stand for masks"),
        ({"vocabulary": ["a", "[UNK]"], "invert": True}, "stand for masks"),
        ({"vocabulary": ["a", "b"], "max_tokens": 2}, "at most max_tokens=2"),
        ({"vocabulary": [1, 2]}, "takes texts"),
        ({"sparse": True, "output_mode": "count"}, "sparse must be False"),
        ({"max_tokens": 1}, "max_tokens must be above 1"),
        ({"num_oov_indices": -1}, "num_oov_indices must be"),
        ({"pad_to_max_tokens": True}, "needs max_tokens"),
        ({"output_mode": "tf_idf"}, "output_mode must be one of"),
        ({"invert": True, "output_mode": "count"}, "invert needs"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers.StringLookup(**options)


def test_data_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="takes texts"):
        layers.StringLookup().adapt(np.array(["a", None, np.nan], object))
    with pytest.raises(ValueError, match="takes integers"):
        layers.IntegerLookup().adapt([1.5, 2.0])
    with pytest.raises(ValueError, match="was made with a vocabulary"):
        layers.IntegerLookup(vocabulary=[1]).adapt([2])
    with pytest.raises(ValueError, match="was made with bin_boundaries"):
        layers.Discretization([0.0]).adapt([2.0])
    with pytest.raises(ValueError, match="has no boundaries yet"):
        layers.Discretization(num_bins=3)(np.zeros(2))
    with pytest.raises(ValueError, match="either bin_boundaries or num_bins"):
        layers.Discretization()
    with pytest.raises(ValueError, match="numbers in order"):
        layers.Discretization([1.0, 0.0])
    with pytest.raises(ValueError, match="it has no numbers"):
        layers.Discretization(num_bins=3).adapt(np.zeros((0, 1)))
    for layer, places in (
        (layers.StringLookup(vocabulary=["a"], invert=True), [0.0, 1.0]),
        (layers.IntegerLookup(vocabulary=[1], invert=True), ["1"]),
    ):
        with pytest.raises(ValueError, match="looks up must be integers. Received: dtype=[f<]"):
            layer(np.array(places))


def test_a_vocabulary_may_turn_out_empty() -> None:
    """Where data has nothing but gaps and what stands for the unknown."""
    layer = layers.StringLookup(mask_token="")
    layer.adapt(["a", "b"])
    layer.adapt(["", "[UNK]", ""])
    assert layer.get_vocabulary() == ["", "[UNK]"]
    np.testing.assert_array_equal(layer(["a", "", "[UNK]"]), [1, 0, 1])
    layer.adapt(["a"])
    layer.adapt([])  # as Keras's
    assert layer.get_vocabulary() == ["", "[UNK]", "a"]


def test_boundaries_in_a_model_stay() -> None:
    layer = layers.Discretization(num_bins=2)
    layer.adapt([1.0, 2.0, 3.0])
    before = list(layer.bin_boundaries)
    layer(layers.Input((1,)))
    with pytest.raises(ValueError, match="part of a model, in which its boundaries are constants"):
        layer.adapt([10.0, 20.0])
    assert layer.bin_boundaries == before


class Batches(PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return np.arange(10.0).reshape(-1, 1) + 10 * index, np.zeros(10)


def test_boundaries_follow_from_batches() -> None:
    layer = layers.Discretization(num_bins=4)
    layer.adapt(Batches())
    np.testing.assert_allclose(layer.bin_boundaries, [6.5, 14.0, 21.5])
    np.testing.assert_array_equal(layer([6.0, 6.5, 14.0, 29.0, np.nan]), [0, 1, 2, 3, 3])
    layer.adapt(Batches(), steps=1)
    np.testing.assert_allclose(layer.bin_boundaries, [1.5, 4.0, 6.5])


@pytest.mark.parametrize("mode", ["multi_hot", "one_hot", "count"])
def test_categories_become_vectors(mode: str) -> None:
    hot = np.eye(4)[[[1, 1], [0, 3]]]
    expected = {"multi_hot": hot.max(axis=1), "one_hot": hot, "count": hot.sum(axis=1)}[mode]
    layer = layers.CategoryEncoding(4, output_mode=mode)
    np.testing.assert_array_equal(layer([[1, 1], [0, 3]]), expected)
    inputs = layers.Input((2,))
    model = Model(inputs, layer(inputs))
    assert model._plan().is_native
    np.testing.assert_array_equal(model.predict(np.array([[1, 1], [0, 3]]), verbose=0), expected)
    if mode == "count":
        found = layer([[1, 1], [0, 3]], count_weights=[[0.5, 1.0], [2.0, 4.0]])
        np.testing.assert_array_equal(found, [[0, 1.5, 0, 0], [2, 0, 0, 4]])
    else:
        with pytest.raises(ValueError, match="need output_mode='count'"):
            layer([[1]], count_weights=[[1.0]])


def test_a_vocabulary_takes_no_more_memory_than_its_texts() -> None:
    tracemalloc.start()
    try:
        layer = layers.StringLookup(vocabulary=["x" * 10**6, *map(str, range(1000))])
        assert layer(["999", "y"]).tolist() == [1001, 0]
        layer = layers.IntegerLookup(vocabulary=[1], num_oov_indices=10**8)
        assert layer.vocabulary_size() == 10**8 + 1
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()
