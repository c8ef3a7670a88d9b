"""scikit-learn's interface: perceptrons and multilayer perceptrons as estimators."""

from pynn.estimators._classifier import MLPClassifier
from pynn.estimators._perceptron import Perceptron
from pynn.estimators._perceptron_regressor import PerceptronRegressor
from pynn.estimators._regressor import MLPRegressor
from pynn.estimators._saving import load

__all__ = ["MLPClassifier", "MLPRegressor", "Perceptron", "PerceptronRegressor", "load"]
