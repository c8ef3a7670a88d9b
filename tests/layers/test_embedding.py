"""`Embedding`: look-up, gradient, and numbers out of range."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn import layers, ops
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


def _plain(layer: layers.Embedding, *more: layers.Layer) -> Sequential:
    return Sequential([pynn.Input((2,), dtype="int32"), layer, *more, layers.Dense(1)])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32", "float64"])
def test_the_engine_looks_up_and_trains(dtype: str) -> None:
    model = _plain(layers.Embedding(4, 3), layers.Flatten())
    model.compile(loss="mse", optimizer="adam")
    assert model._plan(training=True).reason is None
    x = NUMBERS.astype(dtype)
    vectors, kernel, bias = model.get_weights()
    out = vectors[NUMBERS].reshape(3, 6) @ kernel + bias
    np.testing.assert_allclose(model.predict(x, verbose=0), out, rtol=1e-6)
    np.testing.assert_allclose(model(x), out, rtol=1e-6)
    model.fit(x, np.ones(3), epochs=200, verbose=0)
    assert model.evaluate(x, np.ones(3), verbose=0) < 0.5 * np.mean((out - 1) ** 2)


def test_no_rows() -> None:
    model = _plain(layers.Embedding(4, 3), layers.Flatten())
    assert model.predict(NUMBERS[:0], verbose=0).shape == (0, 1)


def test_a_number_alone_and_a_vocabulary_of_one() -> None:
    for shape in ((), (1,)):
        layer = layers.Embedding(1, 3)
        inputs = pynn.Input(shape, dtype="int32")
        model = Model(inputs, layers.Flatten()(layer(inputs) * 2))
        assert model._plan(training=False).reason is None
        out = model.predict(np.zeros((5, *shape), np.int32), verbose=0)
        np.testing.assert_array_equal(out, np.repeat(2 * layer.embeddings.numpy(), 5, axis=0))


def test_a_training_that_meets_a_wrong_number_changes_nothing() -> None:
    model = _plain(layers.Embedding(4, 3), layers.Flatten())
    model.compile(loss="mse", optimizer="adam")
    x = np.tile(NUMBERS, (20, 1))
    model.fit(x, np.ones(60), batch_size=8, verbose=0)
    before, steps = model.get_weights(), int(model.optimizer.iterations)
    x[50, 1] = 4
    for train in (model.train_on_batch, lambda x, y: model.fit(x, y, batch_size=8, verbose=0)):
        with pytest.raises(IndexError, match=r"whole numbers in \[0, 4\). Received: 4"):
            train(x, np.ones(60))
        assert int(model.optimizer.iterations) == steps
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_numbers_that_a_model_cannot_tell_apart_are_refused() -> None:
    """Its numbers are float32, which has all whole ones up to 2**24."""
    with pytest.raises(IndexError, match="up to 16777216, which are too few for 16777217 entries"):
        ops.take(np.zeros((2**24 + 1, 1), np.uint8), np.zeros(1, np.float32), axis=0)


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
    older = layers.Embedding(3, 2, embeddings_initializer="uniform")
    assert older.get_config() == {**layer.get_config(), "name": older.name}
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


def test_a_large_table_has_the_same_bits_for_one_thread_and_two() -> None:
    """Though the batch alone is not worth a second one."""
    results = []
    for threads in (1, 2):
        pynn.random.set_seed(3)
        model = _plain(layers.Embedding(100_000, 16), layers.Flatten())
        model.compile(loss="mse", optimizer="adam")
        pynn.set_num_threads(threads)
        model.fit(NUMBERS, np.ones(3), epochs=10, verbose=0)
        results.append(model.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
