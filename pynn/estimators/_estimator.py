"""What all estimators share: how they keep and check their parameters, copies and files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, Self, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import validate_parameter_constraints

from pynn.estimators._fit_lock import LOCK
from pynn.estimators._saving import as_objects, as_plain, save_estimator

Method = TypeVar("Method", bound=Callable[..., Any])


def validated(method: Method) -> Method:
    """Let a method that fits check the parameters first, as scikit-learn's do."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Let what raises in this context, before a training, leave the estimator as it was."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        raise


_PLAIN = frozenset((int, float, str, bool, type(None), np.int64, np.float64))


class Estimator(BaseEstimator):
    """Base of the estimators; not for direct use."""

    save = save_estimator

    _parameter_constraints: dict

    def _store(self, arguments: dict[str, Any]) -> None:
        """Set an attribute for each argument of ``__init__``, from its ``locals()``."""
        del arguments["self"]
        self.__dict__.update(arguments)

    def _twin(self) -> Self:
        """Return an estimator with the same attributes."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether those of parameters that are estimators are among them.
        """
        cls: Any = type(self)
        found = {name: getattr(self, name) for name in _names(cls, cls.__init__)}
        if deep and any(hasattr(value, "get_params") for value in found.values()):
            return super().get_params()
        return found

    def _validate_params(self) -> None:
        """Check the parameters as scikit-learn does, in a fraction of the time.

        The defaults need no check, nor do parameters that a subclass adds without saying what they
        may be.

        Raises
        ------
        InvalidParameterError
            If one is of another type than ``_parameter_constraints`` says, or out of its range.
        """
        cls: Any = type(self)
        names, defaults = _defaults(cls)
        values = map(getattr, repeat(self), names)
        for name, default, value in zip(names, defaults, values, strict=True):
            if value is not default:
                (_check_plain if _is_plain(value) else _check)(cls, name, value)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__().items()
        return {key: as_plain(value) for key, value in state if key != LOCK}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({key: as_objects(value) for key, value in state.items()})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _is_plain(value: Any) -> bool:
    """Whether a value cannot change, so that one look at it is enough."""
    if type(value) is tuple:
        return all(type(each) in _PLAIN for each in value)
    return type(value) in _PLAIN


def _check(cls: Any, name: str, value: Any) -> None:
    constraints: dict = cls._parameter_constraints
    validate_parameter_constraints(
        {name: constraints[name]}, {name: value}, caller_name=cls.__name__
    )


# A search fits many estimators of parameters that come again.
_check_plain = lru_cache(maxsize=4096, typed=True)(_check)


@cache
def _names(cls: Any, init: Any) -> tuple[str, ...]:
    """Return the names of a class's parameters; reading its signature takes most of a clone."""
    return tuple(cls._get_param_names())


@cache
def _defaults(cls: Any) -> tuple[list[str], list[Any]]:
    """Return names and defaults of the parameters of a class of estimators that can be checked."""
    parameters = inspect.signature(cls).parameters
    names = [name for name in parameters if name in cls._parameter_constraints]
    return names, [parameters[name].default for name in names]
