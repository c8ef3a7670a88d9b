"""The layers of an MLP estimator: activations one by one, dropout, batch normalization."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from estimators.problems import IRIS
from pynn import activations, layers, ops
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
SMALL: dict[str, Any] = {"random_state": 0, "max_iter": 5, "batch_size": 32}
# Sums of a few float64 numbers in another order.
ROUNDING = 1e-12


def swish(x: Any) -> Any:
    return x * ops.sigmoid(x)


def outputs_by_hand(model: Any, functions: list[Any]) -> np.ndarray:
    x = X
    for coef, intercept, function in zip(
        model.coefs_[:-1], model.intercepts_[:-1], functions, strict=True
    ):
        x = np.asarray(function(x @ coef + intercept))
    return x @ model.coefs_[-1] + model.intercepts_[-1]


def test_every_hidden_layer_may_have_its_own_activation() -> None:
    model = MLPRegressor(
        hidden_layer_sizes=(6, 5, 4), activation=["tanh", "identity", swish], **SMALL
    ).fit(X, Y)
    functions = [np.tanh, activations.linear, lambda x: x / (1 + np.exp(-x))]
    expected = outputs_by_hand(model, functions)[:, 0]
    np.testing.assert_allclose(model.predict(X), expected, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("name", ["softmax", "swish", "log_softmax", "hard_sigmoid"])
def test_every_activation_of_pynn_may_be_hidden(name: str) -> None:
    model = MLPRegressor(hidden_layer_sizes=(6,), activation=name, **SMALL).fit(X, Y)
    expected = outputs_by_hand(model, [getattr(activations, name)])[:, 0]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


def test_a_function_is_the_same_as_its_name() -> None:
    by_name, by_function = (
        MLPClassifier((6,), activation, **SMALL).fit(X, Y)
        for activation in ("gelu", activations.gelu)
    )
    np.testing.assert_array_equal(by_name.coefs_[0], by_function.coefs_[0])


@pytest.mark.parametrize("activation", [lambda x: x[:, :1], lambda x: ops.sum(x), lambda x: 1.0])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_an_activation_keeps_the_shape(activation: Any, batch_norm: bool) -> None:
    model = MLPRegressor(hidden_layer_sizes=(4,), activation=activation, batch_norm=batch_norm)
    with pytest.raises(ValueError, match=r"activation must return a tensor of .*\(None, 4\)"):
        model.fit(X, Y)


def test_initial_weights_go_by_each_layer_s_activation() -> None:
    still = {**SMALL, "solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    mixed = MLPRegressor(hidden_layer_sizes=(50, 50), activation=["logistic", "relu"], **still)
    mixed.fit(X, Y)
    for coef, factor in zip(mixed.coefs_, [2, 6, 6], strict=True):
        bound = np.sqrt(factor / sum(coef.shape))
        assert 0.9 * bound < np.abs(coef).max() <= bound


@pytest.mark.parametrize("name", ["activation", "dropout"])
def test_lists_have_an_entry_for_each_hidden_layer(name: str) -> None:
    model = MLPClassifier((6, 5), **{name: ["relu" if name == "activation" else 0.1]})
    with pytest.raises(ValueError, match=f"{name} must be .* each of the 2 hidden layers. Got 1"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": ["no such", "relu"]}, "unknown activation: 'no such'"),
        ({"dropout": 1.0}, "The 'dropout' parameter of MLPClassifier must be a float in the range"),
        ({"dropout": [0.5, 1.5]}, "rate"),
        ({"batch_norm": "yes"}, "The 'batch_norm' parameter of MLPClassifier must be an instance"),
        ({"dropout": 0.1, "solver": "lbfgs"}, "takes neither dropout nor batch_norm"),
        ({"batch_norm": True, "solver": "lbfgs"}, "takes neither dropout nor batch_norm"),
    ],
)
def test_wrong_layers_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier((6, 5), **parameters).fit(X, Y)


def test_dropout_is_where_it_was_asked_for() -> None:
    model = MLPClassifier((6, 5), dropout=[0.0, 0.25], **SMALL).fit(X, Y)
    found = [layer for layer in model.model_.layers if isinstance(layer, layers.Dropout)]
    assert [layer.rate for layer in found] == [0.25]
    assert [type(layer) for layer in model.model_.layers[-2:]] == [layers.Dropout, layers.Dense]


def test_dropout_changes_training_and_not_prediction() -> None:
    plain, dropped = (MLPRegressor(hidden_layer_sizes=(40,), dropout=d, **SMALL) for d in (0, 0.5))
    assert plain.fit(X, Y).loss_curve_[0] < dropped.fit(X, Y).loss_curve_[0]
    np.testing.assert_array_equal(dropped.predict(X), dropped.predict(X))
    expected = outputs_by_hand(dropped, [activations.relu])[:, 0]
    np.testing.assert_allclose(dropped.predict(X), expected, rtol=ROUNDING, atol=ROUNDING)


def test_dropout_follows_the_random_state() -> None:
    same = [MLPClassifier((20,), dropout=0.5, shuffle=False, **SMALL).fit(X, Y) for _ in range(2)]
    np.testing.assert_array_equal(same[0].coefs_[0], same[1].coefs_[0])
    masks = MLPClassifier((20,), dropout=0.5, shuffle=False, **SMALL)
    masks.fit(X, Y)
    masks._state.dropout_seed += 1
    again = clone(masks).set_params(warm_start=True)
    again.fit(X, Y)
    assert again.loss_curve_ == same[0].loss_curve_


def test_batch_normalization_learns_and_predicts_by_its_moments() -> None:
    model = MLPClassifier((16,), batch_norm=True, random_state=3, max_iter=60, batch_size=30)
    model.set_params(learning_rate_init=0.01).fit(X, Y)
    assert model.score(X, Y) > 0.95
    normalization = next(
        layer for layer in model.model_.layers if isinstance(layer, layers.BatchNormalization)
    )
    gamma, beta, mean, variance = normalization.get_weights()
    z = X @ model.coefs_[0] + model.intercepts_[0]
    scaled = (z - mean) / np.sqrt(variance + normalization.epsilon) * gamma + beta
    logits = np.maximum(scaled, 0) @ model.coefs_[1] + model.intercepts_[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("change", ["pickle", "assign"])
def test_normalizations_survive(change: str) -> None:
    model = MLPClassifier((6,), batch_norm=True, dropout=0.1, **SMALL).fit(X, Y)
    expected = model.predict_proba(X)
    if change == "pickle":
        model = pickle.loads(pickle.dumps(model))
    else:
        model.coefs_ = [c.copy() for c in model.coefs_]
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_warm_starts_take_up_other_layers() -> None:
    model = MLPClassifier((6,), "relu", warm_start=True, **SMALL).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(activation="tanh", dropout=0.5, max_iter=1, learning_rate_init=1e-300)
    model.fit(X, Y)
    assert len(model.model_.layers) == 3
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    logits = hidden @ model.coefs_[1] + model.intercepts_[1]
    assert not np.allclose(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.predict(X), logits.argmax(axis=1))


def test_types_may_be_chosen() -> None:
    for given, kept in (("float32", np.float32), (np.float64, np.float64), (None, np.float32)):
        model = MLPRegressor(hidden_layer_sizes=(4,), dtype=given, **SMALL)
        model.fit(X.astype(np.float32), Y)
        assert {w.dtype for w in model.coefs_ + model.intercepts_} == {np.dtype(kept)}
    wide = MLPRegressor(hidden_layer_sizes=(4,), dtype="float32", **SMALL).fit(X, Y)
    assert wide.predict(X).dtype == np.float32
    assert wide.predict(X[:1]).dtype == np.float32
    with pytest.raises(ValueError, match="The 'dtype' parameter"):
        MLPRegressor(dtype="float16").fit(X, Y)
