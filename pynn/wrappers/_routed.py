"""`KerasClassifier` and `KerasRegressor` with routed parameters, as in SciKeras."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight

from pynn import _state, losses, metrics, optimizers
from pynn.models import Model
from pynn.wrappers._estimator import (
    ModelClassifier,
    ModelEstimator,
    ModelRegressor,
    require_model,
)
from pynn.wrappers._routing import construct, routed

_TARGETS = ("model", "fit", "predict", "compile", "optimizer", "loss", "metrics", "callbacks")
_FIT = (
    "batch_size",
    "callbacks",
    "epochs",
    "shuffle",
    "validation_batch_size",
    "validation_split",
    "verbose",
)


class RoutedEstimator(ModelEstimator):
    """Base of `KerasClassifier` and `KerasRegressor`, which say what the parameters are."""

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        **kwargs: Any,
    ) -> None:
        self._set_parameters(locals())

    def _check_new_parameter(self, name: str, value: Any) -> None:
        if name.split("__")[0] not in _TARGETS or "__" not in name:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {type(self).__name__}. It must "
                f"be one of {', '.join(self.get_params())}, or begin with "
                f"{', '.join(f'{target}__' for target in _TARGETS)}; a parameter of the "
                "function that builds the model can be given to the constructor too"
            )

    # ---- building

    def _compile_arguments(self) -> dict[str, Any]:
        extras = self._extra
        arguments = {
            "optimizer": construct(self.optimizer, routed(extras, "optimizer"), optimizers.get),
            "loss": construct(
                self.loss, routed(extras, "loss"), lambda name: type(losses.as_loss(name))
            ),
            "metrics": construct(self.metrics, routed(extras, "metrics"), metrics.get),
        }
        return {**arguments, **routed(extras, "compile")}

    def _build(self) -> Any:
        given = self.model if self.model is not None else self.build_fn
        if given is None:
            given = getattr(self, "_keras_build_fn", None)
        if isinstance(given, Model):
            self._arguments_for({})
            model = copy.deepcopy(given)
        elif not callable(given):
            raise ValueError(
                f"{type(self).__name__} needs a model, or a function that builds one. "
                f"Received: model={self.model!r}"
            )
        else:
            taken = inspect.signature(given).parameters
            arguments = self._arguments_for(taken)
            if "meta" in taken:
                arguments["meta"] = self._meta()
            if "compile_kwargs" in taken:
                arguments["compile_kwargs"] = self._compile_arguments()
            made = given(**{**arguments, **routed(self._extra, "model")})
            model = require_model(made, "the function model")
        return model

    def _arguments_for(self, taken: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
        """Return the parameters, beside the routed ones, of a function that takes these."""
        given = {name: value for name, value in self._extra.items() if "__" not in name}
        takes_any = any(each.kind is each.VAR_KEYWORD for each in taken.values())
        unknown = [name for name in given if name not in taken and not takes_any]
        if unknown:
            raise ValueError(
                f"{unknown[0]} is neither a parameter of {type(self).__name__} nor one of the "
                "function that builds the model. What fit is to be given begins with fit__, and "
                f"so on: {', '.join(f'{target}__' for target in _TARGETS)}. Received: "
                f"{unknown[0]}={given[unknown[0]]!r}"
            )
        return given

    def _compile(self, model: Any, x: Any) -> None:
        model._ensure_built(x)
        if not model.compiled:
            arguments = self._compile_arguments()
            if arguments["loss"] is None:
                arguments["loss"] = self._default_loss(int(model.output_shape[-1]))
            model.compile(**arguments)

    def _default_loss(self, width: int) -> str:
        return "mean_squared_error"

    def _meta(self) -> dict[str, Any]:
        """Return what is known of the data, as functions that build models ask for it."""
        return {k: v for k, v in vars(self).items() if k.endswith("_") and k[0] != "_"}

    # ---- data

    def _flatten(self, y: np.ndarray) -> np.ndarray:
        """Return targets of one axis for a matrix of one column."""
        return y[:, 0]

    def _row_weights(self, y: np.ndarray, sample_weight: Any) -> Any:
        return sample_weight

    def _check(self, x: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        x, y = super()._check(x, y, reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = self._flatten(y)
        if reset:
            self.X_dtype_, self.X_shape_ = x.dtype, x.shape
            self.y_dtype_, self.y_ndim_ = y.dtype, y.ndim
            self._note_targets(y)
        return x, y

    # ---- training

    @property
    def current_epoch(self) -> int:
        """How many epochs the model has been trained for."""
        history = getattr(self, "history_", None)
        return len(history["loss"]) if history else 0

    def _start(self, x: Any, y: Any) -> tuple[Any, np.ndarray]:
        x, y = self._check(x, y, reset=True)
        self.model_ = self._build()
        self._compile(self.model_, x)
        self.history_: dict[str, list[float]] = {}
        return x, y

    def _seed(self) -> int | None:
        if self.random_state is None:
            return None
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def initialize(self, X: Any, y: Any) -> Self:
        """Build and compile the model without training it.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, k)

        Returns
        -------
        self
        """
        with _state.temporary_seed(self._seed()):
            self._start(X, y)
        return self

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Build a model and train it; with `warm_start`, train the one that there is.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, k)
        sample_weight : array-like, shape (n,), default=None
        **kwargs
            Arguments of `Model.fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or a parameter is wrong.
        """
        again = self.warm_start and hasattr(self, "model_")
        return self._fit(X, y, sample_weight, again, kwargs)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, k)
        sample_weight : array-like, shape (n,), default=None
        **kwargs
            Arguments of `Model.fit`.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, hasattr(self, "model_"), {"epochs": 1, **kwargs})

    def _fit(self, x: Any, y: Any, sample_weight: Any, again: bool, given: dict[str, Any]) -> Self:
        with _state.temporary_seed(self._seed()):
            x, y = self._check(x, y, reset=False) if again else self._start(x, y)
            if sample_weight is not None:
                sample_weight = _check_sample_weight(sample_weight, x)
            extras = self._extra
            arguments = {name: getattr(self, name) for name in _FIT}
            arguments["callbacks"] = construct(
                self._listed_callbacks(), routed(extras, "callbacks"), lambda name: name
            )
            arguments.update(routed(extras, "fit"))
            arguments.update(given)
            weights = self._row_weights(y, sample_weight)
            history = self._train(x, y, sample_weight=weights, **arguments)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        return self

    def _listed_callbacks(self) -> Any:
        given = getattr(self, "callbacks", None)
        if given is None or isinstance(given, (list, tuple)):
            return given
        return list(given.values()) if isinstance(given, dict) else [given]

    def _predict_arguments(self) -> dict[str, Any]:
        return {"verbose": self.verbose, **routed(self._extra, "predict")}


class KerasClassifier(ModelClassifier, RoutedEstimator):
    """A model, or a function that builds one, as a classifier.

    Parameters
    ----------
    model : callable or Model, default=None
        A function that returns a model, compiled or not; it may have the arguments ``meta`` (a
        dict of what is known of the data) and ``compile_kwargs``. A model is copied.
    build_fn : callable, default=None
        The older name of `model`.
    warm_start : bool, default=False
        Whether `fit` goes on with the model that there is.
    random_state : int, RandomState instance or None, default=None
        Where initial weights and orders of rows come from.
    optimizer, loss, metrics : default="rmsprop", None, None
        Arguments of `Model.compile` for a model that is not compiled; names, classes or instances.
        A loss of None stands for the cross-entropy that fits the output.
    batch_size, validation_batch_size, verbose, callbacks, validation_split, shuffle, epochs
        Arguments of `Model.fit`. Callbacks may be classes.
    run_eagerly : bool, default=False
        Accepted for SciKeras's sake.
    class_weight : dict or "balanced", default=None
        Weights by class label.
    **kwargs
        Arguments of the function that builds the model, and routed ones: ``model__units``,
        ``optimizer__learning_rate``, ``loss__from_logits``, ``metrics__0__name``,
        ``callbacks__patience``, ``compile__...``, ``fit__...``, ``predict__...``.

    Attributes
    ----------
    model_ : Model
    history_ : dict of str to list of float
        The figures of every epoch, those of earlier calls included if the model went on.
    classes_ : ndarray
    n_classes_, n_outputs_ : int
    target_type_ : str

    Raises
    ------
    ValueError
        In `fit`, if the data or a parameter is wrong.

    Examples
    --------
    >>> import pynn
    >>> from sklearn.datasets import load_iris
    >>> def build(units, meta):
    ...     return pynn.Sequential(
    ...         [
    ...             pynn.Input((meta["n_features_in_"],)),
    ...             pynn.layers.Dense(units, activation="relu"),
    ...             pynn.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...         ]
    ...     )
    >>> classifier = pynn.wrappers.KerasClassifier(
    ...     build, model__units=10, optimizer="adam", optimizer__learning_rate=0.01, verbose=0
    ... )
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier.fit(X, y, epochs=2).predict_proba(X).shape
    (150, 3)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> None:
        self._set_parameters(locals())

    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, classes)
        classes : array-like, default=None
            All labels that any call will bring, for the first call; None stands for those of `y`.
        sample_weight : array-like, shape (n,), default=None
        **kwargs
            Arguments of `Model.fit`.

        Returns
        -------
        self
        """
        self._expected = None if self.__sklearn_is_fitted__() else classes
        try:
            return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)
        finally:
            self._expected = None

    def _note_targets(self, y: np.ndarray) -> None:
        expected = getattr(self, "_expected", None)
        super()._note_targets(y if expected is None else expected)
        self.n_classes_ = len(self.classes_)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.target_type_ = type_of_target(y if expected is None else expected)
        if self._targets.is_one_hot:
            self.target_type_ = "multiclass-onehot"

    def _flatten(self, y: np.ndarray) -> np.ndarray:
        return column_or_1d(y, warn=True)

    def _default_loss(self, width: int) -> str:
        if width == 1 or (self._targets.is_matrix and not self._targets.is_one_hot):
            return "binary_crossentropy"
        return "sparse_categorical_crossentropy"

    def _row_weights(self, y: np.ndarray, sample_weight: Any) -> Any:
        if self.class_weight is None:
            return sample_weight
        labels = y.argmax(axis=1) if self._targets.is_one_hot else y
        factors = compute_sample_weight(self.class_weight, labels)
        return factors if sample_weight is None else factors * sample_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class KerasRegressor(ModelRegressor, RoutedEstimator):
    """A model, or a function that builds one, as a regressor; its score is R2.

    Parameters
    ----------
    model : callable or Model, default=None
        A function that returns a model, compiled or not; it may have the arguments ``meta`` (a
        dict of what is known of the data) and ``compile_kwargs``. A model is copied.
    build_fn : callable, default=None
        The older name of `model`.
    warm_start : bool, default=False
        Whether `fit` goes on with the model that there is.
    random_state : int, RandomState instance or None, default=None
        Where initial weights and orders of rows come from.
    optimizer, loss, metrics : default="rmsprop", None, None
        Arguments of `Model.compile` for a model that is not compiled; names, classes or instances.
        A loss of None stands for the mean squared error.
    batch_size, validation_batch_size, verbose, callbacks, validation_split, shuffle, epochs
        Arguments of `Model.fit`. Callbacks may be classes.
    run_eagerly : bool, default=False
        Accepted for SciKeras's sake.
    **kwargs
        Arguments of the function that builds the model, and routed ones: ``model__units``,
        ``optimizer__learning_rate``, ``loss__delta``, ``metrics__0__name``,
        ``callbacks__patience``, ``compile__...``, ``fit__...``, ``predict__...``.

    Attributes
    ----------
    model_ : Model
    history_ : dict of str to list of float
        The figures of every epoch, those of earlier calls included if the model went on.
    n_outputs_ : int
    target_type_ : str

    Raises
    ------
    ValueError
        In `fit`, if the data or a parameter is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> def build(units=4):
    ...     return pynn.Sequential([pynn.layers.Dense(units), pynn.layers.Dense(1)])
    >>> regressor = pynn.wrappers.KerasRegressor(build, units=8, loss="mae", verbose=0)
    >>> regressor.fit(np.zeros((5, 2)), np.ones(5)).predict(np.zeros((3, 2))).shape
    (3,)
    """

    def _note_targets(self, y: np.ndarray) -> None:
        super()._note_targets(y)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.target_type_ = "continuous" if y.ndim == 1 else "continuous-multioutput"
