"""The root of the mean squared error, and the coefficient of determination."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._numbers import Number
from pynn._pair import as_pair
from pynn._user_warning import warn_user
from pynn.metrics._mean import Mean
from pynn.metrics._metric import Metric, number_or_array, registry

AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)

__all__ = ["R2Score", "RootMeanSquaredError"]


@registry.add("rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """The root of the mean squared error, in the unit of the targets.

    Parameters
    ----------
    name : str, default="root_mean_squared_error"
    dtype : str, default=None
        See `Metric`.

    Examples
    --------
    >>> from pynn import metrics
    >>> metrics.RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]])
    3.0
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "root_mean_squared_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true, y_pred : array-like, shape (batch, ...)
        sample_weight : array-like, shape (batch,), default=None
        """
        _, y_true, y_pred = as_pair(y_true, y_pred)
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """Return the root of the mean, a `Number`."""
        return Number(math.sqrt(super().result()))

    def _native(self) -> str | None:
        return "loss:mean_squared_error" if self._works_as(RootMeanSquaredError) else None


@registry.add()
class R2Score(Metric):
    r"""The share of the targets' variance that predictions explain; 1 is the best.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}, \
            default="uniform_average"
        How the scores of several outputs become one; None leaves them apart.
    num_regressors : int, default=0
        If positive, the adjusted score for a model with that many inputs is returned.
    name : str, default="r2_score"
    dtype : str, default=None
        See `Metric`.

    Raises
    ------
    ValueError
        If `class_aggregation` is anything else or `num_regressors` is negative.

    Examples
    --------
    >>> from pynn import metrics
    >>> round(metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]), 4)
    0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(
                f"class_aggregation must be one of {AGGREGATIONS}. Received: "
                f"class_aggregation={class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(
                f"num_regressors must not be negative. Received: num_regressors={num_regressors}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_weight(name="num_samples")
        self._built = False

    def _build(self, outputs: int) -> None:
        self.squared_sum = self.add_weight((outputs,), name="squared_sum")
        self.sum = self.add_weight((outputs,), name="sum")
        self.total_mse = self.add_weight((outputs,), name="residual")
        self.count = self.add_weight((outputs,), name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true, y_pred : array-like, shape (batch, outputs)
        sample_weight : array-like, shape (batch,) or (batch, outputs), default=None

        Raises
        ------
        ValueError
            If the arrays have not two axes.
        """
        _, y_true, y_pred = as_pair(y_true, y_pred)
        if y_true.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                "R2Score needs targets and predictions of one shape (batch, outputs). Received: "
                f"y_true.shape={y_true.shape}, y_pred.shape={y_pred.shape}"
            )
        if not self._built:
            self._build(y_true.shape[1])
        weight = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        weight = np.broadcast_to(weight[:, None] if weight.ndim == 1 else weight, y_true.shape)
        y_true = y_true.astype(np.float64)
        self.sum.assign_add((weight * y_true).sum(0))
        self.squared_sum.assign_add((weight * y_true**2).sum(0))
        self.total_mse.assign_add((weight * (y_true - y_pred) ** 2).sum(0))
        self.count.assign_add(weight.sum(0))
        self.num_samples.assign_add(y_true.size)

    def result(self) -> Any:
        """Return the score: a `Number`, or one entry per output."""
        if not self._built:
            return number_or_array(0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = self.squared_sum - self.sum * (self.sum / self.count)
            scores = 1.0 - self.total_mse / total
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = np.sum(total * scores) / np.sum(total)
        if self.num_regressors:
            scores = self._adjusted(scores)
        return number_or_array(scores)

    def _adjusted(self, scores: Any) -> Any:
        freedom = float(self.num_samples) - self.num_regressors - 1
        if freedom <= 0:
            warn_user(
                f"the adjusted R2 score needs more samples than num_regressors + 1 = "
                f"{self.num_regressors + 1}; the plain score is returned",
            )
            return scores
        return 1.0 - (1.0 - scores) * (float(self.num_samples) - 1.0) / freedom
