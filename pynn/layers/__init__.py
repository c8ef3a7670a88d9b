"""The layers: compositions of `pynn.ops`, relatives in a file.

`get`, `serialize` and `deserialize` turn layers into configs and back; only what is declared in the
files listed here, or passed in ``custom_objects``, can be named.
"""

from pynn._out_of_scope import refusing as _refusing
from pynn.layers import (
    _activations,
    _activity_regularization,
    _batch_ensemble_dense,
    _batch_normalization,
    _dense,
    _einsum_dense,
    _embedding,
    _encoding,
    _feature_scale,
    _input,
    _input_spec,
    _lambda,
    _layer_normalization,
    _lookup,
    _merging,
    _noise,
    _normalization,
    _periodic_embedding,
    _piecewise_linear_embedding,
    _row_normalizations,
    _shaping,
    _variable,
)
from pynn.layers._activations import *
from pynn.layers._activity_regularization import *
from pynn.layers._batch_ensemble_dense import *
from pynn.layers._batch_normalization import *
from pynn.layers._config import registry
from pynn.layers._config import with_objects as with_objects
from pynn.layers._dense import *
from pynn.layers._einsum_dense import *
from pynn.layers._embedding import *
from pynn.layers._encoding import *
from pynn.layers._feature_scale import *
from pynn.layers._input import *
from pynn.layers._input_spec import *
from pynn.layers._lambda import *
from pynn.layers._layer import Layer
from pynn.layers._layer import NotBuiltError as NotBuiltError
from pynn.layers._layer_normalization import *
from pynn.layers._lookup import *
from pynn.layers._merging import *
from pynn.layers._merging import Merge as Merge
from pynn.layers._noise import *
from pynn.layers._normalization import *
from pynn.layers._operations import *
from pynn.layers._periodic_embedding import *
from pynn.layers._piecewise_linear_embedding import *
from pynn.layers._row_normalizations import *
from pynn.layers._shaping import *
from pynn.layers._variable import *
from pynn.layers._weight_holder import NO_LAYERS as NO_LAYERS
from pynn.ops import Weight

get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize

# What stands for ops between layers is found by name, and is nothing to be made by hand.
__all__ = ["Layer", "Weight", "deserialize", "get", "serialize"]
__all__ += _activations.__all__
__all__ += _activity_regularization.__all__
__all__ += _batch_ensemble_dense.__all__
__all__ += _batch_normalization.__all__
__all__ += _dense.__all__
__all__ += _einsum_dense.__all__
__all__ += _embedding.__all__
__all__ += _encoding.__all__
__all__ += _feature_scale.__all__
__all__ += _input.__all__
__all__ += _input_spec.__all__
__all__ += _lambda.__all__
__all__ += _layer_normalization.__all__
__all__ += _lookup.__all__
__all__ += _merging.__all__
__all__ += _noise.__all__
__all__ += _normalization.__all__
__all__ += _periodic_embedding.__all__
__all__ += _piecewise_linear_embedding.__all__
__all__ += _row_normalizations.__all__
__all__ += _shaping.__all__
__all__ += _variable.__all__
__dir__ = __all__.copy
__getattr__ = _refusing("pynn.layers")
