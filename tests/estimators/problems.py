"""Small real problems that the tests of the MLPs share."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.preprocessing import scale

from estimators.sklearn_abilities import MLPS_HAVE_LOSSES

_X, _y = load_digits(return_X_y=True)
_X = _X[:300] / 16
_y = _y[:300]
_D, _d = load_diabetes(return_X_y=True)
_D, _d = scale(_D), scale(_d)

# Name -> (X, y) for the three kinds of classification.
CLASSIFICATION = {
    "multiclass": (_X, _y),
    "binary": (_X, np.where(_y % 2 == 1, "odd", "even")),
    "multilabel": (_X, np.stack([_y > 4, _y % 2 == 1, _y % 3 == 0], axis=1).astype(int)),
}
# Name -> (X, y, loss).
REGRESSION = {
    "squared_error": (_D, _d, "squared_error"),
    "several outputs": (_D, np.stack([_d, _d**2, -_d], axis=1), "squared_error"),
    "poisson": (_D, np.round(np.exp(_d)), "poisson"),
    "poisson, several outputs": (_D, np.exp(np.stack([_d, -_d], axis=1)), "poisson"),
}
# Those that the installed scikit-learn's MLPs can be given.
SHARED_PROBLEMS = [
    *CLASSIFICATION,
    *(name for name in REGRESSION if MLPS_HAVE_LOSSES or REGRESSION[name][2] == "squared_error"),
]
IRIS = load_iris(return_X_y=True)
