"""Models in files: the `.pynn` format, and the formats of Keras; and what files may name.

How files are read and written is in `pynn.formats`.
"""

from pynn._custom_objects import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from pynn._files import FileError
from pynn.formats import load_weights, resume_training, save_model, save_weights
from pynn.models import load_model
from pynn.saving._keras_objects import deserialize_keras_object, serialize_keras_object

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "FileError",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "resume_training",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
__dir__ = __all__.copy
