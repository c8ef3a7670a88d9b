"""Every regularizer: penalties and their gradients."""

from __future__ import annotations

from typing import Any

import jax
import keras
import pytest

import pynn
from conformance.agreement import FORMULA, GRADIENT, assert_agree, generator

CASES: list[tuple[str, dict[str, Any]]] = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("l1", {}),
    ("l2", {"l2": 0.05}),
    ("l1_l2", {"l1": 0.2}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
    ("orthogonal_regularizer", {"factor": 0.5}),
]


def instances(name: str, options: dict[str, Any]) -> tuple[Any, Any]:
    return getattr(pynn.regularizers, name)(**options), getattr(keras.regularizers, name)(**options)


def test_nothing_is_left_out() -> None:
    rest = {"Regularizer", "get", "serialize", "deserialize"}
    assert set(pynn.regularizers.__all__) - rest == {name for name, _ in CASES}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "options"), CASES)
def test_penalty_and_gradient(name: str, options: dict[str, Any], seed: int) -> None:
    ours, theirs = instances(name, options)
    x = generator(name, seed).standard_normal((6, 4)).astype("float32")
    # As a tensor: Keras normalizes the columns of NumPy arrays along the wrong axis.
    assert_agree(ours(x), theirs(keras.ops.convert_to_tensor(x)), FORMULA)
    with pynn.Tape() as tape:
        given = tape.watch(x)
        penalty = ours(given) + 0.0 * pynn.ops.sum(given)  # a tensor, also where strength is 0
    gradient = jax.jit(jax.grad(lambda x: keras.ops.sum(theirs(x))))(x)
    assert_agree(tape.gradient(penalty, given), gradient, GRADIENT)


@pytest.mark.parametrize("name", ["l1", "l2", "l1l2", "L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_by_name(name: str) -> None:
    x = generator(name).standard_normal((3, 3)).astype("float32")
    assert_agree(pynn.regularizers.get(name)(x), keras.regularizers.get(name)(x), FORMULA)
