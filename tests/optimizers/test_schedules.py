"""Learning-rate schedules against their formulas, written out per step."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pynn.optimizers import schedules

N_STEPS = 40


def exponential(step: int, staircase: bool = False) -> float:
    exponent = step // 10 if staircase else step / 10
    return 0.1 * 0.5**exponent


def inverse_time(step: int, staircase: bool = False) -> float:
    time = step // 10 if staircase else step / 10
    return 0.1 / (1 + 0.5 * time)


def piecewise(step: int) -> float:
    return 0.3 if step <= 5 else 0.2 if step <= 20 else 0.1


def polynomial(step: int) -> float:
    return (0.1 - 0.01) * (1 - min(step, 30) / 30) ** 2 + 0.01


def cycling_polynomial(step: int) -> float:
    rounds = max(1, math.ceil(step / 15))
    return (0.1 - 0.01) * (1 - step / (15 * rounds)) + 0.01


def cosine(step: int) -> float:
    return 0.1 * (0.9 * 0.5 * (1 + math.cos(math.pi * min(step, 30) / 30)) + 0.1)


def warm_cosine(step: int) -> float:
    if step < 8:
        return 0.01 + (0.2 - 0.01) * step / 8
    return 0.2 * 0.5 * (1 + math.cos(math.pi * min(step - 8, 20) / 20))


def restarts(step: int, growth: float) -> float:
    length, height = 6.0, 1.0
    while step >= length:
        step -= length
        length, height = length * growth, height * 0.8
    return 0.1 * (0.9 * 0.5 * height * (1 + math.cos(math.pi * step / length)) + 0.1)


CASES = {
    "exponential": (schedules.ExponentialDecay(0.1, 10, 0.5), exponential),
    "exponential_staircase": (
        schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True),
        lambda step: exponential(step, staircase=True),
    ),
    "inverse_time": (schedules.InverseTimeDecay(0.1, 10, 0.5), inverse_time),
    "inverse_time_staircase": (
        schedules.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
        lambda step: inverse_time(step, staircase=True),
    ),
    "piecewise": (schedules.PiecewiseConstantDecay([5, 20], [0.3, 0.2, 0.1]), piecewise),
    "polynomial": (schedules.PolynomialDecay(0.1, 30, 0.01, power=2.0), polynomial),
    "cycling_polynomial": (
        schedules.PolynomialDecay(0.1, 15, 0.01, cycle=True),
        cycling_polynomial,
    ),
    "cosine": (schedules.CosineDecay(0.1, 30, alpha=0.1), cosine),
    "warm_cosine": (
        schedules.CosineDecay(0.01, 20, warmup_target=0.2, warmup_steps=8),
        warm_cosine,
    ),
    "restarts": (
        schedules.CosineDecayRestarts(0.1, 6, t_mul=2.0, m_mul=0.8, alpha=0.1),
        lambda step: restarts(step, 2.0),
    ),
    "even_restarts": (
        schedules.CosineDecayRestarts(0.1, 6, t_mul=1.0, m_mul=0.8, alpha=0.1),
        lambda step: restarts(step, 1.0),
    ),
    # log(1 + step / 6 * 2) / log(3) at restarts is just below a whole number for some.
    "tripling_restarts": (
        schedules.CosineDecayRestarts(0.1, 6, t_mul=3.0, m_mul=0.8, alpha=0.1),
        lambda step: restarts(step, 3.0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rates(name: str) -> None:
    schedule, formula = CASES[name]
    expected = [formula(step) for step in range(N_STEPS)]
    got = schedule(np.arange(N_STEPS))
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)
    assert [schedule(step) for step in range(N_STEPS)] == got.tolist()


def test_restarts_fall_on_their_steps() -> None:
    schedule = schedules.CosineDecayRestarts(1.0, 1, t_mul=3.0)
    starts = (3 ** np.arange(12) - 1) // 2
    np.testing.assert_array_equal(schedule(starts), np.ones(12))


@pytest.mark.parametrize("name", CASES)
def test_a_single_rate_is_a_number(name: str) -> None:
    schedule, _ = CASES[name]
    assert isinstance(schedule(3), float)
    assert schedule(3).numpy() == schedule(np.int64(3)) == schedule(3)


@pytest.mark.parametrize("name", CASES)
def test_configs_survive_json(name: str) -> None:
    schedule, _ = CASES[name]
    again = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    assert again(17) == schedule(17)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be positive"),
        (lambda: schedules.CosineDecay(0.1, -1), "decay_steps must be positive"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "first_decay_steps must be positive"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "boundaries must be one less"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), "boundaries must ascend"),
    ],
)
def test_wrong_arguments_are_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_without_call_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (schedules.LearningRateSchedule,), {})()


def test_cosine_log_cycles() -> None:
    schedule = schedules.CosineLogCycles(0.2, decay_steps=96)
    t = np.minimum(np.arange(120) / 96, 1.0)
    want = 0.2 * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t)))
    np.testing.assert_allclose(schedule(np.arange(120)), want, atol=1e-12)
    assert schedule(0) == 0.0
    assert schedules.deserialize(schedules.serialize(schedule))(7) == schedule(7)
    with pytest.raises(ValueError, match="cycles must be positive"):
        schedules.CosineLogCycles(0.2, 96, cycles=0)


def test_flat_cosine() -> None:
    schedule = schedules.FlatCosineDecay(0.3, decay_steps=40)
    found = schedule(np.arange(50))
    assert (found[:21] == 0.3).all()
    t = np.arange(20, 41) / 40
    np.testing.assert_allclose(found[20:41], 0.15 * (1 + np.cos(np.pi * (2 * t - 1))), atol=1e-15)
    np.testing.assert_allclose(found[40:], 0.0, atol=1e-15)
    assert schedules.deserialize(schedules.serialize(schedule))(30) == schedule(30)
    with pytest.raises(ValueError, match=r"flat must be in \[0, 1\)"):
        schedules.FlatCosineDecay(0.3, 40, flat=1.0)
