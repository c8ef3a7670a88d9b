"""What each preset trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from estimators.tabular.tables import expensive, mixed_table, prices
from pynn import TabularClassifier, TabularRegressor
from pynn.estimators.tabular._networks import AVAILABLE

X, LATER = mixed_table(), mixed_table(60, seed=1)
SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (32, 32),
    "batch_size": 32,
    "strategy": "refit",
    "random_state": 0,
}

# One epoch is not much.
pytestmark = pytest.mark.filterwarnings("ignore:the networks predict the rows")


@pytest.mark.parametrize("preset", sorted(AVAILABLE))
def test_every_preset_learns(preset: str) -> None:
    classifier = TabularClassifier(preset, **SMALL, epochs=30).fit(X, expensive(X))
    assert classifier.score(LATER, expensive(LATER)) > 0.85
    regressor = TabularRegressor(preset, **SMALL, epochs=40).fit(X, prices(X))
    assert regressor.score(LATER, prices(LATER)) > 0.85


@pytest.mark.parametrize("preset", sorted(AVAILABLE))
def test_there_may_be_no_hidden_layers(preset: str) -> None:
    given = {**SMALL, "hidden_layer_sizes": ()}
    x = np.random.default_rng(0).normal(size=(300, 2))
    found = TabularRegressor(preset, **given, epochs=300).fit(x, x @ [1.0, 0.5])
    assert found.score(x, x @ [1.0, 0.5]) > 0.9


@pytest.mark.parametrize("preset", sorted(AVAILABLE))
def test_every_preset_trains_in_the_engine(preset: str) -> None:
    found = TabularRegressor(preset, **SMALL, epochs=1).fit(X, prices(X))
    network = found._networks.build(0, len(X))
    inputs = found.prepare(X)
    y = np.zeros((len(X), 1), np.float32)
    given: dict[str, Any] = {"x": inputs if len(inputs) > 1 else inputs[0], "y": y}
    if network.batches is not None:
        given = {"x": network.batches(inputs, y, None)}
    network.model.fit(**given, **({} if network.batches else network.fit_arguments), verbose=0)
    assert network.model._trainers.reason is None


@pytest.mark.parametrize("preset", sorted(AVAILABLE))
def test_bits_do_not_depend_on_threads(preset: str) -> None:
    found = []
    for threads in (1, 2):
        pynn.set_num_threads(threads)
        model = TabularClassifier(preset, **SMALL, epochs=2).fit(X, expensive(X))
        found.append(model.predict_proba(LATER).tobytes())
    assert found[0] == found[1]


def test_what_was_constant_in_training_has_no_huge_weights() -> None:
    ones = np.ones((50, 1))
    found = TabularRegressor("realmlp", **{**SMALL, "strategy": "holdout"}, epochs=1, clamp=False)
    found.fit(ones, np.arange(50.0), X_val=ones, y_val=np.arange(50.0))
    largest = max(np.abs(each).max() for each in found._networks.weights[0])
    assert largest < 100.0


def test_bins_let_realmlp_learn_what_jumps() -> None:
    x = np.random.default_rng(0).uniform(size=(1200, 1))
    steps = np.random.default_rng(1).normal(size=40)
    y = steps[(40 * x[:, 0]).astype(int)]

    def median_score(n_bins: int) -> float:
        models = [TabularRegressor(n_bins=n_bins, random_state=seed) for seed in range(3)]
        scores = [m.fit(x[:1000], y[:1000]).score(x[1000:], y[1000:]) for m in models]
        return float(np.median(scores))

    assert median_score(48) > 0.6 > median_score(0) + 0.2


def test_realmlp_starts_with_units_of_deviation_1() -> None:
    found = TabularRegressor("realmlp", **SMALL, epochs=1, dropout=0.0).fit(X, prices(X))
    network = found._networks.build(0, len(X))
    assert network.initialize is not None
    inputs = found.prepare(X)
    network.initialize(inputs)
    outputs = network.model.predict(inputs, verbose=0)
    assert outputs.std() == pytest.approx(1.0, rel=1e-3)
