"""scikit-learn's own tests of these estimators, run with pynn's classes in place of theirs.

They are taken from the installed scikit-learn: its test modules are loaded once more under another
name, while the names that they import stand for pynn's classes.
"""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec
from typing import Any
from unittest.mock import patch

import pytest
import sklearn.linear_model
import sklearn.neural_network

from pynn import estimators

pytestmark = [pytest.mark.filterwarnings("ignore")]

# These look at attributes that are no part of the interface.
PRIVATE = {"test_gradient"}  # calls _loss_grad_lbfgs with scikit-learn's buffers


def own_tests(name: str, package: Any, classes: list[str]) -> dict[str, Any]:
    spec = find_spec(name)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    replaced = {cls: getattr(estimators, cls) for cls in classes}
    with patch.multiple(package, **replaced):
        spec.loader.exec_module(module)
    found = {key: value for key, value in vars(module).items() if key.startswith("test_")}
    return {key: value for key, value in found.items() if key not in PRIVATE}


@pytest.fixture
def global_random_seed() -> int:
    """scikit-learn's fixture of this name."""
    return 42


globals().update(
    own_tests(
        "sklearn.neural_network.tests.test_mlp",
        sklearn.neural_network,
        ["MLPClassifier", "MLPRegressor"],
    )
)
globals().update(
    own_tests("sklearn.linear_model.tests.test_perceptron", sklearn.linear_model, ["Perceptron"])
)
