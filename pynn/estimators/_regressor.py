"""`MLPRegressor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from pynn.estimators._base_mlp import BaseMLP
from pynn.estimators._input import check_training_data
from pynn.estimators._r2 import r2


class _Loss(NamedTuple):
    """A loss in terms of the engine's, which is a mean over the outputs.

    `trained` and `reported` give the factor for a number of outputs: scikit-learn follows the
    gradient of a sum, but reports the mean of squared errors. Targets must be at least `lowest`.
    """

    out_activation: str
    native: str
    trained: Callable[[int], float]
    reported: Callable[[int], float]
    lowest: float


_LOSSES = {
    "squared_error": _Loss(
        "identity", "mean_squared_error", lambda k: 0.5 * k, lambda k: 0.5, -np.inf
    ),
    "poisson": _Loss("exp", "half_poisson_deviance", float, float, 0.0),
}


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multilayer perceptron that predicts numbers.

    It has the parameters, defaults and fitted attributes of
    ``sklearn.neural_network.MLPRegressor`` and minimizes the same loss; the same ``random_state``
    gives the same initial weights. The network is trained by pynn's engine.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error, or half the Poisson deviance; the latter with the exponential as
        output activation and for y >= 0.
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
        R2 on the held-out rows after each epoch; None without early stopping.
    best_validation_score_ : float or None
        The largest of them.
    n_iter_ : int
        Epochs or iterations of the last call.
    t_ : int
        Training rows seen so far.
    n_layers_, n_outputs_ : int
        Numbers of layers (input included) and of output units.
    out_activation_ : {"identity", "exp"}
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had column names.
    model_ : pynn.Model
        The network itself, on the same weights.

    See Also
    --------
    MLPClassifier : The same for classes.
    PerceptronRegressor : One layer of linear units.

    Examples
    --------
    >>> from pynn import MLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(200, 5, noise=1.0, random_state=0)
    >>> reg = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", tol=0.1, random_state=0)
    >>> reg = reg.set_params(max_iter=1000).fit(X, y)
    >>> reg.predict(X[:3]).shape
    (3,)
    >>> bool(reg.score(X, y) > 0.95)
    True
    """

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions(set(_LOSSES))],
    }

    def __init__(
        self,
        loss: str = "squared_error",
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
        self.loss = loss
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
        x, y = check_training_data(self, x, y, reset=reset, y_numeric=True)
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if not reset and n_outputs != self.n_outputs_:
            raise ValueError(
                f"y must have the {self.n_outputs_} outputs of the earlier call. Received: "
                f"{n_outputs} outputs"
            )
        self.n_outputs_ = n_outputs
        lowest = _LOSSES[self.loss].lowest
        if y.min() < lowest:
            raise ValueError(
                f"y must be >= {lowest:g} for the loss {self.loss!r}. Received: a smallest value "
                f"of {y.min()}"
            )
        dtype = np.float32 if y.dtype == np.float32 else np.float64
        return x, np.ascontiguousarray(y, dtype=dtype)

    def _output_activation(self) -> str:
        return _LOSSES[self.loss].out_activation

    def _native_loss(self) -> tuple[str, list[float], float]:
        loss = _LOSSES[self.loss]
        return loss.native, [], loss.trained(self.n_outputs_)

    def _reported_loss(self, loss: float, output_mean: float) -> float:
        formula, k = _LOSSES[self.loss], self.n_outputs_
        return loss + (formula.reported(k) - formula.trained(k)) * output_mean

    def _output_score(
        self, outputs: np.ndarray, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        return r2(targets, outputs, row_weight)

    @available_if(lambda self: self._check_solver())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch on these data, carrying on from the last call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : MLPRegressor
            The trained estimator.

        Raises
        ------
        ValueError
            For the reasons of `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the float type of the network's weights.
        """
        outputs = self._checked_outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs
