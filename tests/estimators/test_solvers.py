"""Solvers beyond scikit-learn's: optimizers, learning rates, clipping, averaged weights."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import clone

from estimators.problems import IRIS
from pynn import optimizers
from pynn.estimators import MLPClassifier, MLPRegressor
from pynn.optimizers import schedules

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "random_state": 0,
    "batch_size": 50,
    "max_iter": 4,
    "tol": 0.0,
}
STEPS = 3 * SMALL["max_iter"]


def weights_of(model: Any) -> np.ndarray:
    return np.concatenate([w.ravel() for w in model.coefs_ + model.intercepts_])


class Halving(optimizers.Optimizer):
    """Plain descent written in Python, at half the rate."""

    def update_step(self, gradient: np.ndarray, variable: Any, learning_rate: float) -> None:
        variable.assign(variable.numpy() - 0.5 * learning_rate * gradient)


SAME: dict[str, tuple[dict[str, Any], Any]] = {
    "adam": ({"solver": "adam", "beta_1": 0.8}, optimizers.Adam(0.001, beta_1=0.8, epsilon=1e-8)),
    "sgd": ({"solver": "sgd"}, optimizers.SGD(0.001, momentum=0.9, nesterov=True)),
    "lion": ({"solver": "lion"}, optimizers.Lion(0.001)),
    "adamw": ({"solver": "adamw"}, optimizers.AdamW(0.001)),
    "clipnorm": ({"clipnorm": 0.1}, optimizers.Adam(0.001, epsilon=1e-8, clipnorm=0.1)),
    "a schedule": (
        {"learning_rate": schedules.CosineDecay(0.01, STEPS)},
        optimizers.Adam(schedules.CosineDecay(0.01, STEPS), epsilon=1e-8),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_a_solver_by_name_is_an_optimizer_of_pynn(name: str) -> None:
    parameters, optimizer = SAME[name]
    by_name = MLPRegressor(**SMALL, **parameters).fit(X, Y)
    by_object = MLPRegressor(**SMALL, solver=optimizer).fit(X, Y)
    np.testing.assert_array_equal(weights_of(by_name), weights_of(by_object))


def test_an_optimizer_is_used_and_not_changed() -> None:
    optimizer = optimizers.Adam(0.01)
    model = MLPRegressor(solver=optimizer, **SMALL)
    assert model.get_params()["solver"] is optimizer
    first = weights_of(model.fit(X, Y))
    assert int(optimizer.iterations) == 0
    assert int(model.model_.optimizer.iterations) == STEPS
    np.testing.assert_array_equal(weights_of(clone(model).fit(X, Y)), first)


def test_optimizers_written_in_python_train() -> None:
    # Interpreted trainings shuffle in another order than the engine.
    own, plain = (
        MLPRegressor(solver=s, shuffle=False, **SMALL).fit(X, Y)
        for s in (Halving(0.02), optimizers.SGD(0.01))
    )
    np.testing.assert_allclose(weights_of(own), weights_of(plain), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", schedules.PolynomialDecay(0.01, 1, 0.01)),
        ("cosine", schedules.CosineDecay(0.01, STEPS)),
        ("linear", schedules.PolynomialDecay(0.01, STEPS, 0.0)),
        ("exponential", schedules.ExponentialDecay(0.01, STEPS, 0.01)),
    ],
)
def test_schedules_by_name_span_the_training(name: str, expected: Any) -> None:
    given = {**SMALL, "learning_rate_init": 0.01, "solver": "sgd", "momentum": 0}
    by_name = MLPRegressor(**given, learning_rate=name).fit(X, Y)
    by_object = MLPRegressor(**given, learning_rate=expected).fit(X, Y)
    np.testing.assert_array_equal(weights_of(by_name), weights_of(by_object))


def test_one_cycle_rises_and_falls() -> None:
    rates: list[float] = []
    model = MLPRegressor(**SMALL | {"max_iter": 40}, learning_rate="one_cycle")
    model.set_params(learning_rate_init=0.1, n_iter_no_change=100).fit(X, Y)
    rates = list(model._optimizer.rates(0, 121))
    assert rates[0] == pytest.approx(0.004)
    assert np.argmax(rates) == 36
    assert max(rates) == pytest.approx(0.1)
    assert rates[120] == pytest.approx(1e-5)


def test_functions_of_the_step_are_learning_rates() -> None:
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 0.01 / (1 + step)

    by_function = MLPRegressor(**SMALL, learning_rate=rate).fit(X, Y)
    assert set(range(STEPS)) <= set(asked)
    inverse = schedules.InverseTimeDecay(0.01, 1, 1.0)
    by_object = MLPRegressor(**SMALL, learning_rate=inverse).fit(X, Y)
    np.testing.assert_array_equal(weights_of(by_function), weights_of(by_object))


@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf])
def test_a_wrong_rate_stops_the_training_before_its_step(wrong: float) -> None:
    model = MLPRegressor(**SMALL, learning_rate=lambda step: 0.01 if step < STEPS // 2 else wrong)
    with pytest.raises(ValueError, match="learning rate of a step must be a finite number"):
        model.fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipped_gradients_take_small_steps(name: str) -> None:
    still = {**SMALL, "solver": "sgd", "momentum": 0, "max_iter": 1, "batch_size": 150}
    start = MLPRegressor(**still, learning_rate_init=1e-300).fit(X, 100.0 * Y)
    free, clipped = (
        MLPRegressor(**still, learning_rate_init=1.0, **clip).fit(X, 100.0 * Y)
        for clip in ({}, {name: 1e-3})
    )
    steps = [weights_of(model) - weights_of(start) for model in (free, clipped)]
    assert np.abs(steps[0]).max() > 1
    limit = 1e-3 * (1 + 1e-9)
    if name == "clipvalue":
        assert np.abs(steps[1]).max() <= limit
    elif name == "global_clipnorm":
        assert np.linalg.norm(steps[1]) <= limit
    else:
        for a, b in zip(start.coefs_, clipped.coefs_, strict=True):
            assert np.linalg.norm(a - b) <= limit


def test_averaged_weights_are_those_of_the_book() -> None:
    momentum = 0.8
    given = {**SMALL, "shuffle": False, "batch_size": 150}
    average, weights = None, []
    for n in range(1, 7):
        now = weights_of(MLPRegressor(**given | {"max_iter": n}).fit(X, Y))
        weights.append(now)
        average = now if average is None else momentum * average + (1 - momentum) * now
    model = MLPRegressor(**given | {"max_iter": 6}, ema_momentum=momentum).fit(X, Y)
    np.testing.assert_allclose(weights_of(model), average, rtol=1e-12, atol=1e-14)
    by_optimizer = MLPRegressor(
        **given | {"max_iter": 6},
        solver=optimizers.Adam(0.001, epsilon=1e-8, use_ema=True, ema_momentum=momentum),
    ).fit(X, Y)
    np.testing.assert_array_equal(weights_of(by_optimizer), weights_of(model))


def test_averages_are_scored() -> None:
    model = MLPRegressor(**SMALL, ema_momentum=0.9).fit(X, Y, validation_data=(X, Y))
    assert model.history_["val_score"][-1] == pytest.approx(model.score(X, Y), rel=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [
        {"ema_momentum": 0.9},
        {"solver": Halving(0.01)},
        {"solver": optimizers.SGD(0.01, gradient_accumulation_steps=2)},
        {"solver": optimizers.Nadam(0.01)},
        {"learning_rate": schedules.CosineDecay(0.01, STEPS)},
        {"dropout": 0.3},
        {"batch_norm": True},
        {"early_stopping": True},
        {"early_stopping": True, "ema_momentum": 0.8},
        {"restore_best": True},
        {"loss": "huber", "clipnorm": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("pickled", [False, True])
def test_short_calls_are_one_long_call(parameters: dict[str, Any], pickled: bool) -> None:
    """Bit for bit: weights, curve, and what early stopping has seen."""
    given = {**SMALL, "n_iter_no_change": 100, **parameters}
    whole = MLPRegressor(**given).fit(X, Y)
    parts = MLPRegressor(**given | {"max_iter": 1}, warm_start=True)
    for _ in range(SMALL["max_iter"]):
        parts.fit(X, Y)
        if pickled:
            parts = pickle.loads(pickle.dumps(parts))
    np.testing.assert_array_equal(weights_of(whole), weights_of(parts))
    assert whole.loss_curve_ == parts.loss_curve_
    assert whole.validation_scores_ == parts.validation_scores_
    assert whole.history_ == parts.history_
    np.testing.assert_array_equal(whole.predict(X), parts.predict(X))


def test_an_adaptive_rate_says_when_it_falls(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of scikit-learn."""
    given = {**SMALL, "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 4e-6}
    given |= {"max_iter": 20, "n_iter_no_change": 2, "tol": 10.0, "verbose": True}
    shown = []
    for cls in (MLPRegressor, sklearn.neural_network.MLPRegressor):
        cls(**given).fit(X, Y)
        lines = capsys.readouterr().out.splitlines()
        shown.append([line for line in lines if "did not improve" in line])
    assert shown[0] == shown[1]
    assert shown[0][0].endswith("for 2 consecutive epochs. Setting learning rate to 0.000001")
    assert shown[0][-1].endswith("Learning rate too small. Stopping.")


def test_weights_assigned_between_calls_are_those_to_go_on_from() -> None:
    model = MLPRegressor(**SMALL, warm_start=True, ema_momentum=0.5).fit(X, Y)
    model.coefs_ = [np.zeros_like(c) for c in model.coefs_]
    model.set_params(learning_rate_init=1e-300, max_iter=1).fit(X, Y)
    assert all(np.abs(c).max() < 1 for c in model._state.last_weights[0][:2])
    assert np.abs(model._state.last_weights[0][0]).max() < 1e-9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": 3}, "The 'solver' parameter of MLPRegressor must be"),
        ({"solver": optimizers.Adam}, "The 'solver' parameter of MLPRegressor must be"),
        ({"learning_rate": 0.1}, "The 'learning_rate' parameter of MLPRegressor must be"),
        ({"clipnorm": 0}, "The 'clipnorm' parameter of MLPRegressor must be"),
        ({"ema_momentum": 2}, "The 'ema_momentum' parameter of MLPRegressor must be"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "only one of clipnorm, clipvalue"),
        ({"solver": optimizers.Adam(), "clipnorm": 1.0}, "clips gradients by itself"),
        (
            {"solver": optimizers.SGD(use_ema=True, ema_overwrite_frequency=5)},
            "must have no ema_overwrite_frequency",
        ),
    ],
)
def test_wrong_solvers_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**SMALL | parameters).fit(X, Y)


def test_classifiers_take_them_too() -> None:
    model = MLPClassifier((16,), solver=optimizers.Adam(0.02), random_state=0, max_iter=80)
    assert model.fit(X, Y).score(X, Y) > 0.95
