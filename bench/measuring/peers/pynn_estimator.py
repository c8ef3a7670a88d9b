"""pynn by way of its estimators."""

from __future__ import annotations

from collections.abc import Callable

import pynn
from measuring.peers import estimator_like
from measuring.work import Fits, PerceptronEpochs, Prediction, Training


def set_threads(threads: int) -> None:
    pynn.set_num_threads(threads)


def train(case: Training) -> Callable[[], object]:
    return estimator_like.train(pynn.MLPClassifier, pynn.MLPRegressor, case)


def predict(case: Prediction) -> Callable[[], object]:
    return estimator_like.predict(pynn.MLPClassifier, pynn.MLPRegressor, case)


def fit_perceptron(case: PerceptronEpochs) -> Callable[[], object]:
    return estimator_like.fit_perceptron(pynn.Perceptron, case)


def fit_many(case: Fits) -> Callable[[], object]:
    return estimator_like.fit_many(pynn.MLPRegressor, case)
