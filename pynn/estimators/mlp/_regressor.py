"""`MLPRegressor`."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from pynn.estimators._estimator import validated
from pynn.estimators._input import check_training_data
from pynn.estimators._r2 import r2
from pynn.estimators._saving import saved_as
from pynn.estimators.mlp._architecture import read_layers
from pynn.estimators.mlp._base import BaseMLP
from pynn.estimators.mlp._fit import TrainingData
from pynn.estimators.mlp._heads import (
    REGRESSION_LOSSES,
    Head,
    check_regression_targets,
    regression_head,
)


@saved_as("MLPRegressor")
class MLPRegressor(RegressorMixin, BaseMLP):
    """Multilayer perceptron that predicts numbers.

    It has the parameters, defaults and fitted attributes of
    ``sklearn.neural_network.MLPRegressor`` and minimizes the same loss; the same ``random_state``
    gives the same initial weights. The network is trained by pynn's engine.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, Loss or callable, default="squared_error"
        Half the squared error, or half the Poisson deviance; the latter with the exponential as
        output activation and for y >= 0. Also "gamma", half the Gamma deviance, likewise and for
        y > 0, "absolute_error", "huber", "quantile" and "log_cosh"; a loss of `pynn.losses`; or a
        function of ``(y_true, y_pred)`` written with `pynn.ops`.
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
    delta : float, default=1.0
        Of the loss "huber": up to which error it is a square.
    quantile : float, default=0.5
        Of the loss "quantile": which one to estimate, in (0, 1).
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
        ``scorer(estimator, X, y)``. None stands for R2.
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
    coefs_ : list of ndarray
        Weights of each layer, (fan_in, fan_out). They are the engine's own: writing to them, or
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
        The network itself, on the same weights: training or writing to one changes the other.
        Lists of arrays assigned to `coefs_` and `intercepts_` are copied into it.

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
        "loss": [StrOptions(set(REGRESSION_LOSSES)), callable],
        "delta": [Interval(Real, 0, None, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
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
        delta: float = 1.0,
        quantile: float = 0.5,
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
    def from_model(cls, model: Any, **parameters: Any) -> Self:
        """Return a fitted regressor around a model, which shares its weights.

        Parameters
        ----------
        model : pynn.Model
            A chain of dense layers with biases, each followed by at most a `BatchNormalization`,
            an `Activation` and a `Dropout`, in this order. Its last layer has the activation that
            goes with `loss`: none or, for "poisson" and "gamma", the exponential. If it has been
            compiled, its optimizer becomes the `solver`.
        **parameters
            Further parameters of the estimator.

        Returns
        -------
        MLPRegressor

        Raises
        ------
        ValueError
            If the model is anything else, or a parameter is wrong.

        See Also
        --------
        pynn.wrappers.SKLearnRegressor.from_model : For any model of one input and one
            output, of which parameters and ``coefs_`` would say nothing.

        Examples
        --------
        >>> import pynn
        >>> model = pynn.MLP((8, 4), 1, activation="tanh", input_shape=3)
        >>> reg = pynn.MLPRegressor.from_model(model, alpha=0.01)
        >>> reg.activation, reg.predict([[0.0, 0.0, 0.0]])
        ('tanh', array([0.], dtype=float32))
        """
        if "loss" not in parameters and read_layers(model).out_activation == "exp":
            parameters["loss"] = "poisson"
        estimator, found = cls._around(model, **parameters)
        estimator.n_outputs_ = found.n_outputs
        expected = estimator._heads()[0].activation
        if found.out_activation != expected:
            raise ValueError(
                f"the last layer of a regressor's model must have the activation {expected!r} for "
                f"the loss {estimator.loss!r}. Received: {found.out_activation!r}"
            )
        estimator._take(model, found)
        return estimator

    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> TrainingData:
        x, y = check_training_data(self, x, y, reset=reset, y_numeric=True)
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if not reset and n_outputs != self.n_outputs_:
            raise ValueError(
                f"y must have the {self.n_outputs_} outputs of the earlier call. Received: "
                f"{n_outputs} outputs"
            )
        self.n_outputs_ = n_outputs
        return self._coded(x, y)

    def _coded(self, x: Any, y: Any) -> TrainingData:
        return TrainingData(x, self._codes(y), y)

    def _codes(self, y: np.ndarray) -> np.ndarray:
        check_regression_targets(self.loss, y)
        dtype = np.float32 if y.dtype == np.float32 else np.float64
        return np.ascontiguousarray(y, dtype=dtype)

    def _encode_validation(self, y: Any) -> tuple[np.ndarray, np.ndarray]:
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y_val")
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if n_outputs != self.n_outputs_:
            raise ValueError(f"y_val must have {self.n_outputs_} outputs. Got {n_outputs} instead.")
        return y, self._codes(y)

    def _heads(self) -> list[Head]:
        numbers = {"delta": self.delta, "quantile": self.quantile}
        return [regression_head(self.loss, self.n_outputs_, **numbers)]

    def _output_score(
        self, outputs: Any, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        return r2(targets, outputs, row_weight)

    @available_if(lambda self: self._check_solver())
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
