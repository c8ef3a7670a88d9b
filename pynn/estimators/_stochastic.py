"""Training an MLP in mini-batches: when it stops, and what it leaves behind.

The epochs themselves are those of `pynn.training`; the rules are scikit-learn's.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from pynn.estimators._holdout import split_rows
from pynn.estimators._solver import native_optimizer
from pynn.estimators._step_size import StepSize
from pynn.training import ArrayData, EpochRunner


@dataclass
class TrainingData:
    """Rows, coded targets and weights of a call to fit; `row_weight` may be None."""

    x: Any
    targets: np.ndarray
    row_weight: np.ndarray | None

    def take(self, rows: np.ndarray | slice) -> TrainingData:
        """Return the rows of these numbers, or of a slice."""
        weight = None if self.row_weight is None else self.row_weight[rows]
        return TrainingData(self.x[rows], self.targets[rows], weight)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.x.shape[0]


def start_curves(estimator: Any) -> None:
    """Set the attributes that record a training from its first epoch on."""
    estimator.loss_curve_ = []
    estimator._no_improvement_count = 0
    _start_comparison(estimator)


def _start_comparison(estimator: Any) -> None:
    """Set what the epochs to come are compared with: losses or, with early stopping, scores."""
    if estimator.early_stopping:
        estimator.validation_scores_ = []
        estimator.best_validation_score_ = -np.inf
        estimator.best_loss_ = None
        estimator._best_weights = estimator._network.copy_weights()
    else:
        estimator.validation_scores_ = None
        estimator.best_validation_score_ = None
        estimator.best_loss_ = np.inf
        estimator._best_weights = None


def train_in_batches(
    estimator: Any, data: TrainingData, random_state: np.random.RandomState, incremental: bool
) -> None:
    """Train the estimator's network, for one epoch if `incremental`.

    Sets ``n_iter_``, ``t_``, ``loss_``, ``loss_curve_`` and what belongs to early stopping. An
    interrupt ends the training with a warning; the weights are then those of the last step.

    Raises
    ------
    ValueError
        If early stopping is asked for in a single epoch, or has too few rows.
    """
    if incremental and estimator.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    network = estimator._network
    compares_scores = getattr(estimator, "validation_scores_", None) is not None
    if not hasattr(estimator, "loss_curve_"):
        start_curves(estimator)
    elif compares_scores != estimator.early_stopping:
        _start_comparison(estimator)
    rows, held_out = None, None
    if estimator.early_stopping:
        stratify = data.targets if estimator._stratifies() else None
        rows, validation = split_rows(
            data.n_rows, estimator.validation_fraction, random_state, stratify
        )
        held_out = data.take(validation)
    seed = _shuffle_seed(estimator, random_state)
    _prepare(estimator, incremental, data.row_weight is not None)
    n_rows = data.n_rows if rows is None else len(rows)
    runner = EpochRunner(
        network.trainer,
        ArrayData(x=[data.x], y=[data.targets], weights=[data.row_weight]),
        batch_size=_batch_size(estimator.batch_size, n_rows),
        rates=estimator._optimizer.rates,
    )
    first = len(estimator.loss_curve_)
    count = 1 if incremental else estimator.max_iter
    estimator.n_iter_ = 0
    estimator._finished = False
    try:
        for epoch in runner.epochs(first, first + count, shuffle_seed=seed, order=rows):
            if _record_epoch(estimator, epoch, n_rows, held_out):
                estimator._finished = True
                break
            if not incremental and estimator.n_iter_ == estimator.max_iter:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) "
                    "reached and the optimization hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
    except KeyboardInterrupt:
        estimator._finished = True
        warnings.warn("Training interrupted by user.", stacklevel=5)
    if held_out is not None:
        network.assign(*estimator._best_weights)
    if not (incremental or estimator.warm_start):
        network.release_data()


def _shuffle_seed(estimator: Any, random_state: np.random.RandomState) -> int | None:
    """Draw the seed of all epochs' orders once for each initialization.

    Epochs are counted from the initialization too, so that several short calls shuffle as one
    long call does.
    """
    if not estimator.shuffle:
        return None
    if not hasattr(estimator, "_epoch_seed"):
        estimator._epoch_seed = int(random_state.randint(np.iinfo(np.int32).max))
    return estimator._epoch_seed


def _batch_size(batch_size: int | str, n_rows: int) -> int:
    if isinstance(batch_size, str):
        return min(200, n_rows)
    if batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=6,
        )
    return int(min(max(batch_size, 1), n_rows))


def _prepare(estimator: Any, incremental: bool, weighted: bool) -> None:
    """Set up optimizer and learning rate, or carry on with those of the last call.

    A call to fit after one that reached `max_iter` carries on where that stopped; after one that
    had converged it starts with a fresh optimizer.
    """
    network = estimator._network
    kind = estimator.learning_rate if estimator.solver == "sgd" else "constant"
    settings = (estimator.learning_rate_init, kind, estimator.power_t)
    restart = not incremental and getattr(estimator, "_finished", True)
    if restart:
        network.forget_training()
    if restart or getattr(estimator, "_step_settings", None) != settings:
        estimator._optimizer = StepSize(*settings)
        estimator._step_settings = settings
    optimizer, options = native_optimizer(estimator)
    options = {**options, "l2_per_batch": True, "normalize_by_weights": weighted}
    network.prepare_trainer(estimator._native_loss(), optimizer, estimator.alpha / 2, options)


def _record_epoch(estimator: Any, epoch: Any, n_rows: int, held_out: TrainingData | None) -> bool:
    """Note how an epoch went; return whether training has converged."""
    estimator.n_iter_ += 1
    estimator.t_ += n_rows
    estimator.loss_ = estimator._reported_loss(epoch.loss, epoch.outputs[0])
    estimator.loss_curve_.append(estimator.loss_)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
    if held_out is None:
        _compare_loss(estimator)
        subject = "Training loss"
    else:
        _compare_score(estimator, held_out)
        subject = "Validation score"
    estimator._optimizer.epoch_ends(estimator.t_)
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    reason = (
        f"{subject} did not improve more than tol={estimator.tol:f} for "
        f"{estimator.n_iter_no_change} consecutive epochs."
    )
    if estimator._optimizer.stops(reason, estimator.verbose):
        return True
    estimator._no_improvement_count = 0
    return False


def _compare_loss(estimator: Any) -> None:
    loss = estimator.loss_
    if loss > estimator.best_loss_ - estimator.tol:
        estimator._no_improvement_count += 1
    else:
        estimator._no_improvement_count = 0
    if loss < estimator.best_loss_:
        estimator.best_loss_ = loss


def _compare_score(estimator: Any, held_out: TrainingData) -> None:
    """Score the held-out rows, and keep the weights if they are the best so far."""
    network = estimator._network
    outputs = network.predict(held_out.x)
    score = np.nan
    if np.isfinite(outputs).all():
        score = estimator._output_score(outputs, held_out.targets, held_out.row_weight)
    estimator.validation_scores_.append(score)
    if estimator.verbose:
        print(f"Validation score: {score:f}")
    if score < estimator.best_validation_score_ + estimator.tol:
        estimator._no_improvement_count += 1
    else:
        estimator._no_improvement_count = 0
    if score > estimator.best_validation_score_:
        estimator.best_validation_score_ = score
        estimator._best_weights = network.copy_weights()
