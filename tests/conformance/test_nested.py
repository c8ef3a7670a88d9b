"""Nested inputs, targets, losses, metrics and weights: one step of both libraries, and its logs."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import TRAINING, assert_agree

RNG = np.random.default_rng(0)
X = {"a": RNG.normal(size=(24, 4)), "b": [RNG.normal(size=(24, n)) for n in (2, 3)]}
X = {"a": X["a"].astype("float32"), "b": [part.astype("float32") for part in X["b"]]}
Y = [RNG.normal(size=(24, n)).astype("float32") for n in (1, 2, 1)]
W = [RNG.uniform(0.5, 1.5, 24).astype("float32") for _ in Y]


def model_of(k: Any, arrange: Any, *, order: bool = False) -> Any:
    """A model whose three outputs are arranged in some form."""
    inputs = {"a": k.Input((4,), name="a")}
    inputs["b"] = [k.Input((2,), name="b0"), k.Input((3,), name="b1")]
    if order:
        inputs = [inputs["a"], inputs["b"]]
    a, b = inputs.values() if isinstance(inputs, dict) else inputs
    joined = k.layers.Concatenate()([a, *b])
    outputs = [k.layers.Dense(n, name=name)(joined) for name, n in (("p", 1), ("q", 2), ("r", 1))]
    return k.Model(inputs, arrange(*outputs))


DICT_OF_LISTS = lambda p, q, r: {"x": p, "y": [q, r]}  # noqa: E731
DICT_OF_DICTS = lambda p, q, r: {"x": {"u": p, "v": q}, "y": r}  # noqa: E731
LIST_OF_DICTS = lambda p, q, r: [{"u": p, "v": q}, r]  # noqa: E731
LIST_OF_LISTS = lambda p, q, r: [p, [q, r]]  # noqa: E731
FLAT_DICT = lambda p, q, r: {"x": p, "y": q, "z": r}  # noqa: E731

CASES = {
    "one loss for all": (DICT_OF_LISTS, {"loss": "mse"}),
    "dict of lists": (
        DICT_OF_LISTS,
        {
            "loss": {"x": "mse", "y": ["mse", "mae"]},
            "loss_weights": {"x": 0.5, "y": [2.0, 1.0]},
            "metrics": {"x": ["mae"], "y": [["mae", "mse"], None]},
            "weighted_metrics": {"x": None, "y": ["mae", ["mse"]]},
        },
    ),
    "losses in a flat list": (
        DICT_OF_LISTS,
        {"loss": ["mse", "mse", "mae"], "metrics": {"x": "mae", "y": ["mae", "mse"]}},
    ),
    "some losses": (DICT_OF_LISTS, {"loss": {"x": "mse", "y": [None, "mae"]}}),
    "dict of dicts": (
        DICT_OF_DICTS,
        {
            "loss": {"x": {"u": "mse", "v": "mae"}, "y": "huber"},
            "loss_weights": {"x": {"u": 0.5, "v": 2.0}, "y": 3.0},
            "metrics": {"x": {"u": ["mae"], "v": "mse"}, "y": ["mae"]},
        },
    ),
    "list of dicts": (
        LIST_OF_DICTS,
        {
            "loss": [{"u": "mse", "v": "mae"}, "mse"],
            "metrics": [{"u": ["mae"], "v": ["mse"]}, ["mae"]],
            "loss_weights": [0.5, 2.0, 1.0],
        },
    ),
    "list of lists": (
        LIST_OF_LISTS,
        {"loss": ["mse", ["mae", "mse"]], "metrics": ["mae", [["mae"], ["mse", "mae"]]]},
    ),
    "flat dict": (
        FLAT_DICT,
        {"loss": {"x": "mse", "y": "mae", "z": "mse"}, "metrics": {"z": ["mae"]}},
    ),
}


def outcome(k: Any, name: str, weights: list[Any], weighted: bool) -> tuple[Any, Any, Any]:
    arrange, compiled = CASES[name]
    model = model_of(k, arrange)
    model.set_weights(weights)
    model.compile(k.optimizers.SGD(0.1), **compiled)
    y, sample_weight = arrange(*Y), arrange(*W) if weighted else None
    given = {"batch_size": 24, "verbose": 0, "sample_weight": sample_weight}
    data = (X, y, sample_weight) if weighted else (X, y)
    history = model.fit(X, y, epochs=2, validation_data=data, **given).history
    evaluated = model.evaluate(X, y, return_dict=True, **given)
    return history, evaluated, model.predict(X, verbose=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_fit(name: str, weighted: bool) -> None:
    weights = model_of(keras, CASES[name][0]).get_weights()
    expected, got = (outcome(k, name, weights, weighted) for k in (keras, pynn))
    for theirs, ours in zip(expected[:2], got[:2], strict=True):
        assert set(ours) == set(theirs)
        for key, values in theirs.items():
            assert_agree(np.asarray(ours[key]), np.asarray(values), TRAINING)
    assert keras.tree.map_structure(np.shape, got[2]) == keras.tree.map_structure(
        np.shape, expected[2]
    )
    for theirs, ours in zip(*map(keras.tree.flatten, (expected[2], got[2])), strict=True):
        assert_agree(ours, theirs, TRAINING)


def test_inputs_in_a_nested_list() -> None:
    weights = model_of(keras, LIST_OF_LISTS).get_weights()
    results = []
    for k in (keras, pynn):
        model = model_of(k, LIST_OF_LISTS, order=True)
        model.set_weights(weights)
        results.append(model.predict([X["a"], X["b"]], verbose=0))
    for theirs, ours in zip(*map(keras.tree.flatten, results), strict=True):
        assert_agree(ours, theirs, TRAINING)
