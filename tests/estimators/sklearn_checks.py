"""Running scikit-learn's checks of estimators so that none is passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

# The checks of array-API inputs want this variable; scikit-learn means it for SciPy's import.
ARRAY_API = "SCIPY_ARRAY_API"


def every_check(
    estimators: Sequence[Any], expected_failures: Callable[[Any], dict[str, str]] | None = None
) -> pytest.MarkDecorator:
    """``parametrize_with_checks`` for a test of the arguments ``estimator`` and ``check``."""
    mark = parametrize_with_checks(estimators, expected_failed_checks=expected_failures)
    names, values = mark.args

    def name_of(value: Any) -> str:
        return re.sub("<function(.+?)at0x[0-9a-f]+>", r"\1", mark.kwargs["ids"](value))

    return pytest.mark.parametrize(names, list(values), ids=name_of)


def run_check(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a check; one that skips itself fails, unless it is of a method that there is not."""
    monkeypatch.setenv(ARRAY_API, "1")
    try:
        check(estimator)
    except SkipTest as skip:
        missing = [
            method
            for method in ("decision_function", "predict_proba")
            if str(skip).endswith(f"does not have a {method} method.")
            and not hasattr(estimator, method)
        ]
        if not missing:
            raise AssertionError(f"the check was skipped: {skip}") from skip
