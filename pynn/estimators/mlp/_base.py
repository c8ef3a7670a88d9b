"""What `MLPClassifier` and `MLPRegressor` share: parameters, weights, fit and prediction.

What y means, which loss goes with it and what is reported is in the two classes; how training
proceeds is in `_stochastic` and `_lbfgs`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from pynn import graph, models
from pynn._dtypes import dtype_name
from pynn._number_checks import checked_size
from pynn._task_threads import limited_threads
from pynn.estimators._estimator import all_or_nothing, validated
from pynn.estimators._fit_lock import lock_of
from pynn.estimators._input import check_rows
from pynn.estimators._saving import as_objects, as_plain
from pynn.estimators.mlp._architecture import (
    Architecture,
    ModelLayers,
    check_chain,
    per_layer,
    read_layers,
)
from pynn.estimators.mlp._fit import CURVES, FitCall, MLPState, TrainingData, start_curves
from pynn.estimators.mlp._heads import Head
from pynn.estimators.mlp._lbfgs import check_trainable, train_at_once
from pynn.estimators.mlp._network import Network, SavedNetwork
from pynn.estimators.mlp._parameters import MLPParameters
from pynn.estimators.mlp._progress import (
    CallbackSupportMixin,
    FitTask,
    check_callbacks,
    with_callbacks,
)
from pynn.estimators.mlp._random import LegacyRandom
from pynn.estimators.mlp._rows import LocalRows
from pynn.estimators.mlp._stochastic import BatchTraining

_LOGISTIC = ("logistic", "sigmoid")
# So few numbers are predicted before the rule for threads has been asked.
_FEW_NUMBERS = 8192


class BaseMLP(CallbackSupportMixin, MLPParameters, ABC):
    """Base of the MLP estimators; not for direct use.

    `_state` is what a training leaves for the next one, beside the fitted attributes.
    """

    _state: MLPState | None = None
    n_outputs_: int

    # Filled in by the two classes.

    @abstractmethod
    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> TrainingData:
        """Return checked rows, y and its codes; set ``n_outputs_`` on the way."""

    @abstractmethod
    def _coded(self, x: Any, y: Any) -> TrainingData:
        """Return checked rows, y and its codes, once outputs are known."""

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

    def _class_factors(self, data: TrainingData, incremental: bool) -> np.ndarray | None:
        """Return factors for the weights of the rows, or None."""
        return None

    # Training.

    @validated
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
    ) -> Self:
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
    ) -> Self:
        with (
            lock_of(self) as lock,
            lock.training(anew=self._starts_anew(incremental)),
            limited_threads(self.n_jobs),
        ):
            notified = "_skl_callbacks" in vars(self)
            train = self._train_with_callbacks if notified else self._train
            train(x, y, sample_weight, incremental, validation)
        return self

    @with_callbacks
    def _train_with_callbacks(
        self, x: Any, y: Any, sample_weight: Any, incremental: bool, validation: Any
    ) -> None:
        task = FitTask(self, x, y, sample_weight)
        self._train(x, y, sample_weight, incremental, validation, task)
        task.ends()

    def _train(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        incremental: bool,
        validation: Any,
        task: FitTask | None = None,
    ) -> None:
        reset = self._starts_anew(incremental)
        known = None if reset or self._state is None else self._state.random
        random = known or LegacyRandom.of(self.random_state)
        try:
            with all_or_nothing(self):
                call = self._prepare(x, y, sample_weight, incremental, random)
                if self.solver == "lbfgs":
                    check_trainable(call)
                else:
                    if validation is not None:
                        call.validation = self._checked(*validation)
                    training = BatchTraining(call)
            if self.solver == "lbfgs":
                train_at_once(call, task)
            else:
                training.run(task)
        finally:
            if known is None:
                random.give_to(self.random_state)
        if not call.network.is_finite():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain "
                "large values and need to be preprocessed."
            )

    def _prepare(
        self, x: Any, y: Any, sample_weight: Any, incremental: bool, random: LegacyRandom
    ) -> FitCall:
        """Check the rows, and make or keep the network."""
        check_callbacks(self.callbacks)
        if self.validation_metric is not None:
            check_scoring(self, scoring=self.validation_metric)
        hidden = self._hidden_sizes()
        reset = self._starts_anew(incremental)
        data = self._check_data(x, y, incremental, reset)
        if sample_weight is not None:
            data.row_weight = _check_sample_weight(sample_weight, data.x)
        heads = self._heads()
        if reset:
            sizes = [data.x.shape[1], *hidden]
            network = self._initialize(sizes, heads, data.x.dtype, random)
        else:
            network = self._synchronize(heads)
        data.weigh(self._class_factors(data, incremental))
        assert self._state is not None
        self._state.random = random
        return self._call(network, random, heads, data, incremental)

    def _call(
        self,
        network: Network,
        random: LegacyRandom,
        heads: list[Head],
        data: TrainingData,
        incremental: bool,
    ) -> FitCall:
        assert self._state is not None
        score = self._output_score
        return FitCall(
            self, self._state, network, random, heads, score, data, incremental, LocalRows
        )

    def _starts_anew(self, incremental: bool) -> bool:
        return not hasattr(self, "coefs_") or not (self.warm_start or incremental)

    def _checked(self, x: Any, y: Any, sample_weight: Any) -> TrainingData:
        """Return validation rows, checked."""
        x = check_rows(self, x)
        y, targets = self._encode_validation(y)
        check_consistent_length(x, targets)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, x)
        return TrainingData(x, targets, y, sample_weight)

    # The network.

    @classmethod
    def _around(cls, model: models.Model, **parameters: Any) -> tuple[Any, ModelLayers]:
        """Return an estimator with a model's layers for parameters, not fitted yet."""
        found = read_layers(model)
        given = dict(found.parameters)
        if model.compiled:
            given["solver"] = copy.deepcopy(model.optimizer)
        taken = sorted(set(parameters) & set(found.parameters))
        if taken:
            raise ValueError(f"{taken[0]} follows from the model and cannot be given.")
        estimator = cls(**{**given, **parameters})
        estimator._validate_params()
        return estimator, found

    def _take(self, model: models.Model, found: ModelLayers) -> None:
        """Make a model this estimator's network; its outputs are known by now."""
        self.n_features_in_ = found.n_features
        sizes = [found.n_features, *self._hidden_sizes()]
        architecture = self._architecture(sizes, self._heads(), model.dtype)
        network = Network(architecture._replace(normalization=found.normalization), model)
        start_curves(self, self._start(network), network)

    def _start(self, network: Network) -> MLPState:
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(network.architecture.sizes) + 1
        self._show(network)
        self._state = MLPState(network)
        return self._state

    def _show(self, network: Network) -> None:
        """Set the attributes that show a network."""
        self.coefs_ = list(network.coefs)
        self.intercepts_ = list(network.intercepts)
        names = [activation for _, activation in network.architecture.heads]
        self.out_activation_: Any = names[0] if len(names) == 1 else names

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not all(isinstance(n, Integral) and int(n) > 0 for n in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
        return [checked_size("hidden_layer_sizes", n) for n in sizes]

    def _architecture(self, sizes: Sequence[int], heads: list[Head], dtype: Any) -> Architecture:
        """Return the network that the parameters describe, for these sizes and output layers."""
        n_hidden = len(sizes) - 1
        return Architecture(
            tuple(int(n) for n in sizes),
            tuple((head.units, head.activation) for head in heads),
            per_layer("activation", self.activation, n_hidden),
            per_layer("dropout", self.dropout, n_hidden),
            bool(self.batch_norm),
            dtype_name(dtype),
        )

    def _described(self, sizes: Sequence[int], heads: list[Head], dtype: Any) -> Architecture:
        """Return `_architecture`, with what no parameter says of the network that there is."""
        found = self._architecture(sizes, heads, dtype)
        if self._state is None:
            return found
        return found._replace(normalization=self._state.network.architecture.normalization)

    def _initialize(
        self, sizes: list[int], heads: list[Head], dtype: Any, random: LegacyRandom
    ) -> Network:
        """Start anew: draw the weights (Glorot and Bengio 2010) in scikit-learn's order."""
        dtype = dtype if self.dtype is None else self.dtype
        architecture = self._architecture(sizes, heads, dtype)
        network = Network(architecture)
        used = architecture.activations or (self.activation,)
        for i, (fan_in, fan_out) in enumerate(architecture.weight_shapes):
            # As in scikit-learn, the output layer goes by the hidden ones.
            logistic = used[min(i, len(used) - 1)] in _LOGISTIC
            bound = math.sqrt((2.0 if logistic else 6.0) / (fan_in + fan_out))
            network.coefs[i][...] = random.uniform(-bound, bound, (fan_in, fan_out))
            network.intercepts[i][...] = random.uniform(-bound, bound, (fan_out,))
        state = self._start(network)
        if self.solver != "lbfgs":
            start_curves(self, state, network)
        else:
            for name in CURVES:  # of another training
                self.__dict__.pop(name, None)
        return network

    def _synchronize(self, heads: list[Head] | None = None) -> Network:
        """Let the network hold what is in ``coefs_`` and ``intercepts_``, and return it.

        It keeps the layers that it was fitted with, whatever the parameters say since. With `heads`
        for its output layers it gets those that they ask for by now.
        """
        if self._state is not None and heads is None:
            network: Any = self._state.network
            if network.holds(self.coefs_, self.intercepts_):
                return network
        with lock_of(self):  # several threads may predict with a copy that has no network yet
            return self._up_to_date(heads)

    def _up_to_date(self, heads: list[Head] | None) -> Network:
        before = None if self._state is None else self._state.network
        network = None if isinstance(before, SavedNetwork) else before
        if network is not None and network.holds(self.coefs_, self.intercepts_):
            known = network.architecture
            if heads is None or self._described(known.sizes, heads, known.dtype) == known:
                return network
        fitted = before.architecture if before is not None and heads is None else None
        heads = heads or self._heads()
        check_chain(self.coefs_, self.intercepts_, len(heads))
        weights = [np.asarray(w) for w in (*self.coefs_, *self.intercepts_)]
        architecture = self._wanted_architecture(weights, heads, fitted)
        if network is None or network.architecture != architecture:
            network = Network(architecture)
            if before is not None:
                network.take_over(before)
                assert self._state is not None
                self._state.forget_others(network)
        network.assign([*weights, *network.others])
        if self._state is None:
            self._state = MLPState(network)
        self._state.network = network
        self._show(network)
        return network

    def _wanted_architecture(
        self, weights: list[np.ndarray], heads: list[Head], fitted: Architecture | None
    ) -> Architecture:
        """Return the network that these kernels and biases are for.

        Its layers are those that were `fitted` or, without and where weights of other layers were
        assigned, those of the parameters.
        """
        kernels = weights[: len(weights) // 2]
        n_hidden = len(kernels) - len(heads)
        sizes = [kernels[0].shape[0], *(k.shape[1] for k in kernels[:n_hidden])]
        units = [k.shape[1] for k in kernels[n_hidden:]]
        dtype = "float32" if all(w.dtype == np.float32 for w in weights) else "float64"
        if fitted is None or (len(fitted.sizes), len(fitted.heads)) != (len(sizes), len(heads)):
            wanted = self._described(sizes, heads, dtype)
        else:
            wanted = fitted._replace(sizes=tuple(sizes), dtype=dtype)
        activations = [activation for _, activation in wanted.heads]
        return wanted._replace(heads=tuple(zip(units, activations, strict=True)))

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
    def model_(self) -> models.Model:
        """The network as a `pynn.Model`; it shares the estimator's weights."""
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"this {type(self).__name__} has no model_ before fit is called")
        return self._synchronize().model

    def _plan(self) -> graph.Plan:
        """Return the plan that predicts the outputs, for `pynn.cython_predict`."""
        check_is_fitted(self)
        return self._synchronize().plan

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
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
        attributes: dict[str, Any] = super().__getstate__()
        state: MLPState | None = attributes.pop("_state", None)
        if state is not None:
            attributes["coefs_"] = [np.array(c) for c in self.coefs_]
            attributes["intercepts_"] = [np.array(b) for b in self.intercepts_]
            attributes.update(as_plain(state.to_attributes()))
        return attributes

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        attributes = {key: as_objects(value) for key, value in attributes.items()}
        if "coefs_" in attributes:
            labels = attributes.get("_labels")
            n_heads = 1 if labels is None else len(labels.heads)
            check_chain(attributes["coefs_"], attributes["intercepts_"], n_heads)
        state = MLPState.from_attributes(attributes)
        if state is not None:
            attributes["_state"] = state
        super().__setstate__(attributes)


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
