"""Perceptrons as estimators: units trained row by row."""

from pynn.estimators.perceptron._perceptron import Perceptron
from pynn.estimators.perceptron._perceptron_regressor import PerceptronRegressor

__all__ = ["Perceptron", "PerceptronRegressor"]
