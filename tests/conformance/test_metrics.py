"""Every metric: results after each of several batches, with weights, thresholds and averages."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, assert_agree, generator

ROWS, CLASSES, BATCHES = 9, 3, 3


class Case(NamedTuple):
    """A metric's class, what it compares, and its arguments."""

    cls: str
    kind: str
    options: dict[str, Any]


_CONFUSION: list[dict[str, Any]] = [{}, {"thresholds": 0.3}, {"thresholds": [0.2, 0.5, 0.8]}]
_RECALL = [
    *_CONFUSION,
    {"top_k": 2},
    {"class_id": 1},
    {"class_id": 1, "thresholds": 0.4},
    {"class_id": 0, "top_k": 1},
    {"thresholds": [0.0, 1.0]},
]
_AUC: list[dict[str, Any]] = [
    {"curve": curve, **more}
    for curve in ("ROC", "PR", "PRGAIN")
    for more in (
        {},
        {"num_thresholds": 7},
        {"thresholds": [0.1, 0.4, 0.7]},
        {"summation_method": "minoring"},
        {"summation_method": "majoring"},
        {"from_logits": True},
        {"multi_label": True},
        {"multi_label": True, "num_labels": CLASSES, "label_weights": [1.0, 2.0, 0.5]},
    )
    if not (curve == "PR" and more.get("summation_method"))
]
_F: list[dict[str, Any]] = [
    {"average": average, "threshold": threshold}
    for average in (None, "micro", "macro", "weighted")
    for threshold in (None, 0.4)
]
_R2: list[dict[str, Any]] = [
    {"class_aggregation": aggregation, "num_regressors": regressors}
    for aggregation in (None, "uniform_average", "variance_weighted_average")
    for regressors in (0, 2)
]
# What the shares that must be high enough are set to.
_LEAST: list[tuple[float, dict[str, Any]]] = [
    (0.5, {}),
    (0.9, {"num_thresholds": 7}),
    (0.0, {"num_thresholds": 1}),
    (0.8, {"class_id": 1}),
]


def _best_share(limited: str) -> tuple[str, list[dict[str, Any]]]:
    return "bits", [{limited: least, **more} for least, more in _LEAST]


_OPTIONS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "AUC": ("bits", _AUC),
    "Accuracy": ("equal", [{}]),
    "BinaryAccuracy": ("bits", [{}, {"threshold": 0.3}]),
    "BinaryCrossentropy": (
        "bits",
        [{}, {"from_logits": True}, {"label_smoothing": 0.1}],
    ),
    "CategoricalAccuracy": ("one hot", [{}]),
    "CategoricalCrossentropy": (
        "one hot",
        [{}, {"from_logits": True}, {"label_smoothing": 0.1}],
    ),
    "CategoricalHinge": ("one hot", [{}]),
    "ConcordanceCorrelation": ("real", [{}, {"axis": 0}, {"axis": (0, 1)}]),
    "CosineSimilarity": ("real", [{}]),
    "F1Score": ("one hot", _F),
    "FBetaScore": ("one hot", [{**f, "beta": beta} for f in _F for beta in (0.5, 2.0)]),
    "FalseNegatives": ("bits", _CONFUSION),
    "FalsePositives": ("bits", _CONFUSION),
    "Hinge": ("bits", [{}]),
    "KLDivergence": ("distributions", [{}]),
    "LogCoshError": ("real", [{}]),
    "MeanAbsoluteError": ("real", [{}]),
    "MeanAbsolutePercentageError": ("real", [{}]),
    "MeanSquaredError": ("real", [{}]),
    "MeanSquaredLogarithmicError": ("positive", [{}]),
    "PearsonCorrelation": ("real", [{}, {"axis": 0}, {"axis": (0, 1)}]),
    "Poisson": ("positive", [{}]),
    "Precision": ("bits", _RECALL),
    "PrecisionAtRecall": _best_share("recall"),
    "R2Score": ("real", _R2),
    "Recall": ("bits", _RECALL),
    "RecallAtPrecision": _best_share("precision"),
    "RootMeanSquaredError": ("real", [{}]),
    "SensitivityAtSpecificity": _best_share("specificity"),
    "SparseCategoricalAccuracy": ("labels", [{}]),
    "SparseCategoricalCrossentropy": (
        "labels",
        [{}, {"from_logits": True}, {"ignore_class": 0}, {"ignore_class": -1}],
    ),
    "SparseTopKCategoricalAccuracy": ("labels", [{"k": 1}, {"k": 2}]),
    "SpecificityAtSensitivity": _best_share("sensitivity"),
    "SquaredHinge": ("bits", [{}]),
    "TopKCategoricalAccuracy": ("one hot", [{"k": 1}, {"k": 2}]),
    "TrueNegatives": ("bits", _CONFUSION),
    "TruePositives": ("bits", _CONFUSION),
}
CASES = [Case(cls, kind, options) for cls, (kind, many) in _OPTIONS.items() for options in many]
IDS = [f"{c.cls}-{'-'.join(f'{k}={v}' for k, v in c.options.items()) or 'plain'}" for c in CASES]


def batch_of(case: Case, seed: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions; some predictions are equal to thresholds and to others."""
    rng = generator(case.cls, str(case.options), seed)
    y_pred = rng.standard_normal((ROWS, CLASSES)).astype("float32")
    y_true: np.ndarray
    if case.kind == "bits":
        y_true = (rng.random((ROWS, CLASSES)) > 0.5).astype("float32")
    elif case.kind == "one hot":
        y_true = np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, ROWS)]
    elif case.kind == "labels":
        y_true = rng.integers(0, CLASSES, ROWS).astype("int32")
    elif case.kind == "distributions":
        y_true = rng.dirichlet(np.ones(CLASSES), ROWS).astype("float32")
    elif case.kind == "positive":
        y_true = rng.random((ROWS, CLASSES)).astype("float32") * 5
        y_pred = np.abs(y_pred)
    elif case.kind == "equal":
        y_true = rng.integers(0, 2, (ROWS, CLASSES)).astype("float32")
        y_pred = rng.integers(0, 2, (ROWS, CLASSES)).astype("float32")
    else:
        y_true = rng.standard_normal((ROWS, CLASSES)).astype("float32") + 1
    likely = case.kind in ("bits", "one hot", "labels", "distributions")
    if likely and not case.options.get("from_logits"):
        y_pred = np.round(1 / (1 + np.exp(-y_pred)), 1)
        if case.kind != "bits":
            y_pred = (y_pred + 0.05) / (y_pred + 0.05).sum(axis=-1, keepdims=True)
    return y_true, y_pred.astype("float32")


def instances(case: Case) -> tuple[Any, Any]:
    return (
        getattr(pynn.metrics, case.cls)(**case.options),
        getattr(keras.metrics, case.cls)(**case.options),
    )


def test_nothing_is_left_out() -> None:
    bases = {"Metric", "Mean", "Sum", "MeanMetricWrapper"}
    both = {
        name
        for name in pynn.metrics.__all__
        if isinstance(getattr(pynn.metrics, name), type) and hasattr(keras.metrics, name)
    }
    assert both - bases == set(_OPTIONS)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_batches(case: Case, weighted: bool) -> None:
    ours, theirs = instances(case)
    if weighted and case.cls == "AUC" and case.options.get("multi_label"):
        weighted = False  # Keras refuses sample weights there
    over_rows = case.options.get("axis", -1) != -1  # and there are none left to weigh
    assert ours.name == theirs.name
    for batch in range(BATCHES):
        y_true, y_pred = batch_of(case, batch)
        weight = None
        if weighted and not over_rows:
            weight = generator("weights", batch).random(ROWS).astype("float32")
            weight[2] = 0
        ours.update_state(y_true, y_pred, sample_weight=weight)
        theirs.update_state(y_true, y_pred, sample_weight=weight)
        assert_agree(ours.result(), theirs.result(), FORMULA, f"after batch {batch}")
    ours.reset_state()
    theirs.reset_state()
    y_true, y_pred = batch_of(case, "again")
    assert_agree(ours(y_true, y_pred), theirs(y_true, y_pred), FORMULA, "after a reset")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_before_any_batch(case: Case) -> None:
    ours, theirs = instances(case)
    if case.cls == "R2Score" or "Score" in case.cls or case.options.get("multi_label"):
        y_true, y_pred = batch_of(case, 0)  # they have no shape before
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred)
            metric.reset_state()
    results, warned = [], []
    for metric in (ours, theirs):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(metric.result())
        warned.append({each.category for each in caught})
    assert_agree(*results, FORMULA)
    assert warned[0] == warned[1]


@pytest.mark.parametrize("cls", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", [(), (4,), (4, 3)], ids=str)
@pytest.mark.parametrize("weights", ["none", "one", "per row", "per value"])
def test_means_and_sums(cls: str, shape: tuple[int, ...], weights: str) -> None:
    ours, theirs = getattr(pynn.metrics, cls)(), getattr(keras.metrics, cls)()
    for batch in range(BATCHES):
        rng = generator(cls, shape, weights, batch)
        values = rng.standard_normal(shape).astype("float32")
        weight: Any = {
            "none": None,
            "one": 0.5,
            "per row": rng.random(shape[:1]).astype("float32"),
            "per value": rng.random(shape).astype("float32"),
        }[weights]
        ours.update_state(values, sample_weight=weight)
        theirs.update_state(values, sample_weight=weight)
        assert_agree(ours.result(), theirs.result(), FORMULA)


FUNCTIONS = [
    name
    for name in pynn.metrics.__all__
    if ("accuracy" in name or "correlation" in name)
    and hasattr(keras.metrics, name)
    and name.islower()
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str, seed: int) -> None:
    kind = "labels" if "sparse" in name else "one hot" if "categorical" in name else "bits"
    kind = "real" if "correlation" in name else kind
    y_true, y_pred = batch_of(Case(name, kind, {}), seed)
    options: dict[str, Any] = {"k": 2} if "top_k" in name else {}
    assert_agree(
        getattr(pynn.metrics, name)(y_true, y_pred, **options),
        getattr(keras.metrics, name)(y_true, y_pred, **options),
        FORMULA,
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_function_as_a_metric(seed: int) -> None:
    ours = pynn.metrics.MeanMetricWrapper(pynn.losses.huber, name="huber", delta=0.5)
    theirs = keras.metrics.MeanMetricWrapper(keras.losses.huber, name="huber", delta=0.5)
    for batch in range(BATCHES):
        y_true, y_pred = batch_of(Case("huber", "real", {}), (seed, batch))
        weight = generator("weights", seed).random(ROWS).astype("float32")
        ours.update_state(y_true, y_pred, weight)
        theirs.update_state(y_true, y_pred, weight)
        assert_agree(ours.result(), theirs.result(), FORMULA)
