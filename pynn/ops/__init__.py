"""The tensor vocabulary: what layers, losses and models are written with.

Every function takes arrays and returns an array, or takes a tensor among its arguments and records
a node of the model that is being built. Nothing here knows of layers or models.
"""

import sys as _sys

from pynn import _namespace, _operators
from pynn._tensor import Node, SymbolicValueError, Tensor
from pynn._weight import Weight
from pynn.ops import (
    _activation,
    _elementwise,
    _linear,
    _merge,
    _neural,
    _reductions,
    _shapes,
)
from pynn.ops._activation import *
from pynn.ops._elementwise import *
from pynn.ops._linear import *
from pynn.ops._lookup import all_ops as all_ops  # not in __all__, as Keras has none
from pynn.ops._lookup import find_function as find_function
from pynn.ops._lookup import find_op
from pynn.ops._merge import *
from pynn.ops._neural import *
from pynn.ops._reductions import *
from pynn.ops._shapes import *

__all__ = ["Node", "SymbolicValueError", "Tensor", "Weight", "find_op"]
__all__ += _activation.__all__
__all__ += _elementwise.__all__
__all__ += _linear.__all__
__all__ += _merge.__all__
__all__ += _neural.__all__
__all__ += _reductions.__all__
__all__ += _shapes.__all__

_namespace.install(_sys.modules[__name__])
_operators.install(globals())
