"""Models in files: the `.pynn` format, and the formats of Keras.

What a model is made of is not known here; its configs come from layers, optimizers and the like.
"""

from pynn.saving._load import load_model, load_weights
from pynn.saving._save import save_model, save_weights
from pynn.saving._weights_file import resume_training

__all__ = ["load_model", "load_weights", "resume_training", "save_model", "save_weights"]
