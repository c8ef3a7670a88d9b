"""Losses with arguments, each with data that suits it, for the tests of this folder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pynn import losses

N_ROWS, N_FEATURES = 7, 4


class Case(NamedTuple):
    loss: losses.Loss
    y_true: np.ndarray
    y_pred: np.ndarray

    @property
    def name(self) -> str:
        native = self.loss._native()
        return native[0] if native else self.loss.name


def _data() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    shape = (N_ROWS, N_FEATURES)
    scores = rng.normal(size=shape) * 2
    shares = rng.uniform(0.02, 0.98, shape)
    binary = (rng.random(shape) > 0.5) * 1.0
    labels = rng.integers(0, N_FEATURES, (N_ROWS, 1))
    one_hot = np.eye(N_FEATURES)[labels[:, 0]]
    return {
        "real": (rng.normal(size=shape), rng.normal(size=shape)),
        "positive": (rng.uniform(0.1, 3, shape), rng.uniform(0.1, 3, shape)),
        "shares": (rng.uniform(0.02, 0.98, shape), shares),
        "binary": (binary, shares),
        "binary_logits": (binary, scores),
        "classes": (one_hot, shares),
        "class_logits": (one_hot, scores),
        "labels": (labels, shares),
        "label_logits": (labels, scores),
    }


_KINDS: list[tuple[str, dict[str, Any], str]] = [
    ("MeanSquaredError", {}, "real"),
    ("MeanAbsoluteError", {}, "real"),
    ("MeanAbsolutePercentageError", {}, "real"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("Huber", {"delta": 0.7}, "real"),
    ("LogCosh", {}, "real"),
    ("Quantile", {"tau": 0.8}, "real"),
    ("CosineSimilarity", {}, "real"),
    ("Hinge", {}, "binary_logits"),
    ("SquaredHinge", {}, "binary_logits"),
    ("CategoricalHinge", {}, "class_logits"),
    ("KLDivergence", {}, "shares"),
    ("Poisson", {}, "positive"),
    ("HalfGammaDeviance", {}, "positive"),
    ("HalfPoissonDeviance", {}, "positive"),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary_logits"),
    ("BinaryFocalCrossentropy", {"gamma": 1.5}, "binary"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3}, "binary"),
    ("BinaryFocalCrossentropy", {"from_logits": True}, "binary_logits"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "classes"),
    ("CategoricalCrossentropy", {"from_logits": True}, "class_logits"),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}, "classes"),
    ("CategoricalFocalCrossentropy", {"from_logits": True}, "class_logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "label_logits"),
]
CASES = [Case(getattr(losses, n)(**kwargs), *_data()[kind]) for n, kwargs, kind in _KINDS]
IDS = [
    "-".join([n, *(f"{k}={v}" for k, v in kwargs.items() if not isinstance(v, list))])
    for n, kwargs, _ in _KINDS
]
