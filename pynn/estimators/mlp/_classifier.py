"""`MLPClassifier`."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
)
from sklearn.utils.validation import _check_sample_weight

from pynn.estimators._class_weight import check_not_balanced, class_factors
from pynn.estimators._estimator import validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._input import check_training_data
from pynn.estimators._labels import LabelColumns, Labels, labels_of
from pynn.estimators._saving import saved_as
from pynn.estimators.mlp._base import BaseMLP
from pynn.estimators.mlp._classes import (
    check_classes,
    check_columns,
    check_validation_labels,
    is_list_of_classes,
    labels_of_outputs,
)
from pynn.estimators.mlp._fit import TrainingData
from pynn.estimators.mlp._heads import Head, classification_head

_THRESHOLD = 0.5


@saved_as("MLPClassifier")
class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multilayer perceptron that predicts classes.

    It has the parameters, defaults and fitted attributes of
    ``sklearn.neural_network.MLPClassifier`` and minimizes the same log loss; the same
    ``random_state`` gives the same initial weights. The network is trained by pynn's engine.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or int, default=(100,)
        Number of units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden units; the other names of `pynn.activations`, and functions
        written with `pynn.ops`, are allowed too. A list has one for each hidden layer.
    solver : {"lbfgs", "sgd", "adam"} or Optimizer, default="adam"
        L-BFGS on all rows at once, gradient descent with momentum, or Adam (Kingma and Ba 2015);
        also "rmsprop", "adamw", "nadam", "adamax", "adagrad", "adadelta", "lion" and "ftrl":
        `pynn.optimizers` with `learning_rate_init` and their other defaults. An optimizer object
        is copied, and has its own learning rate.
    alpha : float, default=0.0001
        Strength of the L2 penalty: ``alpha / 2`` times the sum of the squared weights, divided by
        the number of samples in a batch, is added to the loss.
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch; "auto" is min(200, n_samples). Not used by "lbfgs".
    learning_rate : {"constant", "invscaling", "adaptive"}, schedule or callable, default="constant"
        With solver "sgd": constant; ``learning_rate_init / (t_ + 1) ** power_t`` after each
        epoch; or divided by 5 whenever training would otherwise stop. For all solvers but
        "lbfgs" also "cosine", "linear" and "exponential", which fall from `learning_rate_init` to
        0 (to a 100th) within `max_iter` epochs; "one_cycle", which rises to it from a 25th and
        falls; a schedule of `pynn.optimizers.schedules`; or a function of the step's number. What
        is known by name spans the `max_iter` epochs from the first call on. Calls of `fit` with
        `warm_start` that are to make one long training need a schedule with that one's steps.
    learning_rate_init : float, default=0.001
        The learning rate at the start. Not used by "lbfgs".
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Largest number of epochs, or of iterations of L-BFGS.
    shuffle : bool, default=True
        Whether each epoch visits the rows in a new random order.
    random_state : int, RandomState instance or None, default=None
        Where initial weights, the validation split and the orders of the rows come from.
    tol : float, default=1e-4
        Training stops when the loss (with early stopping: the score) has not improved by `tol`
        for `n_iter_no_change` epochs; for "lbfgs" a bound for the gradient.
    verbose : bool, default=False
        Whether to print the loss of each epoch.
    warm_start : bool, default=False
        Whether `fit` starts from the weights of the last call. If that one ended because of
        `max_iter`, the optimizer continues too, as if there had been one long call. Parameters
        that have changed count from then on; the layers keep their sizes, and until then
        predictions are those of the layers that were fitted.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether it is Nesterov's.
    early_stopping : bool, default=False
        Whether to hold out rows, stop by their score, and keep the weights that scored best.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of Adam's moments, in [0, 1).
    epsilon : float, default=1e-8
        Keeps Adam's quotient finite.
    n_iter_no_change : int, default=10
        How many epochs may go without improvement.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by "lbfgs".
    dropout : float or list of float, default=0.0
        Share of the outputs of each hidden layer that is set to 0 at each step, in [0, 1); a list
        has one for each hidden layer. Not for "lbfgs".
    batch_norm : bool, default=False
        Whether the inputs of the hidden activations are normalized over the batch (Ioffe and
        Szegedy 2015). Not for "lbfgs".
    loss : {"log_loss", "focal"}, Loss or callable, default="log_loss"
        The log loss, or the focal loss (Lin et al. 2017), which plays down what is predicted well
        already. A loss of `pynn.losses`, or a function of ``(y_true, y_pred)`` written with
        `pynn.ops`, gets zeros and ones as targets.
    label_smoothing : float, default=0.0
        How far the targets are moved towards a uniform distribution, in [0, 1).
    focal_gamma : float, default=2.0
        Of the loss "focal": how strongly good predictions are played down.
    class_weight : dict, list of dict or "balanced", default=None
        Factors for the weights of the samples by class; classes that are not named have 1.
        "balanced": inversely as frequent as the class. For labels of several columns a list with
        one for each. Scores do not take them into account.
    clipnorm, clipvalue, global_clipnorm : float, default=None
        Largest norm of the gradient of each weight array, largest element, or largest norm of all
        of it; only one may be given.
    ema_momentum : float, default=None
        If given, training ends with the exponential moving average of the weights, of which so
        much stays at each step; scores are those of the average.
    restore_best : bool or "auto", default="auto"
        Whether training ends with the weights of the best epoch: by the score of the validation
        rows, or by the loss without any. "auto" is True with early stopping only.
    validation_metric : str or callable, default=None
        What validation rows are scored by: the name of a scorer of scikit-learn's, or
        ``scorer(estimator, X, y)``. None stands for the accuracy.
    metrics : str, callable, Metric or list of them, default=None
        Metrics of `pynn.metrics` to be recorded, of training and validation rows.
    callbacks : list of Callback, default=None
        `pynn.callbacks` but for `BackupAndRestore`; their ``model`` is `model_`. Also
        scikit-learn's own callbacks are notified of the epochs, see ``set_callbacks``.
    n_jobs : int, default=None
        Largest number of threads, -1 for one per processor. None leaves it to the engine, which
        takes one thread within a task of joblib's, and no more than are worth it elsewhere.
    dtype : {"float32", "float64"}, default=None
        Type of the weights and of what is computed. None keeps that of X.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        Class labels; for multilabel targets the numbers of the columns. If y has several columns
        of classes, a list with those of each.
    coefs_ : list of ndarray
        Weights of each layer, (fan_in, fan_out); an output layer for each column of y that has
        classes of its own. They are the engine's own: writing to them, or
        assigning a list, changes the predictions.
    intercepts_ : list of ndarray
        Biases of each layer, (fan_out,).
    loss_ : float
        Loss of the last epoch.
    loss_curve_ : list of float
        Loss of each epoch, the mean over its batches. Not with "lbfgs".
    history_ : dict of str to list of float
        Figures of each epoch: "loss", as in `loss_curve_`, and the `metrics`; of validation rows
        "val_loss", without penalty, "val_score" and the metrics with "val_" in front; and what
        callbacks add. With "lbfgs" the loss of each iteration.
    best_loss_ : float or None
        Smallest loss; None with early stopping.
    validation_scores_ : list of float or None
        Accuracy on the held-out rows after each epoch; None without early stopping.
    best_validation_score_ : float or None
        The largest of them.
    n_iter_ : int
        Epochs or iterations of the last call.
    t_ : int
        Training rows seen so far.
    n_layers_, n_outputs_ : int
        Numbers of layers (input included) and of output units.
    out_activation_ : {"logistic", "softmax"}, or list of them
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.
    model_ : pynn.Model
        The network itself, on the same weights: training or writing to one changes the other.
        Lists of arrays assigned to `coefs_` and `intercepts_` are copied into it.

    See Also
    --------
    MLPRegressor : The same for numbers.
    Perceptron : One layer of threshold units.

    Examples
    --------
    >>> from pynn import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((10,), solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
    >>> clf.predict(X[:3])
    array([0, 0, 0])
    >>> bool(clf.score(X, y) > 0.95)
    True
    """

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss", "focal"}), callable],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "focal_gamma": [Interval(Real, 0, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }
    _labels: Labels | LabelColumns

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        batch_norm: bool = False,
        loss: Any = "log_loss",
        label_smoothing: float = 0.0,
        focal_gamma: float = 2.0,
        class_weight: Any = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        ema_momentum: float | None = None,
        restore_best: bool | str = "auto",
        validation_metric: Any = None,
        metrics: Any = None,
        callbacks: Any = None,
        n_jobs: int | None = None,
        dtype: Any = None,
    ) -> None:
        self._store(locals())

    @classmethod
    def from_model(cls, model: Any, *, classes: Any = None, **parameters: Any) -> MLPClassifier:
        """Return a fitted classifier around a model, which shares its weights.

        Parameters
        ----------
        model : pynn.Model
            A chain of dense layers with biases, each followed by at most a `BatchNormalization`,
            an `Activation` and a `Dropout`, in this order. Its last layer has a softmax, or a
            sigmoid for two classes or for labels that may hold together. If it has been compiled,
            its optimizer becomes the `solver`.
        classes : array-like of shape (n_classes,), default=None
            The labels that the outputs stand for, sorted; None counts them from 0. Not for labels
            that may hold together.
        **parameters
            Further parameters of the estimator.

        Returns
        -------
        MLPClassifier

        Raises
        ------
        ValueError
            If the model is anything else, the number of classes is another, or a parameter is
            wrong.

        See Also
        --------
        pynn.wrappers.SKLearnClassifier.from_model : For any model of one input and one
            output, of which parameters and ``coefs_`` would say nothing.

        Examples
        --------
        >>> import pynn
        >>> model = pynn.MLP(8, 3, output_activation="softmax", input_shape=4)
        >>> clf = pynn.MLPClassifier.from_model(model, classes=["a", "b", "c"])
        >>> clf.model_ is model, clf.hidden_layer_sizes, clf.predict_proba([[0.0] * 4]).shape
        (True, (8,), (1, 3))
        """
        estimator, found = cls._around(model, **parameters)
        labels = labels_of_outputs(found.n_outputs, found.out_activation, classes)
        estimator._labels = labels
        estimator.classes_ = labels.classes
        estimator.n_outputs_ = found.n_outputs
        estimator._take(model, found)
        return estimator

    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> TrainingData:
        x, y = check_training_data(self, x, y, reset=reset, y_numeric=False)
        if hasattr(self, "classes_") and (self.warm_start or incremental):
            check_classes(self._labels, y, self.warm_start)
        else:
            self._labels = labels_of(y)
            self.classes_ = self._labels.classes
        self.n_outputs_ = self._labels.n_outputs
        return self._coded(x, y)

    def _coded(self, x: Any, y: Any) -> TrainingData:
        codes = self._labels.encode(y)
        return TrainingData(x, codes, y, strata=codes if self.n_outputs_ == 1 else None)

    def _encode_validation(self, y: Any) -> tuple[np.ndarray, np.ndarray]:
        y = check_validation_labels(self._labels, y)
        return y, self._labels.encode(y)

    def _heads(self) -> list[Head]:
        smoothing, gamma = self.label_smoothing, self.focal_gamma
        return [
            classification_head(self.loss, kind, units, smoothing, gamma)
            for kind, units in self._labels.heads
        ]

    def _class_factors(self, data: TrainingData, incremental: bool) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        if incremental:
            check_not_balanced(self.class_weight)
        columns = self._labels.columns
        return class_factors(self.class_weight, columns, data.targets, data.row_weight)

    def _output_score(
        self, outputs: Any, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        hits = self._labels.hits(targets, outputs, _THRESHOLD)
        return float(np.average(hits, weights=row_weight))

    @available_if(lambda self: self._check_solver())
    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these data, carrying on from the last call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring; needed at the first call only.

        Returns
        -------
        self : MLPClassifier
            The trained estimator.

        Raises
        ------
        ValueError
            If `classes` is missing at the first call or changes, or for the reasons of `fit`.
        """
        with lock_of(self):
            known = hasattr(self, "classes_")
            try:
                self._note_classes(y, classes)
                return self._fit(X, y, sample_weight, incremental=True)
            except BaseException:
                if not known and not hasattr(self, "coefs_"):  # refused: there is no network
                    for name in ("classes_", "_labels"):
                        self.__dict__.pop(name, None)
                raise

    def _note_classes(self, y: Any, classes: Any) -> None:
        """Store, at the first call, which classes any call will bring."""
        if is_list_of_classes(classes):
            given = LabelColumns(list(classes))
            if hasattr(self, "classes_"):
                check_columns(self.classes_, given, classes)
            else:
                self._labels, self.classes_ = given, given.classes
        elif hasattr(self, "_labels") and self._labels.kind == "columns":
            pass
        elif _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._labels = Labels(y if multilabel else classes)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the classes of samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels; for multilabel targets zeros and ones.
        """
        outputs = self._checked_outputs(X)
        return self._labels.decode(outputs, _THRESHOLD)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of such arrays
            In the order of ``classes_``. Rows add up to 1 except for multilabel targets, where
            each column is a probability of its own. If y had several columns of classes, there is
            an array for each.
        """
        outputs = self._checked_outputs(X)
        if isinstance(outputs, list):
            # As a list would make most programs complain, the annotation is of one column.
            return [_of_both_classes(each) for each in outputs]  # type: ignore[return-value]
        return outputs if self.n_outputs_ > 1 else _of_both_classes(outputs)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of such arrays
        """
        probabilities = self.predict_proba(X)
        if isinstance(probabilities, list):
            return [np.log(each, out=each) for each in probabilities]
        return np.log(probabilities, out=probabilities)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of the samples all of whose labels are predicted right.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        if not isinstance(getattr(self, "classes_", None), list):
            return float(super().score(X, y, sample_weight))
        found, y = self.predict(X), np.asarray(y)
        if y.shape != found.shape:
            raise ValueError(
                f"y must have the shape {found.shape} of the predictions. Received: {y.shape}"
            )
        right = (found == y).all(axis=1)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y)
        return float(np.average(right, weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def _of_both_classes(outputs: np.ndarray) -> np.ndarray:
    """Return the probabilities of both classes from those of the second one; others as they are."""
    if outputs.shape[1] != 1:
        return outputs
    both = outputs.repeat(2, axis=1)
    np.subtract(1, outputs, out=both[:, :1])
    return both
