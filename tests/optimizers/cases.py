"""Optimizers with arguments, for the tests of this folder."""

from __future__ import annotations

from pynn import optimizers
from pynn.optimizers import Optimizer


def make_all() -> dict[str, Optimizer]:
    """An optimizer for each formula of the engine, by its name there."""
    return {
        "sgd": optimizers.SGD(0.05),
        "sgd_momentum": optimizers.SGD(0.05, momentum=0.9),
        "sgd_nesterov": optimizers.SGD(0.05, momentum=0.8, nesterov=True),
        "rmsprop": optimizers.RMSprop(0.05, rho=0.8),
        "rmsprop_momentum": optimizers.RMSprop(0.05, rho=0.8, momentum=0.5, centered=True),
        "adam": optimizers.Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        "adam_amsgrad": optimizers.Adam(0.05, amsgrad=True),
        "nadam": optimizers.Nadam(0.05, beta_1=0.8),
        "adamax": optimizers.Adamax(0.05),
        "adagrad": optimizers.Adagrad(0.05, initial_accumulator_value=0.3),
        "adadelta": optimizers.Adadelta(0.5, epsilon=1e-3),
        "lion": optimizers.Lion(0.01, beta_1=0.7),
        "ftrl": optimizers.Ftrl(
            0.05,
            l1_regularization_strength=0.01,
            l2_regularization_strength=0.1,
            l2_shrinkage_regularization_strength=0.02,
            beta=0.3,
        ),
    }


NAMES = tuple(make_all())
