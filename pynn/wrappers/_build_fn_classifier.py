"""`KerasClassifier` as in ``tf.keras.wrappers.scikit_learn``."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from pynn.wrappers._build_fn_estimator import BuildFnEstimator
from pynn.wrappers._class_targets import (
    ClassTargets,
    takes_one_hot,
    threshold_of,
)


class KerasClassifier(ClassifierMixin, BuildFnEstimator):
    """A function that builds a model, as a classifier.

    Parameters
    ----------
    build_fn : callable, default=None
        ``build_fn(**arguments)`` returns a compiled model. None stands for ``__call__`` of a
        subclass.
    **sk_params
        Arguments of `build_fn`, and of `Model.fit`, `Model.predict` and `Model.evaluate`; a search
        may vary all of them.

    Attributes
    ----------
    model : Model
        What `build_fn` returned in `fit`.
    history : History
        Of the last call to `fit`.
    classes_ : ndarray
        Class labels.

    Raises
    ------
    ValueError
        If nothing takes a parameter of that name.

    See Also
    --------
    pynn.wrappers.KerasClassifier : with routed parameters, as in SciKeras.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> def build(units=4):
    ...     model = pynn.Sequential(
    ...         [
    ...             pynn.layers.Dense(units, activation="relu", input_shape=(2,)),
    ...             pynn.layers.Dense(1, activation="sigmoid"),
    ...         ]
    ...     )
    ...     model.compile(loss="binary_crossentropy", optimizer="sgd")
    ...     return model
    >>> classifier = pynn.wrappers.scikit_learn.KerasClassifier(build, units=8, verbose=0)
    >>> history = classifier.fit(np.array([[0.0, 1.0], [1.0, 0.0]]), ["a", "b"], epochs=2)
    >>> classifier.predict_proba(np.zeros((3, 2))).shape
    (3, 2)
    """

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Build a model and train it.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, classes)
            Labels, or a matrix of zeros and ones.
        sample_weight : array-like, shape (n,), default=None
        **kwargs
            Arguments of `Model.fit`.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            If `build_fn` returns no compiled model, or the data does not fit it.
        """
        targets = ClassTargets(y)
        self.classes_ = targets.classes
        self._targets = targets
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        self.model = self._build()
        self.model._ensure_built(x)
        units = int(self.model.output_shape[-1])
        targets.check_units(units)
        self._one_hot = takes_one_hot(self.model.loss, units)
        validation = kwargs.get("validation_data", self.sk_params.get("validation_data"))
        if isinstance(validation, (tuple, list)) and len(validation) in (2, 3):
            held_out = targets.encode(validation[1], self._one_hot)
            kwargs["validation_data"] = (validation[0], held_out, *validation[2:])
        return self._fit(x, targets.encode(y, self._one_hot), kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Predict class labels.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n,)
        """
        outputs = self._predict(x, kwargs)
        return self._targets.decode(outputs, threshold_of(self.model.loss))

    predict_classes = predict

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Predict the classes' probabilities.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n, classes)
        """
        outputs = self._predict(x, kwargs)
        return self._targets.probabilities(outputs)

    def score(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the accuracy.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        y : array-like, shape (n,)
        sample_weight : array-like, shape (n,), default=None
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        float
        """
        truth = np.asarray(y)
        if self._targets.is_one_hot:
            truth = truth.argmax(axis=1)
        elif not self._targets.is_matrix:
            truth = truth.reshape(-1)
        return float(accuracy_score(truth, self.predict(x, **kwargs), sample_weight=sample_weight))
