"""Every constraint, on drawn weights, on zeros and on axes of choice."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, assert_agree, generator

CASES: list[tuple[str, dict[str, Any]]] = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.7}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("MaxNorm", {"max_value": 0.7, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "rate": 0.3, "axis": 1}),
    ("max_norm", {"max_value": 0.5}),
    ("min_max_norm", {"rate": 0.5}),
    ("non_neg", {}),
    ("unit_norm", {}),
]


def test_nothing_is_left_out() -> None:
    rest = {"Constraint", "get", "serialize", "deserialize"}
    assert set(pynn.constraints.__all__) - rest == {name for name, _ in CASES}


@pytest.mark.parametrize("kind", ["drawn", "zeros", "large", "small"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_weights(name: str, options: dict[str, Any], kind: str) -> None:
    ours = getattr(pynn.constraints, name)(**options)
    theirs = getattr(keras.constraints, name)(**options)
    factor = {"drawn": 1.0, "zeros": 0.0, "large": 1e3, "small": 1e-3}[kind]
    x = generator(name, kind).standard_normal((5, 4)).astype("float32") * np.float32(factor)
    assert_agree(ours(x), theirs(x), FORMULA)


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_by_name(name: str) -> None:
    x = generator(name).standard_normal((3, 3)).astype("float32")
    assert_agree(pynn.constraints.get(name)(x), keras.constraints.get(name)(x), FORMULA)
