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
from pynn.plotting import plot_model
from pynn.utils._arrays import normalize, to_categorical
from pynn.utils._py_dataset import PyDataset, Sequence
from pynn.utils._set_random_seed import set_random_seed

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "plot_model",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]
__dir__ = __all__.copy
