"""`SKLearnRegressor`, as in Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from pynn.wrappers._sklearn_model import SKLearnModel


class SKLearnRegressor(RegressorMixin, SKLearnModel):
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

    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        self._flat = y.ndim == 1
        return y.reshape(len(y), -1)

    def predict(self, X: Any) -> np.ndarray:
        """Predict numbers.

        Parameters
        ----------
        X : array-like, shape (n, ...)

        Returns
        -------
        ndarray, shape (n,), or (n, outputs) as y was in `fit`
        """
        outputs = self._outputs(X)
        return outputs.reshape(-1) if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
