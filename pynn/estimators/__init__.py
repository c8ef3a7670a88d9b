"""scikit-learn's interface: perceptrons, multilayer perceptrons and networks for tables."""

from pynn.estimators._saving import load
from pynn.estimators.mlp import MLPClassifier, MLPRegressor
from pynn.estimators.perceptron import Perceptron, PerceptronRegressor
from pynn.estimators.tabular import TabularClassifier, TabularRegressor

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
    "PerceptronRegressor",
    "TabularClassifier",
    "TabularRegressor",
    "load",
]
__dir__ = __all__.copy
