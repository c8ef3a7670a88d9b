"""Losses of a trainer: values, gradients, sample weights, penalties, metrics."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import _core
from reference.gradient_checks import (
    ALLOWED,
    check_against_differences,
    check_against_reference,
)
from reference.losses import DECLARED, example
from reference.tolerances import DTYPES
from reference.trainer import Batch
from reference.twin import LOSS_DEFAULTS, Training, Twin, rows

LOSSES = _core.loss_names()
METRICS = _core.metric_names()
# The defaults, and parameters that change something.
OTHER_PARAMETERS = {name: example(name)._native()[1] for name in LOSS_DEFAULTS}
PARAMETERS = [*LOSS_DEFAULTS.items()]
PARAMETERS += [(name, other) for name, other in OTHER_PARAMETERS.items() if other]
# Losses that the engine takes of the logits, with the activation that they need.
FUSED = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
# By what targets are, the activation whose results suit them.
OUTPUT_ACTIVATIONS = {
    "binary": "sigmoid",
    "classes": "softmax",
    "labels": "softmax",
    "counts": "softplus",
    "amounts": "exponential",
}


def activation_of(name: str) -> str | None:
    cls, arguments = DECLARED[name]
    return None if "from_logits" in arguments else OUTPUT_ACTIVATIONS.get(cls._data)


def targets(name: str, n_rows: int, features: int, rng: np.random.Generator) -> np.ndarray:
    shape = (n_rows, features)
    data = DECLARED[name][0]._data
    if data == "labels":
        return rng.integers(0, features, (n_rows, 1)) * 1.0
    if data == "signs":
        return rng.choice([-1.0, 0.0, 1.0], shape)
    if data == "amounts":
        return rng.gamma(2, 1, shape)
    if data == "counts":
        return rng.poisson(2, shape) * 1.0
    if data == "binary":
        return rng.choice([0.0, 1.0], shape)
    if data == "classes":
        return rng.dirichlet(np.ones(features), n_rows)
    return rng.normal(0, 2, shape)


def problem(
    name: str,
    params: list[float],
    n_rows: int = 45,
    features: int = 4,
    dtype: str = "float64",
    keep_logits: bool = False,
    **options,
) -> tuple[Training, Batch]:
    """A network with one output of `features`; `keep_logits` makes them an output of their own."""
    twin = Twin(dtype, seed=n_rows + features)
    output = twin.dense(twin.add("tanh", [twin.dense(twin.input(6), 5)]), features)
    outputs, losses = [output], [(name, params)]
    if activation_of(name) is not None:
        outputs = [twin.add(activation_of(name), [output])]
    if keep_logits:
        outputs, losses = [*outputs, output], [*losses, None]
    y = targets(name, n_rows, features, twin.rng).astype(dtype)
    nothing = [None] * (len(outputs) - 1)
    batch = Batch(twin.data(n_rows), [y, *nothing], [None, *nothing])
    return Training(twin, outputs, losses, **options), batch


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "params"), PARAMETERS)
def test_against_reference(name: str, params: list[float], dtype: str) -> None:
    # The softmax of one feature is 1, which only a loss of probabilities clips.
    fewest = 2 if FUSED.get(name) == "softmax" else 1
    for n_rows in (1, 32, 33, 300):
        for features in (fewest, 4, 17):
            training, batch = problem(name, params, n_rows, features, dtype)
            check_against_reference(training, batch)


@pytest.mark.parametrize(("name", "params"), PARAMETERS)
def test_against_differences(name: str, params: list[float]) -> None:
    training, batch = problem(name, params)
    batch.weights[0] = np.random.default_rng(0).uniform(0, 2, (len(batch), 1))
    check_against_differences(training, batch)


@pytest.mark.parametrize("name", FUSED)
def test_fused_and_not(name: str) -> None:
    """Where the logits are an output too, the loss is taken of the probabilities: the same."""
    for params in (LOSS_DEFAULTS[name], OTHER_PARAMETERS[name]):
        fused, batch = problem(name, params)
        apart, same_batch = problem(name, params, keep_logits=True)
        np.testing.assert_array_equal(batch.x[0], same_batch.x[0])
        same_batch.y[0] = batch.y[0]
        check_against_reference(apart, same_batch)
        check_against_reference(fused, batch)


@pytest.mark.parametrize("name", FUSED)
def test_fused_losses_stay_finite(name: str) -> None:
    """Logits of hundreds: the probabilities are 0 and 1, the loss is the distance of the logits."""
    for dtype in DTYPES:
        twin = Twin(dtype)
        x = twin.input(2)
        weight = twin.weight(np.eye(2))
        output = twin.add(FUSED[name], [twin.add("dense", [x], [weight])])
        training = Training(twin, [output], [(name, LOSS_DEFAULTS[name])])
        wrong = np.array([[-400.0, 400.0], [400.0, -400.0]], dtype)
        y = np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
        want = 800.0
        if name.startswith("sparse_"):
            y = np.array([[0.0], [1.0]], dtype)
        elif name.startswith("binary_"):
            want = 400.0
        loss, (gradient,) = training.native().gradients(rows([wrong]), rows([y]), [None])
        assert loss == pytest.approx(want, rel=1e-6)
        assert np.abs(gradient).max() >= 200


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["mean_squared_error", "categorical_crossentropy", "hinge"])
def test_sample_weights(name: str, dtype: str) -> None:
    for options in ({}, {"normalize_by_weights": True}):
        for n_rows in (1, 45, 300):
            training, batch = problem(
                name, LOSS_DEFAULTS[name], n_rows, dtype=dtype, options=options
            )
            weight = np.random.default_rng(2).uniform(0, 3, (n_rows, 1)).astype(dtype)
            weight[:: n_rows // 4 + 2] = 0
            batch.weights[0] = weight
            check_against_reference(training, batch)


def test_weights_that_are_all_zero() -> None:
    for options in ({}, {"normalize_by_weights": True}):
        training, batch = problem("mean_squared_error", [], options=options)
        batch.weights[0] = np.zeros((len(batch), 1))
        loss, gradients = training.native().gradients(*map(rows, (batch.x, batch.y, batch.weights)))
        assert loss == 0 and all((g == 0).all() for g in gradients)


@pytest.mark.parametrize("options", [{}, {"l2_per_batch": True}])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_penalties(options: dict, normalize: bool, dtype: str) -> None:
    options = options | {"normalize_by_weights": normalize}
    for l1, l2 in (([0.1, 0, 0, 0.02], None), (None, [0.3, 0.01, 0, 0]), ([0.1] * 4, [0.2] * 4)):
        training, batch = problem("huber", [1.0], 45, 17, dtype, l1=l1, l2=l2, options=options)
        batch.weights[0] = np.random.default_rng(2).uniform(0, 3, (45, 1)).astype(dtype)
        check_against_reference(training, batch)


def test_the_penalty_of_a_zero_has_no_slope() -> None:
    training, batch = problem("mean_squared_error", [], l1=[0.5] * 4)
    training.weights[2].assign(np.zeros_like(training.weights[2].native.view))
    check_against_reference(training, batch)


def two_outputs(n_rows: int, **options) -> tuple[Training, Batch]:
    """A classification and a regression, each with weights of its own."""
    twin = Twin(seed=n_rows)
    x = twin.input(5)
    h = twin.add("relu", [twin.dense(x, 8)])
    outputs = [twin.add("softmax", [twin.dense(h, 3)]), twin.dense(h, 2)]
    losses = [("sparse_categorical_crossentropy", [np.nan]), ("log_cosh", [])]
    training = Training(twin, outputs, losses, [0.7, -1.5], **options)
    y = [twin.rng.integers(0, 3, (n_rows, 1)), twin.rng.normal(size=(n_rows, 2))]
    weights = [twin.rng.uniform(0, 2, (n_rows, 1)), twin.rng.uniform(0, 2, (n_rows, 1))]
    return training, Batch(twin.data(n_rows), y, weights)


@pytest.mark.parametrize("n_rows", [20, 300])
@pytest.mark.parametrize("which", [(0, 1), (0,), (1,), ()])
@pytest.mark.parametrize("options", [{}, {"normalize_by_weights": True}])
def test_weights_of_two_outputs(n_rows: int, which: tuple[int, ...], options: dict) -> None:
    training, batch = two_outputs(n_rows, options=options)
    batch.weights = [w if i in which else None for i, w in enumerate(batch.weights)]
    check_against_reference(training, batch)


def test_two_losses_of_one_output() -> None:
    twin = Twin()
    output = twin.add("sigmoid", [twin.dense(twin.input(4), 3)])
    losses = [("mean_squared_error", []), ("binary_crossentropy", [0.0])]
    training = Training(twin, [output, output], losses, [0.4, 2.0])
    y = twin.rng.integers(0, 2, (50, 3)) * 1.0
    check_against_reference(training, Batch(twin.data(50), [y, 1 - y], [None, None]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("loss", [*FUSED, "mean_squared_error"])
def test_metrics(loss: str, metric: str, dtype: str) -> None:
    """Every metric beside every fused loss, if both take the same kind of target."""
    if ("sparse_" in metric) != loss.startswith("sparse_"):
        with pytest.raises(ValueError, match="need targets of different shapes: "):
            problem(loss, LOSS_DEFAULTS[loss], metrics=[[metric]])[0].native()
        return
    training, batch = problem(loss, LOSS_DEFAULTS[loss], 300, 5, dtype, metrics=[[metric, metric]])
    if loss == "categorical_crossentropy":
        batch.y[0] = np.eye(5)[np.random.default_rng(0).integers(0, 5, 300)].astype(dtype)
    if loss == "mean_squared_error":  # targets that every metric can take
        batch.y[0] = (batch.y[0] > 0).astype(dtype)
    trainer = training.native()
    got = trainer.evaluate(rows(batch.x), rows(batch.y), [None])
    with np.errstate(invalid="ignore", divide="ignore"):
        want = training.reference().evaluate(batch)
    # Predictions of the untransformed output may be outside a metric's domain: then both are NaN.
    allowed = 100 * ALLOWED[dtype]
    for (total, count), truth in zip(got["metrics"][0], want.metrics[0], strict=True):
        assert count == 300
        assert total == pytest.approx(truth, rel=allowed, abs=allowed, nan_ok=True)


def test_metrics_ignore_sample_weights() -> None:
    training, batch = problem("mean_squared_error", [], metrics=[["loss:mean_absolute_error"]])
    trainer = training.native()
    plain = trainer.evaluate(rows(batch.x), rows(batch.y), [None])
    weight = np.full((len(batch), 1), 3.0)
    weighted = trainer.evaluate(rows(batch.x), rows(batch.y), rows([weight]))
    assert weighted["metrics"] == plain["metrics"]
    assert weighted["loss"][0] == pytest.approx(3 * plain["loss"][0], rel=1e-12)


def test_ignored_class() -> None:
    training, batch = problem("sparse_categorical_crossentropy", [2.0], 40)
    assert (batch.y[0] == 2).any()
    check_against_reference(training, batch)
    kept = batch.rows(np.flatnonzero(batch.y[0][:, 0] != 2))
    loss, _ = training.native().gradients(*map(rows, (batch.x, batch.y, batch.weights)))
    loss_of_kept, _ = training.native().gradients(*map(rows, (kept.x, kept.y, kept.weights)))
    assert loss * len(batch) == pytest.approx(loss_of_kept * len(kept), rel=1e-12)


@pytest.mark.parametrize(
    ("losses", "loss_weights", "metrics", "message"),
    [
        ([("mse", [])], [1.0], [[]], "unknown loss: 'mse'. It must be one of mean_squared_error"),
        ([("huber", [1.0] * 9)], [1.0], [[]], "too many parameters for the loss 'huber'"),
        ([("huber", [1.0, 2.0])], [1.0], [[]], "'huber', which takes 1. Received: 2"),
        ([("huber", [1.0])], [1.0], [["auc"]], "unknown metric: 'auc'"),
        ([("huber", [1.0])], [1.0], [["loss:mse"]], "unknown loss: 'mse'"),
        ([("huber", [1.0])] * 2, [1.0], [[]], "one loss, one loss weight and one list of metrics"),
        ([("huber", [1.0])], [], [[]], "one loss, one loss weight and one list of metrics"),
        ([("huber", [1.0])], [1.0], [], "one loss, one loss weight and one list of metrics"),
    ],
)
def test_errors(losses: list, loss_weights: list, metrics: list, message: str) -> None:
    twin = Twin()
    output = twin.dense(twin.input(2), 2)
    variables = [w.native for w in twin.weights]
    arguments = ([0.0] * 2, [0.0] * 2, ("sgd", []))
    with pytest.raises(ValueError, match=message):
        _core.Trainer(
            twin.native, twin.inputs, [output], losses, loss_weights, metrics, variables, *arguments
        )
