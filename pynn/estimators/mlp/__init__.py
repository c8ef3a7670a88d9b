"""Multilayer perceptrons as estimators, and what `pynn.dask` trains them with."""

from pynn.estimators.mlp._base import BaseMLP
from pynn.estimators.mlp._classifier import MLPClassifier
from pynn.estimators.mlp._figures import Figures
from pynn.estimators.mlp._fit import FitCall, MLPState, TrainingData, check_weights
from pynn.estimators.mlp._network import Network
from pynn.estimators.mlp._random import LegacyRandom
from pynn.estimators.mlp._regressor import MLPRegressor
from pynn.estimators.mlp._rows import LocalRows, batch_size_for
from pynn.estimators.mlp._solver import SolverSettings

__all__ = [
    "BaseMLP",
    "Figures",
    "FitCall",
    "LegacyRandom",
    "LocalRows",
    "MLPClassifier",
    "MLPRegressor",
    "MLPState",
    "Network",
    "SolverSettings",
    "TrainingData",
    "batch_size_for",
    "check_weights",
]
