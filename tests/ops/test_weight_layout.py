"""Which weights are in in_out layout, and that nobody sees it but by the strides."""

from __future__ import annotations

import numpy as np
import pytest

import pynn
from pynn.ops import Weight


@pytest.mark.parametrize(
    ("shape", "in_out"),
    [
        ((784, 300), True),
        ((8, 30), True),
        ((64, 64), True),
        ((300, 100), True),
        ((100, 10), False),
        ((30, 1), False),
        ((1, 1), True),
        ((999, 8), False),
        ((1000, 8), True),
        ((100_000, 7), False),
        ((4096,), False),
    ],
)
def test_layout(shape: tuple[int, ...], in_out: bool) -> None:
    value = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    weight = Weight(value, "w")
    assert weight._variable.in_out == in_out
    np.testing.assert_array_equal(weight.view, value)
    assert weight.numpy().flags.c_contiguous and weight.view.shape == shape


def test_saved_and_loaded(tmp_path) -> None:
    """State of the optimizer, weights and further training are the same after a round trip."""
    pynn.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(60, 1200)).astype(np.float32)
    y = x[:, :1] + x[:, 1:2]
    model = pynn.Sequential([pynn.Input((1200,)), pynn.layers.Dense(20), pynn.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.pynn")
    loaded = pynn.models.load_model(tmp_path / "model.pynn")
    for each in (model, loaded):
        each.fit(x, y, epochs=2, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
