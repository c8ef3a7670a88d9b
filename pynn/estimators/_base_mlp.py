"""What `MLPClassifier` and `MLPRegressor` share: parameters, weights, fit and prediction.

What y means, which loss goes with it and what is reported is in the two classes; how training
proceeds is in `_stochastic` and `_lbfgs`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
)
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from pynn._dtypes import dtype_name
from pynn.estimators._architecture import ACTIVATION_NAMES, Architecture, check_chain, per_layer
from pynn.estimators._fit_lock import lock_of, without_lock
from pynn.estimators._heads import Head
from pynn.estimators._input import check_rows
from pynn.estimators._lbfgs import train_at_once
from pynn.estimators._learning_rates import SCHEDULES, SCIKIT_LEARN_KINDS
from pynn.estimators._legacy_random import LegacyRandom
from pynn.estimators._model_layers import ModelLayers, read_layers
from pynn.estimators._network import Network
from pynn.estimators._parameter_checks import check_parameters
from pynn.estimators._saving import save_estimator
from pynn.estimators._sklearn_callbacks import (
    CallbackSupportMixin,
    begin_fit_task,
    callback_management_context,
)
from pynn.estimators._solver import OTHER_SOLVERS, SCIKIT_LEARN_SOLVERS
from pynn.estimators._stochastic import BatchTraining, start_curves
from pynn.estimators._threads import limited_threads
from pynn.estimators._training_data import TrainingData
from pynn.optimizers import Optimizer

_LOGISTIC = ("logistic", "sigmoid")
# So few numbers are predicted before the rule for threads has been asked.
_FEW_NUMBERS = 8192
# What a training leaves for calls that carry on; a new one starts without.
_CARRIED_ON = (
    "_dropout_seed",
    "_finished",
    "_row_order",
    "_split_random",
    "_last_weights",
    "_average",
)


class BaseMLP(CallbackSupportMixin, BaseEstimator, ABC):
    """Base of the MLP estimators; not for direct use."""

    save = save_estimator

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(ACTIVATION_NAMES), list, tuple, callable],
        "solver": [
            StrOptions({*SCIKIT_LEARN_SOLVERS, *OTHER_SOLVERS}),
            Optimizer,
        ],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({*SCIKIT_LEARN_KINDS, *SCHEDULES}), callable],
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
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "batch_norm": ["boolean"],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "clipvalue": [Interval(Real, 0, None, closed="neither"), None],
        "global_clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "ema_momentum": [Interval(Real, 0, 1, closed="both"), None],
        "restore_best": ["boolean", StrOptions({"auto"})],
        "validation_metric": [str, callable, None],
        "metrics": [str, list, tuple, callable, None],
        "callbacks": [list, tuple, HasMethods(["set_model", "on_epoch_end"]), None],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "dtype": [
            StrOptions({"float32", "float64"}),
            Options(type, {np.float32, np.float64}),
            Options(np.dtype, {np.dtype(np.float32), np.dtype(np.float64)}),
            None,
        ],
    }

    n_outputs_: int

    # Filled in by the two classes.

    @abstractmethod
    def _check_data(
        self, x: Any, y: Any, incremental: bool, reset: bool
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return checked rows, y and its codes; set ``n_outputs_`` on the way."""

    @abstractmethod
    def _encode_validation(self, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return y of validation rows, checked, and its codes."""

    @abstractmethod
    def _heads(self) -> list[Head]:
        """Return the output layers."""

    @abstractmethod
    def _output_score(
        self, outputs: Any, targets: np.ndarray, row_weight: np.ndarray | None
    ) -> float:
        """Return the score of the network's outputs."""

    def _stratifies(self) -> bool:
        """Whether the validation set keeps the shares of the two classes."""
        return False

    def _class_factors(
        self, targets: np.ndarray, row_weight: np.ndarray | None, incremental: bool
    ) -> np.ndarray | None:
        """Return factors for the weights of the rows, or None."""
        return None

    # Training.

    def _validate_params(self) -> None:
        check_parameters(self)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation_data: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the network to X and y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The training samples. float32 is computed in float32, everything else in float64, unless
            `dtype` says otherwise.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike. A batch whose weights are all 0 has a
            loss of 0, and no gradient but the penalty's.
        validation_data : tuple (X, y) or (X, y, sample_weight), default=None
            Rows to evaluate the network on after each epoch: their figures go to ``history_``, and
            with `early_stopping` they stand in for the held-out part of X. Not used by "lbfgs".
        X_val, y_val, sample_weight_val : array-like, default=None
            The same one by one, for a ``Pipeline`` with ``transform_input=["X_val"]``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            On NaN, infinity, empty or inconsistent data, on parameters outside their ranges, if
            all samples to train on or all validation samples weigh 0, or if training ends with
            weights that are not finite.
        """
        validation = _given_validation(validation_data, X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    def _fit(
        self, x: Any, y: Any, sample_weight: Any, incremental: bool, validation: Any = None
    ) -> Any:
        with (
            lock_of(self) as lock,
            lock.training(anew=self._starts_anew(incremental)),
            limited_threads(self.n_jobs),
            callback_management_context(self),
        ):
            task = begin_fit_task(self, self.max_iter, x, y, sample_weight)
            hidden = self._hidden_sizes()
            reset = self._starts_anew(incremental)
            x, y, targets = self._check_data(x, y, incremental, reset)
            if sample_weight is not None:
                sample_weight = _check_sample_weight(sample_weight, x)
            fresh = reset or not hasattr(self, "_random")
            if fresh:
                self._random = LegacyRandom.of(self.random_state)
            try:
                if reset:
                    self._initialize([x.shape[1], *hidden], x.dtype)
                self._synchronize(rebuild=not reset)
                data = TrainingData(x, targets, sample_weight, self._for_scorer(y))
                factors = self._class_factors(targets, sample_weight, incremental)
                if isinstance(self.solver, str) and self.solver == "lbfgs":
                    train_at_once(self, data, factors, task)
                else:
                    training = BatchTraining(
                        self,
                        data,
                        incremental=incremental,
                        validation=None if validation is None else self._checked(*validation),
                        class_factors=factors,
                    )
                    training.run(task)
            finally:
                if fresh:
                    self._random.give_to(self.random_state)
            if not self._network.is_finite():
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain "
                    "large values and need to be preprocessed."
                )
            if task is not None:
                task.ends()
        return self

    def _starts_anew(self, incremental: bool) -> bool:
        return not hasattr(self, "coefs_") or not (self.warm_start or incremental)

    def _for_scorer(self, y: np.ndarray) -> np.ndarray | None:
        return None if self.validation_metric is None else y

    def _checked(self, x: Any, y: Any, sample_weight: Any) -> TrainingData:
        """Return validation rows, checked."""
        x = check_rows(self, x)
        y, targets = self._encode_validation(y)
        check_consistent_length(x, targets)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, x)
        return TrainingData(x, targets, sample_weight, self._for_scorer(y))

    @classmethod
    def _around(cls, model: Any, **parameters: Any) -> tuple[Any, ModelLayers]:
        """Return an estimator with a model's layers for parameters, not fitted yet."""
        found = read_layers(model)
        given = dict(found.parameters)
        if model.compiled:
            given["solver"] = copy.deepcopy(model.optimizer)
        taken = sorted(set(parameters) & set(found.parameters))
        if taken:
            raise ValueError(f"{taken[0]} follows from the model and cannot be given.")
        return cls(**{**given, **parameters}), found

    def _take(self, model: Any, n_features: int) -> None:
        """Make a model this estimator's network; its outputs are known by now."""
        self.n_features_in_ = n_features
        hidden = self._hidden_sizes()
        heads = [(head.units, head.activation) for head in self._heads()]
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(hidden) + 2
        self._adopt(Network(self._architecture([n_features, *hidden], heads, model.dtype), model))
        start_curves(self)

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not all(isinstance(n, Integral) and int(n) > 0 for n in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
        return sizes

    def _architecture(self, sizes: list[int], heads: list[tuple[int, str]], dtype: Any) -> Any:
        """Return the network that the parameters describe, for these sizes."""
        n_hidden = len(sizes) - 1
        return Architecture(
            tuple(int(n) for n in sizes),
            tuple(heads),
            per_layer("activation", self.activation, n_hidden),
            per_layer("dropout", self.dropout, n_hidden),
            bool(self.batch_norm),
            dtype_name(dtype),
        )

    def _initialize(self, sizes: list[int], dtype: Any) -> None:
        """Start anew: draw the weights (Glorot and Bengio 2010) in scikit-learn's order."""
        heads = [(head.units, head.activation) for head in self._heads()]
        self.n_iter_ = 0
        self.t_ = 0
        self.n_layers_ = len(sizes) + 1
        dtype = dtype if self.dtype is None else self.dtype
        architecture = self._architecture(sizes, heads, dtype)
        network = Network(architecture)
        used = architecture.activations or (self.activation,)
        for i, (fan_in, fan_out) in enumerate(architecture.weight_shapes):
            # As in scikit-learn, the output layer goes by the hidden ones.
            logistic = used[min(i, len(used) - 1)] in _LOGISTIC
            bound = math.sqrt((2.0 if logistic else 6.0) / (fan_in + fan_out))
            network.coefs[i][...] = self._random.uniform(-bound, bound, (fan_in, fan_out))
            network.intercepts[i][...] = self._random.uniform(-bound, bound, (fan_out,))
        self._adopt(network)
        for name in _CARRIED_ON:
            self.__dict__.pop(name, None)
        if self.solver != "lbfgs":
            start_curves(self)

    def _adopt(self, network: Network) -> None:
        self._network = network
        self.__dict__.pop("_architecture_kept", None)
        self.coefs_ = list(network.coefs)
        self.intercepts_ = list(network.intercepts)
        names = [activation for _, activation in network.architecture.heads]
        self.out_activation_: Any = names[0] if len(names) == 1 else names

    def _synchronize(self, rebuild: bool = False) -> Network:
        """Let the network hold what is in ``coefs_`` and ``intercepts_``, and return it.

        It keeps the layers that it was fitted with, whatever the parameters say since. With
        `rebuild` it gets those that they ask for by now.
        """
        network: Network | None = self.__dict__.get("_network")
        if network is None or rebuild or not network.holds(self.coefs_, self.intercepts_):
            with lock_of(self):  # several threads may predict with a copy that has no network yet
                network = self._up_to_date(rebuild)
        return network

    def _up_to_date(self, rebuild: bool) -> Network:
        network: Network | None = self.__dict__.get("_network")
        heads = self._heads()
        if network is not None and network.holds(self.coefs_, self.intercepts_):
            if not rebuild or self._describe(network.architecture, heads):
                return network
        check_chain(self.coefs_, self.intercepts_, len(heads))
        weights = [np.asarray(w) for w in (*self.coefs_, *self.intercepts_)]
        architecture = self._wanted_architecture(weights, heads, network, rebuild)
        if network is not None and network.architecture == architecture:
            if not network.holds(self.coefs_, self.intercepts_):
                network.assign([*weights, *network.others])
        else:
            others = self.__dict__.pop("_other_weights", None)
            state = self.__dict__.pop("_training_state", None)
            if (
                network is not None
                and network.architecture.weight_shapes == architecture.weight_shapes
            ):
                others, state = network.others, network.training_state
            network = Network(architecture)
            fits = len(others or ()) == len(network.others)
            network.assign([*weights, *(others if others and fits else network.others)])
            # What the optimizer remembers of other weights is of no use.
            network.training_state = state if fits else None
        self._adopt(network)
        return network

    def _wanted_architecture(
        self, weights: list[np.ndarray], heads: list[Head], network: Network | None, rebuild: bool
    ) -> Architecture:
        """Return the network that these kernels and biases are for.

        Its layers are those of the last fit or, with `rebuild` and where weights of other layers
        were assigned, those of the parameters.
        """
        kernels = weights[: len(self.coefs_)]
        first_head = len(kernels) - len(heads)
        sizes = [kernels[0].shape[0], *(k.shape[1] for k in kernels[:first_head])]
        units = [k.shape[1] for k in kernels[first_head:]]
        dtype = "float32" if all(w.dtype == np.float32 for w in weights) else "float64"
        kept = self.__dict__.get("_architecture_kept") if network is None else network.architecture
        if not rebuild and kept is not None:
            fitted = Architecture(*kept)
            if (len(fitted.sizes), len(fitted.heads)) == (len(sizes), len(heads)):
                activations = [activation for _, activation in fitted.heads]
                return fitted._replace(
                    sizes=tuple(sizes),
                    heads=tuple(zip(units, activations, strict=True)),
                    dtype=dtype,
                )
        activations = [head.activation for head in heads]
        made: Architecture = self._architecture(
            sizes, list(zip(units, activations, strict=True)), dtype
        )
        return made

    def _describe(self, architecture: Architecture, heads: list[Head]) -> bool:
        """Whether the parameters still ask for layers of this kind."""
        n_hidden = len(architecture.sizes) - 1
        return (
            bool(self.batch_norm) == architecture.batch_norm
            and per_layer("activation", self.activation, n_hidden) == architecture.activations
            and per_layer("dropout", self.dropout, n_hidden) == architecture.dropout
            and tuple((head.units, head.activation) for head in heads) == architecture.heads
        )

    # Prediction.

    def _checked_outputs(self, x: Any) -> Any:
        """Return the values of the output units, (n, units); of several heads a list."""
        x = check_rows(self, x)
        network = self._synchronize()
        if type(x) is np.ndarray and x.size <= _FEW_NUMBERS:
            return network.predict(x)
        with limited_threads(self.n_jobs):
            return network.predict(x)

    @property
    def model_(self) -> Any:
        """The network as a `pynn.Model`; it shares the estimator's weights."""
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"this {type(self).__name__} has no model_ before fit is called")
        return self._synchronize().model

    def _check_solver(self) -> bool:
        if isinstance(self.solver, str) and self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are weights to predict with."""
        return hasattr(self, "coefs_")

    # Copies and files.

    def __getstate__(self) -> dict[str, Any]:
        state = without_lock(super().__getstate__())
        network: Network | None = state.pop("_network", None)
        if network is not None:
            state["coefs_"] = [np.array(c) for c in self.coefs_]
            state["intercepts_"] = [np.array(b) for b in self.intercepts_]
            state["_training_state"] = network.training_state
            state["_other_weights"] = [np.array(w) for w in network.others]
            state["_architecture_kept"] = tuple(network.architecture)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "coefs_" in state:
            labels = state.get("_labels")
            n_heads = 1 if labels is None else len(labels.heads)
            check_chain(state["coefs_"], state["intercepts_"], n_heads)
        if "_architecture_kept" in state:
            Architecture(*state["_architecture_kept"])
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _given_validation(data: Any, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any] | None:
    """Return the validation rows as they were given in one of two ways; None without."""
    if data is None:
        if (x is None) != (y is None) or (x is None and sample_weight is not None):
            raise ValueError("X_val and y_val must be given together.")
        return None if x is None else (x, y, sample_weight)
    if x is not None or y is not None or sample_weight is not None:
        raise ValueError("Give either validation_data or X_val and y_val, not both.")
    if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
        raise ValueError(
            "validation_data must be a tuple (X, y) or (X, y, sample_weight). "
            f"Got {type(data).__name__} instead."
        )
    return (*data, None)[:3]
