"""`KerasClassifier` with routed parameters, as in SciKeras."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target

from pynn.wrappers._class_targets import (
    ClassTargets,
    takes_one_hot,
    threshold_of,
)
from pynn.wrappers._keras_estimator import KerasEstimator


class KerasClassifier(ClassifierMixin, KerasEstimator):
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
        self.model = model
        self.build_fn = build_fn
        self.warm_start = warm_start
        self.random_state = random_state
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        self.verbose = verbose
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.run_eagerly = run_eagerly
        self.epochs = epochs
        self.class_weight = class_weight
        self._set_extra(kwargs)

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
        self._expected = classes
        return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)

    def _note_targets(self, y: np.ndarray) -> None:
        expected, self._expected = getattr(self, "_expected", None), None
        self._targets = ClassTargets(y if expected is None else expected)
        self.classes_ = self._targets.classes
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

    def _encode(self, y: np.ndarray) -> np.ndarray:
        width = int(self.model_.output_shape[-1])
        self._targets.check_units(width)
        return self._targets.encode(y, takes_one_hot(self.model_.loss, width))

    def _row_weights(self, y: np.ndarray, sample_weight: Any) -> Any:
        if self.class_weight is None:
            return sample_weight
        labels = y.argmax(axis=1) if self._targets.is_one_hot else y
        factors = compute_sample_weight(self.class_weight, labels)
        return factors if sample_weight is None else factors * sample_weight

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
        outputs = self._outputs(X, kwargs)
        return self._targets.decode(outputs, threshold_of(self.model_.loss), matrix=True)

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
