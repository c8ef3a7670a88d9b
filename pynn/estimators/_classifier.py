"""`MLPClassifier`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)

from pynn.estimators._base_mlp import BaseMLP
from pynn.estimators._input import check_training_data
from pynn.estimators._labels import Labels

# Output activation and loss of each kind of target.
_OUTPUTS = {
    "binary": ("logistic", "binary_crossentropy"),
    "multilabel": ("logistic", "binary_crossentropy"),
    "multiclass": ("softmax", "sparse_categorical_crossentropy"),
}
_THRESHOLD = 0.5


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multilayer perceptron that tells classes apart.

    It has the parameters, defaults and fitted attributes of
    ``sklearn.neural_network.MLPClassifier`` and minimizes the same log loss; the same
    ``random_state`` gives the same initial weights. The network is trained by pynn's engine.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or int, default=(100,)
        Number of units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden units; the other names of `pynn.activations` are allowed too.
    solver : {"lbfgs", "sgd", "adam"}, default="adam"
        The optimizer: L-BFGS on all rows at once, gradient descent with momentum, or Adam
        (Kingma and Ba 2015); also "rmsprop", "adamw", "nadam", "adamax", "adagrad", "adadelta",
        "lion" and "ftrl": `pynn.optimizers` with `learning_rate_init` and their other defaults.
    alpha : float, default=0.0001
        Strength of the L2 penalty: ``alpha / 2`` times the sum of the squared weights, divided by
        the number of samples in a batch, is added to the loss.
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch; "auto" is min(200, n_samples). Not used by "lbfgs".
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        With solver "sgd": constant; ``learning_rate_init / (t_ + 1) ** power_t`` after each
        epoch; or divided by 5 whenever training would otherwise stop.
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
        `max_iter`, the optimizer continues too, as if there had been one long call.
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

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the numbers of the columns.
    coefs_ : list of ndarray
        Weights of each layer, (fan_in, fan_out). They are the engine's own: writing to them, or
        assigning a list, changes the predictions.
    intercepts_ : list of ndarray
        Biases of each layer, (fan_out,).
    loss_ : float
        Loss of the last epoch.
    loss_curve_ : list of float
        Loss of each epoch, the mean over its batches. Not with "lbfgs".
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
    out_activation_ : {"logistic", "softmax"}
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.
    model_ : pynn.Model
        The network itself, on the same weights.

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

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
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
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, np.ndarray]:
        x, y = check_training_data(self, x, y, reset=reset, y_numeric=False)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._labels = Labels(y)
            self.classes_ = self._labels.classes
        else:
            self._check_classes(y)
        self.n_outputs_ = self._labels.n_outputs
        return x, self._labels.encode(y)

    def _check_classes(self, y: np.ndarray) -> None:
        """Check the classes of a call that continues an earlier one."""
        classes = unique_labels(y)
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _output_activation(self) -> str:
        return _OUTPUTS[self._labels.kind][0]

    def _native_loss(self) -> tuple[str, list[float], float]:
        # The engine's loss is a mean over the outputs, the log loss a sum.
        weight = 1.0 if self._labels.kind == "multiclass" else float(self.n_outputs_)
        return _OUTPUTS[self._labels.kind][1], [], weight

    def _stratifies(self) -> bool:
        return self.n_outputs_ == 1

    def _output_score(
        self, outputs: np.ndarray, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        hits = self._labels.hits(targets, outputs, _THRESHOLD)
        return float(np.average(hits, weights=row_weight))

    @available_if(lambda self: self._check_solver())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
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
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._labels = Labels(y if multilabel else classes)
        return self._fit(X, y, sample_weight, incremental=True)

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
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. Rows add up to 1 except for multilabel targets, where
            each column is a probability of its own.
        """
        outputs = self._checked_outputs(X)
        if self.n_outputs_ > 1:
            return outputs
        return np.hstack([1 - outputs, outputs])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
