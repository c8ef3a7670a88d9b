"""Checking an estimator's parameters as scikit-learn does, in a fraction of the time."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

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
    constraints = estimator._parameter_constraints
    given = [
        (name, type(value), value)
        for name, default in _defaults(cls)
        if name in constraints and (value := getattr(estimator, name)) is not default
    ]
    if all(_is_plain(value) for _, _, value in given):
        _check_plain(cls, tuple(given))
    else:
        _check(cls, given)


def _is_plain(value: Any) -> bool:
    """Whether a value cannot change, so that one look at it is enough."""
    if type(value) is tuple:
        return all(type(each) in _PLAIN for each in value)
    return type(value) in _PLAIN


def _check(cls: Any, given: Iterable[tuple[str, type, Any]]) -> None:
    values = {name: value for name, _, value in given}
    constraints: dict = cls._parameter_constraints
    validate_parameter_constraints(
        {name: constraints[name] for name in values}, values, caller_name=cls.__name__
    )


# A search fits many estimators of the same parameters.
_check_plain = lru_cache(maxsize=256)(_check)


@cache
def _defaults(cls: type) -> list[tuple[str, Any]]:
    """Return the parameters of a class of estimators with their defaults."""
    parameters = inspect.signature(cls).parameters
    return [(name, parameter.default) for name, parameter in parameters.items()]
