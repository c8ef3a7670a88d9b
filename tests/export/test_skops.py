"""Estimators in skops's files, which name no class but the estimator's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skops.io

from pynn import optimizers
from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor

X = np.random.default_rng(0).standard_normal((60, 4))
Y = (X.sum(1) > 0).astype(int)
ESTIMATORS = [
    MLPClassifier((5,), max_iter=3),
    MLPClassifier((5,), max_iter=3, solver="lbfgs"),
    MLPClassifier((5,), max_iter=3, solver="sgd", learning_rate="adaptive", dropout=0.1),
    MLPClassifier((5,), max_iter=3, solver=optimizers.RMSprop(0.01)),
    MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=1),
    Perceptron(max_iter=3),
    PerceptronRegressor(max_iter=3),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_a_file_needs_no_other_type(estimator: Any) -> None:
    estimator.fit(X, np.array(["no", "yes"])[Y] if hasattr(estimator, "predict_proba") else Y)
    content = skops.io.dumps(estimator)
    cls = type(estimator)
    needed = skops.io.get_untrusted_types(data=content)
    assert needed == [f"{cls.__module__}.{cls.__qualname__}"]
    loaded = skops.io.loads(content, trusted=needed)
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
    if getattr(estimator, "solver", None) != "lbfgs":
        for each in (estimator, loaded):
            each.partial_fit(X, each.predict(X))
        np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
