"""When the training of an MLP estimator has converged, and which weights were the best.

The rules are scikit-learn's. What is compared is computed elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def start_comparison(estimator: Any) -> None:
    """Set what the epochs to come are compared with: losses or, with early stopping, scores."""
    early = estimator.early_stopping
    estimator.validation_scores_ = [] if early else None
    estimator.best_validation_score_ = -np.inf if early else None
    estimator.best_loss_ = None if early else np.inf
    estimator._best_figure = -np.inf
    estimator._best_weights = estimator._network.copy_weights() if keeps_best(estimator) else None


def keeps_best(estimator: Any) -> bool:
    """Whether training ends with the weights of its best epoch."""
    if isinstance(estimator.restore_best, str):
        return bool(estimator.early_stopping)
    return bool(estimator.restore_best)


def compare(estimator: Any, loss: float, score: float | None) -> None:
    """Compare an epoch's loss or score with those before; keep its weights if it is the best.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    loss : float
    score : float or None
        Of the validation rows; None if there are none.
    """
    if estimator.early_stopping:
        assert score is not None
        worse = score < estimator.best_validation_score_ + estimator.tol
        estimator.validation_scores_.append(score)
        if score > estimator.best_validation_score_:
            estimator.best_validation_score_ = score
    else:
        worse = loss > estimator.best_loss_ - estimator.tol
        if loss < estimator.best_loss_:
            estimator.best_loss_ = loss
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0
    if not keeps_best(estimator):
        return
    figure = -loss if score is None else score
    if figure > estimator._best_figure or estimator._best_weights is None:
        estimator._best_figure = figure
        estimator._best_weights = estimator._network.copy_weights()


def has_converged(estimator: Any) -> bool:
    """Whether no epoch has been better for long, and the learning rate is not to get smaller."""
    if estimator._no_improvement_count <= estimator.n_iter_no_change:
        return False
    subject = "Validation score" if estimator.early_stopping else "Training loss"
    reason = (
        f"{subject} did not improve more than tol={estimator.tol:f} for "
        f"{estimator.n_iter_no_change} consecutive epochs."
    )
    if estimator._optimizer.stops(reason, estimator.verbose):
        return True
    estimator._no_improvement_count = 0
    return False
