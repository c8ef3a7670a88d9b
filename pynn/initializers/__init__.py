"""What weights start from: callables of ``(shape, dtype)`` that return arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pynn.initializers import _constant, _distributions, _variance_scaling
from pynn.initializers._constant import *
from pynn.initializers._distributions import *
from pynn.initializers._initializer import Initializer, RandomInitializer, registry
from pynn.initializers._variance_scaling import *

__all__ = ["Initializer", "RandomInitializer", "deserialize", "get", "serialize"]
__all__ += _constant.__all__
__all__ += _distributions.__all__
__all__ += _variance_scaling.__all__
__dir__ = __all__.copy

deserialize = registry.deserialize


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
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
        return _constant.Constant(identifier)
    return registry.get(identifier, custom_objects)


def serialize(initializer: Any) -> Any:
    """Return what `deserialize` turns back into `initializer`: a config or a function's name."""
    return registry.serialize(initializer)
