"""Files of models: pynn's own format, and those of Keras, read and written.

A model is what has layers and weights here. What makes one from its config is handed in, so that
models may stand above.
"""

from pynn.formats._compile_config import compile_config, compile_from
from pynn.formats._export import export_model
from pynn.formats._load import holds_estimator, load_weights, read_model
from pynn.formats._onnx_file import (
    computed_in,
    declare_model_outputs,
    write_model,
    write_network,
)
from pynn.formats._onnx_graph import OnnxGraph, checked_opset, save_onnx
from pynn.formats._save import save_model, save_weights
from pynn.formats._structure_config import InputShape
from pynn.formats._weights_file import resume_training

__all__ = [
    "InputShape",
    "OnnxGraph",
    "checked_opset",
    "compile_config",
    "compile_from",
    "computed_in",
    "declare_model_outputs",
    "export_model",
    "holds_estimator",
    "load_weights",
    "read_model",
    "resume_training",
    "save_model",
    "save_onnx",
    "save_weights",
    "write_model",
    "write_network",
]
