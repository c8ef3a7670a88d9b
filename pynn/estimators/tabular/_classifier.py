"""`TabularClassifier`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions

from pynn.estimators._class_weight import class_factors
from pynn.estimators._labels import Labels
from pynn.estimators._saving import saved_as
from pynn.estimators.tabular._base import BaseTabular
from pynn.estimators.tabular._columns import check_no_gaps
from pynn.estimators.tabular._recipes import CLASSIFICATION


@saved_as("TabularClassifier")
class TabularClassifier(ClassifierMixin, BaseTabular):
    """Networks for tables that predict classes.

    It takes a table as it is: numbers, texts, categories, booleans and dates, with gaps.

    Parameters
    ----------
    preset : {"realmlp", "realmlp-td", "realmlp-s", "tabm", "tabm-mini", "mlp"}, default="realmlp"
        Which network is trained, and by which recipe: RealMLP in a quarter of the epochs, RealMLP
        as published and its simplified form (Holzmüller et al. 2024), TabM and TabM-mini (Gorishniy
        et al. 2025), or a plain multilayer perceptron.
    strategy : {"auto", "refit", "folds", "holdout"}, default="auto"
        What is done with the rows that choose the best epoch, one fold of them. "holdout": the
        network is kept as it is. "refit": another one is trained on all rows, up to this epoch or
        the next at which the learning rate is 0; both predict together. "folds": one network for
        each fold, trained on the others; they predict together. "auto": with `time_limit` the best
        that is sure to fit into it ("folds", else "refit", else "holdout"); without, "folds" for
        less than 1,000 rows and "refit" for more.
    n_ensemble : int, default=1
        Networks in place of each one, which differ in their random numbers and predict together.
    n_folds : int, default=5
        Folds of the rows. In classification each has its share of each class.
    validation_metric : str or callable, default=None
        What an epoch is chosen by: the name of a scorer of scikit-learn's, or ``scorer(estimator,
        X, y)``, which is given ``sample_weight=`` too if the rows have weights.
        None stands for the accuracy.
    time_limit : float, default=None
        Seconds that `fit` may take. If they do not suffice for the recipe's epochs, there are
        fewer; what is not complete in time is not used, but for the first network.
    categorical_features : array-like of str, int or bool, default=None
        Names or places of columns, or a flag for each, that are categories even if they hold
        numbers. Texts, booleans and categoricals always are.
    max_categories : int, default=1000
        The most frequent levels that are kept of a category; others count as unknown.
    missing_indicator : bool, default=True
        Whether a column of numbers with gaps gets another one that says where they are.
    scaling : {"standard", "robust", "robust-tails", "quantile"}, default=None
        How numbers are scaled: to mean 0 and deviation 1; by median and quartiles with a smooth
        bound, and where the quartiles are equal by the range; the same, but there by the values
        that differ from the median; or to normal quantiles. This one, and those that follow up to
        `bin_embedding_size`, are the numbers of the recipe: None stands for the preset's, and what
        the preset has not must be None.
    one_hot_levels : int, default=None
        A category with more levels becomes an embedding, if the network has such.
    single_column_pairs : bool, default=None
        Whether two levels become one column of 1 and -1.
    hidden_layer_sizes : int or array-like of int, default=None
    activation : str, default=None
        A name of `pynn.activations`.
    dropout : float, default=None
    epochs : int, default=None
        The most, over which the schedules extend.
    batch_size : int, default=None
        The most.
    fewest_batches : int, default=None
        "realmlp": of an epoch. Batches of small tables are smaller for so many, of 4 rows at
        least.
    learning_rate : float, default=None
        The largest of the schedule.
    weight_decay : float, default=None
    beta_1, beta_2, epsilon : float, default=None
        Adam's.
    label_smoothing : float, default=None
        How far the targets of classes are moved towards a uniform distribution.
    patience : int, default=None
        Training ends after so many epochs without a better one.
    last_of_ties : bool, default=None
        Whether the last of several epochs that are equally good is the best.
    clamp : bool, default=None
        Whether predicted numbers are kept within the range of the training targets.
    snapshots : bool, default=None
        Whether only epochs that end with a learning rate of 0 are chosen, of which "realmlp" has
        four, and a network is used as it was then and the last time before: two for one training,
        which ends when they are worse than those before, from the third time on. Presets without
        such epochs have none to choose.
    batch_norm : bool, default=None
        "mlp": whether the inputs of the activations are normalized over the batch.
    embedding_size : int, default=None
        "realmlp": the length of the vector of a level.
    n_frequencies, periodic_size : int, default=None
        "realmlp": cosines of each number, and the values that it becomes, itself included.
    frequency_scale : float, default=None
        "realmlp": standard deviation of the frequencies at the start.
    scale_rate, bias_rate, activation_rate, periodic_rate : float, default=None
        "realmlp": factors for the learning rates of these weights; of all that numbers become, the
        last one.
    parametric_activation : bool, default=None
        "realmlp": whether each unit learns how much of its activation to use.
    zero_output : bool, default=None
        "realmlp": whether the output layer starts with zeros.
    n_members : int, default=None
        "tabm": networks that share most weights.
    shares_all_layers : bool, default=None
        "tabm": whether they differ in their first vectors and their heads only.
    n_bins, bin_embedding_size : int, default=None
        "realmlp", "tabm": bins of the piecewise linear encoding of numbers, 0 for none, and its
        length.
    n_jobs : int, default=None
        Largest number of threads, -1 for one per processor. None leaves it to the engine, which
        takes one thread within a task of joblib's.
    random_state : int, RandomState instance or None, default=None
        Where folds, initial weights and the orders of the rows come from. The same one gives the
        same bits for any number of threads, but for what a `time_limit` cuts short.
    verbose : bool, default=False
        Whether to print what is trained, and about ten epochs of each network.
    class_weight : dict or "balanced", default=None
        Factors for the weights of the samples by class; classes that are not named have 1.
        "balanced": inversely as frequent as the class. The accuracy that chooses an epoch takes
        them into account, `score` and other metrics do not.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    n_classes_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.
    strategy_ : {"refit", "folds", "holdout"}
        What was done; "refit" too where all rows were trained on from the start, as there were less
        than 10.
    epochs_ : int
        Epochs that the schedules extended over.
    best_epochs_ : list of int
        The best epoch of each network that rows were kept for, counted from 1.
    validation_score_ : float
        The mean of their scores, as they are used; NaN if no rows were kept.
    n_networks_ : int
        Networks that predict together.
    history_ : dict of str to list of float
        "loss" and "val_score" of each epoch of the first network.

    See Also
    --------
    TabularRegressor : The same for numbers.
    MLPClassifier : A network whose layers and training are the user's, for prepared numbers.

    Notes
    -----
    Columns are prepared inside, and the preparation is kept and saved with the networks:

    - Gaps in numbers become the median of the column, and those that were there in `fit` a column
      of their own. Durations count in days, times of the day in hours.
    - Texts, booleans and categoricals are categories, and levels are known by their texts. Gaps and
      what was not in `fit` have a code of their own, or zeros in all one-hot columns.
    - Dates become days since 1970, month, day of the month, day of the week (Monday is 0) and, if
      they have any, the hour; times with a zone are read in UTC.
    - A column without any value is ignored, with a warning. Columns that `fit` did not see, or in
      another order, are refused.

    Examples
    --------
    >>> import pandas as pd
    >>> from pynn import TabularClassifier
    >>> X = pd.DataFrame({"city": ["Rome", "Oslo", None, "Rome"] * 10, "age": range(40)})
    >>> y = ["south", "north", "north", "south"] * 10
    >>> clf = TabularClassifier(preset="mlp", epochs=20, random_state=0).fit(X, y)
    >>> bool(clf.score(X, y) > 0.9)
    True
    >>> clf.predict(pd.DataFrame({"city": ["Rome", "Paris"], "age": [8, None]})).shape
    (2,)
    """

    _parameter_constraints: dict = {
        **BaseTabular._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _task = CLASSIFICATION
    _labels: Labels
    _class_factors: np.ndarray | None
    class_weight: Any

    def __init__(
        self,
        preset: str = "realmlp",
        *,
        strategy: str = "auto",
        n_ensemble: int = 1,
        n_folds: int = 5,
        validation_metric: Any = None,
        time_limit: float | None = None,
        categorical_features: Any = None,
        max_categories: int = 1000,
        missing_indicator: bool = True,
        scaling: str | None = None,
        one_hot_levels: int | None = None,
        single_column_pairs: bool | None = None,
        hidden_layer_sizes: Any = None,
        activation: str | None = None,
        dropout: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        fewest_batches: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        beta_1: float | None = None,
        beta_2: float | None = None,
        epsilon: float | None = None,
        label_smoothing: float | None = None,
        patience: int | None = None,
        last_of_ties: bool | None = None,
        clamp: bool | None = None,
        snapshots: bool | None = None,
        batch_norm: bool | None = None,
        embedding_size: int | None = None,
        n_frequencies: int | None = None,
        periodic_size: int | None = None,
        frequency_scale: float | None = None,
        scale_rate: float | None = None,
        bias_rate: float | None = None,
        activation_rate: float | None = None,
        periodic_rate: float | None = None,
        parametric_activation: bool | None = None,
        zero_output: bool | None = None,
        n_members: int | None = None,
        shares_all_layers: bool | None = None,
        n_bins: int | None = None,
        bin_embedding_size: int | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: Any = False,
        class_weight: Any = None,
    ) -> None:
        self._store(locals())

    def _check_y(self, y: Any) -> np.ndarray:
        y = self._column(y)
        self._labels = Labels(y)
        self.classes_ = self._labels.classes
        self.n_classes_ = len(self.classes_)
        return y

    def _column(self, y: Any) -> np.ndarray:
        y = column_or_1d(y, warn=True)
        check_no_gaps(y)
        return y

    def _check_other_y(self, y: Any) -> np.ndarray:
        y = self._column(y)
        unknown = sorted(set(np.unique(y).tolist()) - set(self.classes_.tolist()), key=str)
        if unknown:
            raise ValueError(f"y has a class that was not in fit: {unknown[0]!r}")
        return y

    def _targets(self, y: np.ndarray) -> np.ndarray:
        # A network has no use for a single class, and gets another one that never comes.
        return np.eye(max(self.n_classes_, 2), dtype=np.float32)[self._codes(y)]

    def _codes(self, y: np.ndarray) -> np.ndarray:
        return self._labels.encode(y).astype(np.int64)

    def _own_score(self, outputs: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        if weights is not None and not weights.any():
            return float("nan")  # rows of classes that weigh nothing say nothing
        hits = outputs.argmax(axis=1) == targets.argmax(axis=1)
        return float(np.average(hits, weights=weights))

    def _check_outputs(self, n_outputs: int) -> None:
        classes = self._labels.classes
        alike = np.array_equal(classes, self.classes_) and len(classes) == self.n_classes_
        if not alike or n_outputs != max(self.n_classes_, 2):
            raise ValueError("the networks must have an output for each class")

    def _learn_y(self, y: np.ndarray, weights: np.ndarray | None) -> None:
        self._class_factors = None
        if self.class_weight is not None:
            codes = self._codes(y)
            self._class_factors = np.ones(self.n_classes_)
            found = class_factors(self.class_weight, [self.classes_], codes, weights)
            if not found.any():
                raise ValueError(
                    "class_weight must be greater than 0 for some class of y. Received: "
                    f"{self.class_weight!r:.80}"
                )
            self._class_factors[codes] = found

    def _row_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if self._class_factors is None:
            return weights
        factors = self._class_factors[self._codes(y)]
        return factors if weights is None else factors * weights

    def _strata(self, y: np.ndarray) -> np.ndarray:
        return self._codes(y)

    def _notes_on(self, y: np.ndarray) -> list[str]:
        found = len(np.unique(self._codes(y)))
        if found == self.n_classes_:
            return []
        return [
            f"These {len(y)} rows have only {found} of the {self.n_classes_} classes. Folds have "
            "all of them where n_folds is not greater than the number of rows of the rarest class."
        ]

    def predict(self, X: Any) -> np.ndarray:
        """Predict the classes of samples.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
            With the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
            With the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        outputs = self._outputs(X)
        return outputs if self.n_classes_ > 1 else np.ones((len(outputs), 1), outputs.dtype)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
            With the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))
