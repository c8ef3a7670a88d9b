"""`Normalization` and `Rescaling`: preparing data inside a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pynn
from pynn import layers
from pynn.models import Sequential

X = np.random.default_rng(0).normal(3, [1, 10, 0.1], (200, 3))
STANDARD = (X - X.mean(axis=0)) / X.std(axis=0)


def test_adapt_takes_the_moments_of_the_data() -> None:
    for data in (X, X.tolist(), pd.DataFrame(X), X.astype("float32")):
        layer = layers.Normalization()
        layer.adapt(data)
        # Moments are kept in float32: their rounding, relative to a deviation of 0.1 at mean 3.
        np.testing.assert_allclose(layer(X), STANDARD, atol=1e-4)
        assert layer.count.numpy() == 200
    assert [w.name for w in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []


def test_adapt_before_and_after_the_model_is_compiled() -> None:
    layer = layers.Normalization(input_shape=[3])
    model = Sequential([layer, layers.Dense(1, kernel_initializer="ones")])
    model.compile(loss="mse", optimizer="sgd")
    assert model._plan().is_native
    raw = model.predict(X[:1], verbose=0)
    np.testing.assert_allclose(raw[0, 0], X[0].sum(), rtol=1e-5)
    layer.adapt(X)
    for rows in (slice(0, 1), slice(0, 200)):
        expected = STANDARD[rows].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict(X[rows], verbose=0), expected, atol=1e-3)
    model.fit(X, X[:, 0], epochs=1, verbose=0)
    np.testing.assert_allclose(layer.mean.numpy(), [X.mean(axis=0)], rtol=1e-6)


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(-1, (1, 1, 4)), (1, (1, 3, 1)), ((1, 2), (1, 3, 4)), (None, (1, 1, 1))],
)
def test_moments_broadcast_against_the_input(axis: Any, shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(1).normal(size=(9, 3, 4))
    layer = layers.Normalization(axis=axis)
    assert layer.mean is layer.variance is None
    layer.adapt(data)
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    np.testing.assert_allclose(layer.mean, data.mean(axis=axes, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(layer.variance, data.var(axis=axes, keepdims=True), rtol=1e-6)
    assert layer.mean.shape == layer.variance.numpy().shape == shape


def test_a_constant_feature_becomes_zero() -> None:
    layer = layers.Normalization()
    layer.adapt(np.ones((5, 2)))
    np.testing.assert_array_equal(layer(np.ones((2, 2))), 0)


def test_one_mean_for_everything_and_the_way_back() -> None:
    layer = layers.Normalization(axis=None)
    layer.adapt(X)
    np.testing.assert_allclose(layer(X), (X - X.mean()) / X.std(), atol=1e-5)
    back = layers.Normalization(mean=X.mean(axis=0), variance=X.var(axis=0), invert=True)
    np.testing.assert_allclose(back(STANDARD), X, rtol=1e-4)
    with pytest.raises(ValueError, match="was made with mean and variance"):
        back.adapt(X)
    with pytest.raises(ValueError, match="given together"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match="no rows"):
        layer.adapt(X[:0])


def test_bytes_are_rescaled_in_the_engine() -> None:
    pixels = np.arange(256, dtype="uint8").reshape(4, 8, 8)
    model = Sequential([pynn.Input((8, 8), dtype="uint8"), layers.Rescaling(1 / 255)])
    assert model._plan().is_native
    out = model.predict(pixels, verbose=0)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, pixels / 255, rtol=1e-6)


def test_adapt_reads_batches_of_any_kind() -> None:
    x = np.random.default_rng(1).standard_normal((37, 3)).astype("float32") * [1.0, 10.0, 0.1] + 5.0
    batches = [x[:20], x[20:21], x[21:]]

    class Batches(pynn.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return batches[index], np.zeros(len(batches[index]))

    whole = layers.Normalization()
    whole.adapt(x)
    labelled = [(batch, np.zeros(len(batch))) for batch in batches]
    for data in (batches, iter(batches), (batch for batch in batches), labelled, Batches()):
        layer = layers.Normalization()
        layer.adapt(data)
        for ours, expected in zip(layer.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-6)
    first = layers.Normalization()
    first.adapt(Batches(), steps=2)
    assert first.count.numpy() == 21
    first.adapt(x, batch_size=4, steps=3)
    assert first.count.numpy() == 12
    np.testing.assert_allclose(first.mean, x[:12].mean(axis=0, keepdims=True), rtol=1e-6)
    images = np.random.default_rng(2).standard_normal((8, 2, 3, 4)).astype("float32")
    layer = layers.Normalization(axis=(1, 2))
    layer.adapt([images[:3], images[3:]])
    np.testing.assert_allclose(layer.adapt_mean, images.mean(axis=(0, 3)), rtol=1e-5, atol=1e-6)


def test_adapt_refuses_what_is_no_batch() -> None:
    layer = layers.Normalization()
    with pytest.raises(TypeError, match="a batch must be an array. Received: int"):
        layer.adapt(iter([42]))
    with pytest.raises(ValueError, match="it has no rows"):
        layer.adapt(iter([]))
    with pytest.raises(ValueError, match=r"rows of one shape. Received: \(4,\) and \(6,\)"):
        layer.adapt(iter([np.ones((8, 4)), np.ones((8, 6))]))
