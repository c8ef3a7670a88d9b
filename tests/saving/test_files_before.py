"""Saved files of the version before are read: same predictions, and training that goes on alike.

The files and `CASES` are in ``files/``; `expected.npz` is what the version before made of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynn import _core
from saving.files.make_files import CASES, HERE, sequential

EXPECTED = dict(np.load(HERE / "expected.npz"))
# The instruction set without fused multiply-add rounds more often; on all others bits are the same.
ROUNDING = {"rtol": 2e-4, "atol": 2e-5}


def assert_same_bits(found: Any, expected: Any) -> None:
    if _core.isa() == "scalar" and np.asarray(found).dtype.kind == "f":
        np.testing.assert_allclose(found, expected, **ROUNDING)
    else:
        np.testing.assert_array_equal(found, expected)


def path_of(name: str) -> Path:
    return HERE / (name if "." in name else f"{name}.pynn")


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("name", CASES)
def test_a_file_of_the_version_before(name: str) -> None:
    case = CASES[name]
    if name.endswith(".keras"):
        pytest.importorskip("h5py")
    loaded = case.load(path_of(name))
    assert_same_bits(case.predict(loaded), EXPECTED[f"{name}/predicted"])
    if case.go_on is None:
        return
    trained = case.go_on(loaded)
    assert len(trained) == sum(key.startswith(f"{name}/trained/") for key in EXPECTED)
    for i, array in enumerate(trained):
        assert_same_bits(array, EXPECTED[f"{name}/trained/{i}"])


def test_weights_and_training_of_the_version_before() -> None:
    model = sequential()
    model.load_weights(HERE / "sequential.weights")
    case = CASES["sequential.pynn"]
    assert_same_bits(case.predict(model), EXPECTED["sequential.pynn/predicted"])
    model = sequential()
    model._resume_training(HERE / "sequential.weights")
    assert case.go_on is not None
    for i, array in enumerate(case.go_on(model)):
        assert_same_bits(array, EXPECTED[f"sequential.pynn/trained/{i}"])
