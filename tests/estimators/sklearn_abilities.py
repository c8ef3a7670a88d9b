"""What the installed scikit-learn's own estimators can do; the oldest one supported does less."""

from __future__ import annotations

import inspect

import sklearn
from sklearn.neural_network import MLPRegressor
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import has_fit_parameter

MLPS_WEIGH_ROWS = has_fit_parameter(MLPRegressor(), "sample_weight")
MLPS_HAVE_LOSSES = "loss" in inspect.signature(MLPRegressor).parameters
# Before, early stopping failed where class labels are strings.
MLPS_HOLD_OUT_STRINGS = parse_version(sklearn.__version__) >= parse_version("1.7")
# Before, its perceptrons stopped by the loss alone, without the penalty.
PERCEPTRONS_STOP_BY_OBJECTIVE = parse_version(sklearn.__version__) >= parse_version("1.8")
