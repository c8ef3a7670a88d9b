"""Optimizers that look at whole weights: steps as Keras takes them, in models and estimators."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, optimizers
from pynn.optimizers._numpy_optimizer import NumpyOptimizer

WEIGHTS = [np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]), np.array([0.5, -1.0, 2.0])]
GRADIENTS = [
    [np.array([[0.1, -0.5, 0.3], [1.0, 0.2, -0.7]]), np.array([0.3, 0.0, -0.2])],
    [np.array([[-0.4, 0.2, 0.6], [0.5, -0.1, 0.9]]), np.array([-0.6, 0.1, 0.4])],
]
# What Keras 3.15.1 makes of them in float32, with learning_rate=0.1 and weight_decay=0.01.
MATRICES = {
    "Adafactor": [[1.106405, -1.844555, 0.193315], [-0.010336, 2.981695, -1.020673]],
    "Lamb": [[0.970267, -1.755218, 0.112377], [-0.129355, 2.771878, -0.880054]],
    "ScheduleFreeAdamW": [[1.024967, -1.977918, 0.380216], [0.165110, 2.983315, -1.010918]],
    "Muon": [[0.992847, -1.963280, 0.462408], [0.194870, 2.994261, -1.006530]],
}
VECTORS = {
    "Adafactor": [0.500269, -1.143116, 1.994734],
    "Lamb": [0.434276, -1.195100, 2.060727],
    "ScheduleFreeAdamW": [0.519334, -1.077262, 1.979416],
    "Muon": [0.436252, -1.073611, 2.061748],
}
ROUNDED = 3e-5  # two steps in float32, where 1 - beta_2**2 has five digits
NAMES = list(MATRICES)


def make(name: str, rate: float = 0.1, **options: Any) -> optimizers.Optimizer:
    if name == "ScheduleFreeAdamW":
        options = {"warmup_steps": 2, **options}
    return getattr(optimizers, name)(rate, **options)


def test_all_are_here() -> None:
    known = {c.__name__ for c in optimizers.registry.members if issubclass(c, NumpyOptimizer)}
    assert known == set(NAMES)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_steps(name: str, dtype: str) -> None:
    optimizer = make(name, weight_decay=0.01)
    weights = [w.astype(dtype) for w in WEIGHTS]
    for gradients in GRADIENTS:
        optimizer.apply(gradients, weights)
    np.testing.assert_allclose(weights[0], MATRICES[name], rtol=0, atol=ROUNDED)
    np.testing.assert_allclose(weights[1], VECTORS[name], rtol=0, atol=ROUNDED)
    assert {w.dtype for w in [*weights, *optimizer.variables[2:]]} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", NAMES)
def test_a_wide_and_a_tall_matrix_are_treated_alike(name: str) -> None:
    wide, tall = make(name), make(name)
    w, v = WEIGHTS[0].copy(), WEIGHTS[0].T.copy()
    for gradient, _ in GRADIENTS:
        wide.apply([gradient], [w])
        tall.apply([gradient.T], [v])
    np.testing.assert_allclose(w, v.T, rtol=1e-12)


def compiled(optimizer: optimizers.Optimizer) -> pynn.Model:
    pynn.utils.set_random_seed(0)
    model = pynn.Sequential(
        [pynn.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1, name="last")]
    )
    model.compile(optimizer, "mse")
    return model


RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3)).astype("float32")
Y = X[:, :1] - 0.5 * X[:, 1:2]


@pytest.mark.parametrize("name", NAMES)
def test_models_learn_with_them(name: str) -> None:
    model = compiled(make(name, rate=0.03))
    before = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=20, batch_size=8, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < 0.3 * before


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", NAMES)
def test_estimators_learn_with_them(name: str) -> None:
    estimator = pynn.MLPRegressor(
        hidden_layer_sizes=(4,), solver=make(name, rate=0.03), max_iter=100, random_state=0
    )
    assert estimator.fit(X, Y[:, 0]).score(X, Y[:, 0]) > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_configs_and_copies(name: str) -> None:
    optimizer = make(name)
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.get_config() == optimizer.get_config()
    assert pickle.loads(pickle.dumps(optimizer)).get_config() == optimizer.get_config()
    assert f"{name}(learning_rate=0.1" in repr(optimizer)


@pytest.mark.parametrize("ending", ["pynn", "pickle"])
@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on(name: str, ending: str, tmp_path: Any) -> None:
    model = compiled(make(name))
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    if ending == "pickle":
        again = pickle.loads(pickle.dumps(model))
    else:
        model.save(tmp_path / "model.pynn")
        again = pynn.models.load_model(tmp_path / "model.pynn")
    for each in (model, again):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_muon_leaves_layers_to_adam() -> None:
    muon = optimizers.Muon(0.1, exclude_layers=["last"], weight_decay=None, adam_weight_decay=None)
    model, other = compiled(muon), compiled(optimizers.Adam(0.1))
    for each in (model, other):
        each.train_on_batch(X, Y)
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    same = [np.allclose(one, another, atol=1e-6) for one, another in pairs]
    assert same == [False, True, True, True]


def test_muons_weight_decays_are_apart() -> None:
    muon = optimizers.Muon(0.1, weight_decay=0.5, adam_weight_decay=0.2)
    weights = [np.ones((2, 2)), np.ones(2), np.ones(2)]
    muon.exclude_from_weight_decay(var_list=[weights[2]])
    muon.apply([np.zeros_like(w) for w in weights], weights)
    np.testing.assert_allclose(weights[0], 0.95)
    np.testing.assert_allclose(weights[1], 0.98)
    np.testing.assert_allclose(weights[2], 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adafactor(beta_2_decay=0.5), r"beta_2_decay must be in \[-inf, 0\]"),
        (lambda: optimizers.Adafactor(clip_threshold=0.0), "clip_threshold must be positive"),
        (lambda: optimizers.Lamb(beta_1=1.0), r"beta_1 must be in \[0, 1\)"),
        (lambda: optimizers.ScheduleFreeAdamW(beta_1=0.0), r"beta_1 must be in \(0, 1\)"),
        (lambda: optimizers.ScheduleFreeAdamW(warmup_steps=-1), "warmup_steps must be an integer"),
        (lambda: optimizers.Muon(momentum=2.0), r"momentum must be in \[0, 1\]"),
        (lambda: optimizers.Muon(ns_steps=2.5), "ns_steps must be an integer"),
        (lambda: optimizers.Muon(muon_a="a"), "muon_a must be a finite number"),
        (lambda: optimizers.Muon(rms_rate=-1.0), "rms_rate must be positive or None"),
        (lambda: optimizers.Muon(adam_weight_decay=-1.0), "adam_weight_decay must be in"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
