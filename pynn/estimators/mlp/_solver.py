"""From an MLP's ``solver``, and what goes with it, to an optimizer and its learning rates."""

from __future__ import annotations

import copy
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple, Self

import numpy as np

from pynn import optimizers
from pynn.estimators._saving import saved_as
from pynn.optimizers import Optimizer, schedules

_OPTIMIZERS: dict[str, type[Optimizer]] = {
    name.lower(): cls
    for name, cls in vars(optimizers).items()
    if name in optimizers.__all__ and isinstance(cls, type) and cls is not Optimizer
}
SOLVERS = ("lbfgs", *_OPTIMIZERS)

# One cycle, of Smith and Topin (2018): a rise from a 25th of the rate for 30% of the steps, then a
# fall to next to nothing. The numbers are those that PyTorch made customary.
_FIRST, _LAST, _RISING = 1 / 25, 1e-4, 0.3
_EXPONENTIAL_END = 0.01

# Of adaptive learning rates.
_SMALLEST_RATE = 1e-6
_ADAPTIVE_FACTOR = 5.0


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
# Those that are no schedules, and scikit-learn's: they depend on how training goes.
_KINDS = ("constant", "invscaling", "adaptive")
LEARNING_RATES = (*_KINDS, *SCHEDULES)


class SolverSettings(NamedTuple):
    """The parameters of an MLP estimator that its optimizer and learning rates follow from."""

    solver: str | Optimizer
    learning_rate: Any  # a name, a schedule or a function of the step's number
    learning_rate_init: float
    power_t: float
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    ema_momentum: float | None

    @classmethod
    def of(cls, estimator: object) -> Self:
        """Return the settings of an estimator."""
        return cls._make(_settings_of(estimator))

    @property
    def are_names(self) -> bool:
        """Whether optimizer and learning rates are known by name: no code of the user's."""
        return isinstance(self.solver, str) and isinstance(self.learning_rate, str)

    @property
    def spans_training(self) -> bool:
        """Whether the learning rate is a schedule, known by name, over ``max_iter`` epochs."""
        return self.are_names and self.learning_rate in SCHEDULES

    @property
    def kind_of_rate(self) -> str:
        """Which of scikit-learn's rules the learning rate follows between epochs."""
        given = self.learning_rate
        return given if self.solver == "sgd" and self.are_names and given in _KINDS else "constant"

    @property
    def average_momentum(self) -> float | None:
        """How much of the weights' moving average stays at each step; None: no average."""
        if self.ema_momentum is not None:
            return float(self.ema_momentum)
        given = self.solver
        return float(given.ema_momentum) if isinstance(given, Optimizer) and given.use_ema else None

    def rate_key(self, steps: int) -> tuple[Any, ...]:
        """Return what the learning rate follows from, to see whether a call goes on with it."""
        given = self.learning_rate
        if isinstance(given, schedules.LearningRateSchedule):
            given = repr(given)
        elif not isinstance(given, str):
            given = getattr(given, "__qualname__", type(given).__name__)
        solver = self.solver if isinstance(self.solver, str) else repr(self.solver)
        spanned = steps if self.spans_training else 0
        return (solver, given, self.learning_rate_init, self.power_t, spanned)

    def make_optimizer(self, steps: int) -> Optimizer:
        """Return a fresh optimizer.

        ``"sgd"`` and ``"adam"`` take their numbers from the estimator, as scikit-learn has it;
        every other name stands for the optimizer of `pynn.optimizers` with its defaults. An
        optimizer that the user made is copied: it has its own learning rate, and the moving average
        of its weights is left to the estimator.

        Parameters
        ----------
        steps : int
            Steps of a training of ``max_iter`` epochs, for schedules that are known by name.

        Raises
        ------
        ValueError
            If more than one way of clipping is asked for.
        """
        clips = {
            name: value
            for name in ("clipnorm", "clipvalue", "global_clipnorm")
            if (value := getattr(self, name)) is not None
        }
        if isinstance(self.solver, Optimizer):
            return _copy_of(self.solver, clips)
        rate = self.learning_rate
        if isinstance(rate, str):
            rate = float(self.learning_rate_init)
            if self.spans_training:
                rate = SCHEDULES[self.learning_rate](rate, steps)
        if self.solver == "sgd":
            return optimizers.SGD(rate, self.momentum, self.nesterovs_momentum, **clips)
        if self.solver == "adam":
            return optimizers.Adam(rate, self.beta_1, self.beta_2, self.epsilon, **clips)
        return _OPTIMIZERS[self.solver](learning_rate=rate, **clips)


_settings_of = attrgetter(*SolverSettings._fields)


def _copy_of(given: Optimizer, clips: dict[str, float]) -> Optimizer:
    if given.use_ema and given.ema_overwrite_frequency is not None:
        raise ValueError(
            "the solver of an estimator must have no ema_overwrite_frequency: the average takes "
            "the place of the weights when training ends"
        )
    optimizer = copy.deepcopy(given)
    optimizer._set_iterations(0)
    optimizer.use_ema = False
    if clips:
        raise ValueError(
            "a solver that is an optimizer clips gradients by itself: give the optimizer what the "
            f"estimator got. Received: {', '.join(f'{k}={v!r}' for k, v in clips.items())}"
        )
    return optimizer


@saved_as("StepSize")
class LearningRateRule:
    """The rule by which an optimizer's learning rate changes between epochs.

    Parameters
    ----------
    optimizer : pynn.optimizers.Optimizer
        Its learning rate is what counts; a schedule is left alone.
    kind : {"constant", "invscaling", "adaptive"}
        Constant; ``initial / (samples seen + 1) ** power``; or divided by 5 whenever training
        would otherwise stop, until it is below 1e-6.
    power : float
        The exponent of "invscaling".
    """

    def __init__(self, optimizer: Optimizer, kind: str, power: float) -> None:
        self.optimizer = optimizer
        self.kind = kind
        self.power = power
        self.initial = 0.0 if kind == "constant" else float(optimizer.learning_rate)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self.optimizer.learning_rate)

    def rates(self, first_step: int, count: int) -> np.ndarray:
        """Return the learning rates, and what else changes, of `count` steps, float64."""
        return self.optimizer._numbers(first_step, count)

    def end_epoch(self, samples_seen: int) -> None:
        """Set the rate of the next epoch."""
        if self.kind == "invscaling":
            self.optimizer.learning_rate = self.initial / (samples_seen + 1) ** self.power

    @property
    def can_fall(self) -> bool:
        """Whether the rate is to be divided once more, instead of ending the training."""
        return self.kind == "adaptive" and self.learning_rate > _SMALLEST_RATE

    def fall(self) -> None:
        """Divide the rate."""
        self.optimizer.learning_rate = self.learning_rate / _ADAPTIVE_FACTOR


StepSize = LearningRateRule  # its name in pickles of version 0.1.0
