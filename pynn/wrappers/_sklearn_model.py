"""What Keras 3's two wrappers have in common."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from pynn.models import Model


class SKLearnModel(BaseEstimator):
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

    # What the two do differently
    def _shown_targets(self, y: np.ndarray) -> np.ndarray:
        """Note what is to be known of the targets, and return what a builder is shown."""
        raise TypeError(f"{type(self).__name__} says nothing about targets")

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(len(y), -1)

    def _get_model(self, x: Any, y: Any) -> Any:
        if isinstance(self.model, Model):
            model = copy.deepcopy(self.model)
        elif callable(self.model):
            model = self.model(x, y, **(self.model_kwargs or {}))
        else:
            raise TypeError(
                "model must be a model, or a function (X, y, **model_kwargs) that returns one. "
                f"Received: model={self.model!r}"
            )
        if not isinstance(model, Model):
            raise ValueError(f"the function model must return a model. Received: {model!r}")
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
        again = self.warm_start and hasattr(self, "model_")
        X, y = validate_data(self, X, y, multi_output=True, allow_nd=True, accept_sparse="csr")
        shown = self._shown_targets(y)
        if not again:
            self.model_ = self._get_model(X, shown)
            self.model_._ensure_built(X)
        arguments = {**(self.fit_kwargs or {}), **kwargs}
        held_out = arguments.get("validation_data")
        if isinstance(held_out, (tuple, list)) and len(held_out) in (2, 3):
            targets = self._encode(np.asarray(held_out[1]))
            arguments["validation_data"] = (held_out[0], targets, *held_out[2:])
        self.history_ = self.model_.fit(X, self._encode(y), **arguments)
        return self

    def _outputs(self, x: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        x = validate_data(self, x, reset=False, allow_nd=True, accept_sparse="csr")
        outputs: np.ndarray = self.model_.predict(x, verbose=0)
        return outputs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
