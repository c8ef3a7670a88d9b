"""Every learning rate schedule, step by step and far beyond its end."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, assert_agree

_DECAY = {"initial_learning_rate": 0.1, "decay_steps": 20}
_RESTARTS = {"initial_learning_rate": 0.1, "first_decay_steps": 10}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {**_DECAY, "decay_rate": 0.5}),
    ("ExponentialDecay", {**_DECAY, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {**_DECAY, "decay_rate": 0.5}),
    ("InverseTimeDecay", {**_DECAY, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", _DECAY),
    ("PolynomialDecay", {**_DECAY, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {**_DECAY, "power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 9], "values": [0.3, 0.2, 0.1]}),
    ("PiecewiseConstantDecay", {"boundaries": [0], "values": [1.0, 0.5]}),
    ("CosineDecay", _DECAY),
    ("CosineDecay", {**_DECAY, "alpha": 0.1}),
    ("CosineDecay", {**_DECAY, "warmup_target": 0.5, "warmup_steps": 6}),
    ("CosineDecay", {**_DECAY, "alpha": 0.2, "warmup_target": 0.5, "warmup_steps": 6}),
    ("CosineDecayRestarts", _RESTARTS),
    ("CosineDecayRestarts", {**_RESTARTS, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("CosineDecayRestarts", {**_RESTARTS, "t_mul": 1.5, "m_mul": 0.9}),
]


def test_nothing_is_left_out() -> None:
    names = {name for name in pynn.optimizers.schedules.__all__ if name[0].isupper()} - {
        "LearningRateSchedule"
    }
    names -= pynn.optimizers.schedules.registry.own
    assert names == {name for name, _ in CASES}


@cache
def in_keras(case: int) -> Any:
    name, options = CASES[case]
    schedule = getattr(keras.optimizers.schedules, name)(**options)
    return jax.jit(jax.vmap(schedule))


@pytest.mark.parametrize("first", [0, 10, 20, 40, 1000])
@pytest.mark.parametrize(
    "case", range(len(CASES)), ids=[f"{name}-{i}" for i, (name, _) in enumerate(CASES)]
)
def test_rates(case: int, first: int) -> None:
    name, options = CASES[case]
    schedule = getattr(pynn.optimizers.schedules, name)(**options)
    steps = np.arange(first, first + 10)
    rates = [float(schedule(int(step))) for step in steps]
    assert_agree(rates, in_keras(case)(steps), FORMULA)
