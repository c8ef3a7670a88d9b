"""What the wrappers of all three libraries share: parameters, targets, training, prediction.

How a model is made from the parameters is not known here.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from pynn._task_threads import limited_threads
from pynn.models import Model
from pynn.wrappers._class_targets import ClassTargets, takes_one_hot, threshold_of


def require_model(made: Any, function: str) -> Model:
    """Return what a function made if it is a model, or raise ValueError."""
    if not isinstance(made, Model):
        raise ValueError(f"{function} must return a model. Received: {made!r}")
    return made


class ModelEstimator(BaseEstimator):
    """A model as an estimator; parameters may go beyond the signature.

    Those of the signature are attributes. All others are in `_extra`, where they read and write
    like attributes.
    """

    model_: Any
    _extra: dict[str, Any] = {}

    def _set_parameters(self, given: dict[str, Any]) -> None:
        """Store the local variables of a constructor that ends in ``**kwargs``."""
        named = {k: v for k, v in given.items() if k not in ("self", "kwargs")}
        self.__dict__.update(named, _extra=given["kwargs"])

    def __getattr__(self, name: str) -> Any:
        if name in self._extra:
            return self._extra[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._extra:
            # A new dict: a shallow copy of the estimator may share this one.
            name, value = "_extra", {**self._extra, name: value}
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
        """Set parameters.

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
            If nothing takes a parameter of that name.
        """
        known = self.get_params()
        for name in sorted(params, key=lambda name: name not in known):
            if name not in known:
                self._check_new_parameter(name, params[name])
                self._extra = {**self._extra, name: params[name]}
            setattr(self, name, params[name])
        return self

    def _check_new_parameter(self, name: str, value: Any) -> None:
        """Raise ValueError if nothing takes a parameter that has not been given before."""
        super().set_params(**{name: value})

    # ---- what classifiers and regressors do differently

    def _note_targets(self, y: Any) -> None:
        """Store what is to be known of the targets."""
        raise TypeError(f"{type(self).__name__} says nothing about targets")

    def _encode(self, y: Any) -> Any:
        """Return targets as the model's loss takes them."""
        return y

    # ---- training and prediction

    def _check(self, x: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        return validate_data(
            self, x, y, reset=reset, multi_output=True, allow_nd=True, accept_sparse="csr"
        )

    def _train(self, x: Any, y: Any, **arguments: Any) -> Any:
        """Train the model on encoded targets, those of validation data among them."""
        held_out = arguments.get("validation_data")
        if isinstance(held_out, (tuple, list)) and len(held_out) in (2, 3):
            arguments["validation_data"] = (held_out[0], self._encode(held_out[1]), *held_out[2:])
        with limited_threads(None):  # one within a task of joblib's or Dask's
            return self.model_.fit(x, self._encode(y), **arguments)

    def _outputs(self, x: Any, given: dict[str, Any]) -> np.ndarray:
        check_is_fitted(self, "model_")
        x = validate_data(self, x, reset=False, allow_nd=True, accept_sparse="csr")
        return self.model_.predict(x, **{**self._predict_arguments(), **given})

    def _plan(self) -> Any:
        """Return the plan that predicts the model's outputs, for `pynn.cython_predict`."""
        check_is_fitted(self, "model_")
        return self.model_._plan()

    def _predict_arguments(self) -> dict[str, Any]:
        return {"verbose": 0}

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class ModelClassifier(ClassifierMixin, ModelEstimator):
    """A model whose targets are class labels."""

    _targets: ClassTargets

    def _note_targets(self, y: Any) -> None:
        self._targets = ClassTargets(y)
        self.classes_ = self._targets.classes

    def _encode(self, y: Any) -> np.ndarray:
        units = int(self.model_.output_shape[-1])
        self._targets.check_units(units)
        return self._targets.encode(y, takes_one_hot(self.model_.loss, units))

    def _labels(self, x: Any, given: dict[str, Any], matrix: bool) -> np.ndarray:
        outputs = self._outputs(x, given)
        return self._targets.decode(outputs, self._threshold, matrix)

    @property
    def _threshold(self) -> float:
        return threshold_of(self.model_.loss)

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict class labels.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n,), or (n, classes) if `fit` got a matrix
        """
        return self._labels(X, kwargs, matrix=True)

    def predict_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict the classes' probabilities.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n, classes)
        """
        outputs = self._outputs(X, kwargs)
        return self._targets.probabilities(outputs)


class ModelRegressor(RegressorMixin, ModelEstimator):
    """A model whose targets are numbers."""

    _flat = True

    def _note_targets(self, y: Any) -> None:
        self._flat = y.ndim == 1

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """Predict numbers.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n,), or (n, outputs) where there are several
        """
        outputs = self._outputs(X, kwargs)
        return outputs[:, 0] if self._flat and outputs.shape[1:] == (1,) else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
