"""`KerasRegressor` with routed parameters, as in SciKeras."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from pynn.wrappers._keras_estimator import KerasEstimator


class KerasRegressor(RegressorMixin, KerasEstimator):
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
        self._set_extra(kwargs)

    def _note_targets(self, y: np.ndarray) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.target_type_ = "continuous" if y.ndim == 1 else "continuous-multioutput"

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
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
