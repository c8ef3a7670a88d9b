"""Activation functions, of arrays and of the tensors that models are built from.

All come down to the engine's formulas: activations, in csrc/formulas/activations, or expressions.
"""

from __future__ import annotations

from typing import Any

from pynn.activations import _composed, _rectifiers, _saturating, _smooth, _softmax
from pynn.activations._composed import *
from pynn.activations._declaration import registry
from pynn.activations._rectifiers import *
from pynn.activations._saturating import *
from pynn.activations._smooth import *
from pynn.activations._softmax import *

__all__ = ["deserialize", "get", "serialize"]
__all__ += _composed.__all__
__all__ += _rectifiers.__all__
__all__ += _saturating.__all__
__all__ += _smooth.__all__
__all__ += _softmax.__all__
__dir__ = __all__.copy

get, deserialize = registry.get, registry.deserialize


def serialize(activation: Any) -> Any:
    """Return what `deserialize` turns back into `activation`: its name, or a layer's config.

    Examples
    --------
    >>> from pynn import activations
    >>> activations.serialize(activations.relu)
    'relu'
    """
    return registry.serialize(activation)
