"""Ctrl-C ends a training with a warning, soon, and leaves a model that predicts."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

# The promise is 0.2 s; a machine that is busy with other tests is given more.
PATIENCE = 0.6

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20_000, 100)).astype(np.float32)
Y = RNG.integers(0, 3, 20_000)
ENDLESS: dict[str, Any] = {"max_iter": 10**6, "tol": 0.0}


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((200, 100), n_iter_no_change=10**6, **ENDLESS),
        MLPRegressor(hidden_layer_sizes=(200, 100), n_iter_no_change=10**6, **ENDLESS),
        MLPClassifier((200,), solver="lbfgs", max_fun=10**9, **ENDLESS),
        MLPClassifier((50,), early_stopping=True, n_iter_no_change=10**6, **ENDLESS),
        Perceptron(max_iter=10**6, tol=None),
        Perceptron(max_iter=10**6, tol=None, n_jobs=2),
        PerceptronRegressor(max_iter=10**6, tol=None, eta0=1e-5),
    ],
    ids=str,
)
def test_an_interrupt_ends_the_training(model: Any) -> None:
    sent = []
    threads = threading.active_count()

    def interrupt() -> None:
        time.sleep(0.7)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.warns(UserWarning, match="Training interrupted by user."):
        model.fit(X, Y)
    waited = time.monotonic() - sent[0]
    thread.join()
    assert waited < PATIENCE
    # joblib's threads put back the warnings' filters when they end: not into the next test's.
    while threading.active_count() > threads and time.monotonic() < sent[0] + 5:
        time.sleep(0.01)
    assert np.isfinite(model.predict(X[:100])).all()
