"""Files of models: pynn's own format, and those of Keras, read and written.

A model is what has layers and weights here. What makes one from its config is handed in, so that
models may stand above.
"""

from pynn.formats._load import load_weights, read_model
from pynn.formats._onnx_file import export_model, write_network
from pynn.formats._save import save_model, save_weights
from pynn.formats._structure_config import InputShape
from pynn.formats._weights_file import resume_training

__all__ = [
    "InputShape",
    "export_model",
    "load_weights",
    "read_model",
    "resume_training",
    "save_model",
    "save_weights",
    "write_network",
]
