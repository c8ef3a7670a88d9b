"""The losses that estimators can be asked for: their values, and what they lead to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import mean_gamma_deviance

from estimators.problems import CLASSIFICATION, REGRESSION
from pynn import losses, ops
from pynn.estimators import MLPClassifier, MLPRegressor
from pynn.estimators.mlp._heads import classification_head, regression_head

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y, _ = REGRESSION["squared_error"]
BOTH = REGRESSION["several outputs"][1]
# One epoch of steps that change nothing, without penalty: the loss of the initial weights.
STILL: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "solver": "sgd",
    "learning_rate_init": 1e-300,
    "max_iter": 1,
    "alpha": 0.0,
    "random_state": 0,
}
ROUNDING = 1e-9


def cubic(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


REGRESSIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "absolute_error": ({}, losses.mean_absolute_error),
    "huber": ({"delta": 0.3}, lambda t, p: losses.huber(t, p, delta=0.3)),
    "quantile": ({"quantile": 0.8}, lambda t, p: losses.quantile(t, p, tau=0.8)),
    "log_cosh": ({}, losses.log_cosh),
    "a function": ({"loss": cubic}, cubic),
    "a loss": ({"loss": losses.Huber(delta=0.7)}, lambda t, p: losses.huber(t, p, delta=0.7)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("y", [Y, BOTH], ids=["one output", "three"])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressors_report_their_loss(name: str, y: np.ndarray, weighted: bool) -> None:
    parameters, formula = REGRESSIONS[name]
    weight = np.random.default_rng(0).uniform(0, 2, len(X)) if weighted else None
    model = MLPRegressor(**STILL | {"loss": name} | parameters)
    model.fit(X, y, weight, validation_data=(X, y, weight))
    outputs = model.predict(X).reshape(len(X), -1)
    values = np.asarray(formula(y.reshape(len(y), -1), outputs))
    # The loss of an epoch is the mean over its batches, that of the validation over all rows.
    np.testing.assert_allclose(
        model.history_["val_loss"][0], np.average(values, weights=weight), rtol=ROUNDING
    )
    if not weighted:
        np.testing.assert_allclose(model.loss_, values.mean(), rtol=ROUNDING)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gamma_deviance_is_reported(weighted: bool) -> None:
    y = np.exp(Y / np.abs(Y).max())
    weight = np.random.default_rng(0).uniform(0, 2, len(X)) if weighted else None
    model = MLPRegressor("gamma", **STILL).fit(X, y, weight, validation_data=(X, y, weight))
    assert model.out_activation_ == "exp"
    expected = mean_gamma_deviance(y, model.predict(X), sample_weight=weight) / 2
    np.testing.assert_allclose(model.history_["val_loss"][0], expected, rtol=ROUNDING)


def test_the_gamma_deviance_finds_means_and_wants_positive_numbers() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2000, 1))
    mean = np.exp(1 + 2 * x[:, 0])
    model = MLPRegressor("gamma", (), solver="lbfgs", alpha=0.0, max_iter=500, random_state=0)
    model.fit(x, rng.gamma(2.0, mean / 2.0))
    np.testing.assert_allclose(model.coefs_[0], 2, atol=0.1)
    np.testing.assert_allclose(model.intercepts_[0], 1, atol=0.1)
    with pytest.raises(ValueError, match="y must be > 0 for the loss 'gamma'"):
        model.fit(x, np.maximum(x[:, 0], 0))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_quantiles_are_met(solver: str) -> None:
    for tau in (0.1, 0.5, 0.9):
        model = MLPRegressor(
            "quantile", (), quantile=tau, solver=solver, max_iter=600, random_state=0
        )
        model.set_params(learning_rate_init=0.02, n_iter_no_change=50, alpha=0.0).fit(X, Y)
        assert abs((model.predict(X) > Y).mean() - tau) < 0.05


def test_absolute_error_does_not_mind_outliers() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (400, 1))
    y = 3 * x[:, 0]
    y[::10] += 50
    found = [
        MLPRegressor(loss, (), solver="lbfgs", alpha=0.0, max_iter=500, random_state=0)
        .fit(x, y)
        .predict([[0.0]])[0]
        for loss in ("squared_error", "huber", "absolute_error")
    ]
    assert found[0] > 4
    assert abs(found[1]) < 1
    assert abs(found[2]) < 0.1


def expected_loss(kind: str, y: Any, p: np.ndarray, smoothing: float, gamma: float) -> float:
    """Return the log loss by the book; `p` are the outputs of the units."""
    if kind == "multiclass":
        t = np.eye(p.shape[1])[y] * (1 - smoothing) + smoothing / p.shape[1]
        return float((-((1 - p) ** gamma) * t * np.log(p)).sum(axis=1).mean())
    t = np.asarray(y, float).reshape(len(p), -1) * (1 - smoothing) + smoothing / 2
    if gamma:
        truth = t * p + (1 - t) * (1 - p)
        factor = (1 - truth) ** gamma
    else:
        factor = 1.0
    return float((-factor * (t * np.log(p) + (1 - t) * np.log(1 - p))).sum(axis=1).mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("gamma", [0.0, 1.5])
@pytest.mark.parametrize("problem", CLASSIFICATION)
def test_classifiers_report_their_loss(problem: str, gamma: float, smoothing: float) -> None:
    x, y = CLASSIFICATION[problem]
    model = MLPClassifier(
        loss="focal" if gamma else "log_loss",
        focal_gamma=gamma or 2.0,
        label_smoothing=smoothing,
        **STILL,
    ).fit(x, y)
    codes = (y == "odd") if problem == "binary" else y
    expected = expected_loss(problem, codes, model._checked_outputs(x), smoothing, gamma)
    np.testing.assert_allclose(model.loss_, expected, rtol=1e-6)


@pytest.mark.parametrize("problem", CLASSIFICATION)
def test_losses_of_pynn_may_take_the_place_of_the_log_loss(problem: str) -> None:
    x, y = CLASSIFICATION[problem]
    several = problem == "multiclass"
    own = losses.CategoricalCrossentropy() if several else losses.BinaryCrossentropy()
    model = MLPClassifier(loss=own, **STILL).fit(x, y)
    usual = MLPClassifier(**STILL).fit(x, y)
    outputs = 3 if problem == "multilabel" else 1
    np.testing.assert_allclose(outputs * model.loss_, usual.loss_, rtol=1e-6)
    sparse = losses.SparseCategoricalCrossentropy()
    if several:
        assert MLPClassifier(loss=sparse, **STILL).fit(x, y).loss_ == usual.loss_


def test_label_smoothing_keeps_from_certainty() -> None:
    x, y = CLASSIFICATION["multiclass"]
    sure, smooth = (
        MLPClassifier((20,), solver="lbfgs", label_smoothing=s, max_iter=300, random_state=0)
        .fit(x, y)
        .predict_proba(x)
        .max(axis=1)
        .mean()
        for s in (0.0, 0.2)
    )
    assert sure > 0.99
    assert 0.78 < smooth < 0.86


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (MLPClassifier, {"loss": "hinge"}),
        (MLPClassifier, {"label_smoothing": 1.0}),
        (MLPClassifier, {"focal_gamma": -1}),
        (MLPClassifier, {"loss": 3}),
        (MLPRegressor, {"loss": "log_loss"}),
        (MLPRegressor, {"delta": 0}),
        (MLPRegressor, {"quantile": 1.0}),
        (MLPRegressor, {"loss": None}),
    ],
)
def test_wrong_losses_are_refused(cls: Any, parameters: dict[str, Any]) -> None:
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {cls.__name__} must be"):
        cls(**parameters).fit([[0.0], [1.0]], [0, 1])


def test_an_output_layer_needs_a_loss() -> None:
    for make in (
        lambda: regression_head(None, 1),
        lambda: classification_head(None, "multiclass", 3, 0.0, 2.0),
    ):
        with pytest.raises(ValueError, match=r"loss must be a name, .* Received: None"):
            make()
