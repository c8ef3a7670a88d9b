"""Perceptrons and multilayer perceptrons on the CPU.

``import pynn as keras`` carries code written for Keras: `Sequential`, `Model`, `layers`, `losses`,
`optimizers`, `callbacks` and the rest; `as_keras` lets other modules import it by that name. The
estimators follow scikit-learn: `Perceptron`, `MLPClassifier`, `MLPRegressor`, and for tables with
texts, dates and gaps `TabularClassifier` and `TabularRegressor`. `load` reads what any of them has
saved. Every public name is found when it is first used, so that importing pynn is quick and needs
only NumPy.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # "as" says to type checkers what is offered
    from pynn import activations as activations
    from pynn import backend as backend
    from pynn import callbacks as callbacks
    from pynn import config as config
    from pynn import constraints as constraints
    from pynn import cython_predict as cython_predict
    from pynn import dask as dask
    from pynn import datasets as datasets
    from pynn import estimators as estimators
    from pynn import export as export
    from pynn import initializers as initializers
    from pynn import layers as layers
    from pynn import losses as losses
    from pynn import metrics as metrics
    from pynn import mlflow as mlflow
    from pynn import models as models
    from pynn import ops as ops
    from pynn import optimizers as optimizers
    from pynn import plotting as plotting
    from pynn import random as random
    from pynn import regularizers as regularizers
    from pynn import saving as saving
    from pynn import serving as serving
    from pynn import tree as tree
    from pynn import utils as utils
    from pynn import wrappers as wrappers
    from pynn._as_keras import as_keras as as_keras
    from pynn._include import get_include as get_include
    from pynn._threads import num_threads as num_threads
    from pynn._threads import set_num_threads as set_num_threads
    from pynn.estimators import MLPClassifier as MLPClassifier
    from pynn.estimators import MLPRegressor as MLPRegressor
    from pynn.estimators import Perceptron as Perceptron
    from pynn.estimators import PerceptronRegressor as PerceptronRegressor
    from pynn.estimators import TabularClassifier as TabularClassifier
    from pynn.estimators import TabularRegressor as TabularRegressor
    from pynn.estimators import load as load
    from pynn.graph import Tape as Tape
    from pynn.initializers import Initializer as Initializer
    from pynn.layers import Input as Input
    from pynn.layers import InputSpec as InputSpec
    from pynn.layers import Layer as Layer
    from pynn.layers import Variable as Variable
    from pynn.losses import Loss as Loss
    from pynn.metrics import Metric as Metric
    from pynn.models import MLP as MLP
    from pynn.models import Model as Model
    from pynn.models import Sequential as Sequential
    from pynn.optimizers import Optimizer as Optimizer
    from pynn.regularizers import Regularizer as Regularizer

    __version__: str

# What pynn offers: modules, and names that are found in them.
_OFFERED: dict[str, tuple[str, ...]] = {
    "activations": (),
    "backend": (),
    "callbacks": (),
    "config": (),
    "constraints": (),
    "cython_predict": (),
    "dask": (),
    "datasets": (),
    "estimators": (
        "MLPClassifier",
        "MLPRegressor",
        "Perceptron",
        "PerceptronRegressor",
        "TabularClassifier",
        "TabularRegressor",
        "load",
    ),
    "export": (),
    "initializers": ("Initializer",),
    "layers": ("Input", "InputSpec", "Layer", "Variable"),
    "losses": ("Loss",),
    "metrics": ("Metric",),
    "mlflow": (),
    "models": ("MLP", "Model", "Sequential"),
    "ops": (),
    "optimizers": ("Optimizer",),
    "plotting": (),
    "random": (),
    "regularizers": ("Regularizer",),
    "saving": (),
    "serving": (),
    "tree": (),
    "utils": (),
    "wrappers": (),
}
_HOMES = {name: module for module, names in _OFFERED.items() for name in names}
_HOMES |= {
    "Tape": "graph",
    "as_keras": "_as_keras",
    "get_include": "_include",
    "num_threads": "_threads",
    "set_num_threads": "_threads",
}

__all__ = ["__version__", *_OFFERED, *_HOMES]


class _EarlierModules:
    """Finds modules of earlier versions, which old pickles name; asked where Python found none."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("pynn."):
            return None
        from pynn import _earlier_modules

        return _earlier_modules.find_spec(name)


sys.meta_path.append(_EarlierModules)


class _Skl2onnx:
    """Lets skl2onnx know pynn's estimators as soon as both have been imported, and not before.

    skl2onnx looks for no entry points. So this looks at the names of what is imported, and costs
    nothing else where skl2onnx is not used.
    """

    _pair = {"skl2onnx", "pynn.estimators"}

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in cls._pair:
            return None
        finders = (finder for finder in sys.meta_path if finder is not cls)
        found = (finder.find_spec(name, path, target) for finder in finders)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module: Any) -> None:
                load(module)
                cls._pair = cls._pair - {name}
                if cls._pair <= sys.modules.keys():
                    importlib.import_module("pynn.export").register_skl2onnx()

            spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _Skl2onnx)


def __getattr__(name: str) -> Any:
    found: Any
    if name in _HOMES:
        found = getattr(importlib.import_module(f"pynn.{_HOMES[name]}"), name)
    elif name == "__version__":
        found = importlib.import_module("pynn._core").__version__
    elif name in __all__:
        found = importlib.import_module(f"pynn.{name}")
    else:
        importlib.import_module("pynn._out_of_scope").refusing("pynn")(name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
