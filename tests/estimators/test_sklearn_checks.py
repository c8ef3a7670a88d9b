"""scikit-learn's own checks of estimators, every one of them."""

from __future__ import annotations

from typing import Any

import pytest

from estimators.sklearn_checks import every_check, run_check
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

ESTIMATORS = [
    *(MLPClassifier(solver=solver, max_iter=100) for solver in ("lbfgs", "sgd", "adam")),
    *(MLPRegressor(solver=solver, max_iter=100) for solver in ("lbfgs", "sgd", "adam")),
    Perceptron(),
    PerceptronRegressor(),
]

# What scikit-learn's own Perceptron and SGDRegressor declare: a sample of weight 2 is one step of
# twice the length, two samples are two steps.
ROW_BY_ROW = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "sample_weight is not equivalent to removing/repeating samples."
    )
    for kind in ("dense", "sparse")
}


def expected_failures(estimator: Any) -> dict[str, str]:
    return ROW_BY_ROW if isinstance(estimator, (Perceptron, PerceptronRegressor)) else {}


@pytest.mark.filterwarnings("ignore")
@every_check(ESTIMATORS, expected_failures)
def test_scikit_learn_is_content(
    estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_check(estimator, check, monkeypatch)


def test_scikit_learn_expects_the_same_failures_of_its_own() -> None:
    from sklearn.linear_model import Perceptron as Theirs
    from sklearn.linear_model import SGDRegressor
    from sklearn.utils._test_common import instance_generator

    for theirs in (Theirs(), SGDRegressor()):
        declared = instance_generator._get_expected_failed_checks(theirs)
        assert declared.items() >= ROW_BY_ROW.items()
