"""What `Perceptron` and `PerceptronRegressor` share: units trained one by one, row by row.

Each output is a unit with its own weights and its own end of training. What the targets are is in
the two classes.
"""

from __future__ import annotations

import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.parallel import Parallel, delayed

from pynn import _core
from pynn.estimators._input import check_rows
from pynn.estimators._one_at_a_time import without_lock
from pynn.estimators._saving import save_estimator
from pynn.estimators._unit_trainer import UnitTrainer, step_rows
from pynn.training import ArrayData, EpochRunner

LARGEST_SEED = np.iinfo(np.int32).max
# scikit-learn's: sparse rows touch each weight less often than the intercept.
_SPARSE_INTERCEPT_DECAY = 0.01


@dataclass
class Unit:
    """What one unit is trained with.

    `order_seed` shuffles; `held_out` (bool, one a row, or None) are the rows that `score` rates.
    """

    targets: np.ndarray
    row_weight: np.ndarray | None
    order_seed: int
    held_out: np.ndarray | None
    score: Callable[[np.ndarray, float], float] | None


class BasePerceptron(BaseEstimator, ABC):
    """Base of the perceptrons; not for direct use."""

    save = save_estimator

    _parameter_constraints: dict = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
    }
    _linear_unit: bool

    @abstractmethod
    def _unit_arrays(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights (features,) and the intercept (1,) of a unit, to be trained."""

    def _allocate(
        self, shape: tuple[int, ...], dtype: Any, coef_init: Any, intercept_init: Any
    ) -> None:
        """Set ``coef_`` and ``intercept_`` to zeros or to copies of initial values."""
        n_units = shape[0] if len(shape) == 2 else 1
        if coef_init is None:
            self.coef_ = np.zeros(shape, dtype)
        else:
            coef = np.array(coef_init, dtype, order="C")
            if coef.size != np.prod(shape) or (n_units > 1 and coef.shape != shape):
                raise ValueError(
                    "Provided ``coef_`` does not match dataset. It must have the shape "
                    f"{shape} for X of {shape[-1]} features. Received: {coef.shape}"
                )
            self.coef_ = coef.reshape(shape)
        if intercept_init is None:
            self.intercept_ = np.zeros(n_units, dtype)
        else:
            intercept = np.array(intercept_init, dtype)
            if intercept.size != n_units:
                raise ValueError(
                    "Provided intercept_init does not match dataset. It must have the shape "
                    f"({n_units},). Received: {intercept.shape}"
                )
            self.intercept_ = intercept.reshape(n_units)

    def _prepare(self, x: Any) -> Any:
        """Make ``coef_`` and ``intercept_`` fit for training; return `x` in their float type."""
        dtype = np.float32 if np.asarray(self.coef_).dtype == np.float32 else np.float64
        self.coef_ = np.require(self.coef_, dtype, ["C", "W"])
        self.intercept_ = np.require(self.intercept_, dtype, ["C", "W"])
        return x.astype(dtype, copy=False)

    def _scores(self, x: Any) -> np.ndarray:
        """Return ``x @ coef_.T + intercept_`` for unchecked rows."""
        x = check_rows(self, x)
        if isinstance(x, np.ndarray) and isinstance(self.coef_, np.ndarray):
            scores: np.ndarray = x @ self.coef_.T
        else:
            scores = safe_sparse_dot(x, self.coef_.T, dense_output=True)
        return scores + self.intercept_

    def _rule(self, is_sparse: bool) -> dict[str, Any]:
        """Return the keyword arguments of the kernel."""
        ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": self.l1_ratio}.get(self.penalty, 0.0)
        alpha = 0.0 if self.penalty is None else self.alpha
        return {
            "fit_intercept": self.fit_intercept,
            "linear_unit": self._linear_unit,
            "l1": alpha * ratio,
            "l2": alpha * (1 - ratio),
            "intercept_decay": _SPARSE_INTERCEPT_DECAY if is_sparse else 1.0,
        }

    def _train_units(self, x: Any, units: list[Unit], max_iter: int) -> None:
        """Train all units; set ``n_iter_`` to the most epochs of any, and count ``t_`` on.

        An interrupt ends the training of all with a warning.
        """
        stop = threading.Event()
        epochs = [0] * len(units)
        busy = [threading.Lock() for _ in units]

        def train(index: int) -> None:
            with busy[index]:
                if not stop.is_set():
                    self._train_unit(index, x, units[index], max_iter, stop, epochs)

        try:
            Parallel(n_jobs=self.n_jobs, require="sharedmem")(
                delayed(train)(i) for i in range(len(units))
            )
        except KeyboardInterrupt:
            stop.set()
            for lock in busy:  # until nobody changes the weights any more
                with lock:
                    pass
            warnings.warn("Training interrupted by user.", stacklevel=5)
        self.n_iter_ = max(epochs)
        self.t_ += self.n_iter_ * x.shape[0]

    def _train_unit(
        self,
        index: int,
        x: Any,
        unit: Unit,
        max_iter: int,
        stop: threading.Event,
        epochs: list[int],
    ) -> None:
        """Train one unit for at most `max_iter` epochs; count them in ``epochs[index]``."""
        weights, intercept = self._unit_arrays(index)
        rule = self._rule(is_sparse=not isinstance(x, np.ndarray))
        trainer = UnitTrainer(weights, intercept, rule, stop)
        runner = EpochRunner(
            trainer,
            ArrayData(x=[x], y=[unit.targets], weights=[unit.row_weight]),
            batch_size=step_rows(x),
            rates=lambda first_step, count: np.full(count, float(self.eta0)),
        )
        order = _Order(x.shape[0], unit.order_seed if self.shuffle else None, unit.held_out)
        best = np.inf
        waiting = 0
        for epoch in runner.epochs(0, max_iter, order=order):
            epochs[index] += 1
            if not (np.isfinite(intercept).all() and np.isfinite(weights).all()):
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{epochs[index]}. Scaling "
                    "input data with StandardScaler or MinMaxScaler might help."
                )
            value = epoch.loss if unit.score is None else -unit.score(weights, intercept[0])
            if self.verbose > 0:
                self._print_epoch(epochs[index], weights, intercept[0], epoch, unit, value)
            # Without `tol` nothing ends the training early.
            worse = self.tol is not None and value > best - self.tol
            waiting = waiting + 1 if worse else 0
            best = min(best, value)
            if waiting >= self.n_iter_no_change or stop.is_set():
                break

    def _print_epoch(
        self,
        number: int,
        weights: np.ndarray,
        intercept: float,
        epoch: Any,
        unit: Unit,
        value: float,
    ) -> None:
        line = (
            f"-- Epoch {number}\nNorm: {np.linalg.norm(weights):.2f}, "
            f"NNZs: {np.count_nonzero(weights)}, Bias: {intercept:.6f}, "
            f"Avg. loss: {epoch.outputs[0]:f}, Objective: {epoch.loss:f}"
        )
        print(line if unit.score is None else f"{line}, Validation score: {-value:f}")

    def _warn_if_not_converged(self) -> None:
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                "max_iter to improve the fit.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _check_single_epoch(self) -> None:
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")

    def __getstate__(self) -> dict[str, Any]:
        return without_lock(super().__getstate__())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _Order:
    """The row numbers of each epoch: shuffled over and over, without those held out."""

    def __init__(self, n_rows: int, seed: int | None, held_out: np.ndarray | None) -> None:
        self._order = np.arange(n_rows)
        self._permutation: np.ndarray | None = None
        if seed is not None:
            self._permutation = np.arange(n_rows)
            _core.shuffle_as_linear_models(self._permutation, seed)
        self._trained = None if held_out is None else ~held_out

    def __call__(self, epoch: int) -> np.ndarray:
        if self._permutation is not None:
            self._order = self._order[self._permutation]
        if self._trained is None:
            return self._order
        return self._order[self._trained[self._order]]
