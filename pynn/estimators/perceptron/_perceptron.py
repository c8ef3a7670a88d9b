"""`Perceptron`."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn import linear_model
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.multiclass import _check_partial_fit_first_call

from pynn import _core
from pynn.estimators._class_weight import check_not_balanced
from pynn.estimators._estimator import all_or_nothing, validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._labels import Labels
from pynn.estimators._saving import saved_as
from pynn.estimators.perceptron._base import LARGEST_SEED, BasePerceptron, Unit

_THRESHOLD = 0.0


@saved_as("Perceptron")
class Perceptron(ClassifierMixin, BasePerceptron):
    """Threshold units trained with the perceptron rule.

    A unit fires where ``x @ w + b > 0``; each row that it gets wrong moves ``w`` by
    ``eta0 * target * x`` (Rosenblatt 1958). Two classes take one unit, several take one for each
    against all others, and a matrix of zeros and ones as y is learned by one unit for each column:
    a layer of threshold logic units.

    It has the parameters, defaults and fitted attributes of ``sklearn.linear_model.Perceptron``
    and visits the rows in the same order, so that in float64 the same ``random_state`` leads to
    the same weights up to rounding.

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
        A unit's training stops when the loss (with early stopping: the accuracy) has not improved
        by `tol` for `n_iter_no_change` epochs. None: only `max_iter` counts.
    shuffle : bool, default=True
        Whether each epoch visits the rows in a new order.
    verbose : int, default=0
        Whether to print how each epoch went.
    eta0 : float, default=1.0
        Learning rate.
    n_jobs : int or None, default=None
        Number of units trained at once, in threads; None is 1, -1 all processors.
    random_state : int, RandomState instance or None, default=0
        Where orders and the validation split come from.
    early_stopping : bool, default=False
        Whether to hold out rows and stop by the accuracy on them.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out.
    n_iter_no_change : int, default=5
        How many epochs may go without improvement.
    class_weight : dict, "balanced" or None, default=None
        Factor of the updates by class: a mapping from class to number, or inversely proportional
        to how frequent the classes are. With a matrix y: from column number to the factor of its
        ones; "balanced" weighs zeros and ones of each column.
    warm_start : bool, default=False
        Whether `fit` starts from the weights of the last call.

    Attributes
    ----------
    coef_ : ndarray of shape (n_units, n_features)
        Weights; one row for two classes.
    intercept_ : ndarray of shape (n_units,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Class labels; for a matrix y the numbers of its columns.
    n_iter_ : int
        Epochs of the last call, the most of any unit.
    t_ : float
        Rows visited, plus one.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.

    See Also
    --------
    PerceptronRegressor : Linear units trained with the delta rule.
    MLPClassifier : Several layers.

    Examples
    --------
    >>> from pynn import Perceptron
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> setosa = Perceptron(random_state=42).fit(X[:, (2, 3)], y == 0)
    >>> setosa.predict([[2.0, 0.5], [4.0, 1.2]])
    array([ True, False])
    """

    _parameter_constraints: dict = {
        **linear_model.Perceptron._parameter_constraints,
        **BasePerceptron._parameter_constraints,
    }
    _linear_unit = False

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
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ) -> None:
        self._store(locals())

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on these data, carrying on from the last call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring; needed at the first call only, and not with a
            matrix y.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the samples' updates.

        Returns
        -------
        self : Perceptron
            The trained estimator.

        Raises
        ------
        ValueError
            If `classes` is missing at the first call or changes, with early stopping, with
            balanced class weights, or for the reasons of `fit`.
        """
        self._check_single_epoch()
        check_not_balanced(self.class_weight)
        with lock_of(self):
            with all_or_nothing(self):
                first = not hasattr(self, "classes_")
                X, y = self._checked(X, y, reset=first)
                multilabel = y.ndim == 2
                if first and multilabel and classes is None:
                    classes = np.arange(y.shape[1])
                elif first and classes is not None and not np.isin(y, classes).all():
                    raise ValueError("classes should include all valid labels that can be in y")
                if _check_partial_fit_first_call(self, classes):
                    self._start(X, y if multilabel else classes, None, None)
                else:
                    self._check_labels(y)
                task = self._task(X, y, sample_weight)
            self._train(task, max_iter=1)
            return self

    def _check_labels(self, y: np.ndarray) -> None:
        ((known, classes),) = self._labels.compared(y)
        unknown = np.setdiff1d(classes, known)
        if len(unknown):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"`y` also has {unknown}"
            )

    def _start(self, x: Any, y: Any, coef_init: Any, intercept_init: Any) -> None:
        labels = Labels(y)
        if len(labels.classes) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(labels.classes)} class"
            )
        self._labels = labels
        self.classes_ = labels.classes
        self.t_ = 1.0
        self._allocate((labels.n_outputs, x.shape[1]), x.dtype, coef_init, intercept_init)

    def _make_units(self, x: Any, y: np.ndarray, sample_weight: np.ndarray | None) -> list[Unit]:
        """Draw seeds and the validation split in scikit-learn's order; make targets of -1 and 1."""
        fires = self._labels.indicators(y)
        positive, negative = self._class_weights(y, fires)
        binary = fires.shape[1] == 1
        given = np.ones(len(fires)) if sample_weight is None else sample_weight
        held_out = None
        if self.early_stopping and not binary:
            # Columns that may hold together have no common shares to keep.
            held_out = self._hold_out(y, given, classes=y.ndim == 1)
        seeds = [self.random_state]
        if not binary:
            random_state = check_random_state(self.random_state)
            seeds = random_state.randint(LARGEST_SEED, size=len(fires.T))
        units = []
        for i, seed in enumerate(seeds):
            is_number = isinstance(seed, Integral)
            if not is_number:
                seed = check_random_state(seed)
                seed.randint(1, LARGEST_SEED)  # scikit-learn's data set draws a seed it never uses
            targets = np.where(fires[:, i], 1, -1).astype(x.dtype)
            if self.early_stopping and binary:
                held_out = self._hold_out(targets, given, classes=True)
            row_weight = sample_weight
            if positive[i] != 1 or negative[i] != 1:
                row_weight = given * np.where(fires[:, i], positive[i], negative[i])
            # A RandomState for each unit would take longer than some epochs.
            drawn = (
                _core.order_seed_as_linear_models(int(seed))
                if is_number
                else seed.randint(LARGEST_SEED)
            )
            units.append(Unit(targets, row_weight, drawn, held_out))
        return units

    def _class_weights(self, y: np.ndarray, fires: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the factors of each unit's rows that should, and should not, fire."""
        equal = np.ones(fires.shape[1])
        if self.class_weight is None:
            return equal, equal
        if self._labels.kind == "multilabel" and self.class_weight == "balanced":
            ones = fires.sum(axis=0)
            return (
                len(fires) / (2 * np.maximum(ones, 1)),
                len(fires) / (2 * np.maximum(len(fires) - ones, 1)),
            )
        weights = compute_class_weight(
            self.class_weight, classes=self.classes_, y=self.classes_ if y.ndim == 2 else y
        )
        if self._labels.kind == "binary":
            return weights[1:], weights[:1]
        return weights, equal

    def _score_unit(
        self, targets: np.ndarray, outputs: np.ndarray, sample_weight: np.ndarray
    ) -> float:
        return float(np.average((outputs > _THRESHOLD) == (targets > 0), weights=sample_weight))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores ``X @ coef_.T + intercept_``; a unit fires where they are above 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_units)
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict the classes of samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels; for a matrix y zeros and ones.
        """
        scores = self._scores(X)
        return self._labels.decode(scores, _THRESHOLD)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
