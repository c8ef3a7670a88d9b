"""Checking an estimator's parameters as scikit-learn does, in a fraction of the time."""

from __future__ import annotations

import inspect
from functools import cache, lru_cache
from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

_MISSING = object()
_PLAIN = frozenset((int, float, str, bool, type(None), np.int64, np.float64))


def check_parameters(estimator: Any) -> None:
    """Check the parameters of an estimator; the defaults need no check.

    Nor do the parameters that a subclass adds without saying what they may be.

    Raises
    ------
    InvalidParameterError
        If one is of another type than ``_parameter_constraints`` says, or out of its range.
    """
    cls: type = type(estimator)
    values = vars(estimator)
    for name, default in _defaults(cls):
        value = values.get(name, _MISSING)
        if value is _MISSING:
            value = getattr(estimator, name)
        if value is default:
            continue
        if _is_plain(value):
            _check_plain(cls, name, value)
        else:
            _check(cls, name, value)


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
def _defaults(cls: Any) -> list[tuple[str, Any]]:
    """Return the parameters of a class of estimators that can be checked, with their defaults."""
    parameters = inspect.signature(cls).parameters
    constraints: dict = cls._parameter_constraints
    return [(name, each.default) for name, each in parameters.items() if name in constraints]
