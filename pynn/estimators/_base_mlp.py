"""What `MLPClassifier` and `MLPRegressor` share: parameters, weights, fit and prediction.

What y means, which loss goes with it and what is reported is in the two classes; how training
proceeds is in `_stochastic` and `_lbfgs`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight

from pynn import _core
from pynn.estimators._input import check_rows
from pynn.estimators._lbfgs import train_at_once
from pynn.estimators._network import Network, check_chain
from pynn.estimators._saving import save_estimator
from pynn.estimators._solver import OTHER_SOLVERS, SCIKIT_LEARN_SOLVERS
from pynn.estimators._stochastic import TrainingData, start_curves, train_in_batches

_ACTIVATIONS = {"identity", "logistic", *_core.activation_names()}
_LOGISTIC = ("logistic", "sigmoid")


class BaseMLP(BaseEstimator, ABC):
    """Base of the MLP estimators; not for direct use."""

    save = save_estimator

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(_ACTIVATIONS)],
        "solver": [StrOptions({*SCIKIT_LEARN_SOLVERS, *OTHER_SOLVERS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
    }

    n_outputs_: int

    # Filled in by the two classes.

    @abstractmethod
    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Any]:
        """Return checked rows and coded targets; set ``n_outputs_`` on the way."""

    @abstractmethod
    def _output_activation(self) -> str:
        """Return scikit-learn's name of the output activation."""

    @abstractmethod
    def _native_loss(self) -> tuple[str, list[float], float]:
        """Return name, parameters and weight of the engine's loss."""

    def _reported_loss(self, loss: float, output_mean: float) -> float:
        """Return scikit-learn's loss value from the trained one and the loss without weight."""
        return loss

    def _stratifies(self) -> bool:
        """Whether the validation set keeps the shares of the two classes."""
        return False

    @abstractmethod
    def _output_score(
        self, outputs: np.ndarray, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        """Return the score of the network's outputs."""

    # Training.

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the network to X and y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The training samples. float32 is computed in float32, everything else in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            On NaN, infinity, empty or inconsistent data, on parameters outside their ranges, or
            if training ends with weights that are not finite.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, x: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
        hidden = self._hidden_sizes()
        reset = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        x, targets = self._check_data(x, y, incremental, reset)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, x)
        random_state = check_random_state(self.random_state)
        if reset:
            self._initialize([x.shape[1], *hidden, self.n_outputs_], x.dtype, random_state)
        self._synchronize()
        data = TrainingData(x, targets, sample_weight)
        if self.solver == "lbfgs":
            train_at_once(self, data)
        else:
            train_in_batches(self, data, random_state, incremental)
        if not all(np.isfinite(w).all() for w in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large "
                "values and need to be preprocessed."
            )
        return self

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not all(isinstance(n, Integral) and int(n) > 0 for n in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
        return sizes

    def _initialize(
        self, sizes: list[int], dtype: Any, random_state: np.random.RandomState
    ) -> None:
        """Start anew: draw the weights (Glorot and Bengio 2010) in scikit-learn's order."""
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = self._output_activation()
        network = Network(sizes, self.activation, self.out_activation_, np.dtype(dtype).name)
        factor = 2.0 if self.activation in _LOGISTIC else 6.0
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            bound = np.sqrt(factor / (fan_in + fan_out))
            network.coefs[i][...] = random_state.uniform(-bound, bound, (fan_in, fan_out))
            network.intercepts[i][...] = random_state.uniform(-bound, bound, fan_out)
        self._adopt(network)
        for name in ("_epoch_seed", "_finished"):
            self.__dict__.pop(name, None)
        if self.solver != "lbfgs":
            start_curves(self)

    def _adopt(self, network: Network) -> None:
        self._network = network
        self.coefs_ = list(network.coefs)
        self.intercepts_ = list(network.intercepts)

    def _synchronize(self) -> Network:
        """Let the network hold what is in ``coefs_`` and ``intercepts_``, and return it."""
        network: Network | None = self.__dict__.get("_network")
        if network is not None and network.holds(self.coefs_, self.intercepts_):
            return network
        fresh = Network.from_weights(
            self.coefs_, self.intercepts_, self.activation, self._output_activation()
        )
        if network is not None and network.sizes == fresh.sizes and network.dtype == fresh.dtype:
            network.assign(fresh.coefs, fresh.intercepts)
        else:
            network = fresh
            network.training_state = self.__dict__.pop("_training_state", None)
        self._adopt(network)
        return network

    # Prediction.

    def _outputs(self, x: Any) -> np.ndarray:
        """Return the values of the output units for checked rows, (n, n_outputs)."""
        return self._synchronize().predict(x)

    def _checked_outputs(self, x: Any) -> np.ndarray:
        return self._outputs(check_rows(self, x))

    @property
    def model_(self) -> Any:
        """The network as a `pynn.Model`; it shares the estimator's weights."""
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"this {type(self).__name__} has no model_ before fit is called")
        return self._synchronize().model

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True

    # Copies and files.

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        network: Network | None = state.pop("_network", None)
        if network is not None:
            state["coefs_"] = [np.array(c) for c in self.coefs_]
            state["intercepts_"] = [np.array(b) for b in self.intercepts_]
            state["_training_state"] = network.training_state
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "coefs_" in state:
            check_chain(state["coefs_"], state["intercepts_"])
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
