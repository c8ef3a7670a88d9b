"""What `TabularClassifier` and `TabularRegressor` share: parameters, fit, prediction, files.

What y means is in the two classes; how rows are prepared and networks trained is beside this file.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from pynn import models
from pynn._number_checks import checked_size
from pynn._task_threads import limited_threads
from pynn.estimators._estimator import Estimator, validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators.tabular._columns import Column, as_table, columns_of
from pynn.estimators.tabular._fitting import STRATEGIES, Fitting, Outcome, folds_of
from pynn.estimators.tabular._importances import permuted_scores
from pynn.estimators.tabular._networks import AVAILABLE, Networks
from pynn.estimators.tabular._preparation import Preparation
from pynn.estimators.tabular._recipes import NUMBERS, PRESETS, Recipe
from pynn.estimators.tabular._training import PreparedRows, Validation, predicted

Score = Callable[[np.ndarray], float]


class BaseTabular(Estimator, ABC):
    """Base of the estimators for tables; not for direct use."""

    _parameter_constraints: dict = {
        "preset": [StrOptions(AVAILABLE)],
        "strategy": [StrOptions(set(STRATEGIES))],
        "n_ensemble": [Interval(Integral, 1, None, closed="left")],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "validation_metric": [str, callable, None],
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "categorical_features": ["array-like", None],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "missing_indicator": ["boolean"],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        **{name: [*constraints, None] for name, constraints in NUMBERS.items()},
    }

    preset: str
    strategy: str
    n_ensemble: int
    n_folds: int
    validation_metric: Any
    time_limit: float | None
    categorical_features: Any
    max_categories: int
    missing_indicator: bool
    n_jobs: int | None
    random_state: Any
    verbose: Any

    n_features_in_: int
    _preparation: Preparation
    _networks: Networks
    _clamps: bool

    # Filled in by the two classes.

    _task: str

    @abstractmethod
    def _check_y(self, y: Any) -> np.ndarray:
        """Return y of all training rows, checked; set what is known of it as attributes."""

    @abstractmethod
    def _check_other_y(self, y: Any) -> np.ndarray:
        """Return y of validation rows, checked."""

    @abstractmethod
    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Return what the networks are trained with, float32 of shape (n, n_outputs)."""

    @abstractmethod
    def _own_score(self, outputs: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        """Return how good the outputs of networks are, by the metric of the recipe."""

    @abstractmethod
    def _check_outputs(self, n_outputs: int) -> None:
        """Check what is known of y, which may come from a file."""

    def _learn_y(self, y: np.ndarray, weights: np.ndarray | None) -> None:
        """Take what `_targets` needs from y of all training rows."""

    def _row_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return what rows weigh in training, and in the metric of the recipe."""
        return weights

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """Return the class of each row."""
        return None

    def _notes_on(self, y: np.ndarray) -> list[str]:
        """Return what may be why a scorer refused some rows."""
        return []

    def _note_outcome(self) -> None:
        """Look at how training went."""

    # Training.

    @validated
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Prepare a table and train networks on it.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
            Numbers, texts, categories, booleans, dates, times and durations, with gaps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or numbers, without gaps.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; None weighs all alike.
        X_val, y_val, sample_weight_val : the same, default=None
            Samples to choose the epochs by; all of X is trained on then.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If X has values that are no numbers, texts or dates.
        ValueError
            If X has no rows, two columns of the same name, no column with values, or infinite
            numbers; if y has gaps, or another length; if all samples weigh 0; if a parameter is
            out of its range, or not one of the preset's.
        """
        with lock_of(self) as lock, lock.training(anew=True), limited_threads(self.n_jobs):
            fitted = self._twin()
            fitted._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)
            self.__dict__ = fitted.__dict__  # all at once, or nothing
        return self

    def _fit(self, x: Any, y: Any, weights: Any, x_val: Any, y_val: Any, weights_val: Any) -> None:
        limit = self.time_limit
        deadline = None if limit is None else time.perf_counter() + limit
        if (x_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together.")
        if x_val is None and weights_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val, whose rows it is of.")
        if x_val is not None and self.strategy not in ("auto", "holdout"):
            raise ValueError(
                f"X_val chooses the epochs, and strategy={self.strategy!r} chooses them by rows of "
                "X. Give one of the two"
            )
        recipe = self._recipe()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        rng = np.random.default_rng(seed)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        table = as_table(x)
        columns = columns_of(table)
        validate_data(self, table, skip_check_array=True)
        y = self._check_y(y)
        check_consistent_length(columns[0].values, y)
        if weights is not None:
            weights = _check_sample_weight(weights, columns[0].values, ensure_non_negative=True)
            kept = np.flatnonzero(weights)
            if len(kept) == 0:
                raise ValueError("sample_weight must be greater than 0 for some sample.")
            if len(kept) < len(weights):
                table, y, weights = _safe_indexing(table, kept), y[kept], weights[kept]
                columns = [column.at(kept) for column in columns]
        self._preparation = Preparation()
        inputs = self._preparation.fit(
            columns,
            recipe,
            categories=self._categories(columns),
            max_categories=self.max_categories,
            missing_indicator=self.missing_indicator,
            rng=rng,
        )
        self._clamps = recipe.clamp
        self._learn_y(y, weights)
        targets = self._targets(y)
        rows = PreparedRows(inputs, targets, _mean_one(self._row_weights(y, weights)))
        shape = self._preparation.shape(len(rows))
        networks = Networks(recipe, shape, targets.shape[1], self._task)
        given = None if x_val is None else self._given_validation(x_val, y_val, weights_val)

        def score_of(at: np.ndarray) -> Score:
            some = None if weights is None else weights[at]
            return self._score_of(lambda: _safe_indexing(table, at), y[at], targets[at], some)

        fitting = Fitting(
            networks,
            rows,
            folds_of(self.n_folds, self._strata(y), len(rows), rng),
            score_of,
            strategy=self.strategy,
            n_ensemble=self.n_ensemble,
            n_folds=self.n_folds,
            rng=rng,
            deadline=deadline,
            say=partial(print, flush=True) if self.verbose else None,
        )
        self._take(networks, fitting.run(given))

    def _take(self, networks: Networks, outcome: Outcome) -> None:
        self._networks = networks
        self.strategy_ = outcome.strategy
        self.epochs_ = outcome.epochs
        self.best_epochs_ = outcome.best_epochs
        self.validation_score_ = outcome.score
        self.n_networks_ = len(networks.weights)
        self.history_ = outcome.history
        self._note_outcome()

    def _recipe(self) -> Recipe:
        """Return the preset with the numbers that were given as parameters."""
        recipe = PRESETS[self.preset][self._task]
        given = {name: getattr(self, name) for name in NUMBERS if getattr(self, name) is not None}
        unknown = sorted(set(given) - {field.name for field in fields(recipe)})
        if unknown:
            raise ValueError(
                f"{unknown[0]} is no number of preset={self.preset!r}, and must be None. "
                f"Received: {unknown[0]}={given[unknown[0]]!r}"
            )
        if "hidden_layer_sizes" in given:
            given["hidden_layer_sizes"] = tuple(np.atleast_1d(given["hidden_layer_sizes"]).tolist())
        recipe = replace(recipe, **given)
        recipe.check()
        return recipe

    def _categories(self, columns: Sequence[Column]) -> list[int]:
        """Return the places of `categorical_features`."""
        if self.categorical_features is None:
            return []
        given = np.asarray(self.categorical_features)
        names = [column.name for column in columns]
        if given.dtype == bool and given.shape == (len(columns),):
            return [int(place) for place in np.flatnonzero(given)]
        found = []
        for each in np.atleast_1d(given).tolist():
            if isinstance(each, str) and each in names:
                found.append(names.index(each))
            elif isinstance(each, int) and not given.dtype == bool and 0 <= each < len(columns):
                found.append(each)
            else:
                raise ValueError(
                    "categorical_features must be names or places of columns of X, or a boolean "
                    f"for each. Received: {each!r}"
                )
        return found

    def _given_validation(self, x: Any, y: Any, weights: Any) -> Validation:
        table, inputs = self._inputs(x)
        y = self._check_other_y(y)
        check_consistent_length(inputs[0], y)
        if weights is not None:
            weights = _check_sample_weight(weights, inputs[0], ensure_non_negative=True)
        return Validation(inputs, self._score_of(lambda: table, y, self._targets(y), weights))

    def _score_of(
        self, table: Callable[[], Any], y: np.ndarray, targets: np.ndarray, weights: Any
    ) -> Score:
        """Return what scores outputs for some rows."""
        if self.validation_metric is None:
            own = self._row_weights(y, weights)
            return lambda outputs: self._own_score(outputs, targets, own)
        return self._scorer_of(self.validation_metric, table(), y, weights)

    def _scorer_of(self, metric: Any, table: Any, y: np.ndarray, weights: Any) -> Score:
        """Return what scores outputs for the rows of a table by a scorer of scikit-learn's."""
        view = self._twin()
        scorer = check_scoring(view, scoring=metric)
        given = {} if weights is None else {"sample_weight": weights}

        def score(outputs: np.ndarray) -> float:
            view.__dict__["_known"] = table, outputs
            try:
                return float(scorer(view, table, y, **given))
            except ValueError as error:
                for note in self._notes_on(y):
                    error.add_note(note)
                raise

        return score

    # Prediction.

    def _inputs(self, x: Any) -> tuple[Any, list[np.ndarray]]:
        """Return a table that X is or becomes, and the networks' inputs."""
        table = as_table(x)
        columns = columns_of(table)
        validate_data(self, table, skip_check_array=True, reset=False)
        # An array has no names for what errors say.
        for column, name in zip(columns, vars(self).get("feature_names_in_", ()), strict=False):
            column.name = name
        return table, self._preparation(columns)

    def _outputs(self, x: Any) -> np.ndarray:
        """Return what the networks predict, (n, n_outputs)."""
        known = vars(self).get("_known")
        if known is not None:
            if x is not known[0]:
                raise ValueError("a scorer must have predictions made for the X that it is given")
            return known[1]
        check_is_fitted(self)
        _, inputs = self._inputs(x)
        with limited_threads(self.n_jobs):
            return self._predict(inputs)

    def _predict(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return what the networks predict for prepared rows."""
        with lock_of(self):  # several threads may predict with networks that have no model yet
            model = self._networks.model
        return predicted(model, inputs)

    def permutation_importances(
        self,
        X: Any,
        y: Any,
        *,
        n_repeats: int = 5,
        scoring: Any = None,
        sample_weight: Any = None,
        random_state: Any = None,
    ) -> Bunch:
        """Return how much worse predictions become when a column is shuffled.

        Many shuffled tables are predicted in one call of the engine.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
            Samples that were not trained on say most.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        n_repeats : int, default=5
            How often each column is shuffled.
        scoring : str or callable, default=None
            A scorer of scikit-learn's; None stands for `score`.
        sample_weight : array-like of shape (n_samples,), default=None
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        Bunch
            As of ``sklearn.inspection.permutation_importance``: ``importances`` of shape
            (n_features, n_repeats), the score that is lost; ``importances_mean`` and
            ``importances_std``.

        Examples
        --------
        >>> from pynn import TabularRegressor
        >>> X = [[i, i % 3] for i in range(60)]
        >>> y = [row[0] for row in X]
        >>> reg = TabularRegressor(preset="mlp", hidden_layer_sizes=8, random_state=0).fit(X, y)
        >>> found = reg.permutation_importances(X, y, random_state=0)
        >>> bool(found.importances_mean[0] > found.importances_mean[1])
        True
        """
        check_is_fitted(self)
        n_repeats = checked_size("n_repeats", n_repeats)
        table, inputs = self._inputs(X)
        y = self._check_other_y(y)
        check_consistent_length(inputs[0], y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, inputs[0])
        score = self._scorer_of(scoring, table, y, sample_weight)
        with limited_threads(self.n_jobs):
            baseline, scores = permuted_scores(
                self._predict,
                inputs,
                self._preparation.features(),
                self.n_features_in_,
                n_repeats,
                score,
                check_random_state(random_state),
            )
        importances = baseline - scores
        return Bunch(
            importances_mean=importances.mean(axis=1),
            importances_std=importances.std(axis=1),
            importances=importances,
        )

    def to_model(self) -> models.Model:
        """Return the networks as one `pynn.Model`, a copy.

        Its inputs are the prepared rows that `prepare` returns; its outputs are class
        probabilities, or numbers of which the training targets have mean 0 and standard deviation
        1 (`TabularRegressor.target_mean_` and ``target_scale_``).

        Returns
        -------
        Model
        """
        check_is_fitted(self)
        with lock_of(self):
            return self._networks.combined()

    def prepare(self, X: Any) -> list[np.ndarray]:
        """Return the rows of a table as the networks get them.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray
            Numbers and one-hot columns, float32; and, where there are large categories, their
            codes, int32.
        """
        check_is_fitted(self)
        return self._inputs(X)[1]

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_networks" in state:
            self._networks.check()
            self._preparation.check(self.n_features_in_, self._networks.shape)
            self._check_outputs(self._networks.n_outputs)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are networks to predict with."""
        return hasattr(self, "_networks")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _mean_one(weights: np.ndarray | None) -> np.ndarray | None:
    """Return weights whose mean is 1, so that they leave the size of steps alone."""
    return None if weights is None else (weights / weights.mean()).astype(np.float32)
