"""Models in files: the `.pynn` format, and the formats of Keras.

How files are read and written is in `pynn.formats`.
"""

from pynn._files import FileError
from pynn.formats import load_weights, resume_training, save_model, save_weights
from pynn.models import load_model

__all__ = [
    "FileError",
    "load_model",
    "load_weights",
    "resume_training",
    "save_model",
    "save_weights",
]
__dir__ = __all__.copy
