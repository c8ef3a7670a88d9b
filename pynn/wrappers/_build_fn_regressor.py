"""`KerasRegressor` as in ``tf.keras.wrappers.scikit_learn``."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import NotFittedError

from pynn.models import Model
from pynn.wrappers._build_fn_estimator import BuildFnEstimator


class KerasRegressor(RegressorMixin, BuildFnEstimator):
    """A function that builds a model, as a regressor.

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

    Raises
    ------
    ValueError
        If nothing takes a parameter of that name.

    See Also
    --------
    pynn.wrappers.KerasRegressor : with routed parameters, as in SciKeras; its score is R2.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> def build(learning_rate=0.01):
    ...     model = pynn.Sequential([pynn.layers.Dense(1, input_shape=(2,))])
    ...     model.compile(loss="mse", optimizer=pynn.optimizers.SGD(learning_rate))
    ...     return model
    >>> regressor = pynn.wrappers.scikit_learn.KerasRegressor(build, learning_rate=0.1)
    >>> x = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> history = regressor.fit(x, np.array([1.0, -1.0]), epochs=200, verbose=0)
    >>> bool(regressor.score(x, np.array([1.0, -1.0]), verbose=0) > -0.1)
    True
    """

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Build a model and train it.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, outputs)
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
        self.model = self._build()
        return self._fit(x, y, kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Predict numbers.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        **kwargs
            Arguments of `Model.predict`.

        Returns
        -------
        ndarray, shape (n,), or (n, outputs) where there are several
        """
        outputs: np.ndarray = self._predict(x, kwargs)
        return outputs[..., 0] if outputs.shape[-1] == 1 else outputs

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return minus the loss, so that more is better.

        Parameters
        ----------
        x : array-like, shape (n, ...)
        y : array-like, shape (n,) or (n, outputs)
        **kwargs
            Arguments of `Model.evaluate`.

        Returns
        -------
        float
        """
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"call fit() before score() of {type(self).__name__}")
        figures = self.model.evaluate(x, y, **self._arguments(Model.evaluate, kwargs))
        if isinstance(figures, dict):
            return -float(figures["loss"])
        return -float(figures[0] if isinstance(figures, list) else figures)
