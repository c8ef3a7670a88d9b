"""What the MLP estimators are given, and what a training sets: names, types and ranges."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from pynn.estimators._estimator import Estimator
from pynn.estimators.mlp._architecture import KNOWN_ACTIVATIONS
from pynn.estimators.mlp._solver import LEARNING_RATES, SOLVERS, LearningRateRule
from pynn.optimizers import Optimizer


class MLPParameters(Estimator):
    """The attributes of an MLP estimator that its training reads and sets.

    What layers, losses and optimizers are made of is handed on by values.
    """

    _parameter_constraints: dict = {
        **neural_network.MLPClassifier._parameter_constraints,  # of the parameters that it has
        "activation": [StrOptions(KNOWN_ACTIVATIONS), list, tuple, callable],
        "solver": [StrOptions(set(SOLVERS)), Optimizer],
        "learning_rate": [StrOptions(set(LEARNING_RATES)), callable],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "batch_norm": ["boolean"],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "clipvalue": [Interval(Real, 0, None, closed="neither"), None],
        "global_clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "ema_momentum": [Interval(Real, 0, 1, closed="both"), None],
        "restore_best": ["boolean", StrOptions({"auto"})],
        "validation_metric": [str, callable, None],
        "metrics": [str, list, tuple, callable, None],
        "callbacks": [list, tuple, HasMethods(["set_model", "on_epoch_end"]), None],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "dtype": [
            StrOptions({"float32", "float64"}),
            Options(type, {np.float32, np.float64}),
            Options(np.dtype, {np.dtype(np.float32), np.dtype(np.float64)}),
            None,
        ],
    }

    alpha: float
    batch_size: int | str
    callbacks: Any
    early_stopping: bool
    max_fun: int
    max_iter: int
    metrics: Any
    n_iter_no_change: float
    restore_best: bool | str
    shuffle: bool
    tol: float
    validation_fraction: float
    validation_metric: Any
    verbose: bool
    warm_start: bool

    best_loss_: float | None
    best_validation_score_: float | None
    history_: dict[str, list[Any]]
    loss_: float
    loss_curve_: list[float]
    n_iter_: int
    t_: int
    validation_scores_: list[float] | None

    # scikit-learn's MLPs have these two under the same names.
    _no_improvement_count: int
    _optimizer: LearningRateRule
