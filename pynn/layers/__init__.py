"""The layers. Each is a composition of `pynn.ops` and lives in a file of its own.

`get`, `serialize` and `deserialize` turn layers into configs and back; only classes listed here, or
passed in ``custom_objects``, can be named.
"""

from collections.abc import Callable
from typing import Any

from pynn._registry import Registry
from pynn.layers._activation import Activation
from pynn.layers._activity_regularization import ActivityRegularization
from pynn.layers._add import Add, add
from pynn.layers._alpha_dropout import AlphaDropout
from pynn.layers._average import Average, average
from pynn.layers._batch_normalization import BatchNormalization
from pynn.layers._concatenate import Concatenate, concatenate
from pynn.layers._dense import Dense
from pynn.layers._dot import Dot, dot
from pynn.layers._dropout import Dropout
from pynn.layers._elu import ELU
from pynn.layers._embedding import Embedding
from pynn.layers._flatten import Flatten
from pynn.layers._function import Function
from pynn.layers._gaussian_dropout import GaussianDropout
from pynn.layers._gaussian_noise import GaussianNoise
from pynn.layers._identity import Identity
from pynn.layers._input import Input, InputLayer
from pynn.layers._lambda import Lambda
from pynn.layers._layer import Layer
from pynn.layers._layer_normalization import LayerNormalization
from pynn.layers._leaky_relu import LeakyReLU
from pynn.layers._maximum import Maximum, maximum
from pynn.layers._minimum import Minimum, minimum
from pynn.layers._multiply import Multiply, multiply
from pynn.layers._normalization import Normalization
from pynn.layers._operation import Operation
from pynn.layers._prelu import PReLU
from pynn.layers._relu import ReLU
from pynn.layers._rescaling import Rescaling
from pynn.layers._reshape import Reshape
from pynn.layers._softmax import Softmax
from pynn.layers._subtract import Subtract, subtract
from pynn.ops import Weight

_LAYERS: list[Callable[..., Any]] = [
    Activation,
    ActivityRegularization,
    Add,
    AlphaDropout,
    Average,
    BatchNormalization,
    Concatenate,
    Dense,
    Dot,
    Dropout,
    ELU,
    Embedding,
    Flatten,
    Function,
    GaussianDropout,
    GaussianNoise,
    Identity,
    InputLayer,
    Lambda,
    LayerNormalization,
    LeakyReLU,
    Maximum,
    Minimum,
    Multiply,
    Normalization,
    Operation,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
    Subtract,
]
registry = Registry("layer", _LAYERS)
get = registry.get
serialize = registry.serialize
deserialize = registry.deserialize

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "Weight",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "get",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
