"""Small functions that users import by name: `pynn.utils.to_categorical` and its neighbours.

What the package itself shares between modules does not belong here.
"""

from pynn._custom_objects import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from pynn.backend import clear_session, is_keras_tensor
from pynn.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from pynn.plotting import plot_model
from pynn.saving import deserialize_keras_object, serialize_keras_object
from pynn.utils._arrays import normalize, to_categorical
from pynn.utils._data_tuples import pack_x_y_sample_weight, unpack_x_y_sample_weight
from pynn.utils._py_dataset import PyDataset, Sequence
from pynn.utils._set_random_seed import set_random_seed

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
__dir__ = __all__.copy
