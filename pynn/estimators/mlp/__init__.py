"""Multilayer perceptrons as estimators."""

from pynn.estimators.mlp._classifier import MLPClassifier
from pynn.estimators.mlp._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
