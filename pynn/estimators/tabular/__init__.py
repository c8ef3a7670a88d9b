"""Networks for tables as estimators."""

from pynn.estimators.tabular._classifier import TabularClassifier
from pynn.estimators.tabular._regressor import TabularRegressor

__all__ = ["TabularClassifier", "TabularRegressor"]
