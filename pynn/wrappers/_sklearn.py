"""`SKLearnClassifier` and `SKLearnRegressor`, as in Keras 3."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from sklearn.utils import column_or_1d

from pynn.models import Model
from pynn.wrappers._estimator import (
    ModelClassifier,
    ModelEstimator,
    ModelRegressor,
    require_model,
)


class SKLearnModel(ModelEstimator):
    """Base of `SKLearnClassifier` and `SKLearnRegressor`.

    Parameters
    ----------
    model : Model or callable
    warm_start : bool, default=False
    model_kwargs, fit_kwargs : dict, default=None
    """

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        """Return what a function that builds a model is shown."""
        raise TypeError(f"{type(self).__name__} says nothing about targets")

    def _get_model(self, x: Any, y: Any) -> Any:
        if isinstance(self.model, Model):
            model = copy.deepcopy(self.model)
        elif callable(self.model):
            made = self.model(x, y, **(self.model_kwargs or {}))
            model = require_model(made, "the function model")
        else:
            raise TypeError(
                "model must be a model, or a function (X, y, **model_kwargs) that returns one. "
                f"Received: model={self.model!r}"
            )
        if not model.compiled:
            raise RuntimeError(f"{type(self).__name__} needs a compiled model: call compile()")
        return model

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Train the model, or one that the function builds.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, k)
        **kwargs
            Arguments of `Model.fit`; they come before `fit_kwargs`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data is wrong.
        RuntimeError
            If the model is not compiled.
        """
        X, y = self._check(X, y, reset=True)
        self._note_targets(y)
        if not (self.warm_start and self.__sklearn_is_fitted__()):
            self.model_ = self._get_model(X, self._shown_targets(y))
            self.model_._ensure_built(X)
        self.history_ = self._train(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        return self


class SKLearnClassifier(ModelClassifier, SKLearnModel):
    """A compiled model, or a function that builds one, as a classifier.

    Parameters
    ----------
    model : Model or callable
        A model is copied. A function is called as ``model(X, y, **model_kwargs)`` with one-hot y,
        shape (n, classes), and returns a compiled model.
    warm_start : bool, default=False
        Whether `fit` goes on with the model that there is.
    model_kwargs : dict, default=None
        Further arguments of the function.
    fit_kwargs : dict, default=None
        Arguments of `Model.fit`.

    Attributes
    ----------
    model_ : Model
    history_ : History
        Of the last call to `fit`.
    classes_ : ndarray

    Raises
    ------
    ValueError
        In `fit`, if there is only one class or the data is wrong.

    Examples
    --------
    >>> import pynn
    >>> from sklearn.datasets import load_iris
    >>> def build(X, y, units):
    ...     model = pynn.Sequential(
    ...         [
    ...             pynn.Input((X.shape[1],)),
    ...             pynn.layers.Dense(units, activation="relu"),
    ...             pynn.layers.Dense(y.shape[1], activation="softmax"),
    ...         ]
    ...     )
    ...     model.compile(loss="categorical_crossentropy", optimizer="adam")
    ...     return model
    >>> classifier = pynn.wrappers.SKLearnClassifier(
    ...     build, model_kwargs={"units": 10}, fit_kwargs={"epochs": 2, "verbose": 0}
    ... )
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier.fit(X, y).predict(X).shape
    (150,)
    """

    def _note_targets(self, y: np.ndarray) -> None:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        super()._note_targets(y)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")

    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        return self._targets.encode(y, one_hot=True)


class SKLearnRegressor(ModelRegressor, SKLearnModel):
    """A compiled model, or a function that builds one, as a regressor.

    Parameters
    ----------
    model : Model or callable
        A model is copied. A function is called as ``model(X, y, **model_kwargs)`` with y of shape
        (n, outputs) and returns a compiled model.
    warm_start : bool, default=False
        Whether `fit` goes on with the model that there is.
    model_kwargs : dict, default=None
        Further arguments of the function.
    fit_kwargs : dict, default=None
        Arguments of `Model.fit`.

    Attributes
    ----------
    model_ : Model
    history_ : History
        Of the last call to `fit`.

    Raises
    ------
    ValueError
        In `fit`, if the data is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> model = pynn.Sequential([pynn.Input((2,)), pynn.layers.Dense(1)])
    >>> model.compile(loss="mse", optimizer="sgd")
    >>> regressor = pynn.wrappers.SKLearnRegressor(model, fit_kwargs={"verbose": 0})
    >>> regressor.fit(np.zeros((5, 2)), np.ones(5)).predict(np.zeros((3, 2))).shape
    (3,)
    """

    def _encode(self, y: Any) -> np.ndarray:
        y = np.asarray(y)
        return y.reshape(len(y), -1)

    _shown_targets = _encode
