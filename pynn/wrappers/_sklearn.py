"""`SKLearnClassifier` and `SKLearnRegressor`, as in Keras 3."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_sample_weight

from pynn.models import Model, clone_model
from pynn.wrappers._class_targets import ClassTargets
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

    @classmethod
    def _around(cls, model: Any, arguments: dict[str, Any]) -> Self:
        """Return an estimator that is fitted as it stands, around a model of one output."""
        if not isinstance(model, Model) or model._interface is None:
            raise ValueError(
                f"from_model takes a pynn.Model that has been built. Received: {model!r:.80}"
            )
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ValueError(
                f"model {model.name!r} must have one input and one output. Received: "
                f"{len(model.inputs)} and {len(model.outputs)}"
            )
        estimator = cls(model, **arguments)
        estimator.model_ = model
        estimator.n_features_in_ = int(model.input_shape[1])
        return estimator

    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        """Return what a function that builds a model is shown."""
        raise TypeError(f"{type(self).__name__} says nothing about targets")

    def _get_model(self, x: Any, y: Any) -> Any:
        if isinstance(self.model, Model):
            model = clone_model(self.model)
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Train the model, or one that the function builds.

        Parameters
        ----------
        X : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, k)
        sample_weight : array-like, shape (n,), default=None
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
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        X, y = self._check(X, y, reset=not goes_on)
        if sample_weight is not None:
            kwargs["sample_weight"] = _check_sample_weight(sample_weight, X)
        if not goes_on:
            self._note_targets(y)
            self.model_ = self._get_model(X, self._shown_targets(y))
            self.model_._ensure_built(X)
        self.history_ = self._train(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        return self


class SKLearnClassifier(ModelClassifier, SKLearnModel):
    """A compiled model, or a function that builds one, as a classifier.

    Parameters
    ----------
    model : Model or callable
        Of a model each `fit` trains a clone, with weights of its own. A function is called as
        ``model(X, y, **model_kwargs)`` with one-hot y, shape (n, classes), and returns a
        compiled model.
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

    @classmethod
    def from_model(cls, model: Model, *, classes: Any = None, **arguments: Any) -> Self:
        """Return a fitted classifier around any model of one input and one output.

        It shares the model's weights; `fit` trains a clone of it, anew. For a chain of dense layers
        there is `MLPClassifier.from_model`, too.

        Parameters
        ----------
        model : Model
            Its output has a softmax, or a sigmoid for two classes or for labels that may hold
            together.
        classes : array-like of shape (n_classes,), default=None
            The labels that the outputs stand for, sorted; None counts them from 0. Not for labels
            that may hold together.
        **arguments
            Of the class.

        Raises
        ------
        ValueError
            If the model is anything else, or the number of classes is another.

        Examples
        --------
        >>> import pynn
        >>> inputs = pynn.Input((4,))
        >>> hidden = pynn.layers.Dense(4, "relu")(inputs)
        >>> outputs = pynn.layers.Dense(2, "softmax")(pynn.layers.Add()([hidden, inputs]))
        >>> model = pynn.Model(inputs, outputs)
        >>> clf = pynn.wrappers.SKLearnClassifier.from_model(model, classes=["no", "yes"])
        >>> clf.predict_proba([[0.0] * 4])
        array([[0.5, 0.5]], dtype=float32)
        """
        estimator = cls._around(model, arguments)
        units = int(model.output_shape[-1])
        node = model._plan().outputs[0].node
        last = None if node is None else node.op.name
        if last not in ("softmax", "sigmoid") or (last == "softmax" and units == 1):
            raise ValueError(
                "a classifier's model must end with a softmax over several units, or a sigmoid. "
                f"Received: {last} of {units} units"
            )
        if last == "sigmoid" and units > 1:
            if classes is not None:
                raise ValueError("classes are for labels that exclude each other")
            estimator._targets = ClassTargets(np.ones((1, units)))
        else:
            known = np.arange(max(units, 2)) if classes is None else np.asarray(classes)
            estimator._targets = ClassTargets(known)
            if not np.array_equal(estimator._targets.classes, known) or len(known) != max(units, 2):
                raise ValueError(
                    f"classes must be {max(units, 2)} different labels in ascending order. "
                    f"Received: {classes!r:.80}"
                )
        estimator.classes_ = estimator._targets.classes
        return estimator

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
        Of a model each `fit` trains a clone, with weights of its own. A function is called as
        ``model(X, y, **model_kwargs)`` with y of shape (n, outputs) and returns a compiled
        model.
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

    @classmethod
    def from_model(cls, model: Model, **arguments: Any) -> Self:
        """Return a fitted regressor around any model of one input and one output.

        It shares the model's weights; `fit` trains a clone of it, anew.

        Parameters
        ----------
        model : Model
        **arguments
            Of the class.

        Raises
        ------
        ValueError
            If it is no such model.
        """
        return cls._around(model, arguments)

    def _encode(self, y: Any) -> np.ndarray:
        y = np.asarray(y)
        return y.reshape(len(y), -1)

    _shown_targets = _encode
