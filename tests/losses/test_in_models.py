"""Losses as a model trains with them: written with tensors they are what arrays and engine give."""

from __future__ import annotations

import numpy as np
import pytest

from losses.cases import CASES, IDS, N_FEATURES, Case
from pynn import layers, losses, models

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
