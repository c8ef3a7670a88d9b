"""Finding metrics by name, config, class and function."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from pynn import losses, metrics


def rmsErrorABC(y_true, y_pred):  # noqa: N802
    return np.abs(y_pred - y_true)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", metrics.MeanSquaredError),
        ("mean_squared_error", metrics.MeanSquaredError),
        ("MeanSquaredError", metrics.MeanSquaredError),
        ("mae", metrics.MeanAbsoluteError),
        ("rmse", metrics.RootMeanSquaredError),
        ("RootMeanSquaredError", metrics.RootMeanSquaredError),
        ("accuracy", metrics.Accuracy),
        ("binary_accuracy", metrics.BinaryAccuracy),
        ("sparse_categorical_accuracy", metrics.SparseCategoricalAccuracy),
        ("AUC", metrics.AUC),
        ("auc", metrics.AUC),
        ("Precision", metrics.Precision),
        ("f1_score", metrics.F1Score),
        ("fbeta_score", metrics.FBetaScore),
        ("r2_score", metrics.R2Score),
        ("kl_divergence", metrics.KLDivergence),
        ("bce", metrics.BinaryCrossentropy),
        ("top_k_categorical_accuracy", metrics.TopKCategoricalAccuracy),
    ],
)
def test_names(name: str, cls: type) -> None:
    assert type(metrics.get(name)) is cls


@pytest.mark.parametrize("name", [n for n in metrics.__all__ if n[0].isupper() and n[1].islower()])
def test_every_class_is_found_and_survives_json(name: str) -> None:
    if name in ("Metric", "MeanMetricWrapper"):
        return
    arguments = metrics.registry.examples[name]
    metric = metrics.get({"class_name": name, "config": arguments} if arguments else name)
    assert type(metric).__name__ == name
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_other_identifiers() -> None:
    assert metrics.get(None) is None
    assert metrics.get("huber") is losses.huber
    assert isinstance(metrics.get(metrics.Recall), metrics.Recall)
    with pytest.raises(ValueError, match="unknown metric: 'precison'. Did you mean 'precision'"):
        metrics.get("precison")


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("mse", "mse"),
        ("MeanSquaredError", "mean_squared_error"),
        ("mean_squared_error", "mean_squared_error"),
        ("huber", "huber"),
        (losses.mean_absolute_error, "mean_absolute_error"),
        (metrics.sparse_categorical_accuracy, "sparse_categorical_accuracy"),
        (metrics.MeanSquaredError(name="mine"), "mine"),
        (metrics.RootMeanSquaredError, "root_mean_squared_error"),
        (losses.Huber(name="h"), "h"),
        (rmsErrorABC, "rms_error_abc"),
        (lambda y_true, y_pred: y_pred - y_true, "lambda"),
        (partial(rmsErrorABC), "partial"),
    ],
)
def test_as_metric_names_metrics_as_they_were_given(identifier: object, name: str) -> None:
    metric = metrics.as_metric(identifier)
    assert isinstance(metric, metrics.Metric)
    assert metric.name == name


def test_as_metric_of_own_functions_and_losses() -> None:
    def bias(y_true, y_pred):
        return np.mean(y_pred - y_true, axis=-1)

    assert metrics.as_metric(bias)([[1.0]], [[3.0]]) == 2.0
    assert metrics.as_metric("b", custom_objects={"b": bias}).name == "b"
    assert metrics.as_metric(losses.Huber(2.0))([[0.0], [0.0]], [[1.0], [2.0]]) == 1.25
    given = metrics.AUC()
    assert metrics.as_metric(given) is given
    with pytest.raises(ValueError, match="a metric must be given"):
        metrics.as_metric(None)


def test_a_custom_object_may_be_called_accuracy() -> None:
    assert (
        metrics.as_metric("accuracy", custom_objects={"accuracy": metrics.AUC}).name == "accuracy"
    )
