"""Models: `Sequential`, `Model` (functional and subclassed), `MLP`, and copies of them."""

from pynn.formats import save_model
from pynn.layers import Input
from pynn.models._clone import clone_model
from pynn.models._fit import run_epochs as run_epochs
from pynn.models._from_onnx import from_onnx
from pynn.models._from_sklearn import from_sklearn
from pynn.models._from_torch import from_torch
from pynn.models._load import load_model, model_from_config, model_from_json
from pynn.models._mlp import MLP
from pynn.models._model import Model
from pynn.models._sequential import Sequential

__all__ = [
    "MLP",
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]
__dir__ = __all__.copy
