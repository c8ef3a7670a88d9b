"""Short scripts as Keras's users write them, which end with the same numbers with pynn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import TRAINING, assert_agree

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 4)).astype("float32")
LABELS = (X @ RNG.normal(size=(4, 3))).argmax(axis=1)


def with_weights(model: Any) -> Any:
    rng = np.random.default_rng(1)
    values = [rng.normal(size=w.shape) * 0.3 for w in model.get_weights()]
    model.set_weights([value.astype("float32") for value in values])
    return model


def own_optimizer(k: Any) -> dict[str, Any]:
    class Momentum(k.optimizers.Optimizer):
        def __init__(self, learning_rate: float = 0.1, momentum: float = 0.5) -> None:
            super().__init__(learning_rate=learning_rate, name="momentum")
            self.momentum = momentum

        def build(self, variables: Any) -> None:
            if self.built:
                return
            super().build(variables)
            self.velocities = [
                self.add_variable_from_reference(reference_variable=v, name="velocity")
                for v in variables
            ]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            velocity = self.velocities[self._get_variable_index(variable)]
            rate = k.ops.cast(learning_rate, variable.dtype)
            self.assign(velocity, velocity * self.momentum + gradient)
            self.assign_sub(variable, rate * velocity)

    model = with_weights(k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="softmax")]))
    model.compile(Momentum(), "sparse_categorical_crossentropy")
    fitted = model.fit(X, LABELS, epochs=2, shuffle=False, verbose=0).history
    paths = [v.path for v in model.optimizer.variables]
    return {"loss": fitted["loss"], "weights": model.get_weights()[0], "paths": paths}


def constants_for_each_row(k: Any) -> dict[str, Any]:
    class Padded(k.layers.Layer):
        def call(self, inputs: Any) -> Any:
            rows = k.ops.shape(inputs)[0]
            zeros, threes = k.ops.zeros((rows, 2)), k.ops.full((rows, 1), 3.0)
            known = k.ops.convert_to_tensor([[1.0, 2.0]])
            parts = [zeros, threes, k.ops.tile(known, (rows, 1))]
            parts.append(k.ops.broadcast_to(inputs[:, :1], (rows, 2)))
            return k.ops.concatenate([inputs, *parts], axis=-1)

    inputs = k.Input((4,))
    model = k.Model(inputs, Padded()(inputs))
    return {"found": model.predict(X, verbose=0), "shape": model.output_shape[1:]}


def variables(k: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for value in (1, 1.0, True, [1, 2], np.ones(2, "f"), np.arange(3, dtype="int32")):
        variable = k.Variable(value)
        found[f"{value}"] = [variable.dtype, variable.shape, variable.ndim]
        found[f"{value} + 1"] = k.ops.convert_to_numpy(variable + 1)
    variable = k.Variable(3.0, name="given")
    for step in (variable.assign_add, variable.assign_sub, variable.assign):
        step(1.5)
        found[step.__name__] = float(variable)
    matrix = k.Variable(np.arange(6, dtype="f").reshape(2, 3), trainable=False)
    found["row"], found["sum"] = np.asarray(matrix[0]), float(k.ops.sum(matrix))
    found["names"] = [variable.name, variable.path, matrix.trainable]
    made = k.Variable(k.initializers.Constant(2.0), shape=(2,), dtype="float32")
    return {**found, "made": made.numpy(), "whole": int(k.Variable(4, dtype="int32"))}


def a_layer_with_variables(k: Any) -> dict[str, Any]:
    class Counting(k.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="counting")
            self.gain = k.Variable(1.0, name="gain")
            self.others = [k.Variable(np.zeros(4, "f"), name="offset")]
            self.seen = k.Variable(0, dtype="int32", trainable=False, name="seen")

        def call(self, inputs: Any) -> Any:
            self.seen.assign_add(1)
            return inputs * self.gain + self.others[0]

    layer = Counting()
    model = k.Sequential([k.Input((4,)), layer, k.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    before = int(layer.seen)
    fitted = model.fit(X, X[:, :1], epochs=2, shuffle=False, verbose=0).history
    return {
        "loss": fitted["loss"],
        "seen": int(layer.seen) - before,
        "gain": float(layer.gain),
        "names": sorted(weight.name for weight in layer.weights),
        "trained": sorted(weight.name for weight in layer.trainable_weights),
    }


def outputs_by_name(k: Any) -> dict[str, Any]:
    inputs = k.Input((4,), name="features")
    hidden = k.layers.Dense(8, activation="tanh", name="hidden")(inputs)
    outputs = {
        "score": k.layers.Dense(1, name="score")(hidden),
        "kind": k.layers.Dense(3, activation="softmax", name="kind")(hidden),
    }
    model = with_weights(k.Model(inputs, outputs))
    losses = {"score": "mse", "kind": "sparse_categorical_crossentropy"}
    model.compile(k.optimizers.SGD(0.05), losses, loss_weights={"score": 0.3, "kind": 1.0})
    targets = {"score": X[:, :1], "kind": LABELS}
    fitted = model.fit(X, targets, epochs=2, shuffle=False, verbose=0).history
    figures = {name: fitted[name] for name in sorted(fitted)}
    return {**figures, "layers": [layer.name for layer in model.layers]}


def a_loss_with_other_weights(k: Any) -> dict[str, Any]:
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    weights = [np.asarray(w) for w in with_weights(model).trainable_variables]
    counted = [np.asarray(v) for v in model.metrics_variables]
    predicted, _ = model.stateless_call(weights, [], X)
    loss, left = model.stateless_compute_loss(
        weights, [], counted, x=X, y=LABELS, y_pred=predicted, sample_weight=None
    )
    settings = model.get_compile_config()["loss"]
    return {"loss": float(loss), "left": [len(group) for group in left], "settings": settings}


def structures(k: Any) -> dict[str, Any]:
    nested = {"b": [1, 2], "a": (3, {"c": 4})}
    paths = k.tree.flatten_with_path(nested)
    return {
        "flat": k.tree.flatten(nested),
        "paths": [(*path, leaf) for path, leaf in paths],
        "mapped": str(k.tree.map_structure(lambda x: 2 * x, nested)),
        "packed": str(k.tree.pack_sequence_as(nested, [10, 20, 30, 40])),
        "data": k.utils.unpack_x_y_sample_weight((1, 2)),
        "tuple": k.utils.pack_x_y_sample_weight(1, 2),
        "symbolic": [k.utils.is_keras_tensor(x) for x in (k.Input((3,)), X)],
        "type": k.backend.standardize_dtype("float32"),
    }


SCRIPTS = [
    own_optimizer,
    constants_for_each_row,
    variables,
    a_layer_with_variables,
    outputs_by_name,
    a_loss_with_other_weights,
    structures,
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_script(script: Callable[[Any], dict[str, Any]]) -> None:
    expected, found = (script(k) for k in (keras, pynn))
    assert list(found) == list(expected)
    for name, value in expected.items():
        numbers = isinstance(value, list) and all(isinstance(n, float) for n in value)
        if numbers or isinstance(value, (float, np.ndarray)):
            assert_agree(found[name], value, TRAINING, name)
        else:
            assert str(found[name]) == str(value), name
