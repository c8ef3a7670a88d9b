"""`get_state_tree`, `set_state_tree`, and the variables of an optimizer that `fit` steps."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, optimizers

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 4)), RNG.normal(size=(32, 2))


def small(optimizer: Any = "adam") -> Any:
    stack = [pynn.Input((4,)), layers.Dense(3, name="a"), layers.BatchNormalization(name="n")]
    model = pynn.Sequential([*stack, layers.Dense(2, name="b")], name="net")
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def flat(tree: Any) -> list[Any]:
    return list(pynn._structure.leaves(tree))


def test_the_tree() -> None:
    model = small()
    model.fit(X, Y, verbose=0)
    tree = model.get_state_tree()
    assert list(tree["trainable_variables"]["net"]) == ["a", "n", "b"]
    assert list(tree["non_trainable_variables"]["net"]["n"]) == ["moving_mean", "moving_variance"]
    (kept,) = tree["optimizer_variables"].values()
    assert kept["iteration"] == 1 and kept["net_a_kernel_velocity"].shape == (4, 3)
    assert kept["net_b_bias_momentum"].any()
    metrics = tree["metrics_variables"]
    assert metrics["mean_absolute_error"]["count"] == 32 and "total" in metrics["loss"]
    np.testing.assert_array_equal(
        tree["trainable_variables"]["net"]["a"]["kernel"].numpy(), model.layers[0].kernel
    )
    assert all(type(v) is np.ndarray for v in flat(model.get_state_tree("numpy_array")))


@pytest.mark.parametrize("name", ["adam", "sgd", "rmsprop", "nadam", "lamb", "ftrl"])
def test_another_model_goes_on_where_the_tree_was_taken(name: str) -> None:
    model = small(name)
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    tree = model.get_state_tree()
    (prefix,) = tree["optimizer_variables"]
    twin = small(optimizers.get({"class_name": name, "config": {"name": prefix}}))
    twin.optimizer.build(twin.trainable_weights)
    twin.set_state_tree(tree)
    for each in (model, twin):
        each.fit(X, Y, verbose=0, shuffle=False)
    for ours, theirs in zip(flat(twin.get_state_tree()), flat(model.get_state_tree()), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_wrong_trees_change_nothing() -> None:
    model = small()
    before = model.get_weights()
    wrong = {"trainable_variables": {"net": {"a": {"bias": np.ones(3), "kernel": np.ones(3)}}}}
    with pytest.raises(ValueError, match=r"'net/a/kernel' must have the shape \(4, 3\)"):
        model.set_state_tree(wrong)
    with pytest.raises(ValueError, match="state_tree has the key 'weights'"):
        model.set_state_tree(
            {"trainable_variables": {"net": {"a": {"bias": np.ones(3)}}}, "weights": {}}
        )
    with pytest.raises(ValueError, match="value_format must be one of"):
        model.get_state_tree("jax")
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.set_state_tree({"trainable_variables": {"net": {"a": {"bias": np.ones(3), "x": 1}}}})
    assert model.layers[0].bias.numpy().tolist() == [1.0, 1.0, 1.0]


def test_paths_must_be_different() -> None:
    class Twice(layers.Layer):
        def build(self, input_shape: Any) -> None:
            for _ in range(2):
                self.add_weight(shape=(4,), name="same")

        def call(self, inputs: Any) -> Any:
            return inputs * self.weights[0] + self.weights[1]

    model = pynn.Sequential([pynn.Input((4,)), Twice(name="twice")], name="net")
    with pytest.raises(ValueError, match="twice/same' more than once. Give layers and metrics"):
        model.get_state_tree()


def test_fit_and_apply_step_the_same_variables() -> None:
    model = small(optimizers.Adam(0.1))
    model.optimizer.build(model.trainable_weights)
    start = [0, 0.1, *(np.full(v.shape, 0.25) for v in model.optimizer.variables[2:])]
    model.optimizer.set_weights(start)
    model.fit(X, Y, verbose=0)
    variables = model.optimizer.variables
    assert [v.path.rsplit("/")[-1] for v in variables[:4]] == [
        "iteration", "learning_rate", "net_a_kernel_momentum", "net_a_kernel_velocity",
    ]  # fmt: skip
    # One step of beta_2 = 0.999: what was set is still there.
    assert all(abs(v - 0.25).max() < 0.05 for v in variables[3::2])
    kept = [v.copy() for v in variables[2:]]
    model.compile(model.optimizer, "mae")
    model.evaluate(X, Y, verbose=0)
    for ours, theirs in zip(model.optimizer.variables[2:], kept, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    grads = [np.ones(w.shape) for w in model.trainable_weights]
    model.optimizer.apply(grads, model.trainable_weights)
    stepped = [v.copy() for v in model.optimizer.variables[2:]]
    assert not np.array_equal(stepped[0], kept[0])
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == 3
    decayed = model.optimizer.variables[3]
    assert (decayed >= 0.999 * stepped[1] * (1 - 1e-5)).all()


def test_own_variables_are_saved_and_loaded() -> None:
    model, store = small(), {}
    model.fit(X, Y, verbose=0)
    model.optimizer.save_own_variables(store)
    twin = small()
    with pytest.warns(UserWarning, match="it has 2, and 14 were saved. Call build"):
        twin.optimizer.load_own_variables(store)
    twin.optimizer.build(twin.trainable_weights)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin.optimizer.load_own_variables(store)
    for ours, theirs in zip(twin.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
