"""The learning rates that an MLP estimator's ``learning_rate`` names, as pynn's schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn.optimizers import schedules

# Kinds that depend on how training goes; see `_step_size`.
SCIKIT_LEARN_KINDS = ("constant", "invscaling", "adaptive")

# One cycle, of Smith and Topin (2018): a rise from a 25th of the rate for 30% of the steps, then a
# fall to next to nothing. The numbers are those that PyTorch made customary.
_FIRST, _LAST, _RISING = 1 / 25, 1e-4, 0.3
_EXPONENTIAL_END = 0.01


def _one_cycle(rate: float, steps: int) -> schedules.LearningRateSchedule:
    rising = int(_RISING * steps)
    return schedules.CosineDecay(
        rate * _FIRST,
        max(steps - rising, 1),
        alpha=_LAST,
        warmup_target=rate,
        warmup_steps=rising,
    )


# Name -> function of the rate and the number of steps that the schedule spans.
SCHEDULES: dict[str, Callable[[float, int], schedules.LearningRateSchedule]] = {
    "cosine": lambda rate, steps: schedules.CosineDecay(rate, steps),
    "exponential": lambda rate, steps: schedules.ExponentialDecay(rate, steps, _EXPONENTIAL_END),
    "linear": lambda rate, steps: schedules.PolynomialDecay(rate, steps, 0.0),
    "one_cycle": _one_cycle,
}


def learning_rate_of(given: Any, rate: float, steps: int) -> Any:
    """Return what an optimizer takes as its rate: a number, a schedule or a function.

    Parameters
    ----------
    given : str, LearningRateSchedule or callable
        The estimator's ``learning_rate``.
    rate : float
        Its ``learning_rate_init``.
    steps : int
        Steps of a training of ``max_iter`` epochs.
    """
    if not isinstance(given, str):
        return given
    return float(rate) if given in SCIKIT_LEARN_KINDS else SCHEDULES[given](float(rate), steps)
