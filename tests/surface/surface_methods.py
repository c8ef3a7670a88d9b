"""Methods of what models are made of, with their arguments; see `surface_list`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import pynn as keras
from surface.surface_use import BITS, ONE_HOT, PROBABILITIES, X, Y, compiled, small

WEIGHT = np.ones((6, 2), dtype="float32")


class Owned(NamedTuple):
    """A method: its class below pynn, what makes an object of it, its name and arguments."""

    owner: str
    make: Callable[[], Any]
    name: str
    needed: dict[str, Any]
    others: dict[str, Any]


class Cubic(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y_pred - y_true) ** 3, axis=-1)


class Largest(keras.metrics.Metric):
    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.value.assign(max(float(self.value), float(np.max(y_pred))))

    def result(self) -> Any:
        return float(self.value)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return 0.5**step

    def get_config(self) -> dict[str, Any]:
        return {}


def _weights() -> Any:
    layer = keras.layers.Dense(2)
    layer.build((None, 6))
    return layer


def _saved() -> dict[str, Any]:
    store: dict[str, Any] = {}
    _built().save_own_variables(store)
    return store


def _built() -> Any:
    optimizer = keras.optimizers.SGD()
    optimizer.build([WEIGHT.copy()])
    return optimizer


def _fitted(name: str) -> Any:
    estimator = getattr(keras.wrappers.scikit_learn, name)(compiled)
    return estimator.fit(**_ROWS, verbose=0) and estimator


def owned(owner: str, make: Callable[[], Any], *methods: tuple[Any, ...]) -> list[Owned]:
    return [
        Owned(owner, make, name, dict(rest[0]) if rest else {}, dict(rest[1]) if rest[1:] else {})
        for name, *rest in methods
    ]


_ROWS = {"x": X, "y": BITS[:, 0]}
with keras.Tape() as _TAPE:
    _WATCHED = _TAPE.watch(X)
    _SUM = keras.ops.sum(_WATCHED * _WATCHED)
_PAIR = {"y_true": ONE_HOT, "y_pred": PROBABILITIES}
_HOOKS = [
    (
        name,
        {key: 0 if key != "logs" else {} for key in list(inspect.signature(hook).parameters)[1:]},
    )
    for name, hook in inspect.getmembers(keras.callbacks.Callback, inspect.isfunction)
    if name.startswith("on_")
]
OWNED = [
    *owned(
        "layers.Layer",
        keras.layers.Identity,
        (
            "add_weight",
            {"shape": (2,)},
            {
                "initializer": "ones",
                "dtype": "float64",
                "trainable": False,
                "regularizer": "l2",
                "constraint": "non_neg",
                "name": "given",
            },
        ),
        ("add_loss", {"loss": 1.0}),
        ("build", {"input_shape": (None, 6)}),
        ("call", {"inputs": X}),
        ("get_config",),
    ),
    *owned(
        "layers.Dense",
        _weights,
        ("count_params",),
        ("get_weights",),
        ("set_weights", {"weights": [WEIGHT, WEIGHT[0]]}),
        ("compute_output_shape", {"input_shape": (None, 6)}),
        (
            "from_config",
            {"config": keras.layers.Dense(2).get_config()},
            {"custom_objects": {}},
        ),
    ),
    *owned(
        "layers.Normalization",
        keras.layers.Normalization,
        ("adapt", {"data": X}, {"batch_size": 2, "steps": 2}),
    ),
    *owned(
        "optimizers.Optimizer",
        _built,
        (
            "stateless_apply",
            {
                "optimizer_variables": [np.array(v) for v in _built().variables],
                "grads": [WEIGHT],
                "trainable_variables": [WEIGHT],
            },
        ),
        ("set_weights", {"weights": [np.array(v) for v in _built().variables]}),
        ("save_own_variables", {"store": {}}),
        ("load_own_variables", {"store": _saved()}),
    ),
    *owned(
        "metrics.Metric",
        keras.metrics.MeanSquaredError,
        ("stateless_result", {"metric_variables": [1.0, 2.0]}),
        ("stateless_reset_state",),
    ),
    *owned(
        "optimizers.Optimizer",
        keras.optimizers.SGD,
        ("apply_gradients", {"grads_and_vars": [(WEIGHT, WEIGHT.copy())]}),
        ("apply", {"grads": [WEIGHT], "trainable_variables": [WEIGHT.copy()]}),
        ("build", {"variables": [WEIGHT.copy()]}),
        ("exclude_from_weight_decay", {}, {"var_list": [WEIGHT], "var_names": ["bias"]}),
        ("get_config",),
        (
            "from_config",
            {"config": keras.optimizers.SGD().get_config()},
            {"custom_objects": {}},
        ),
    ),
    *owned(
        "losses.Loss", Cubic, ("__call__", _PAIR, {"sample_weight": np.ones(8)}), ("get_config",)
    ),
    *owned(
        "metrics.Metric",
        Largest,
        (
            "add_weight",
            {},
            {"shape": (2,), "initializer": "ones", "dtype": "float64", "name": "given"},
        ),
        ("update_state", _PAIR, {"sample_weight": np.ones(8)}),
        ("result",),
        ("reset_state",),
        ("get_config",),
    ),
    *owned("optimizers.schedules.LearningRateSchedule", Halving, ("__call__", {"step": 3})),
    *owned("constraints.Constraint", keras.constraints.MaxNorm, ("__call__", {"w": WEIGHT})),
    *owned("regularizers.Regularizer", keras.regularizers.L2, ("__call__", {"x": WEIGHT})),
    *owned(
        "initializers.Initializer",
        keras.initializers.HeNormal,
        ("__call__", {"shape": (3, 2)}, {"dtype": "float64"}),
        ("clone",),
    ),
    *owned("callbacks.Callback", keras.callbacks.Callback, *_HOOKS),
    *owned("callbacks.Callback", keras.callbacks.Callback, ("set_model", {"model": small()})),
    *owned("callbacks.Callback", keras.callbacks.Callback, ("set_params", {"params": {}})),
    *owned("Tape", keras.Tape, ("watch", {"x": Y})),
    *owned(
        "Tape",
        lambda: _TAPE,
        ("gradient", {"target": _SUM, "sources": _WATCHED}, {"output_gradients": 2.0}),
        ("jacobian", {"target": _SUM, "sources": _WATCHED}),
    ),
    *owned(
        "wrappers.scikit_learn.KerasClassifier",
        lambda: _fitted("KerasClassifier"),
        *[("fit", _ROWS), ("predict", {"x": X}), ("predict_proba", {"x": X}), ("score", _ROWS)],
    ),
    *owned(
        "wrappers.scikit_learn.KerasRegressor",
        lambda: _fitted("KerasRegressor"),
        *[("fit", _ROWS), ("predict", {"x": X}), ("score", _ROWS)],
    ),
]
