"""The losses as metrics: means of the loss functions, weighted by samples."""

from __future__ import annotations

import numpy as np
import pytest

from losses.cases import CASES, IDS, Case
from pynn import _core, losses, metrics

WEIGHTS = np.linspace(0.5, 2.0, len(CASES[0].y_true))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_metric_is_the_mean_of_the_loss(case: Case) -> None:
    name = case.loss.fn.__name__
    found = metrics.registry.find(name)
    is_class = isinstance(found, type)
    arguments = {k: v for k, v in case.loss._fn_kwargs.items() if k != "axis" or not is_class}
    metric = found(**arguments) if is_class else metrics.MeanMetricWrapper(found, **arguments)
    sign = -1.0 if name == "cosine_similarity" else 1.0
    values = sign * case.loss.call(case.y_true, case.y_pred)
    if values.ndim == 0:  # of the whole batch
        assert metric(case.y_true, case.y_pred) == pytest.approx(float(values))
        return
    half = len(values) // 2
    for rows in (slice(None, half), slice(half, None)):
        metric.update_state(case.y_true[rows], case.y_pred[rows])
    assert metric.result() == pytest.approx(values.mean())
    metric.reset_state()
    got = metric(case.y_true, case.y_pred, sample_weight=WEIGHTS)
    assert got == pytest.approx(np.average(values, weights=WEIGHTS))


def test_root_mean_squared_error() -> None:
    metric = metrics.RootMeanSquaredError()
    metric.update_state([[0.0, 1.0]], [[3.0, 1.0]])
    metric.update_state([[0.0, 0.0]], [[0.0, 0.0]])
    assert metric.result() == pytest.approx(np.sqrt(9 / 4))
    assert metrics.RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]], [3.0, 1.0]) == (
        pytest.approx(np.sqrt((3 + 9) / 4))
    )


def test_an_ignored_class_counts_unless_there_are_weights() -> None:
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    y_pred = np.full((3, 4), 0.25)
    assert metric([0, -1, 2], y_pred) == pytest.approx(2 / 3 * np.log(4))
    assert metric.count.numpy() == 3.0
    metric.reset_state()
    assert metric([0, -1, 2], y_pred, [1.0, 9.0, 2.0]) == pytest.approx(np.log(4))
    assert metric.count.numpy() == 3.0


def test_an_ignored_class_in_rows_of_labels() -> None:
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=0)
    labels, y_pred = np.array([[0, 1], [1, 0], [1, 1]]), np.full((3, 2, 2), 0.5)
    assert metric(labels, y_pred) == pytest.approx(4 / 6 * np.log(2))
    metric.reset_state()
    assert metric(labels[..., None], y_pred, [1.0, 2.0, 3.0]) == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (metrics.MeanSquaredError(), "loss:mean_squared_error"),
        (metrics.RootMeanSquaredError(), "loss:mean_squared_error"),
        (metrics.LogCoshError(), "loss:log_cosh"),
        (metrics.BinaryCrossentropy(), "loss:binary_crossentropy"),
        (metrics.BinaryCrossentropy(from_logits=True), "loss:binary_crossentropy_logits"),
        (metrics.BinaryCrossentropy(label_smoothing=0.1), None),
        (metrics.CategoricalCrossentropy(), "loss:categorical_crossentropy"),
        (metrics.CategoricalCrossentropy(axis=1), None),
        (metrics.SparseCategoricalCrossentropy(), "loss:sparse_categorical_crossentropy"),
        (
            metrics.SparseCategoricalCrossentropy(from_logits=True),
            "loss:sparse_categorical_crossentropy_logits",
        ),
        (metrics.SparseCategoricalCrossentropy(ignore_class=0), None),
        (metrics.CosineSimilarity(), None),
        (metrics.CategoricalHinge(), None),
        (metrics.MeanMetricWrapper(losses.huber), "loss:huber"),
        (metrics.MeanMetricWrapper(losses.huber, delta=2.0), None),
        (metrics.MeanMetricWrapper(losses.quantile), "loss:quantile"),
        (metrics.BinaryAccuracy(), "binary_accuracy"),
        (metrics.BinaryAccuracy(threshold=0.4), None),
        (metrics.CategoricalAccuracy(), "categorical_accuracy"),
        (metrics.SparseCategoricalAccuracy(), "sparse_categorical_accuracy"),
        (
            metrics.MeanMetricWrapper(metrics.sparse_categorical_accuracy),
            "sparse_categorical_accuracy",
        ),
        (metrics.Accuracy(), None),
        (metrics.TopKCategoricalAccuracy(), None),
        (metrics.Mean(), None),
        (metrics.AUC(), None),
    ],
    ids=lambda value: getattr(value, "name", None) or str(value),
)
def test_names_in_the_engine(metric: metrics.Metric, name: str | None) -> None:
    assert metric._native() == name
    if name is not None:
        known = {*_core.metric_names(), *(f"loss:{loss}" for loss in _core.loss_names())}
        assert name in known


def test_a_subclass_with_its_own_update_is_not_the_engines() -> None:
    class Own(metrics.MeanSquaredError):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true, 2 * y_pred, sample_weight)

    class Rooted(metrics.MeanSquaredError):
        def result(self):
            return super().result() ** 0.5

    assert Own()._native() is None
    assert Rooted()._native() is None


def test_sums_of_the_engine_are_taken_over() -> None:
    metric = metrics.RootMeanSquaredError()
    metric._assign(18.0, 2.0)
    assert metric.result() == 3.0
    metric.reset_state()
    assert metric.result() == 0.0
