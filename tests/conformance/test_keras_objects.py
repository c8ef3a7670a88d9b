"""What `serialize_keras_object` returns is what Keras's returns, and either reads the other's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

import pynn

MAKERS: dict[str, Callable[[Any], Any]] = {
    "layer": lambda k: k.layers.Dense(3, activation="relu", kernel_regularizer="l2", name="first"),
    "layer without weights": lambda k: k.layers.ReLU(max_value=2.0, name="cut"),
    "loss": lambda k: k.losses.BinaryCrossentropy(from_logits=True),
    "metric": lambda k: k.metrics.MeanAbsoluteError(name="mae"),
    "schedule": lambda k: k.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9),
    "optimizer": lambda k: k.optimizers.SGD(0.5, momentum=0.9),
    "initializer": lambda k: k.initializers.RandomNormal(stddev=0.5, seed=3),
    "regularizer": lambda k: k.regularizers.L1L2(0.5, 0.25),
    "constraint": lambda k: k.constraints.MaxNorm(3.0),
    "function": lambda k: k.activations.relu,
    "values": lambda k: {"a": [1, 2.0, "three", None], "b": slice(1, None)},
}


@pytest.mark.parametrize("kind", MAKERS)
def test_either_reads_the_others(kind: str) -> None:
    ours, theirs = MAKERS[kind](pynn), MAKERS[kind](keras)
    written = pynn.saving.serialize_keras_object(ours)
    expected = keras.saving.serialize_keras_object(theirs)
    if isinstance(expected, dict) and "module" in expected:
        for key in ("module", "class_name", "registered_name"):
            assert written[key] == expected[key]
    read = pynn.saving.deserialize_keras_object(expected)
    assert pynn.saving.serialize_keras_object(read) == written
    again = keras.saving.deserialize_keras_object(written)
    assert keras.saving.serialize_keras_object(again) == expected
