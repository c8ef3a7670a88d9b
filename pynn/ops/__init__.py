"""The tensor vocabulary: what layers, losses and models are written with.

Every function takes arrays and returns an array, or takes a tensor among its arguments and records
a node of the model that is being built. Nothing here knows of layers or models.
"""

import sys as _sys
from collections.abc import Callable as _Callable
from types import ModuleType as _ModuleType
from typing import Any as _Any

from pynn import _namespace
from pynn._activation_op import ACTIVATIONS as _ACTIVATIONS
from pynn._out_of_scope import refusing as _refusing
from pynn._tensor import Node, Tensor
from pynn._tensor import Op as _Op
from pynn._tensor import assign as assign  # not in __all__, as Keras has none
from pynn._tracing import SymbolicValueError
from pynn._weight import Weight
from pynn.ops import (
    _activation,
    _classes,
    _control,
    _creation,
    _crossentropies,
    _elementwise,
    _indexing,
    _inspection,
    _linear,
    _matrices,
    _merge,
    _neural,
    _normalizations,
    _ordering,
    _products,
    _rearranging,
    _reductions,
    _scalar_functions,
    _shapes,
    _statistics,
)
from pynn.ops._activation import *
from pynn.ops._classes import *
from pynn.ops._control import *
from pynn.ops._creation import *
from pynn.ops._crossentropies import *
from pynn.ops._elementwise import *
from pynn.ops._indexing import *
from pynn.ops._inspection import *
from pynn.ops._linear import *
from pynn.ops._matrices import *
from pynn.ops._merge import *
from pynn.ops._neural import *
from pynn.ops._normalizations import *
from pynn.ops._ordering import *
from pynn.ops._products import *
from pynn.ops._rearranging import *
from pynn.ops._reductions import *
from pynn.ops._scalar_functions import *
from pynn.ops._shapes import *
from pynn.ops._statistics import *

__all__ = ["Node", "SymbolicValueError", "Tensor", "Weight", "find_op"]
__all__ += _activation.__all__
__all__ += _classes.__all__
__all__ += _control.__all__
__all__ += _creation.__all__
__all__ += _crossentropies.__all__
__all__ += _elementwise.__all__
__all__ += _indexing.__all__
__all__ += _inspection.__all__
__all__ += _linear.__all__
__all__ += _matrices.__all__
__all__ += _merge.__all__
__all__ += _neural.__all__
__all__ += _normalizations.__all__
__all__ += _ordering.__all__
__all__ += _products.__all__
__all__ += _rearranging.__all__
__all__ += _reductions.__all__
__all__ += _scalar_functions.__all__
__all__ += _shapes.__all__
__all__ += _statistics.__all__
__dir__ = __all__.copy
__getattr__ = _refusing("pynn.ops")

_MODULES = [
    each
    for _, each in sorted(globals().items())
    if isinstance(each, _ModuleType) and each.__package__ == __name__
]
_OPS = {
    **{op.name: op for op in _elementwise.OPS},
    **{op.name: op for module in _MODULES for op in vars(module).values() if isinstance(op, _Op)},
    **{name: known.op for name, known in _ACTIVATIONS.items()},
}
# Functions that return no tensor of one, take functions, or make what a file must not ask for.
_NO_LAYERS = frozenset(
    "arange cond convert_to_numpy dtype einsum empty eye fori_loop full is_tensor linspace "
    "logspace meshgrid ndim ones segment_max segment_min segment_prod segment_sum shape size "
    "switch tri while_loop zeros".split()
)
_FUNCTIONS: dict[str, _Callable[..., _Any]] = {
    name: globals()[name]
    for module in _MODULES
    for name in module.__all__
    if name not in _NO_LAYERS
}


def all_ops() -> list[_Op]:
    """Return every op that there is: Keras has no such function, so it is not in `__all__`."""
    return list(_OPS.values())


def find_op(name: str) -> _Op:
    """Return the op of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in _OPS:
        raise ValueError(f"unknown op: {name!r}. It must be one of {', '.join(sorted(_OPS))}")
    return _OPS[name]


def find_function(name: str) -> _Callable[..., _Any]:
    """Return the function of `pynn.ops` of that name.

    Raises
    ------
    ValueError
        If there is none, or it can be no layer.
    """
    if name not in _FUNCTIONS:
        import difflib

        near = difflib.get_close_matches(str(name), _FUNCTIONS)
        raise ValueError(
            f"unknown function of pynn.ops: {name!r:.80}. It must be one of the {len(_FUNCTIONS)} "
            f"that return tensors, as {', '.join(near or ['add', 'matmul'])}"
        )
    return _FUNCTIONS[name]


_namespace.install(_sys.modules[__name__])
