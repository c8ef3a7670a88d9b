"""scikit-learn's own estimators."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.linear_model import Perceptron
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from measuring.peers import estimator_like
from measuring.work import Fits, PerceptronEpochs, Prediction, Training


def set_threads(threads: int) -> None:
    threadpool_limits(threads)


def train(case: Training) -> Callable[[], object]:
    return estimator_like.train(MLPClassifier, MLPRegressor, case)


def predict(case: Prediction) -> Callable[[], object]:
    return estimator_like.predict(MLPClassifier, MLPRegressor, case)


def fit_perceptron(case: PerceptronEpochs) -> Callable[[], object]:
    return estimator_like.fit_perceptron(Perceptron, case)


def fit_many(case: Fits) -> Callable[[], object]:
    return estimator_like.fit_many(MLPRegressor, case)
