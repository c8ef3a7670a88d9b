"""Keras, on the backend that the environment of the process names."""

from __future__ import annotations

from collections.abc import Callable

import keras

from measuring.peers import keras_like
from measuring.work import Prediction, Training


def set_threads(threads: int) -> None:
    """Leave the pool as it is: a thread for every processor."""


def train(case: Training) -> Callable[[], object]:
    return keras_like.train(keras, case)


def predict(case: Prediction) -> Callable[[], object]:
    return keras_like.predict(keras, case)
