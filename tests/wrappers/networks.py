"""The functions that build models for the wrappers' tests; at module level, so they pickle."""

from __future__ import annotations

from typing import Any

import numpy as np

import pynn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 4)).astype("float32")
LINE = (X @ np.array([1.0, -2.0, 0.5, 0.0])).astype("float32")
SIDES = np.where(LINE > 0, "right", "left")
THIRDS = np.array(["low", "mid", "top"])[np.digitize(LINE, [-1.0, 1.0])]


def regression(n_hidden: int = 1, n_neurons: int = 8, learning_rate: float = 0.02) -> Any:
    model = pynn.Sequential([pynn.Input((4,))])
    for _ in range(n_hidden):
        model.add(pynn.layers.Dense(n_neurons, activation="relu"))
    model.add(pynn.layers.Dense(1))
    model.compile(loss="mse", optimizer=pynn.optimizers.SGD(learning_rate=learning_rate))
    return model


def binary(units: int = 8) -> Any:
    model = pynn.Sequential(
        [
            pynn.layers.Dense(units, activation="relu", input_shape=(4,)),
            pynn.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=pynn.optimizers.Adam(0.02))
    return model


def three(loss: str = "sparse_categorical_crossentropy") -> Any:
    model = pynn.Sequential(
        [
            pynn.layers.Dense(8, activation="relu", input_shape=(4,)),
            pynn.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(loss=loss, optimizer=pynn.optimizers.Adam(0.02), metrics=["accuracy"])
    return model


def uncompiled(units: int, meta: dict[str, Any]) -> Any:
    width = {"binary": 1, "multiclass": meta.get("n_classes_")}.get(meta["target_type_"], 1)
    return pynn.Sequential(
        [
            pynn.Input((meta["n_features_in_"],)),
            pynn.layers.Dense(units, activation="relu"),
            pynn.layers.Dense(width, activation={1: "sigmoid"}.get(width, "softmax")),
        ]
    )


def plain(units: int = 8) -> Any:
    return pynn.Sequential([pynn.layers.Dense(units, activation="relu"), pynn.layers.Dense(1)])


def from_data(features: Any, targets: Any, loss: str, layers: list[int]) -> Any:
    model = pynn.Sequential([pynn.Input((features.shape[1],))])
    for units in layers:
        model.add(pynn.layers.Dense(units, activation="relu"))
    last = "softmax" if "cross" in loss else "linear"
    model.add(pynn.layers.Dense(targets.shape[1], activation=last))
    model.compile(loss=loss, optimizer=pynn.optimizers.Adam(0.02))
    return model


def compiled_by_names(units: int = 3, loss: str = "mse", last: str = "linear") -> Any:
    model = pynn.Sequential(
        [
            pynn.Input((4,)),
            pynn.layers.Dense(units, activation="relu"),
            pynn.layers.Dense(1, activation=last),
        ]
    )
    model.compile(loss=loss, optimizer="sgd")
    return model


def compiled_for_data(features: Any, targets: Any) -> Any:
    return compiled_by_names(2)
