"""From an MLP's ``solver`` and the parameters that go with it to the engine's optimizer."""

from __future__ import annotations

from typing import Any

from pynn import optimizers

SCIKIT_LEARN_SOLVERS = ("lbfgs", "sgd", "adam")
OTHER_SOLVERS = ("rmsprop", "adamw", "nadam", "adamax", "adagrad", "adadelta", "lion", "ftrl")


def _sgd(estimator: Any) -> tuple[str, list[float]]:
    if estimator.momentum == 0:
        return "sgd", []
    name = "sgd_nesterov" if estimator.nesterovs_momentum else "sgd_momentum"
    return name, [float(estimator.momentum)]


def _adam(estimator: Any) -> tuple[str, list[float]]:
    return "adam", [float(estimator.beta_1), float(estimator.beta_2), float(estimator.epsilon)]


_FORMULAS = {"sgd": _sgd, "adam": _adam}


def native_optimizer(estimator: Any) -> tuple[tuple[str, list[float]], dict[str, Any]]:
    """Return the engine's optimizer (name, hyperparameters) and the trainer's options for it.

    ``"sgd"`` and ``"adam"`` take their numbers from the estimator, as scikit-learn has it; every
    other name stands for the optimizer of `pynn.optimizers` with its defaults. The learning rate
    is not in here.
    """
    if estimator.solver in _FORMULAS:
        return _FORMULAS[estimator.solver](estimator), {}
    optimizer = optimizers.get(estimator.solver)
    return optimizer._native(), optimizer._options()
