"""What comes of a call on pynn's estimator and on scikit-learn's, and whether it is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.linear_model
import sklearn.neural_network

from pynn import estimators

PAIRS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "Perceptron": (estimators.Perceptron, sklearn.linear_model.Perceptron),
    "PerceptronRegressor": (
        estimators.PerceptronRegressor,
        lambda: sklearn.linear_model.SGDRegressor(penalty=None, learning_rate="constant"),
    ),
    "MLPClassifier": (
        lambda: estimators.MLPClassifier((3,), max_iter=3, random_state=0),
        lambda: sklearn.neural_network.MLPClassifier((3,), max_iter=3, random_state=0),
    ),
    "MLPRegressor": (
        lambda: estimators.MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0),
        lambda: sklearn.neural_network.MLPRegressor(
            hidden_layer_sizes=(3,), max_iter=3, random_state=0
        ),
    ),
}
X = np.random.default_rng(0).uniform(-1, 1, (12, 3))
Y = np.arange(12) % 2
# Words by which messages are recognized; the first that is in scikit-learn's must be in ours.
GISTS = [
    "not fitted yet", "feature names should match", "Invalid parameter", "early_stopping",
    "does not match dataset", "validation set is too small", "ufunc",
    "NaN", "infinity", "Reshape your data", "minimum of 1 is required", "Found array with dim 3",
    "inhomogeneous", "sample", "Unknown label type", "convert",
    "Complex data not supported", "Expected 2D array", "features", "class",
    "cannot be None", "requires y", "should be a 1d array", "not supported between", "1d",
    "None", "bad input shape", "Input", "Cannot", "label", "must be", "real number",
    "overflow occurred", "sequence", "non-finite parameter weights",
]  # fmt: skip


def outcome(call: Callable[[], Any]) -> Any:
    """Return what the call raised, or else what it returned."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001
        return error


def public_type(error: Exception) -> type:
    """Return the class that an except clause would name; NumPy and SciPy derive private ones."""
    return next(
        cls for cls in type(error).__mro__ if cls.__module__ in ("builtins", "sklearn.exceptions")
    )


def compare(mine: Any, other: Any) -> None:
    """Check that both raised the same kind of error, or returned arrays of the same form."""
    if not isinstance(other, Exception):
        assert not isinstance(mine, Exception), repr(mine)
        if isinstance(other, np.ndarray):
            assert mine.shape == other.shape
            assert mine.dtype.kind == other.dtype.kind
        return
    assert isinstance(mine, public_type(other)), f"{mine!r} instead of {other!r}"
    gist = next((g for g in GISTS if g.lower() in str(other).lower()), None)
    assert gist is not None, f"no gist known for {other!r}"
    assert gist.lower() in str(mine).lower(), f"{mine!r} instead of {other!r}"
