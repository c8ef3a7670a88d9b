"""scikit-learn's checks of estimators on the wrappers; none is expected to fail."""

from __future__ import annotations

from typing import Any

import pytest

from estimators.sklearn_checks import every_check, run_check
from pynn import Input, Sequential, initializers, layers, losses, optimizers
from pynn.wrappers import KerasClassifier, KerasRegressor, SKLearnClassifier, SKLearnRegressor

# A weight of 2 comes to the same as the row twice over only if the loss is a mean by weights, and
# only in float64 to the digits that the checks compare.
BY_WEIGHTS = "mean_with_sample_weight"


def network(n_features: int, n_outputs: int, last: str) -> Sequential:
    def dense(units: int, activation: str, seed: int) -> layers.Dense:
        start = initializers.GlorotUniform(seed=seed)
        return layers.Dense(units, activation, kernel_initializer=start, dtype="float64")

    inputs = Input((n_features,), dtype="float64")
    return Sequential([inputs, dense(16, "relu", 1), dense(n_outputs, last, 2)])


def classifier(meta: dict[str, Any], compile_kwargs: dict[str, Any]) -> Sequential:
    n_features, n_classes = meta["n_features_in_"], meta["n_classes_"]
    loss: losses.Loss = losses.BinaryCrossentropy(reduction=BY_WEIGHTS)
    if meta["target_type_"] == "multilabel-indicator":
        model = network(n_features, n_classes, "sigmoid")
    elif n_classes <= 2:
        model = network(n_features, 1, "sigmoid")
    else:
        model = network(n_features, n_classes, "softmax")
        loss = losses.SparseCategoricalCrossentropy(reduction=BY_WEIGHTS)
    model.compile(**{**compile_kwargs, "loss": loss})
    return model


def regressor(meta: dict[str, Any]) -> Sequential:
    return network(meta["n_features_in_"], meta["n_outputs_"], "linear")


def from_data(X: Any, y: Any, loss: str, last: str) -> Sequential:
    model = network(X.shape[1], y.shape[1], last)
    by_weights = getattr(losses, loss)(reduction=BY_WEIGHTS)
    model.compile(loss=by_weights, optimizer=optimizers.Adam(0.02))
    return model


ROUTED: dict[str, Any] = {
    "optimizer": "adam",
    "optimizer__learning_rate": 0.02,
    "batch_size": 256,
    "epochs": 100,
    "random_state": 0,
    "verbose": 0,
}
FIT = {"epochs": 100, "batch_size": 256, "shuffle": False, "verbose": 0}
ESTIMATORS = [
    KerasClassifier(classifier, **ROUTED),
    KerasRegressor(regressor, loss="mse", loss__reduction=BY_WEIGHTS, **ROUTED),
    SKLearnClassifier(
        from_data,
        model_kwargs={"loss": "CategoricalCrossentropy", "last": "softmax"},
        fit_kwargs=FIT,
    ),
    SKLearnRegressor(
        from_data, model_kwargs={"loss": "MeanSquaredError", "last": "linear"}, fit_kwargs=FIT
    ),
]


@pytest.mark.filterwarnings("ignore")
@every_check(ESTIMATORS)
def test_scikit_learn_is_content(
    estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_check(estimator, check, monkeypatch)
