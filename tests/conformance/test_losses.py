"""Every loss: values, reductions, weights and gradients, on drawn and on extreme numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import FORMULA, GRADIENT, assert_agree, generator

ROWS, CLASSES = 7, 4


class Case(NamedTuple):
    """A loss: its class, its function, what it compares, and arguments that both take."""

    cls: str
    function: str
    kind: str
    options: dict[str, Any]


# Arguments beyond the defaults, of the class and of the function alike.
_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "BinaryCrossentropy": [
        {"from_logits": True},
        {"label_smoothing": 0.2},
        {"from_logits": True, "label_smoothing": 0.1},
    ],
    "CategoricalCrossentropy": [
        {"from_logits": True},
        {"label_smoothing": 0.2},
        {"from_logits": True, "label_smoothing": 0.1},
        {"axis": 0},
    ],
    "SparseCategoricalCrossentropy": [
        {"from_logits": True},
        {"ignore_class": 1},
        {"ignore_class": -1},
        {"from_logits": True, "ignore_class": 0},
    ],
    "BinaryFocalCrossentropy": [
        {"gamma": 1.5},
        {"apply_class_balancing": True, "alpha": 0.3},
        {"from_logits": True},
        {"label_smoothing": 0.2},
        {"from_logits": True, "apply_class_balancing": True, "gamma": 3.0},
    ],
    "CategoricalFocalCrossentropy": [
        {"alpha": 0.4, "gamma": 1.5},
        {"from_logits": True},
        {"label_smoothing": 0.1},
    ],
    "Huber": [{"delta": 0.3}, {"delta": 3.0}],
    "CosineSimilarity": [{"axis": 0}],
    "CategoricalGeneralizedCrossEntropy": [{"q": 0.5}, {"q": 0.9}],
    "Dice": [{"axis": 1}, {"axis": (0, 1)}],
    "Tversky": [{"alpha": 0.3, "beta": 0.8}, {"axis": 1, "alpha": 0.7}],
}
_NEEDED = {"CategoricalGeneralizedCrossEntropy"}  # of the function
_KINDS = {
    "BinaryCrossentropy": "bits",
    "BinaryFocalCrossentropy": "bits",
    "CategoricalCrossentropy": "one hot",
    "CategoricalFocalCrossentropy": "one hot",
    "CategoricalGeneralizedCrossEntropy": "labels",
    "Dice": "bits",
    "Tversky": "bits",
    "SparseCategoricalCrossentropy": "labels",
    "CategoricalHinge": "one hot",
    "Hinge": "signs",
    "SquaredHinge": "signs",
    "KLDivergence": "distributions",
    "MeanSquaredLogarithmicError": "positive",
    "MeanAbsolutePercentageError": "positive",
    "Poisson": "positive",
}
# The classes and functions that both have, by pynn's lists.
CLASSES_OF = [
    name
    for name in pynn.losses.__all__
    if isinstance(getattr(pynn.losses, name), type)
    and issubclass(getattr(pynn.losses, name), pynn.losses.Loss)
    and name not in {"Loss", "LossFunctionWrapper", *pynn.losses.registry.own}
]
_FUNCTIONS = {"KLDivergence": "kl_divergence"}
CASES = [
    Case(cls, _FUNCTIONS.get(cls) or keras.src.utils.naming.to_snake_case(cls), kind, options)
    for cls in CLASSES_OF
    for kind in [_KINDS.get(cls, "real")]
    for options in [{}, *_OPTIONS.get(cls, [])]
    if options or cls not in _NEEDED
]
IDS = [f"{c.cls}-{'-'.join(f'{k}={v}' for k, v in c.options.items()) or 'plain'}" for c in CASES]
REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


def drawn(case: Case, seed: Any = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions of the sort that a loss compares."""
    rng = generator(case.cls, str(case.options), seed)
    y_pred = rng.standard_normal((ROWS, CLASSES)).astype("float32") * 2
    if case.kind in ("bits", "signs"):
        y_true = (rng.random((ROWS, CLASSES)) > 0.5).astype("float32")
    elif case.kind == "one hot":
        y_true = np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, ROWS)]
    elif case.kind == "labels":
        y_true = rng.integers(0, CLASSES, ROWS).astype("int32")
        if case.options.get("ignore_class") == -1:
            y_true[::3] = -1
    elif case.kind == "distributions":
        y_true = rng.dirichlet(np.ones(CLASSES), ROWS).astype("float32")
    elif case.kind == "positive":
        y_true = rng.random((ROWS, CLASSES)).astype("float32") * 5
    else:
        y_true = rng.standard_normal((ROWS, CLASSES)).astype("float32") * 2
    if case.kind == "signs":
        y_true = 2 * y_true - 1
    if case.kind == "positive":
        y_pred = np.abs(y_pred) + np.float32(0.1)
    if case.kind in ("bits", "one hot", "labels", "distributions") and not case.options.get(
        "from_logits"
    ):
        y_pred = 1 / (1 + np.exp(-y_pred))
        if case.kind != "bits":
            y_pred /= y_pred.sum(axis=-1, keepdims=True)
    return y_true, y_pred.astype("float32")


def functions(case: Case) -> tuple[Any, Any]:
    return getattr(pynn.losses, case.function), getattr(keras.losses, case.function)


def instances(case: Case, **more: Any) -> tuple[Any, Any]:
    made = {**case.options, **more}
    return getattr(pynn.losses, case.cls)(**made), getattr(keras.losses, case.cls)(**made)


def test_nothing_is_left_out() -> None:
    covered = {case.function for case in CASES}
    functions_of = {
        name
        for name in pynn.losses.__all__
        if hasattr(keras.losses, name) and not isinstance(getattr(pynn.losses, name), type)
    }
    rest = functions_of - covered - {"get", "serialize", "deserialize"}
    assert rest == set()


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_function(case: Case) -> None:
    ours, theirs = functions(case)
    for seed in range(3):
        y_true, y_pred = drawn(case, seed)
        assert_agree(
            ours(y_true, y_pred, **case.options), theirs(y_true, y_pred, **case.options), FORMULA
        )


@pytest.mark.parametrize("weights", ["unweighted", "per sample", "column"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_class(case: Case, reduction: str | None, weights: str) -> None:
    ours, theirs = instances(case, reduction=reduction)
    y_true, y_pred = drawn(case, reduction)
    sample_weight: Any = None
    count = CLASSES if case.options.get("axis") == 0 else ROWS
    if weights != "unweighted":
        sample_weight = generator(weights).random(count).astype("float32")
        sample_weight[1] = 0
    if weights == "column":
        sample_weight = sample_weight[:, None]
    assert_agree(
        ours(y_true, y_pred, sample_weight), theirs(y_true, y_pred, sample_weight), FORMULA
    )


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_gradient(case: Case) -> None:
    ours, theirs = instances(case)
    y_true, y_pred = drawn(case, "gradient")
    weights = generator("weights").random(CLASSES if case.options.get("axis") == 0 else ROWS)
    weights = weights.astype("float32")
    with pynn.Tape() as tape:
        x = tape.watch(y_pred)
        value = ours(y_true, x, weights)
    expected = jax.jit(jax.grad(lambda p: theirs(y_true, p, weights)))(y_pred)
    assert_agree(tape.gradient(value, x), expected, GRADIENT)


def extremes(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions of exactly 0 and 1, and logits from -100 to 100."""
    y_true, y_pred = drawn(case, "extremes")
    if case.options.get("from_logits"):
        y_pred = np.linspace(-100, 100, ROWS * CLASSES, dtype="float32").reshape(y_pred.shape)
    elif case.kind in ("bits", "one hot", "labels", "distributions"):
        y_pred = np.eye(CLASSES, dtype="float32")[np.arange(ROWS) % CLASSES]
    elif case.kind == "positive":
        y_true, y_pred = y_true * 0, y_pred * 0
    else:
        y_pred = y_true * np.float32(40)
    return y_true, y_pred


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_extreme_values(case: Case) -> None:
    ours, theirs = functions(case)
    y_true, y_pred = extremes(case)
    assert_agree(
        ours(y_true, y_pred, **case.options), theirs(y_true, y_pred, **case.options), FORMULA
    )


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_row_without_axes_and_integers(case: Case) -> None:
    y_true, y_pred = drawn(case, "column")
    if case.kind in ("real", "bits", "signs", "positive") and "axis" not in case.options:
        ours, theirs = instances(case)
        column = y_pred[:, :1]
        whole = np.round(y_true[:, 0]).astype("int64")
        assert_agree(ours(whole, column), theirs(whole, column), FORMULA)
    else:
        ours, theirs = instances(case)
        stacked = y_true[None], y_pred[None]  # one more axis in front
        assert_agree(ours(*stacked), theirs(*stacked), FORMULA)
