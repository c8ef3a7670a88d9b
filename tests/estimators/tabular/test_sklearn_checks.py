"""scikit-learn's own checks of estimators, every one of them."""

from __future__ import annotations

from typing import Any

import pytest

from estimators.sklearn_checks import every_check, run_check
from pynn import TabularClassifier, TabularRegressor

SMALL: dict[str, Any] = {
    "hidden_layer_sizes": 8,
    "epochs": 20,
    "batch_size": 16,
    "learning_rate": 0.03,
    "dropout": 0.0,
    "strategy": "refit",
}
ESTIMATORS = [
    TabularClassifier("mlp", **SMALL),
    TabularRegressor("mlp", **SMALL),
]

# Rows are held out and shuffled into batches: a sample of weight 2 is not two samples.
HELD_OUT = {
    "check_sample_weight_equivalence_on_dense_data": (
        "sample_weight is not equivalent to removing/repeating samples."
    )
}


@pytest.mark.filterwarnings("ignore")
@every_check(ESTIMATORS, lambda estimator: HELD_OUT)
def test_scikit_learn_is_content(
    estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_check(estimator, check, monkeypatch)
