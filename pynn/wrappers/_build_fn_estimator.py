"""What the two wrappers of ``tf.keras.wrappers.scikit_learn`` have in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from pynn.models import Model


def parameters_of(function: Callable[..., Any]) -> tuple[set[str], bool]:
    """Return the names of a function's arguments, and whether it takes any others."""
    found = inspect.signature(function).parameters.values()
    names = {p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    return names - {"self"}, any(p.kind is p.VAR_KEYWORD for p in found)


class BuildFnEstimator(BaseEstimator):
    """An estimator whose parameters are arguments of a function and of `Model`'s methods.

    Parameters
    ----------
    build_fn : callable, default=None
        ``build_fn(**arguments)`` returns a compiled model. None stands for ``__call__`` of a
        subclass.
    **sk_params
        Arguments of `build_fn`, and of `Model.fit`, `Model.predict` and `Model.evaluate`.
    """

    model: Any
    history: Any

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

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
        legal, any_name = parameters_of(self._builder())
        if any_name:
            return
        for method in (Model.fit, Model.predict, Model.evaluate):
            legal |= parameters_of(method)[0]
        for name in params:
            if name not in legal:
                raise ValueError(
                    f"{name} is not a legal parameter: neither build_fn nor fit, predict or "
                    f"evaluate takes it. Received: {name}={params[name]!r}"
                )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Accepted for scikit-learn's sake.

        Returns
        -------
        dict
        """
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params
            See the class.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If nothing takes a parameter of that name.
        """
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def _arguments(self, function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters that `function` takes; those of the call come first."""
        names, any_name = parameters_of(function)
        if any_name:
            elsewhere = parameters_of(Model.fit)[0] | parameters_of(Model.predict)[0]
            names |= set(self.sk_params) - elsewhere
        return {k: v for k, v in self.sk_params.items() if k in names} | given

    def _build(self) -> Model:
        build = self._builder()
        model = build(**self._arguments(build, {}))
        if not isinstance(model, Model):
            raise ValueError(f"build_fn must return a model. Received: {model!r}")
        if not model.compiled:
            raise ValueError("build_fn must return a compiled model: call compile() in it")
        return model

    def _fit(self, x: Any, y: Any, given: dict[str, Any]) -> Any:
        self.history = self.model.fit(x, y, **self._arguments(Model.fit, given))
        return self.history

    def _predict(self, x: Any, given: dict[str, Any]) -> Any:
        if getattr(self, "model", None) is None:
            raise NotFittedError(f"call fit() before predicting with {type(self).__name__}")
        return self.model.predict(x, **self._arguments(Model.predict, given))

    def __sklearn_is_fitted__(self) -> bool:
        return getattr(self, "model", None) is not None
