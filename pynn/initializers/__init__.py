"""What weights start from: callables of ``(shape, dtype)`` that return arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn._registry import Registry
from pynn.initializers._constant import Constant, Identity, Ones, Zeros
from pynn.initializers._distributions import RandomNormal, RandomUniform, TruncatedNormal
from pynn.initializers._initializer import Initializer, RandomInitializer
from pynn.initializers._orthogonal import Orthogonal
from pynn.initializers._variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_REGISTRY = Registry(
    "initializer",
    (
        Constant,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        Identity,
        LecunNormal,
        LecunUniform,
        Ones,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
        Zeros,
    ),
    {
        "IdentityInitializer": "Identity",
        "OrthogonalInitializer": "Orthogonal",
        "normal": "RandomNormal",
        "one": "Ones",
        "uniform": "RandomUniform",
        "zero": "Zeros",
    },
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer that `identifier` stands for.

    Parameters
    ----------
    identifier : None, str, dict, class, callable or array
        None gives None, an array a `Constant`; a function of ``(shape, dtype)`` is returned as it
        is.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If the name is unknown or `identifier` is of another type.

    Examples
    --------
    >>> from pynn import initializers
    >>> initializers.get("he_normal")
    HeNormal(seed=None)
    """
    if isinstance(identifier, (np.ndarray, np.generic)):
        return Constant(identifier)
    return _REGISTRY.get(identifier, custom_objects)


def serialize(initializer: Any) -> Any:
    """Return what `deserialize` turns back into `initializer`: a config or a function's name."""
    return _REGISTRY.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Build the initializer that a name or the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.
    """
    return _REGISTRY.deserialize(config, custom_objects)


__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
