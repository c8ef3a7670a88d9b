"""`SKLearnClassifier`, as in Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d

from pynn.wrappers._class_targets import (
    ClassTargets,
    takes_one_hot,
    threshold_of,
)
from pynn.wrappers._sklearn_model import SKLearnModel


class SKLearnClassifier(ClassifierMixin, SKLearnModel):
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

    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._targets = ClassTargets(y)
        self.classes_ = self._targets.classes
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return self._targets.encode(y, one_hot=True)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        width = int(self.model_.output_shape[-1])
        self._targets.check_units(width)
        return self._targets.encode(y, takes_one_hot(self.model_.loss, width))

    def predict(self, X: Any) -> np.ndarray:
        """Predict class labels.

        Parameters
        ----------
        X : array-like, shape (n, ...)

        Returns
        -------
        ndarray, shape (n,), or (n, classes) if `fit` got a matrix
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs, threshold_of(self.model_.loss), matrix=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the classes' probabilities.

        Parameters
        ----------
        X : array-like, shape (n, ...)

        Returns
        -------
        ndarray, shape (n, classes)
        """
        outputs = self._outputs(X)
        return self._targets.probabilities(outputs)
