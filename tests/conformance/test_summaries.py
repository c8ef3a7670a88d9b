"""Parameter counts, shapes and names as summaries show them."""

from __future__ import annotations

import re
from typing import Any

import keras
import pytest

import pynn
from saving.keras_models import MODELS


def textbook(k: Any) -> Any:
    return k.Sequential(
        [
            k.layers.Input((28, 28)),
            k.layers.Flatten(),
            k.layers.Dense(300, activation="relu"),
            k.layers.Dense(100, activation="relu"),
            k.layers.Dense(10, activation="softmax"),
        ]
    )


def frozen(k: Any) -> Any:
    model = textbook(k)
    model.layers[1].trainable = False
    return model


ALL = {**MODELS, "textbook": textbook, "frozen": frozen}


def rows_of(model: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lambda line, *more, **options: lines.extend(str(line).splitlines()))
    return lines


def totals(lines: list[str]) -> dict[str, int]:
    found = {}
    for line in lines:
        match = re.match(r"\s*(Total|Trainable|Non-trainable) params: ([\d,]+)", line)
        if match:
            found[match[1]] = int(match[2].replace(",", ""))
    return found


# Normalization layers whose moments were given hold weights here and constants there.
GIVEN = {"nested"}


@pytest.mark.parametrize("name", ALL)
def test_counts(name: str) -> None:
    ours, theirs = ALL[name](pynn), ALL[name](keras)
    for one, other in zip(ours.layers, theirs.layers[-len(ours.layers) :], strict=False):
        if type(one).__name__ == type(other).__name__ and name not in GIVEN:
            assert one.count_params() == other.count_params()
    if name not in GIVEN:
        assert ours.count_params() == theirs.count_params()
        assert totals(rows_of(ours))["Total"] == ours.count_params()
        for part, value in totals(rows_of(theirs)).items():
            if part in totals(rows_of(ours)) and part != "Total":
                assert totals(rows_of(ours))[part] == value
    assert [w.shape for w in ours.trainable_weights] == [
        tuple(w.shape) for w in theirs.trainable_weights
    ]


@pytest.mark.parametrize("name", ALL)
def test_names_and_shapes(name: str) -> None:
    ours, theirs = ALL[name](pynn), ALL[name](keras)
    # Keras does not count ops between layers among the layers.
    left_out = ("InputLayer", "Operation")
    mine = [layer.name for layer in ours.layers if type(layer).__name__ not in left_out]
    assert mine == [layer.name for layer in theirs.layers if type(layer).__name__ != "InputLayer"]
    assert ours.output_shape == theirs.output_shape
    assert ours.input_shape == theirs.input_shape
    if hasattr(theirs, "output_names"):  # Keras's Sequential has none
        assert list(ours.output_names) == list(theirs.output_names)


def test_the_textbook_network() -> None:
    lines = rows_of(textbook(pynn))
    for number in ("235,500", "30,100", "1,010", "266,610"):
        assert any(number in line for line in lines)
        assert any(number in line for line in rows_of(textbook(keras)))
