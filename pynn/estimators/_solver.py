"""From an MLP's ``solver`` and the parameters that go with it to an optimizer of pynn."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from pynn import optimizers
from pynn.estimators._learning_rates import SCHEDULES, SCIKIT_LEARN_KINDS, learning_rate_of
from pynn.optimizers import Optimizer, schedules

SCIKIT_LEARN_SOLVERS = ("lbfgs", "sgd", "adam")
OTHER_SOLVERS = ("rmsprop", "adamw", "nadam", "adamax", "adagrad", "adadelta", "lion", "ftrl")
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
# The parameters of an estimator that its optimizer has its numbers from.
SOLVER_NUMBERS = ("momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", *_CLIPS)


def _sgd(estimator: Any, rate: Any, clips: dict[str, Any]) -> Optimizer:
    nesterov = estimator.nesterovs_momentum
    return optimizers.SGD(rate, estimator.momentum, nesterov, **clips)


def _adam(estimator: Any, rate: Any, clips: dict[str, Any]) -> Optimizer:
    return optimizers.Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon, **clips)


_WITH_NUMBERS: dict[str, Callable[[Any, Any, dict[str, Any]], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
}


def make_optimizer(estimator: Any, steps: int) -> Optimizer:
    """Return a fresh optimizer for an estimator.

    ``"sgd"`` and ``"adam"`` take their numbers from the estimator, as scikit-learn has it; every
    other name stands for the optimizer of `pynn.optimizers` with its defaults. An optimizer that
    the user made is copied: it has its own learning rate, and the moving average of its weights is
    left to the estimator.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    steps : int
        Steps of a training of ``max_iter`` epochs, for schedules that are known by name.

    Raises
    ------
    ValueError
        If more than one way of clipping is asked for.
    """
    clips = {name: value for name in _CLIPS if (value := getattr(estimator, name)) is not None}
    if isinstance(estimator.solver, Optimizer):
        return _copy_of(estimator.solver, clips)
    rate = learning_rate_of(estimator.learning_rate, estimator.learning_rate_init, steps)
    if estimator.solver in _WITH_NUMBERS:
        return _WITH_NUMBERS[estimator.solver](estimator, rate, clips)
    made: Optimizer = type(optimizers.get(estimator.solver))(learning_rate=rate, **clips)
    return made


def _copy_of(given: Optimizer, clips: dict[str, Any]) -> Optimizer:
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


def average_momentum(estimator: Any) -> float | None:
    """Return how much of the weights' moving average stays at each step; None: no average."""
    if estimator.ema_momentum is not None:
        return float(estimator.ema_momentum)
    given = estimator.solver
    return float(given.ema_momentum) if isinstance(given, Optimizer) and given.use_ema else None


def rate_settings(estimator: Any, steps: int) -> tuple[Any, ...]:
    """Return what a learning rate follows from, to see whether a call goes on with it."""
    given = estimator.learning_rate
    if isinstance(given, schedules.LearningRateSchedule):
        given = repr(given)
    elif not isinstance(given, str):
        given = getattr(given, "__qualname__", type(given).__name__)
    solver = estimator.solver
    solver = solver if isinstance(solver, str) else repr(solver)
    spanned = steps if spans_training(estimator) else 0
    return (solver, given, estimator.learning_rate_init, estimator.power_t, spanned)


def spans_training(estimator: Any) -> bool:
    """Whether the learning rate is a schedule, known by name, over ``max_iter`` epochs."""
    given = estimator.learning_rate
    return isinstance(given, str) and given in SCHEDULES and isinstance(estimator.solver, str)


def kind_of_rate(estimator: Any) -> str:
    """Return which of scikit-learn's rules the learning rate follows between epochs."""
    given = estimator.learning_rate
    known = isinstance(given, str) and given in SCIKIT_LEARN_KINDS
    return given if known and estimator.solver == "sgd" else "constant"
