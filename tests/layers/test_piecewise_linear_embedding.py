"""`PiecewiseLinearEmbedding`: its bins, and what it makes of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import layers, models

RNG = np.random.default_rng(0)


def made_by_hand(layer: Any, x: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    """The values of numbers in float64, given each feature's bounds."""
    kernel, bias, bins = (
        np.float64(each.numpy()) for each in (layer.kernel, layer.bias, layer.bins)
    )
    values = x[:, :, None] * kernel + bias
    for i, own in enumerate(edges):
        for t, (low, high) in enumerate(zip(own, own[1:], strict=False)):
            through = (x[:, i] - low) / (high - low)
            below = -np.inf if t == 0 else 0.0
            above = np.inf if t == len(own) - 2 else 1.0
            values[:, i] += np.clip(through, below, above)[:, None] * bins[i, t]
    return values.reshape(len(x), -1)


def test_values_are_linear_in_each_bin() -> None:
    x = RNG.normal(size=(100, 2))
    x[:, 1] = RNG.integers(3, size=100)  # fewer numbers than bins
    layer = layers.PiecewiseLinearEmbedding(n_bins=5, units=3)
    layer.adapt(x)
    begun = layer(x.astype("f4")).numpy()
    layer.bins.assign(RNG.normal(size=layer.bins.shape))
    edges = [np.quantile(x[:, 0], np.linspace(0, 1, 6)), np.array([0.0, 1.0, 2.0])]
    later = np.concatenate([x, 3 * x, -x])
    found = layer(later.astype("f4")).numpy()
    np.testing.assert_allclose(found, made_by_hand(layer, later, edges), rtol=1e-4, atol=1e-4)
    linear = x[:, :, None] * layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(begun, linear.reshape(100, -1), rtol=1e-5, atol=1e-6)


def test_bins_are_those_of_all_batches() -> None:
    x = RNG.normal(size=(30, 2))
    whole, batched = (layers.PiecewiseLinearEmbedding(4, 2) for _ in range(2))
    whole.adapt(x)
    batched.adapt([x[:10], x[10:]])
    for name in ("slope", "start", "low", "high"):
        np.testing.assert_array_equal(getattr(batched, name).numpy(), getattr(whole, name).numpy())
    with pytest.raises(ValueError, match="at least one batch"):
        whole.adapt(iter(()))


def test_axes_before_the_features_are_kept() -> None:
    x = RNG.normal(size=(12, 3)).astype("f4")
    layer = layers.PiecewiseLinearEmbedding(4, 2)
    layer.adapt(x)
    layer.bins.assign(RNG.normal(size=layer.bins.shape))
    cut = layer(x.reshape(2, 3, 2, 3)).numpy()
    assert cut.shape == (2, 3, 2, 6)
    np.testing.assert_allclose(cut.reshape(12, 6), layer(x).numpy(), rtol=1e-5, atol=1e-6)


def test_numbers_that_float32_cannot_tell_apart_share_a_bin() -> None:
    x = np.concatenate([np.zeros(60), np.geomspace(1e-44, 1e-39, 20), np.linspace(0.1, 5.0, 20)])
    layer = layers.PiecewiseLinearEmbedding(40, 2)
    layer.adapt(x[:, None])
    for weight in layer.weights:
        assert np.isfinite(weight.numpy()).all()
    layer.bins.assign(np.ones(layer.bins.shape))
    assert np.isfinite(layer(x[:, None].astype("f4")).numpy()).all()


def test_a_constant_has_no_bins() -> None:
    layer = layers.PiecewiseLinearEmbedding(4, 2)
    layer.adapt(np.full((9, 1), 3.0))
    before = layer(np.full((2, 1), 5.0, "f4")).numpy()
    layer.bins.assign(np.ones(layer.bins.shape))
    np.testing.assert_array_equal(layer(np.full((2, 1), 5.0, "f4")).numpy(), before)


@pytest.mark.parametrize(
    "data", [np.zeros(3), np.zeros((0, 2)), np.full((3, 2), np.nan), np.zeros((3, 4))]
)
def test_other_data_are_refused(data: np.ndarray) -> None:
    layer = layers.PiecewiseLinearEmbedding()
    layer.build((None, 2))
    with pytest.raises(ValueError, match=r"adapt takes .* Received: shape"):
        layer.adapt(data)


def test_what_jumps_is_learned_in_the_engine() -> None:
    x = RNG.uniform(size=(256, 1)).astype("f4")
    y = np.sign(np.sin(20 * x))
    embedding = layers.PiecewiseLinearEmbedding(32, 4)
    embedding.adapt(x)
    model = models.Sequential([layers.Input((1,)), embedding, layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    losses = model.fit(x, y, epochs=300, batch_size=64, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert model._trainers.reason is None
