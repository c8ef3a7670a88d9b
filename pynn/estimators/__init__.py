"""scikit-learn's interface: perceptrons and multilayer perceptrons as estimators."""

from pynn.estimators import _earlier_modules as _earlier_modules
from pynn.estimators._classifier import MLPClassifier
from pynn.estimators._regressor import MLPRegressor
from pynn.estimators._saving import load
from pynn.estimators.perceptron import Perceptron, PerceptronRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "Perceptron", "PerceptronRegressor", "load"]
