"""`Embedding`: look-up, gradient, and numbers out of range."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import layers
from pynn.models import Model, Sequential

NUMBERS = np.array([[0, 2], [3, 3], [1, 0]])


def test_each_number_has_its_vector() -> None:
    layer = layers.Embedding(4, 3)
    out = layer(NUMBERS)
    np.testing.assert_array_equal(out, layer.embeddings.numpy()[NUMBERS])
    model = Sequential([pynn.Input((2,), dtype="int32"), layer])
    assert model.output_shape == (None, 2, 3)
    np.testing.assert_array_equal(model.predict(NUMBERS, verbose=0), out)


def test_only_vectors_in_use_are_trained() -> None:
    inputs = pynn.Input((2,), dtype="int32")
    embedding = layers.Embedding(5, 3)
    model = Model(inputs, layers.Dense(1)(layers.Flatten()(embedding(inputs))))
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(0.1))
    before = embedding.embeddings.numpy()
    history = model.fit(NUMBERS, np.ones(3), epochs=30, verbose=0)
    after = embedding.embeddings.numpy()
    assert history.history["loss"][-1] < 0.05 * history.history["loss"][0]
    np.testing.assert_array_equal(before[4], after[4])
    assert (before[:4] != after[:4]).any(axis=1).all()


def test_numbers_and_sizes_out_of_range_are_refused() -> None:
    with pytest.raises(IndexError, match=r"indices must be whole numbers in \[0, 3\). Received: "):
        layers.Embedding(3, 2)(NUMBERS)
    with pytest.raises(IndexError, match="indices must be whole numbers. Received: dtype=<U1"):
        layers.Embedding(3, 2)(np.array([["a"]]))
    model = Sequential([pynn.Input((2,), dtype="int32"), layers.Embedding(4, 3)])
    for wrong in ([[0, -1]], [[0.5, 1]], [[np.nan, 1]]):
        with pytest.raises(IndexError, match=r"indices must be whole numbers in \[0, "):
            layers.Embedding(3, 2)(np.array(wrong))
        with pytest.raises(IndexError, match=r"indices must be whole numbers in \[0, "):
            model.predict(np.array(wrong), verbose=0)
    with pytest.raises(ValueError, match="input_dim must be a positive integer"):
        layers.Embedding(0, 2)


def test_the_vectors_may_be_given_and_built_without_a_shape() -> None:
    layer = layers.Embedding(3, 2)
    layer.build()
    assert layer.embeddings.shape == (3, 2)
    vectors = np.arange(6.0).reshape(3, 2)
    for weights in (vectors, [vectors]):
        layer = layers.Embedding(3, 2, weights=weights)
        assert layer(np.array([[2, 0]])).tolist() == [[[4.0, 5.0], [0.0, 1.0]]]
    with pytest.raises(ValueError, match=r"must have the shape \(3, 2\)"):
        layers.Embedding(3, 2, weights=vectors.T)


def test_zero_may_stand_for_no_entry_though_nothing_uses_it() -> None:
    with pytest.warns(UserWarning, match="use no masks"):
        layer = layers.Embedding(4, 2, mask_zero=True)
    np.testing.assert_array_equal(layer.compute_mask(np.array([[1, 0, 3]])), [[True, False, True]])
    assert layer.get_config()["mask_zero"]
    assert layers.Embedding(4, 2).compute_mask(np.array([[0]])) is None
