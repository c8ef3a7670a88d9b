"""The wrappers around a function that builds a model, as in ``tf.keras.wrappers.scikit_learn``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from pynn.callbacks import History
from pynn.models import Model
from pynn.wrappers._estimator import (
    ModelClassifier,
    ModelEstimator,
    ModelRegressor,
    require_model,
)

__all__ = ["KerasClassifier", "KerasRegressor"]
__dir__ = __all__.copy


def _parameters_of(function: Callable[..., Any]) -> tuple[set[str], bool]:
    """Return the names of a function's arguments, and whether it takes any others."""
    found = inspect.signature(function).parameters.values()
    names = {p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    return names - {"self"}, any(p.kind is p.VAR_KEYWORD for p in found)


class BuildFnEstimator(ModelEstimator):
    """An estimator whose parameters are arguments of a function and of `Model`'s methods.

    Parameters
    ----------
    build_fn : callable, default=None
        ``build_fn(**arguments)`` returns a compiled model. None stands for ``__call__`` of a
        subclass.
    **sk_params
        Arguments of `build_fn`, and of `Model.fit`, `Model.predict` and `Model.evaluate`.
    """

    history: Any

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self._extra = sk_params
        self.check_params(sk_params)

    @property
    def sk_params(self) -> dict[str, Any]:
        """The parameters beside `build_fn`."""
        return self._extra

    @property
    def model(self) -> Model:
        """The model that `build_fn` returned in `fit`."""
        return self.model_

    def _builder(self) -> Callable[..., Any]:
        if self.build_fn is not None:
            found: Callable[..., Any] = self.build_fn
        else:
            found = getattr(self, "__call__", None)  # type: ignore[assignment]  # noqa: B004
        if not callable(found):
            raise ValueError(
                f"{type(self).__name__} needs a function that builds a model. "
                f"Received: build_fn={self.build_fn!r}"
            )
        return found

    def check_params(self, params: dict[str, Any]) -> None:
        """Check that something takes each of the parameters.

        Parameters
        ----------
        params : dict of str to object

        Raises
        ------
        ValueError
            If a name is no argument of `build_fn`, `fit`, `predict` or `evaluate`.
        """
        legal, any_name = _parameters_of(self._builder())
        if any_name:
            return
        for method in (Model.fit, Model.predict, Model.evaluate):
            legal |= _parameters_of(method)[0]
        for name in params:
            if name not in legal:
                raise ValueError(
                    f"{name} is not a legal parameter: neither build_fn nor fit, predict or "
                    f"evaluate takes it. Received: {name}={params[name]!r}"
                )

    def _check_new_parameter(self, name: str, value: Any) -> None:
        self.check_params({name: value})

    def _arguments(self, function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters that `function` takes; those of the call come first."""
        names, any_name = _parameters_of(function)
        if any_name:
            elsewhere = _parameters_of(Model.fit)[0] | _parameters_of(Model.predict)[0]
            names |= set(self.sk_params) - elsewhere
        return {k: v for k, v in self.sk_params.items() if k in names} | given

    def _build(self) -> None:
        build = self._builder()
        model = require_model(build(**self._arguments(build, {})), "build_fn")
        if not model.compiled:
            raise ValueError("build_fn must return a compiled model: call compile() in it")
        self.model_ = model

    def _fit(self, x: Any, y: Any, given: dict[str, Any]) -> History:
        self.history = self._train(x, y, **self._arguments(Model.fit, given))
        return self.history

    def _outputs(self, x: Any, given: dict[str, Any]) -> Any:
        self._require_fit("predicting with")
        return self.model_.predict(x, **self._arguments(Model.predict, given))

    def __setstate__(self, state: dict[str, Any]) -> None:
        names = {"model": "model_", "sk_params": "_extra"}  # of attributes in version 0.1.0
        super().__setstate__({names.get(name, name): value for name, value in state.items()})

    def _require_fit(self, doing: str) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"call fit() before {doing} {type(self).__name__}")


class KerasClassifier(ModelClassifier, BuildFnEstimator):
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

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> History:
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
        self._note_targets(y)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        self._build()
        self.model_._ensure_built(x)
        return self._fit(x, y, kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:  # type: ignore[override]
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
        return self._labels(x, kwargs, matrix=False)

    predict_classes = predict

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:  # type: ignore[override]
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
        return super().predict_proba(x, **kwargs)

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
        check_is_fitted(self, "model_")
        truth = np.asarray(y)
        if self._targets.is_one_hot:
            truth = truth.argmax(axis=1)
        elif not self._targets.is_matrix:
            truth = truth.reshape(-1)
        return float(accuracy_score(truth, self.predict(x, **kwargs), sample_weight=sample_weight))


class KerasRegressor(ModelRegressor, BuildFnEstimator):
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

    def fit(self, x: Any, y: Any, **kwargs: Any) -> History:
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
        self._build()
        return self._fit(x, y, kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:  # type: ignore[override]
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
        outputs = self._outputs(x, kwargs)
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
        self._require_fit("score() of")
        figures = self.model_.evaluate(x, y, **self._arguments(Model.evaluate, kwargs))
        if isinstance(figures, dict):
            return -float(figures["loss"])
        return -float(figures[0] if isinstance(figures, list) else figures)
