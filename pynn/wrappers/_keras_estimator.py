"""What SciKeras's two wrappers have in common: parameters, building, compiling and training."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from pynn import _state, losses, metrics, optimizers
from pynn.models import Model
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


def _loss(name: str) -> Any:
    found = losses.get(name)
    return type(losses.as_loss(found)) if found in losses._registry.FUNCTIONS else found


class KerasEstimator(BaseEstimator):
    """Base of `KerasClassifier` and `KerasRegressor`, which say what the parameters are."""

    model: Any
    build_fn: Any
    warm_start: bool
    random_state: Any
    optimizer: Any
    loss: Any
    metrics: Any
    epochs: int

    # ---- parameters: those of the signature are attributes, all others are in `_extra`, where
    # they read and write like attributes

    _extra: dict[str, Any]

    def _set_extra(self, parameters: dict[str, Any]) -> None:
        self._extra = dict(parameters)

    def __getattr__(self, name: str) -> Any:
        extra = self.__dict__.get("_extra", {})
        if name in extra:
            return extra[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        extra = self.__dict__.get("_extra", {})
        if name in extra:
            # A new dict: a shallow copy of the estimator may share this one.
            name, value = "_extra", {**extra, name: value}
        super().__setattr__(name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Accepted for scikit-learn's sake.

        Returns
        -------
        dict
        """
        return {**super().get_params(deep=False), **self._extra}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, routed ones among them.

        Parameters
        ----------
        **params
            See the class.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is neither known nor routed.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                if name.split("__")[0] not in _TARGETS or "__" not in name:
                    raise ValueError(
                        f"Invalid parameter {name!r} for estimator {type(self).__name__}. It must "
                        f"be one of {', '.join(known)}, or begin with "
                        f"{', '.join(f'{target}__' for target in _TARGETS)}; a parameter of the "
                        "function that builds the model can be given to the constructor too"
                    )
                self._extra = {**self._extra, name: value}
            setattr(self, name, value)
        return self

    # ---- building

    def _compile_arguments(self) -> dict[str, Any]:
        extras = self._extra
        arguments = {
            "optimizer": construct(
                self.optimizer, routed(extras, "optimizer"), lambda name: optimizers.get(name)
            ),
            "loss": construct(self.loss, routed(extras, "loss"), _loss),
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
            model = given(**{**arguments, **routed(self._extra, "model")})
            if not isinstance(model, Model):
                raise ValueError(f"the function model must return a model. Received: {model!r}")
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

    # ---- data; classes are the classifier's business

    def _note_targets(self, y: np.ndarray) -> None:
        raise TypeError(f"{type(self).__name__} says nothing about targets")

    def _flatten(self, y: np.ndarray) -> np.ndarray:
        """Return targets of one axis for a matrix of one column."""
        return y[:, 0]

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return y

    def _row_weights(self, y: np.ndarray, sample_weight: Any) -> Any:
        return sample_weight

    def _check(self, x: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        x, y = validate_data(
            self, x, y, reset=reset, multi_output=True, allow_nd=True, accept_sparse="csr"
        )
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
            self._encode_validation(arguments)
            history = self.model_.fit(x, self._encode(y), sample_weight=weights, **arguments)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        return self

    def _listed_callbacks(self) -> Any:
        given = getattr(self, "callbacks", None)
        if given is None or isinstance(given, (list, tuple)):
            return given
        return list(given.values()) if isinstance(given, dict) else [given]

    def _encode_validation(self, arguments: dict[str, Any]) -> None:
        given = arguments.get("validation_data")
        if isinstance(given, (tuple, list)) and len(given) in (2, 3):
            targets = self._encode(np.asarray(given[1]))
            arguments["validation_data"] = (given[0], targets, *given[2:])

    # ---- prediction

    def _outputs(self, x: Any, given: dict[str, Any]) -> np.ndarray:
        check_is_fitted(self, "model_")
        x = validate_data(self, x, reset=False, allow_nd=True, accept_sparse="csr")
        arguments = {"verbose": getattr(self, "verbose", 0)}
        arguments.update(routed(self._extra, "predict"))
        outputs: np.ndarray = self.model_.predict(x, **{**arguments, **given})
        return outputs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
