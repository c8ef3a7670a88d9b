"""Losses as a model trains with them: written with tensors they are what arrays and engine give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losses.cases import CASES, IDS, N_FEATURES, Case
from pynn import layers, losses, metrics, models, optimizers

# Sums in float32 in another order.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}


class Recorded(losses.Loss):
    """A built-in loss that the engine does not know, so that its formula is recorded."""

    def __init__(self, inner: losses.Loss) -> None:
        super().__init__(name="recorded")
        self.inner = inner

    def call(self, y_true, y_pred):
        return self.inner.call(y_true, y_pred)


def model_with(loss: losses.Loss) -> models.Sequential:
    model = models.Sequential(
        [layers.Input((N_FEATURES,)), layers.Dense(N_FEATURES, kernel_initializer="identity")]
    )
    model.compile(loss=loss, optimizer="sgd")
    return model


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_recorded_loss_evaluates_to_the_same(case: Case) -> None:
    model = model_with(Recorded(case.loss))
    got = model.evaluate(case.y_pred, case.y_true, verbose=0)
    np.testing.assert_allclose(got, case.loss(case.y_true, case.y_pred), **FLOAT32)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_recorded_loss_trains_to_the_same(case: Case) -> None:
    trained = []
    for loss in (case.loss, Recorded(case.loss)):
        model = model_with(loss)
        model.fit(case.y_pred, case.y_true, batch_size=3, shuffle=False, verbose=0)
        trained.append(model.get_weights())
    for got, expected in zip(*trained, strict=True):
        np.testing.assert_allclose(got, expected, **FLOAT32)


def over_positions(loss: losses.Loss, **compiled: Any) -> models.Sequential:
    """Return a model with a distribution for each of several places in a row."""
    model = models.Sequential(
        [
            layers.Input((2 * N_FEATURES,)),
            layers.Dense(2 * N_FEATURES, kernel_initializer="identity"),
            layers.Reshape((2, N_FEATURES)),
        ]
    )
    model.compile(loss=loss, optimizer="sgd", **compiled)
    return model


def in_pairs(array: Any) -> np.ndarray:
    """Put the rows of an array side by side, two by two."""
    array = np.asarray(array)
    array = array[: len(array) // 2 * 2]
    return array.reshape(len(array) // 2, 2, *array.shape[1:])


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_rows_of_several_axes_are_judged_along_the_last(case: Case) -> None:
    y_true, y_pred = in_pairs(case.y_true), in_pairs(case.y_pred)
    expected = case.loss(y_true, y_pred)
    flat = y_pred.reshape(len(y_pred), -1)
    trained = []
    for loss in (case.loss, Recorded(case.loss)):
        model = over_positions(loss)
        np.testing.assert_allclose(model.evaluate(flat, y_true, verbose=0), expected, **FLOAT32)
        model.fit(flat, y_true, batch_size=2, shuffle=False, verbose=0)
        trained.append(model.get_weights())
    for got, wanted in zip(*trained, strict=True):
        np.testing.assert_allclose(got, wanted, **FLOAT32)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.CategoricalAccuracy(),
        metrics.BinaryAccuracy(),
        metrics.CategoricalCrossentropy(),
        metrics.KLDivergence(),
        metrics.MeanSquaredError(),
        metrics.CosineSimilarity(),
    ],
    ids=lambda metric: metric.name,
)
def test_so_are_they_by_metrics(metric: metrics.Metric) -> None:
    rng = np.random.default_rng(0)
    y_pred = rng.dirichlet(np.ones(N_FEATURES), (6, 2)).astype("float32")
    y_true = np.eye(N_FEATURES, dtype="float32")[rng.integers(0, N_FEATURES, (6, 2))]
    expected = metric(y_true, y_pred)
    model = over_positions(losses.MeanSquaredError(), metrics=[metric])
    flat = y_pred.reshape(6, -1)
    assert model.evaluate(flat, y_true, verbose=0)[1] == pytest.approx(expected, rel=1e-5)
    history = model.fit(flat, y_true, batch_size=6, verbose=0).history
    assert history[metric.name][0] == pytest.approx(expected, rel=1e-5)


def test_class_numbers_have_their_accuracy_too() -> None:
    rng = np.random.default_rng(1)
    y_pred = rng.dirichlet(np.ones(N_FEATURES), (8, 2)).astype("float32")
    y_true = rng.integers(0, N_FEATURES, (8, 2))
    model = over_positions(losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    found = model.evaluate(y_pred.reshape(8, -1), y_true, verbose=0)
    assert found[0] == pytest.approx(
        losses.SparseCategoricalCrossentropy()(y_true, y_pred), rel=1e-5
    )
    assert found[1] == pytest.approx(np.mean(y_pred.argmax(axis=-1) == y_true))


@pytest.mark.parametrize("loss", [losses.Dice(), losses.Tversky(beta=0.9)], ids=["dice", "tversky"])
def test_losses_of_whole_batches_train_in_the_engine(loss: losses.Loss) -> None:
    x = np.random.default_rng(0).standard_normal((60, 3)).astype("float32")
    y = (x[:, :1] > 0.8).astype("float32")
    model = models.Sequential([layers.Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile(loss=loss, optimizer=optimizers.Adam(0.05))
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, batch_size=20, epochs=200, verbose=0)
    assert model._trainers.reason is None
    assert model.evaluate(x, y, verbose=0) < before - 0.2


def test_class_numbers_of_the_generalized_cross_entropy_are_checked() -> None:
    model = models.Sequential([layers.Input((3,)), layers.Dense(4, activation="softmax")])
    model.compile(loss=losses.CategoricalGeneralizedCrossEntropy(0.7), optimizer="sgd")
    model.fit(np.ones((5, 3)), np.arange(5) % 4, verbose=0)
    with pytest.raises(ValueError, match=r"must be in \[0, 4\)"):
        model.fit(np.ones((5, 3)), np.arange(5), verbose=0)
