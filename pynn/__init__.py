"""Perceptrons and multilayer perceptrons on the CPU.

``import pynn as keras`` carries code written for Keras; the estimators follow scikit-learn. Every
public name is found when it is first used, so that importing pynn is quick and needs only NumPy.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pynn import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        estimators,
        export,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        plotting,
        random,
        regularizers,
        saving,
        utils,
        wrappers,
    )
    from pynn._threads import num_threads, set_num_threads
    from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor, load
    from pynn.graph import Tape
    from pynn.initializers import Initializer
    from pynn.layers import Input, Layer
    from pynn.losses import Loss
    from pynn.metrics import Metric
    from pynn.models import MLP, Model, Sequential
    from pynn.optimizers import Optimizer
    from pynn.regularizers import Regularizer

    __version__: str

# Where the names come from that are no modules.
_HOMES = {
    "Initializer": "initializers",
    "Input": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "MLP": "models",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Perceptron": "estimators",
    "PerceptronRegressor": "estimators",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "Tape": "graph",
    "load": "estimators",
    "num_threads": "_threads",
    "set_num_threads": "_threads",
}

__all__ = [
    "MLP",
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "MLPClassifier",
    "MLPRegressor",
    "Metric",
    "Model",
    "Optimizer",
    "Perceptron",
    "PerceptronRegressor",
    "Regularizer",
    "Sequential",
    "Tape",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "estimators",
    "export",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "models",
    "num_threads",
    "ops",
    "optimizers",
    "plotting",
    "random",
    "regularizers",
    "saving",
    "set_num_threads",
    "utils",
    "wrappers",
]


class _EarlierModules:
    """Finds modules of earlier versions, which old pickles name; asked where Python found none."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("pynn."):
            return None
        from pynn import _earlier_modules

        return _earlier_modules.find_spec(name)


sys.meta_path.append(_EarlierModules)


def __getattr__(name: str) -> Any:
    found: Any
    if name in _HOMES:
        found = getattr(importlib.import_module(f"pynn.{_HOMES[name]}"), name)
    elif name == "__version__":
        found = importlib.import_module("pynn._core").__version__
    elif name in __all__:
        found = importlib.import_module(f"pynn.{name}")
    else:
        raise AttributeError(f"module 'pynn' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
