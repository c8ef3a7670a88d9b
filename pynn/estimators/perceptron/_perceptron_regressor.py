"""`PerceptronRegressor`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state

from pynn.estimators._estimator import all_or_nothing, validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._r2 import r2
from pynn.estimators._saving import saved_as
from pynn.estimators.perceptron._base import LARGEST_SEED, BasePerceptron, Unit


@saved_as("PerceptronRegressor")
class PerceptronRegressor(MultiOutputMixin, RegressorMixin, BasePerceptron):
    """Linear units trained with the delta rule.

    A unit predicts ``x @ w + b``; each row moves ``w`` by ``eta0 * (target - prediction) * x``
    (Widrow and Hoff 1960), which is stochastic gradient descent on half the squared error.
    Several columns of y are learned by one unit each. Features should be scaled: the rule diverges
    where ``eta0`` times a row's squared length is above 2.

    The parameters are those of `Perceptron`; with one output and a constant rate the result is
    that of ``sklearn.linear_model.SGDRegressor``.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        Penalty on the weights, taken off at each row.
    alpha : float, default=0.0001
        Its strength.
    l1_ratio : float, default=0.15
        Share of L1 in "elasticnet", in [0, 1].
    fit_intercept : bool, default=True
        Whether the units have an intercept.
    max_iter : int, default=1000
        Largest number of epochs of `fit`.
    tol : float or None, default=1e-3
        A unit's training stops when the loss (with early stopping: R2) has not improved by `tol`
        for `n_iter_no_change` epochs. None: only `max_iter` counts.
    shuffle : bool, default=True
        Whether each epoch visits the rows in a new order.
    verbose : int, default=0
        Whether to print how each epoch went.
    eta0 : float, default=0.01
        Learning rate.
    n_jobs : int or None, default=None
        Number of units trained at once, in threads; None is 1, -1 all processors.
    random_state : int, RandomState instance or None, default=0
        Where orders and the validation split come from.
    early_stopping : bool, default=False
        Whether to hold out rows and stop by R2 on them.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out.
    n_iter_no_change : int, default=5
        How many epochs may go without improvement.
    warm_start : bool, default=False
        Whether `fit` starts from the weights of the last call.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Weights; one axis if y had one.
    intercept_ : ndarray of shape (n_outputs,)
        Intercepts.
    n_iter_ : int
        Epochs of the last call, the most of any unit.
    t_ : float
        Rows visited, plus one.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.

    See Also
    --------
    Perceptron : Threshold units.
    MLPRegressor : Several layers.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import PerceptronRegressor
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> reg = PerceptronRegressor(eta0=0.1, tol=1e-9).fit(X, 2 * X[:, 0] + 1)
    >>> reg.predict([[10.0]]).round(2)
    array([21.])
    """

    _linear_unit = True

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 0.01,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
    ) -> None:
        self._store(locals())

    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these data, carrying on from the last call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the samples' updates.

        Returns
        -------
        self : PerceptronRegressor
            The trained estimator.

        Raises
        ------
        ValueError
            With early stopping, if the number of outputs changes, or for the reasons of `fit`.
        """
        self._check_single_epoch()
        with lock_of(self):
            with all_or_nothing(self):
                first = not hasattr(self, "coef_")
                X, y = self._checked(X, y, reset=first)
                if first:
                    self._start(X, y, None, None)
                elif self.coef_.shape[:-1] != y.shape[1:]:
                    raise ValueError(
                        "y must have the number of outputs of the first call, "
                        f"{len(self.intercept_)}. Received: y of shape {y.shape}"
                    )
                task = self._task(X, y, sample_weight)
            self._train(task, max_iter=1)
            return self

    def _start(self, x: Any, y: np.ndarray, coef_init: Any, intercept_init: Any) -> None:
        self.t_ = 1.0
        self._allocate((*y.shape[1:], x.shape[1]), x.dtype, coef_init, intercept_init)

    def _make_units(self, x: Any, y: np.ndarray, sample_weight: np.ndarray | None) -> list[Unit]:
        held_out = None
        if self.early_stopping:
            given = np.ones(len(y)) if sample_weight is None else sample_weight
            held_out = self._hold_out(y, given, classes=False)
        seed = check_random_state(self.random_state).randint(LARGEST_SEED)
        columns = np.ascontiguousarray(y.reshape(len(y), -1).T, dtype=x.dtype)
        return [Unit(targets, sample_weight, seed, held_out) for targets in columns]

    def _score_unit(
        self, targets: np.ndarray, outputs: np.ndarray, sample_weight: np.ndarray
    ) -> float:
        return r2(targets, outputs, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        scores = self._scores(X)
        # Until its version 1.7, scikit-learn's sparsify() makes a matrix of one row of a vector.
        return scores[:, 0] if scores.ndim == 2 and scores.shape[1] == 1 else scores
