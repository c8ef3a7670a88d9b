"""scikit-learn's interface: perceptrons and multilayer perceptrons as estimators."""

from pynn.estimators._saving import load
from pynn.estimators.mlp import MLPClassifier, MLPRegressor
from pynn.estimators.perceptron import Perceptron, PerceptronRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "Perceptron", "PerceptronRegressor", "load"]
__dir__ = __all__.copy
