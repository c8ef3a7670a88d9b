"""Losses, as functions that give one number per sample and as classes that reduce these.

Both take arrays, or the tensors that models are built from. Gradients are the engine's business.
"""

from __future__ import annotations

from typing import Any

from pynn._out_of_scope import refusing as _refusing
from pynn.losses import (
    _binary,
    _categorical,
    _class_numbers,
    _deviances,
    _errors,
    _margins,
    _overlaps,
)
from pynn.losses._as_loss import as_loss, resolve_crossentropy
from pynn.losses._as_loss import is_crossentropy as is_crossentropy
from pynn.losses._binary import *
from pynn.losses._binary import sigmoid as sigmoid
from pynn.losses._categorical import *
from pynn.losses._class_numbers import *
from pynn.losses._deviances import *
from pynn.losses._errors import *
from pynn.losses._loss import CLASS_OF as CLASS_OF
from pynn.losses._loss import Loss, LossFunctionWrapper, Reduction, registry
from pynn.losses._margins import *
from pynn.losses._margins import cosine as cosine
from pynn.losses._overlaps import *

__all__ = [
    "Loss",
    "LossFunctionWrapper",
    "Reduction",
    "as_loss",
    "deserialize",
    "get",
    "resolve_crossentropy",
    "serialize",
]
__all__ += _binary.__all__
__all__ += _categorical.__all__
__all__ += _class_numbers.__all__
__all__ += _deviances.__all__
__all__ += _errors.__all__
__all__ += _margins.__all__
__all__ += _overlaps.__all__
__dir__ = __all__.copy
__getattr__ = _refusing("pynn.losses")

get, deserialize = registry.get, registry.deserialize


def serialize(loss: Any) -> Any:
    """Return what `deserialize` turns back into `loss`: a function's name or a config."""
    return registry.serialize(loss)
