"""State trees: the same paths and shapes as Keras's, which take each other's values."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import TRAINING, assert_agree

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 4)).astype("f"), RNG.normal(size=(32, 2)).astype("f")

# Of Adafactor, Keras names several variables alike, and fails; Muon keeps one array less here.
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adagrad": {},
    "Adadelta": {},
    "Adamax": {},
    "Nadam": {},
    "Lion": {},
    "Ftrl": {},
    "Lamb": {},
}


def model_of(k: Any, name: str) -> Any:
    stack = [k.Input((4,)), k.layers.Dense(3, use_bias=False, name="a")]
    stack.append(k.layers.BatchNormalization(name="n"))  # no bias: its gradient were noise
    model = k.Sequential([*stack, k.layers.Dense(2, name="b")], name="net")
    optimizer = getattr(k.optimizers, name)(0.01, name="steps", **OPTIMIZERS[name])
    metrics = ["mae", k.metrics.RootMeanSquaredError(name="root")]
    model.compile(optimizer, "mse", metrics=metrics)
    return model


def fitted(model: Any) -> Any:
    model.fit(X, Y, batch_size=16, verbose=0, shuffle=False)
    return model.get_state_tree(value_format="numpy_array")


def flat(tree: Any, path: str = "") -> dict[str, Any]:
    found = {}
    for name, value in tree.items():
        found |= flat(value, f"{path}{name}/") if isinstance(value, dict) else {path + name: value}
    return found


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_tree_is_taken_over_and_training_goes_on(name: str) -> None:
    theirs, ours = model_of(keras, name), model_of(pynn, name)
    tree = fitted(theirs)
    shapes = {path: value.shape for path, value in flat(tree).items()}
    # The product of Nadam's momenta, which follows from the steps.
    shapes.pop("optimizer_variables/variable", None)
    fitted(ours)
    ours.set_state_tree(tree)
    assert {k: v.shape for k, v in flat(ours.get_state_tree()).items()} == shapes
    expected, got = flat(fitted(theirs)), flat(fitted(ours))
    for path in shapes:
        if not path.startswith("metrics_variables"):
            assert_agree(got[path], expected[path], TRAINING, path)
