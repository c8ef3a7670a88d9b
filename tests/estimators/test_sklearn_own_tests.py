"""scikit-learn's own tests of these estimators, run with pynn's classes in place of theirs.

They are taken from the installed scikit-learn: its test modules are loaded once more under another
name, while the names that they import stand for pynn's classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any
from unittest.mock import patch

import pytest
import sklearn.linear_model
import sklearn.neural_network
from sklearn.utils._test_common import instance_generator

from estimators.sklearn_checks import run_check
from pynn import estimators

pytestmark = [pytest.mark.filterwarnings("ignore")]

# These look at attributes that are no part of the interface.
PRIVATE = {"test_gradient"}  # calls _loss_grad_lbfgs with scikit-learn's buffers
CLASSES = {
    getattr(package, name): getattr(estimators, name)
    for package, names in (
        (sklearn.neural_network, ["MLPClassifier", "MLPRegressor"]),
        (sklearn.linear_model, ["Perceptron"]),
    )
    for name in names
}
# The tests of sklearn/tests/test_common.py that are run for MLPs and perceptrons, except
# test_check_inplace_ensure_writeable, which skips itself for estimators without `copy`.
COMMON = (
    "test_estimators",
    "test_pandas_column_name_consistency",
    "test_check_param_validation",
    "test_check_all_zero_sample_weights_error",
)


def load(name: str) -> dict[str, Any]:
    """Return the tests of a module of scikit-learn."""
    spec = find_spec(name)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    with warnings.catch_warnings():
        # Marks of pytest plugins that scikit-learn's developers use.
        warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
        spec.loader.exec_module(module)
    return {key: value for key, value in vars(module).items() if key.startswith("test_")}


def own_tests(name: str, package: Any) -> dict[str, Any]:
    ours = {cls.__name__: cls for theirs, cls in CLASSES.items() if hasattr(package, cls.__name__)}
    with patch.multiple(package, **ours):
        found = load(name)
    return {key: value for key, value in found.items() if key not in PRIVATE}


@contextmanager
def in_place_of_theirs() -> Iterator[None]:
    """Let scikit-learn's tables of what it tests hold pynn's classes, and no others."""
    with ExitStack() as stack:
        found = [(cls.__name__, cls) for cls in CLASSES.values()]
        stack.enter_context(
            patch.object(instance_generator, "all_estimators", lambda type_filter=None: found)
        )
        for table in ("INIT_PARAMS", "PER_ESTIMATOR_CHECK_PARAMS", "PER_ESTIMATOR_XFAIL_CHECKS"):
            known = getattr(instance_generator, table)
            ours = {cls: known[theirs] for theirs, cls in CLASSES.items() if theirs in known}
            stack.enter_context(patch.dict(known, ours))
        yield


def for_pynn(test: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` as a test of those parameters of scikit-learn's `test` that are pynn's."""
    (mark,) = (mark for mark in test.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    names, parameters = mark.args
    kept = []
    for parameter in parameters:
        values = getattr(parameter, "values", (parameter,) if "," not in names else parameter)
        if type(values[0]) in CLASSES.values():
            # Marks say what scikit-learn's classes are expected to fail in: kept for the checks,
            # where they are declared by name.
            kept.append(parameter if function is checked else pytest.param(*values))
    assert kept
    function.pytestmark = []  # type: ignore[attr-defined]
    marked: Callable[..., Any] = pytest.mark.parametrize(names, kept, **mark.kwargs)(function)
    return marked


def checked(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_check(estimator, check, monkeypatch)


def common_tests() -> dict[str, Any]:
    with in_place_of_theirs():
        found = load("sklearn.tests.test_common")
        return {
            f"{key}_in_common": for_pynn(
                found[key], checked if key == "test_estimators" else found[key]
            )
            for key in COMMON
            if key in found
        }


@pytest.fixture
def global_random_seed() -> int:
    """scikit-learn's fixture of this name."""
    return 42


@pytest.fixture(autouse=True)
def scikit_learn_knows_the_classes() -> Iterator[None]:
    with in_place_of_theirs():
        yield


globals().update(own_tests("sklearn.neural_network.tests.test_mlp", sklearn.neural_network))
globals().update(own_tests("sklearn.linear_model.tests.test_perceptron", sklearn.linear_model))
globals().update(common_tests())
