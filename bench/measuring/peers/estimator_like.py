"""Estimators with scikit-learn's parameters: the same lines for its own and for pynn's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from measuring import data
from measuring.work import Fits, PerceptronEpochs, Prediction, Training

_NEVER = 10**6


def quietly(run: Callable[[], object]) -> Callable[[], object]:
    """Return the same without warnings that few epochs do not converge, which is the point here."""

    def quiet() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return run()

    return quiet


def make(classifier: type, regressor: type, case: Training) -> Any:
    return (classifier if case.classifies else regressor)(
        hidden_layer_sizes=case.sizes[1:-1],
        solver="sgd" if case.optimizer == "momentum" else case.optimizer,
        momentum=0.9 if case.optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=case.batch,
        learning_rate_init=case.rate,
        max_iter=case.epochs,
        tol=0.0,
        n_iter_no_change=_NEVER,
        random_state=0,
        warm_start=True,
    )


def train(classifier: type, regressor: type, case: Training) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    x, y = x[: case.rows], y[: case.rows]
    estimator = make(classifier, regressor, case)
    return quietly(lambda: estimator.fit(x, y))


def predict(classifier: type, regressor: type, case: Prediction) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    estimator = make(classifier, regressor, Training(sizes=case.sizes))
    quietly(lambda: estimator.fit(x[:2000], y[:2000]))()
    rows = np.ascontiguousarray(x[: case.rows])
    if case.classifies:
        return lambda: estimator.predict_proba(rows)
    return lambda: estimator.predict(rows)


def fit_perceptron(perceptron: type, case: PerceptronEpochs) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)
    estimator = perceptron(max_iter=case.epochs, tol=None, random_state=0)
    return lambda: estimator.fit(x, y)


def fit_many(regressor: type, case: Fits) -> Callable[[], object]:
    x, y = data.load(case.data, case.dtype)

    def fit(seed: int) -> None:
        regressor(
            hidden_layer_sizes=(case.hidden,),
            batch_size=32,
            max_iter=case.epochs,
            tol=0.0,
            n_iter_no_change=_NEVER,
            random_state=seed,
        ).fit(x, y)

    if case.python_threads == 1:
        return quietly(lambda: [fit(seed) for seed in range(case.fits)])
    pool = ThreadPoolExecutor(case.python_threads)
    return quietly(lambda: list(pool.map(fit, range(case.fits))))
