"""What `Perceptron` and `PerceptronRegressor` share: units trained one by one, row by row.

Each output is a unit with its own weights and its own end of training. What the targets are is in
the two classes.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs  # type: ignore[import-untyped]
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import SparseCoefMixin
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils._param_validation import Interval
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from pynn import _core, graph, layers, models
from pynn._dtypes import dtype_name
from pynn._sparse import to_dense
from pynn._user_warning import warn_user
from pynn.estimators._estimator import Estimator, all_or_nothing, validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._input import check_has_rows, check_rows, check_training_data
from pynn.estimators.perceptron._unit_trainer import UnitTrainer, checked_rows, step_rows
from pynn.training import ArrayData, EpochOrder, Totals, TrainingLoop

LARGEST_SEED = np.iinfo(np.int32).max
# scikit-learn's: sparse rows touch each weight less often than the intercept.
_SPARSE_INTERCEPT_DECAY = 0.01


@dataclass
class Unit:
    """What one unit is trained with.

    Attributes
    ----------
    targets : ndarray of shape (n,)
    row_weight : ndarray of shape (n,) or None
        Factor of each row's updates.
    order_seed : int
        Shuffles the rows.
    held_out : ndarray of bool, shape (n,), or None
        The rows that it is scored on.
    n_epochs : int
        How many it has been trained for.
    busy : Lock
        Held while it is trained.
    """

    targets: np.ndarray
    row_weight: np.ndarray | None
    order_seed: int
    held_out: np.ndarray | None
    n_epochs: int = 0
    busy: threading.Lock = field(default_factory=threading.Lock)


class _Task(NamedTuple):
    """What a call trains: units, on rows that are checked, as an array and as the kernel's."""

    x: Any
    rows: Any
    units: list[Unit]
    sample_weight: np.ndarray | None


class BasePerceptron(SparseCoefMixin, Estimator, ABC):
    """Base of the perceptrons; not for direct use."""

    _parameter_constraints: dict = {
        **linear_model.Perceptron._parameter_constraints,
        "eta0": [Interval(Real, 0, None, closed="neither")],  # 0 too in scikit-learn 1.6
    }
    del _parameter_constraints["class_weight"]

    _linear_unit: bool

    # Filled in by the two classes.

    @abstractmethod
    def _start(self, x: Any, y: np.ndarray, coef_init: Any, intercept_init: Any) -> None:
        """Begin anew: learn what y is, and make ``coef_`` and ``intercept_`` for it."""

    @abstractmethod
    def _make_units(self, x: Any, y: np.ndarray, sample_weight: np.ndarray | None) -> list[Unit]:
        """Return what each unit is trained with, and draw seeds and validation splits."""

    @abstractmethod
    def _score_unit(
        self, targets: np.ndarray, outputs: np.ndarray, sample_weight: np.ndarray
    ) -> float:
        """Return the score of a unit's outputs, better if larger."""

    # Training.

    @validated
    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit the units to X and y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels, or zeros and ones for several outputs; of a regressor
            numbers.
        coef_init : array-like of the shape of ``coef_``, default=None
            Initial weights; None starts from zeros.
        intercept_init : array-like of the shape of ``intercept_``, default=None
            Initial intercepts.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the samples' updates.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            On NaN, infinity, empty or inconsistent data, a single class, or if the weights
            overflow.
        """
        with lock_of(self):
            with all_or_nothing(self):
                X, y = self._checked(X, y, reset=True)
                if self.warm_start and hasattr(self, "coef_"):
                    coef_init = self.coef_ if coef_init is None else coef_init
                    intercept_init = self.intercept_ if intercept_init is None else intercept_init
                self._start(X, y, coef_init, intercept_init)
                task = self._task(X, y, sample_weight)
            self._train(task, self.max_iter)
            if self.tol is not None and self.n_iter_ == self.max_iter:
                warn_user(
                    "Maximum number of iteration reached before convergence. Consider increasing "
                    "max_iter to improve the fit.",
                    ConvergenceWarning,
                )
            return self

    def _checked(self, x: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        check_has_rows(y)
        return check_training_data(self, x, y, reset=reset, y_numeric=self._linear_unit)

    def _check_single_epoch(self) -> None:
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")

    def _allocate(
        self, shape: tuple[int, ...], dtype: Any, coef_init: Any, intercept_init: Any
    ) -> None:
        """Set ``coef_`` and ``intercept_`` to zeros or to copies of initial values."""
        n_units = shape[0] if len(shape) == 2 else 1
        coef = np.array(np.zeros(shape) if coef_init is None else coef_init, dtype, order="C")
        if coef.size != np.prod(shape) or (n_units > 1 and coef.shape != shape):
            raise ValueError(
                "Provided ``coef_`` does not match dataset. It must have the shape "
                f"{shape} for X of {shape[-1]} features. Received: {coef.shape}"
            )
        intercept = np.array(np.zeros(n_units) if intercept_init is None else intercept_init, dtype)
        if intercept.size != n_units:
            raise ValueError(
                "Provided intercept_init does not match dataset. It must have the shape "
                f"({n_units},). Received: {intercept.shape}"
            )
        self.coef_, self.intercept_ = coef.reshape(shape), intercept.reshape(n_units)

    def _hold_out(self, y: np.ndarray, sample_weight: np.ndarray, classes: bool) -> np.ndarray:
        """Return bool (n,), true for the rows that scikit-learn's linear models hold out.

        With `classes`, both parts keep the shares of the classes in y.
        """
        splitter = StratifiedShuffleSplit if classes else ShuffleSplit
        split = splitter(test_size=self.validation_fraction, random_state=self.random_state)
        _, held_out = next(split.split(np.zeros((len(y), 1)), y))
        if not sample_weight[held_out].any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different "
                "random state."
            )
        mask = np.zeros(len(y), bool)
        mask[held_out] = True
        return mask

    def _task(self, x: Any, y: np.ndarray, sample_weight: Any) -> _Task:
        """Return the units and the rows that they are to be trained on, checked."""
        dtype = np.float32 if np.asarray(self.coef_).dtype == np.float32 else np.float64
        self.coef_ = np.require(self.coef_, dtype, ["C", "W"])
        self.intercept_ = np.require(self.intercept_, dtype, ["C", "W"])
        x = x.astype(dtype, copy=False)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, x, dtype=dtype)
        units = self._make_units(x, y, sample_weight)
        return _Task(x, checked_rows(x, self.coef_.dtype), units, sample_weight)

    def _train(self, task: _Task, max_iter: int) -> None:
        """Train all units; set ``n_iter_`` to the most epochs of any, and count ``t_`` on.

        An interrupt or an error ends the training of all, and is raised when nobody changes the
        weights any more, as by scikit-learn's.
        """
        units = task.units
        stop = threading.Event()

        def train(index: int, unit: Unit) -> None:
            with unit.busy:
                if not stop.is_set():
                    self._train_unit(index, unit, task, max_iter, stop)

        try:
            if effective_n_jobs(self.n_jobs) == 1:
                for i, unit in enumerate(units):
                    train(i, unit)
            else:
                Parallel(n_jobs=self.n_jobs, require="sharedmem")(
                    delayed(train)(i, unit) for i, unit in enumerate(units)
                )
        except BaseException:
            stop.set()
            for unit in units:
                with unit.busy:
                    pass
            raise
        finally:
            self.n_iter_ = max(unit.n_epochs for unit in units)
            self.t_ += self.n_iter_ * task.x.shape[0]

    def _train_unit(
        self,
        index: int,
        unit: Unit,
        task: _Task,
        max_iter: int,
        stop: threading.Event,
    ) -> None:
        """Train a unit for at most `max_iter` epochs, and count them."""
        x, rows, _, sample_weight = task
        if (held_out := unit.held_out) is not None:
            unseen, targets = x[held_out], unit.targets[held_out]
            given = np.ones(len(targets)) if sample_weight is None else sample_weight[held_out]
        weights, intercept = np.atleast_2d(self.coef_)[index], self.intercept_[index : index + 1]
        rule = self._rule(is_sparse=not isinstance(x, np.ndarray))
        trainer = UnitTrainer(rows, weights, intercept, rule, stop)
        loop = TrainingLoop(
            trainer,
            ArrayData(x=[x], y=[unit.targets], weights=[unit.row_weight], checked=True),
            batch_size=step_rows(x),
            rates=lambda first_step, count: np.full(count, float(self.eta0)),
        )
        order = _ReshuffledOrder(
            x.shape[0], unit.order_seed if self.shuffle else None, unit.held_out
        )
        best = np.inf
        waiting = 0
        for totals in loop.epochs(0, max_iter, order):
            unit.n_epochs += 1
            if not trainer.finite:
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{unit.n_epochs}. Scaling "
                    "input data with StandardScaler or MinMaxScaler might help."
                )
            value, ending = totals.losses()[0], ""
            if held_out is not None:
                score = self._score_unit(targets, unseen @ weights + intercept[0], given)
                value, ending = -score, f", Validation score: {score:f}"
            if self.verbose > 0:
                _print_epoch(unit.n_epochs, weights, intercept[0], totals, ending)
            # Without `tol` nothing ends the training early.
            worse = self.tol is not None and value > best - self.tol
            waiting = waiting + 1 if worse else 0
            best = min(best, value)
            if waiting >= self.n_iter_no_change or stop.is_set():
                break

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

    # Prediction.

    def _scores(self, x: Any) -> np.ndarray:
        """Return ``x @ coef_.T + intercept_`` for unchecked rows."""
        x = check_rows(self, x)
        if isinstance(x, np.ndarray) and isinstance(self.coef_, np.ndarray):
            scores: np.ndarray = x @ self.coef_.T
        else:
            scores = safe_sparse_dot(x, self.coef_.T, dense_output=True)
        return scores + self.intercept_

    def _plan(self) -> graph.Plan:
        """Return a plan that predicts the scores, for `pynn.cython_predict`."""
        check_is_fitted(self)
        kernel = np.atleast_2d(to_dense(self.coef_)).T
        dtype = dtype_name(kernel.dtype)
        units = layers.Dense(kernel.shape[1], dtype=dtype)
        model = models.Sequential([layers.Input((len(kernel),), dtype=dtype), units])
        units.set_weights([kernel, self.intercept_])
        return model._plan()


def _print_epoch(
    number: int, weights: np.ndarray, intercept: float, totals: Totals, ending: str
) -> None:
    loss, (data_loss,) = totals.losses()
    print(
        f"-- Epoch {number}\nNorm: {np.linalg.norm(weights):.2f}, "
        f"NNZs: {np.count_nonzero(weights)}, Bias: {intercept:.6f}, "
        f"Avg. loss: {data_loss:f}, Objective: {loss:f}{ending}"
    )


class _ReshuffledOrder(EpochOrder):
    """The row numbers of each epoch: shuffled over and over, without those held out."""

    def __init__(self, n_rows: int, seed: int | None, held_out: np.ndarray | None) -> None:
        super().__init__()
        self._order = np.arange(n_rows)
        self._permutation: np.ndarray | None = None
        if seed is not None:
            self._permutation = np.arange(n_rows)
            _core.shuffle_as_linear_models(self._permutation, seed)
        self._trained = None if held_out is None else ~held_out

    def begin(self, epoch: int) -> tuple[np.ndarray, None]:
        if self._permutation is not None:
            self._order = self._order[self._permutation]
        if self._trained is None:
            return self._order, None
        return self._order[self._trained[self._order]], None
