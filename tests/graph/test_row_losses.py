"""Losses written in Python: the engine's gradients are the interpreter's, and who runs where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import _core, layers, losses, metrics, ops
from pynn.graph import Plan, to_rows
from pynn.graph._interpreting_trainer import InterpretingTrainer

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 5))
WEIGHTS = RNG.uniform(0.5, 1.5, (300, 1))
LABELS = RNG.integers(0, 3, (300, 1))


def huber(y_true: Any, y_pred: Any) -> Any:
    e = y_true - y_pred
    small = ops.abs(e) < 0.7
    return ops.mean(ops.where(small, ops.square(e) / 2, 0.7 * ops.abs(e) - 0.245), axis=-1)


def from_labels(y_true: Any, y_pred: Any) -> Any:
    one_hot = ops.one_hot(ops.cast(ops.squeeze(y_true, -1), "int32"), 3, dtype="float64")
    return ops.logsumexp(y_pred, axis=-1) - ops.sum(one_hot * y_pred, axis=-1)


# name: loss, kwargs of the Loss
ROWWISE: dict[str, tuple[Callable[[Any, Any], Any], dict[str, Any]]] = {
    "huber": (huber, {}),
    "a value for each feature": (lambda t, p: ops.abs(t - p) ** 3, {}),
    "summed": (huber, {"reduction": "sum"}),
    "summed features": (lambda t, p: ops.square(t - p), {"reduction": "sum"}),
    "divided by the weights": (huber, {"reduction": "mean_with_sample_weight"}),
    "labels": (from_labels, {}),
    "an activation inside": (lambda t, p: ops.square(t - ops.tanh(p)), {}),
    "softmax inside": (
        lambda t, p: -ops.sum(ops.square(t) * ops.log_softmax(p), axis=-1),
        {},
    ),
}
NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "mean of all": lambda t, p: ops.mean(ops.square(t - p)),
    "sum of all": lambda t, p: ops.sum(ops.square(t - p)),
    "a sum of means": lambda t, p: 0.5 * ops.mean(ops.abs(t - p)) - ops.mean(p) / 3 + 1,
    "a sum by the rows": lambda t, p: ops.sum(ops.square(t - p)) / ops.batch_size(t),
    "minus a mean": lambda t, p: -ops.mean(ops.exp(-ops.square(t - p)), axis=(0, 1)),
}


def concordance(y_true: Any, y_pred: Any) -> Any:
    """Return 1 minus the concordance correlation of each column (Lin 1989), averaged."""
    true_mean, pred_mean = ops.mean(y_true, axis=0), ops.mean(y_pred, axis=0)
    shared = ops.mean((y_true - true_mean) * (y_pred - pred_mean), axis=0)
    variance = ops.var(y_true, axis=0) + ops.var(y_pred, axis=0)
    return 1 - ops.mean(2 * shared / (variance + ops.square(true_mean - pred_mean)))


BATCHES: dict[str, Callable[[Any, Any], Any]] = {
    **NUMBERS,
    "root of the mean": lambda t, p: ops.sqrt(ops.mean(ops.square(t - p))),
    "concordance": concordance,
    "compared with the batch": lambda t, p: ops.abs(p - t) / ops.mean(ops.square(t)),
    "a sum and a mean": lambda t, p: ops.sum(ops.square(t - p)) + ops.mean(ops.abs(p)),
    "a number beside a sum": lambda t, p: 3.0 - ops.sum(ops.square(t - p)),
    "centred": lambda t, p: ops.square(p - ops.mean(p, axis=0, keepdims=True) - t),
}
INTERPRETED: dict[str, Callable[[Any, Any], Any]] = {
    "the largest of the batch": lambda t, p: ops.max(ops.square(t - p)),
    "products of rows": lambda t, p: ops.mean(ops.matmul(p, ops.transpose(p))),
    "pairs of rows": lambda t, p: ops.matmul(p, ops.transpose(p)),
    "an op of NumPy": lambda t, p: ops.arctan(t - p) ** 2,
}


class Masked(losses.Loss):
    """Squares, of which those of small targets do not count."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.square(y_true - y_pred)

    def _mask(self, y_true: Any, y_pred: Any) -> Any:
        return ops.cast(ops.abs(y_true) > 0.4, "float64")


def trainers(
    loss: Any, weighted: bool = False, width: int = 3, terms: Callable[[Any], list] = lambda _: []
) -> tuple[Any, InterpretingTrainer]:
    """Both trainers of the same plan and the same weights."""
    inputs = layers.Input((5,), dtype="float64")
    hidden = layers.Dense(7, activation="tanh", dtype="float64")(inputs)
    outputs = layers.Dense(3, dtype="float64")(hidden)
    plan = Plan([inputs], [outputs], losses=terms(hidden))
    rng = np.random.default_rng(1)
    for weight in plan.weights:
        weight.assign(rng.standard_normal(weight.shape))
    given = {"target_rows": [(width,)], "weighted": weighted}
    fast = plan.trainer([loss], ("sgd", []), parameters=plan.weights, **given)
    zeros = [0.0] * len(plan.weights)
    slow = InterpretingTrainer(
        plan, [loss], [1.0], [()], plan.weights, zeros, zeros, ("sgd", []), {}
    )
    return fast, slow


def check(fast: Any, slow: InterpretingTrainer, y: np.ndarray, weights: Any) -> None:
    assert isinstance(fast, _core.Trainer)
    rows = None if weights is None else to_rows(weights)
    got = fast.gradients([to_rows(X)], [to_rows(y)], [rows])
    want = slow.gradients([X], [y], [weights])
    assert got[0] == pytest.approx(want[0], rel=1e-12)
    for a, b in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    got = fast.evaluate([to_rows(X)], [to_rows(y)], [rows], 40)
    want = slow.evaluate([X], [y], [weights], 40)
    for a, b in ((got["loss"], want["loss"]), (got["outputs"][0], want["outputs"][0])):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ROWWISE)
def test_losses_of_rows(name: str, weighted: bool) -> None:
    function, options = ROWWISE[name]
    loss = losses.LossFunctionWrapper(function, **options)
    y = LABELS if name == "labels" else RNG.standard_normal((300, 3))
    fast, slow = trainers(loss, weighted, y.shape[1])
    if name == "divided by the weights" and weighted:  # by pieces, a mean of means
        sources = ([to_rows(X)], [to_rows(y)], [to_rows(WEIGHTS)])
        assert fast.gradients(*sources)[0] == pytest.approx(
            slow.gradients([X], [y], [WEIGHTS])[0], rel=1e-12
        )
    check(fast, slow, y, WEIGHTS if weighted else None)


@pytest.mark.parametrize("name", NUMBERS)
def test_losses_of_batches_that_are_sums_of_rows(name: str) -> None:
    loss = losses.LossFunctionWrapper(NUMBERS[name])
    fast, slow = trainers(loss)
    check(fast, slow, RNG.standard_normal((300, 3)), None)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("name", BATCHES)
def test_losses_that_look_at_the_batch(name: str, reduction: str, weighted: bool) -> None:
    loss = losses.LossFunctionWrapper(BATCHES[name], reduction=reduction)
    fast, slow = trainers(loss, weighted)
    check(fast, slow, RNG.standard_normal((300, 3)), WEIGHTS if weighted else None)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("name", ["a mask", "ignored labels"])
def test_masked_losses(name: str, reduction: str, weighted: bool) -> None:
    loss, y = Masked(reduction=reduction), RNG.standard_normal((300, 3))
    if name == "ignored labels":
        loss = losses.SparseCategoricalCrossentropy(True, ignore_class=1, reduction=reduction)
        y = LABELS
    fast, slow = trainers(loss, weighted, y.shape[1])
    if reduction == "mean_with_sample_weight" and weighted:  # divided by weights and mask together
        assert isinstance(fast, InterpretingTrainer)
        return
    check(fast, slow, y, WEIGHTS if weighted else None)


def test_a_batch_of_which_nothing_counts() -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1)
    fast, slow = trainers(loss, width=1)
    check(fast, slow, np.ones((300, 1)), None)
    assert fast.gradients([to_rows(X)], [to_rows(np.ones((300, 1)))], [None])[0] == 0


@pytest.mark.parametrize("name", INTERPRETED)
def test_other_losses_are_interpreted(name: str) -> None:
    fast, _ = trainers(losses.LossFunctionWrapper(INTERPRETED[name]))
    assert isinstance(fast, InterpretingTrainer)


def test_a_number_is_weighted_as_a_whole() -> None:
    fast, _ = trainers(losses.LossFunctionWrapper(NUMBERS["mean of all"]), weighted=True)
    y = to_rows(np.zeros((300, 3)))
    plain = fast.gradients([to_rows(X)], [y], [None])[0]
    weighted = fast.gradients([to_rows(X)], [y], [to_rows(WEIGHTS)])[0]
    assert weighted == pytest.approx(plain * WEIGHTS.mean(), rel=1e-12)


@pytest.mark.parametrize("with_loss", [True, False])
def test_further_terms(with_loss: bool) -> None:
    """Of rows, of the batch divided by its rows, and of a weight alone."""
    bias = ops.Weight(np.array([0.3, -0.4]), "bias")

    def terms(hidden: Any) -> list:
        from pynn._tracing import recording

        with recording():
            penalty = ops.sum(ops.square(bias))
        return [ops.sum(ops.abs(hidden)) / ops.batch_size(hidden), 0.1 * hidden, penalty]

    loss = losses.LossFunctionWrapper(huber) if with_loss else ("mean_squared_error", [])
    fast, slow = trainers(loss, terms=terms)
    check(fast, slow, RNG.standard_normal((300, 3)), None)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_rows", [40, 200])
@pytest.mark.parametrize("loss", [huber, concordance])
def test_the_same_bits_for_all_threads_and_instruction_sets(
    loss: Any, n_rows: int, dtype: str
) -> None:
    """A layer, a loss and a metric by hand, wide enough for four workers."""
    width = 512
    gain = ops.Weight(np.linspace(0.5, 1.5, width).astype(dtype), "gain")
    inputs = layers.Input((64,), dtype=dtype)
    hidden = layers.Dense(width, dtype=dtype)(inputs)
    hidden = hidden - ops.mean(hidden, axis=1, keepdims=True)
    hidden = ops.log(1 + ops.exp(hidden * gain)) * ops.rsqrt(1 + ops.square(hidden))
    outputs = layers.Dense(48, dtype=dtype)(hidden)
    plan = Plan([inputs], [outputs], losses=[0.1 * hidden])
    rng = np.random.default_rng(2)
    start = [rng.standard_normal(weight.shape) * 0.2 for weight in plan.weights]
    x = rng.standard_normal((n_rows, 64)).astype(dtype)
    y = rng.standard_normal((n_rows, 48)).astype(dtype)
    data = ([to_rows(x)], [to_rows(y)], [None])

    def train() -> list[np.ndarray]:
        for weight, value in zip(plan.weights, start, strict=True):
            weight.assign(value)
        metric = metrics.MeanMetricWrapper(lambda t, p: ops.max(ops.abs(t - p), axis=-1))
        trainer = plan.trainer(
            [losses.LossFunctionWrapper(loss)], ("adam", [0.9, 0.999, 1e-7]), metrics=[[metric]]
        )
        value, grads = trainer.gradients(*data)
        trainer.start(*data, n_rows)
        assert trainer.run(np.array([0.01]), 1e9) == 1
        found = trainer.results()
        sums = [value, *found["loss"], *found["metrics"][0][0]]
        return [*grads, *[weight.numpy() for weight in plan.weights], np.array(sums)]

    with_fma = [isa for isa in _core.available_isas() if isa != "scalar"]
    _core._set_isa((with_fma or ["scalar"])[0])
    _core.set_num_threads(1)
    first = train()
    assert all(np.isfinite(array).all() for array in first)
    for isa in with_fma or ["scalar"]:
        _core._set_isa(isa)
        for threads in (1, 2, 3):
            _core.set_num_threads(threads)
            for a, b in zip(first, train(), strict=True):
                np.testing.assert_array_equal(a, b)


def test_terms_that_mix_rows() -> None:
    def terms(hidden: Any) -> list:
        return [
            ops.sqrt(ops.mean(hidden * hidden)),
            ops.square(ops.mean(hidden, axis=0) - 0.1),
            ops.sum(ops.abs(hidden)) * ops.batch_size(hidden) / 1000,
        ]

    fast, slow = trainers(("mean_squared_error", []), terms=terms)
    check(fast, slow, RNG.standard_normal((300, 3)), None)


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (ops.max, "max"),
        (lambda hidden: ops.reshape(hidden, (2, -1)), "add_loss"),
        (lambda hidden: ops.matmul(hidden, ops.transpose(hidden)), "add_loss"),
    ],
)
def test_a_term_that_the_engine_cannot_compute_is_interpreted(term: Any, reason: str) -> None:
    loss = ("mean_squared_error", [])
    fast, _ = trainers(loss, terms=lambda hidden: [term(hidden)])
    assert isinstance(fast, InterpretingTrainer)
    assert fast.reason == reason


def test_a_metric_of_the_whole_batch_is_interpreted() -> None:
    inputs = layers.Input((5,), dtype="float64")
    plan = Plan([inputs], [layers.Dense(3, dtype="float64")(inputs)])
    metric = metrics.MeanMetricWrapper(lambda t, p: ops.max(ops.abs(t - p)), name="worst")
    trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []), metrics=[[metric]])
    assert isinstance(trainer, InterpretingTrainer)
    assert trainer.reason == "worst"


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight"])
def test_a_number_of_each_column(reduction: str) -> None:
    loss = losses.LossFunctionWrapper(
        lambda t, p: ops.mean(ops.square(t - p), axis=0), reduction=reduction
    )
    fast, slow = trainers(loss)
    check(fast, slow, RNG.standard_normal((300, 3)), None)
    # Weights are of rows.
    assert isinstance(trainers(loss, weighted=True)[0], InterpretingTrainer)


def test_a_target_that_is_missing() -> None:
    _, slow = trainers(("mean_squared_error", []))
    with pytest.raises(ValueError, match="output .* has a loss or metric and no target"):
        slow.evaluate([X], [None], [None], 40)


def test_the_sum_of_the_weights_may_divide() -> None:
    inputs = layers.Input((5,), dtype="float64")
    plan = Plan([inputs], [layers.Dense(3, "tanh", dtype="float64")(inputs)])
    y = RNG.standard_normal((300, 3))
    options = {"normalize_by_weights": True}
    loss, sgd, zeros = ("mean_squared_error", []), ("sgd", []), [0.0] * len(plan.weights)
    fast = plan.trainer([loss], sgd, parameters=plan.weights, options=options)
    slow = InterpretingTrainer(
        plan, [loss], [1.0], [()], plan.weights, zeros, zeros, sgd, dict(options)
    )
    got = fast.gradients([to_rows(X)], [to_rows(y)], [to_rows(WEIGHTS)])
    want = slow.gradients([X], [y], [WEIGHTS])
    assert got[0] == pytest.approx(want[0], rel=1e-12)
    errors = np.square(plan.predict([X])[0] - y).mean(axis=1, keepdims=True)
    assert want[0] == pytest.approx((errors * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-12)
    for a, b in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
