"""Which nodes the engine computes, and that it computes what the interpreter does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pynn import _core, layers, ops
from pynn._tensor import apply
from pynn._tracing import recording
from pynn.graph import Plan, to_rows
from pynn.graph._interpreter import predict_in_batches
from pynn.graph._interpreting_trainer import InterpretingTrainer
from pynn.training import ArrayData, Listener, Totals, TrainingLoop

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (45, 4))
KERNEL = ops.Weight(RNG.standard_normal((4, 4)), "kernel")
GROUPED = np.random.default_rng(7).standard_normal((3, 2, 2))
BIAS = ops.Weight(RNG.standard_normal(4), "bias")
CUBE = ops.Weight(RNG.standard_normal((4, 2, 2)), "cube")
SCALE = ops.Weight(np.array(0.7), "scale")
WIDE = ops.Weight(RNG.standard_normal((1, 4)), "wide")
LARGE = ops.Weight(np.random.default_rng(8).standard_normal((20_000, 4)), "large")
MATRIX = RNG.standard_normal((4, 3)) @ np.eye(3, 4)
ROW = RNG.uniform(0.5, 2.0, 4)


def _transposed(x):
    """A transpose that is more than a kernel."""
    with recording(not isinstance(x, np.ndarray)):
        transposed = ops.transpose(KERNEL)
        return x @ transposed * transposed[0]


def _numbers(x):
    """Whole numbers below 4."""
    return ops.cast(ops.clip(x, 0.0, 1.9) * 2, "int32")


def _of_weights(function):
    """A function that records what it does to weights, too."""

    def record(x):
        with recording(not isinstance(x, np.ndarray)):
            return function(x)

    return record


def _middle(x):
    """One number for each feature, of the whole batch."""
    return ops.mean(x, axis=0)


def _tied(x):
    """A layer and its mirror image, as autoencoders tie them."""
    with recording(not isinstance(x, np.ndarray)):
        return ops.tanh(x @ KERNEL + BIAS) @ ops.transpose(KERNEL) + BIAS


NATIVE = {
    "product": lambda x: x @ KERNEL,
    "product and bias": lambda x: x @ KERNEL + BIAS,
    "a bias of one row": lambda x: x @ KERNEL + WIDE,
    "bias in front": lambda x: BIAS + ops.matmul(x, KERNEL),
    "sum of two": lambda x: x + ops.tanh(x),
    "difference": lambda x: ops.tanh(x) - x,
    "product of two": lambda x: x * x * ops.tanh(x),
    "number behind": lambda x: ((x + 1) * 2.5 - 0.5) / 4,
    "number in front": lambda x: 2 * (1 - (3 + x)),
    "a number for each feature": lambda x: (x * ROW + ROW) / ROW,
    "minus": lambda x: -x,
    "square and exponential": lambda x: ops.square(x) + ops.exp(-x),
    "reshaped and back": lambda x: ops.reshape(ops.reshape(x, (-1, 2, 2)) * 2, (-1, 4)),
    "axes of size one": lambda x: ops.squeeze(ops.expand_dims(x, 1), 1) * 1.5,
    "largest and smallest": lambda x: ops.maximum(x, 2 - x) + ops.minimum(x, x * x),
    "side by side": lambda x: ops.concatenate([x, x * 2, ops.sigmoid(x)], axis=-1),
    "softmax": lambda x: ops.softmax(x) + ops.log_softmax(x),
    "cast": lambda x: ops.cast(x, "float64") * 2,
    "cast to whole numbers and truth": lambda x: (
        x + ops.cast(x, "int32") * ops.cast(ops.cast(x - 1, "bool"), "float64")
    ),
    "arithmetic": lambda x: (1 / x - x) / (x + 2) * ops.abs(1.2 - x) + ops.rsqrt(x),
    "powers": lambda x: x**2 + x**0.5 + x**-1 + x**3 + x**1 + x**2.5 + 2.0**x + x ** (x - 1),
    "only a power of one": lambda x: x**1,
    "logarithms": lambda x: ops.log(x) + ops.log1p(x) + ops.expm1(x) + ops.exp(-x),
    "products along the last axis": lambda x: ops.reshape(
        ops.reshape(x, (-1, 2, 2)) @ KERNEL[:2], (-1, 2 * KERNEL.shape[1])
    ),
    "a matrix for each group": lambda x: ops.reshape(
        ops.einsum("bgi,ogi->bgo", ops.reshape(x, (-1, 2, 2)), GROUPED), (-1, 6)
    ),
    "a kernel in front": lambda x: ops.einsum("oi,bi->bo", MATRIX.T, x),
    "angles": lambda x: ops.sin(3 * x) * ops.cos(100 * x) + ops.tan(x),
    "softplus by hand": lambda x: ops.log(1 + ops.exp(x)),
    "remainders": lambda x: ops.mod(x, 0.7) + x // 0.7 + ops.floor(x) + ops.ceil(x) + ops.round(x),
    "where": lambda x: ops.where(x > 1, x * x, ops.where(x <= 0.8, 0.0, -x)),
    "comparisons": lambda x: (
        x * ops.cast(ops.logical_or(ops.logical_and(x > 0.7, x < 1), x >= 1.5), "float64")
        + x * ops.cast(ops.logical_not(ops.equal(x, x)), "float64")
    ),
    "clip": lambda x: ops.clip(x, 0.9, 1.4) + ops.sign(x - 1) * x,
    "stop_gradient": lambda x: x * ops.stop_gradient(x * x),
    "only what has no gradient": lambda x: x + ops.stop_gradient(ops.tanh(x)),
    "activations inside": lambda x: x * ops.sigmoid(1.7 * x) + ops.relu(x - 1) * ops.softplus(x),
    "mean": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "moments": lambda x: (
        (x - ops.mean(x, axis=1, keepdims=True))
        / ops.sqrt(ops.var(x, axis=1, keepdims=True) + 1e-3)
    ),
    "sums and extremes": lambda x: (
        x * ops.sum(x, axis=1, keepdims=True)
        + ops.max(x, axis=-1, keepdims=True) * ops.min(x, axis=-1, keepdims=True)
    ),
    "logsumexp": lambda x: x - ops.logsumexp(x, axis=-1, keepdims=True),
    "standard deviation and norm": lambda x: ops.concatenate(
        [ops.std(x, axis=1, keepdims=True), ops.l2_normalize(x)], axis=-1
    ),
    "one number a row": lambda x: ops.reshape(ops.sum(ops.square(x), axis=-1), (-1, 1)) * x,
    "any and all": lambda x: (
        x * ops.cast(ops.any(x > 1.8, axis=1, keepdims=True), "float64")
        - x * ops.cast(ops.all(x > 0.6, axis=1, keepdims=True), "float64")
    ),
    "slices": lambda x: ops.concatenate([x[:, 1:], x[:, ::2] * x[:, 2:], x[:, 0:1]], axis=-1),
    "split": lambda x: ops.multiply(*ops.split(x, 2, axis=1)),
    "places": lambda x: (
        x * ops.cast(ops.argmax(x, axis=1, keepdims=True) + ops.argmin(x, -1, True), "float64")
        + ops.cast(ops.argmax(ops.reshape(x, (-1, 2, 2)), axis=1), "float64")[:, :1]
    ),
    "softmax of a part of a row": lambda x: ops.reshape(
        ops.softmax(ops.reshape(x, (-1, 2, 2))) + ops.log_softmax(ops.reshape(x, (-1, 2, 2))),
        (-1, 4),
    ),
    "a kernel and its transpose": _tied,
    "a matrix of numbers": lambda x: x @ MATRIX + BIAS,
    "one column": lambda x: ops.expand_dims(x[:, 2], -1) + x,
    "take": lambda x: ops.take(x, [3, 0, 0], axis=1) * 2,
    "lookups": lambda x: ops.take(KERNEL, _numbers(x)[:, 0], axis=0) * x,
    "lookups of several numbers": lambda x: ops.mean(ops.take(KERNEL, _numbers(x), axis=0), axis=1),
    "lookups in a vector": lambda x: x + ops.take(BIAS, _numbers(x) - 1, axis=0),
    "lookups in arrays": lambda x: (
        ops.take(MATRIX, _numbers(x)[:, 1], axis=0) * ops.take(ROW, _numbers(x), axis=0) + x * BIAS
    ),
    "a kernel that is looked up": lambda x: ops.take(KERNEL, _numbers(x)[:, 0], axis=0) @ KERNEL,
    "dropout of nothing": lambda x: ops.dropout(x, 0.0, always=True) * 2,
    "alpha dropout of nothing": lambda x: ops.alpha_dropout(x, 0.0, always=True) * 2,
    "a sum of one": lambda x: apply(ops.find_op("merge_add"), x),
    "matrices in a row": lambda x: ops.reshape(
        ops.sum(ops.transpose(ops.reshape(x, (-1, 2, 2)) * x[:, :2][:, None], (0, 2, 1)), axis=1),
        (-1, 2),
    ),
    "inner axis": lambda x: ops.mean(ops.reshape(x, (-1, 2, 2)), axis=1) * x[:, 2:],
    "stacked": lambda x: ops.max(ops.stack([x, 2 - x, x * x], axis=1), axis=1),
    "one hot": lambda x: ops.one_hot(ops.cast(x[:, 0] * 2, "int32"), 4, dtype="float64") * x,
    "ones like": lambda x: x * ops.ones_like(x) + ops.zeros_like(x),
    "a weight for each feature": lambda x: x * BIAS + ops.exp(BIAS) / x,
    "a weight for all": lambda x: x * ops.sigmoid(SCALE) + SCALE,
    "a weight in the middle": lambda x: ops.maximum(x * BIAS, BIAS) * ops.sum(ops.square(BIAS)),
    "a bias in front of an activation": lambda x: ops.tanh((x * 2) @ KERNEL + BIAS) * (x @ KERNEL),
    "shared": lambda x: ops.exp(-ops.square(x)) * ops.softmax(ops.exp(-ops.square(x))),
    "a long chain": lambda x: _chain(x),
}


def _chain(x):
    y = x
    for i in range(90):
        y = y * 0.9 + ops.tanh(x + 0.01 * i) / (1 + y * y)
    return y


# The op that is in the way, and a function with it.
INTERPRETED = [
    ("arctan", ops.arctan),
    ("cast", lambda x: ops.cast(x, "float32") @ KERNEL),
    ("max", lambda x: x - ops.max(x, axis=0, keepdims=True)),
    (
        "matmul",
        lambda x: ops.reshape(ops.reshape(x, (-1, 2, 2)) @ ops.reshape(x, (-1, 2, 2)), (-1, 4)),
    ),
    ("einsum", lambda x: ops.einsum("bi,bi->b", x, x)[:, None]),
    ("einsum", lambda x: ops.einsum("bij->bji", ops.reshape(x, (-1, 2, 2)))[:, 1]),
    ("einsum", lambda x: ops.transpose(ops.einsum("bi,io->ob", x, MATRIX))),
    ("einsum", lambda x: ops.einsum("bi,io->bo", x, MATRIX[:1])),
    ("einsum", lambda x: ops.einsum("bij,ioj->bo", ops.reshape(x, (-1, 2, 2)), GROUPED[:2])),
    ("transpose", _transposed),
    ("transpose", _of_weights(lambda x: (x @ ops.transpose(BIAS))[:, None])),
    ("take", lambda x: ops.reshape(ops.take(CUBE, _numbers(x)[:, 0], axis=0), (-1, 4))),
    ("take", lambda x: x * ops.take(KERNEL, _numbers(_middle(x))[0], axis=0)),
    ("take", lambda x: ops.take(_middle(x), _numbers(x), axis=0)),
    ("index", lambda x: x[::-1]),
    ("reshape", lambda x: ops.reshape(ops.cast(ops.reshape(x, (9, -1)), "int32"), (-1, 4)) + x),
    (
        "full",
        _of_weights(lambda x: x + ops.sum(ops.ones((ops.shape(x)[0], 0)), axis=1, keepdims=True)),
    ),
    ("multiply", lambda x: x * Fraction(1, 3)),
    ("softmax", lambda x: x * ops.softmax(_middle(x))),
    ("ones_like", lambda x: x * ops.ones_like(_middle(x))),
    ("batch_size", lambda x: x * ops.batch_size(_middle(x))),
    ("alpha_dropout", lambda x: ops.alpha_dropout(x, 1e-20) * 2),
    ("merge_add", lambda x: apply(ops.find_op("merge_add"), x, ROW)),
    ("merge_add", lambda x: apply(ops.find_op("merge_add"), x, x[:, :1])),
    ("sum", _of_weights(lambda x: x + ops.sum(LARGE))),
    ("square", _of_weights(lambda x: x + ops.sum(ops.square(LARGE)))),
    ("add", _of_weights(lambda x: x + ops.sum(ops.mean(x) + LARGE))),
]
# Trained natively, and predicted in NumPy: by the op, what looks at all rows of a batch.
BATCH_OPS = {
    "mean": lambda x: x - ops.mean(x, axis=0, keepdims=True),
    "sum": lambda x: x / ops.sum(x),
    "batch_size": lambda x: x * ops.batch_size(x),
}


def _batch_moments(x):
    mean, deviation = ops.mean(x, axis=0), ops.std(x, axis=0)
    return (x - mean) / (deviation + 0.1) + ops.sum(ops.square(x), axis=(0, 1)) / 1000


TRAINED = {
    **BATCH_OPS,
    "moments": _batch_moments,
    "moments of matrices": lambda x: ops.reshape(
        ops.reshape(x, (-1, 2, 2)) * ops.mean(ops.reshape(x, (-1, 2, 2)), axis=(0, 2))[:, None],
        (-1, 4),
    ),
}


def build(function):
    inputs = layers.Input((4,), dtype="float64")
    return Plan([inputs], [ops.identity(function(inputs))])


@pytest.mark.parametrize("name", NATIVE)
def test_the_engine_computes_what_the_interpreter_does(name: str) -> None:
    plan = build(NATIVE[name])
    assert plan.reason is None
    out = plan.predict([X])[0]
    np.testing.assert_allclose(out, predict_in_batches(plan, [X], 16)[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(out, NATIVE[name](X).reshape(len(X), -1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NATIVE)
def test_gradients_agree(name: str) -> None:
    inputs = layers.Input((4,), dtype="float64")
    # Positive, as X is: where all of these are smooth.
    hidden = ops.softplus(layers.Dense(4, dtype="float64")(inputs)) + 0.3
    output = NATIVE[name](hidden)
    plan = Plan([inputs], [output])
    y = np.zeros((len(X), output.shape[1]))
    weights = plan.weights
    loss, sgd = ("mean_squared_error", []), ("sgd", [])
    fast = plan.trainer([loss], sgd, parameters=weights)
    zeros = [0.0] * len(weights)
    slow = InterpretingTrainer(plan, [loss], [1.0], [()], weights, zeros, zeros, sgd, {})

    a = fast.gradients([to_rows(X)], [to_rows(y)], [None])
    b = slow.gradients([X], [y], [None])
    assert a[0] == pytest.approx(b[0], rel=1e-12)
    for x, z in zip(a[1], b[1], strict=True):
        np.testing.assert_allclose(x, z, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", TRAINED)
def test_what_looks_at_the_batch_is_trained_natively(name: str) -> None:
    inputs = layers.Input((4,), dtype="float64")
    output = layers.Dense(2, dtype="float64")(TRAINED[name](inputs * BIAS))
    plan = Plan([inputs], [output])
    assert plan.reason is None
    y = np.random.default_rng(5).standard_normal((len(X), 2))
    loss, sgd, weights = ("mean_squared_error", []), ("sgd", []), plan.weights
    fast = plan.trainer([loss], sgd, parameters=weights)
    assert isinstance(fast, _core.Trainer)
    zeros = [0.0] * len(weights)
    slow = InterpretingTrainer(plan, [loss], [1.0], [()], weights, zeros, zeros, sgd, {})
    a = fast.gradients([to_rows(X)], [to_rows(y)], [None])
    b = slow.gradients([X], [y], [None])
    assert a[0] == pytest.approx(b[0], rel=1e-12)
    for x, z in zip(a[1], b[1], strict=True):
        np.testing.assert_allclose(x, z, rtol=1e-9, atol=1e-11)
    for batch_size in (10, 32, len(X)):
        got = fast.evaluate([to_rows(X)], [to_rows(y)], [None], batch_size)
        want = slow.evaluate([X], [y], [None], batch_size)
        np.testing.assert_allclose(got["loss"], want["loss"], rtol=1e-12)


@pytest.mark.parametrize("name", BATCH_OPS)
def test_what_looks_at_the_batch_is_predicted_by_batches(name: str) -> None:
    plan = build(BATCH_OPS[name])
    assert (plan.reason, plan.batch_op, plan.is_native) == (None, name, False)
    np.testing.assert_allclose(plan.predict([X])[0], BATCH_OPS[name](X), rtol=1e-12)
    first = plan.predict([X], 10)[0][:10]
    np.testing.assert_allclose(first, BATCH_OPS[name](X[:10]), rtol=1e-12)


@pytest.mark.parametrize(("name", "function"), INTERPRETED)
def test_the_rest_is_interpreted(name: str, function) -> None:
    plan = build(function)
    assert plan.reason == name
    assert not plan.is_native
    wanted = np.asarray(function(X), np.float64)
    np.testing.assert_allclose(plan.predict([X])[0], wanted, rtol=1e-12)


def test_an_output_without_rows_is_not_the_engines() -> None:
    assert build(_middle).reason == "identity"


def test_a_table_of_more_rows_than_float32_has_whole_numbers() -> None:
    inputs = layers.Input((1,), dtype="float32")
    table = np.broadcast_to(np.float32(0.5), (2**24 + 1,))
    assert Plan([inputs], [ops.take(table, inputs, axis=0)]).reason == "take"


def test_an_input_may_be_an_output_and_outputs_the_same() -> None:
    inputs = layers.Input((4,), dtype="float64")
    doubled = inputs * 2
    plan = Plan([inputs], [inputs, doubled, doubled])
    first, second, third = plan.predict([X])
    np.testing.assert_array_equal(first, X)
    np.testing.assert_array_equal(second, 2 * X)
    np.testing.assert_array_equal(third, 2 * X)


def test_an_unknown_source_is_refused() -> None:
    inputs, other = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    with pytest.raises(ValueError, match="depend on .*'b'.*not among the model's inputs: 'a'"):
        Plan([inputs], [inputs + other])


def test_an_interpreted_epoch_is_the_engines() -> None:
    """Momentum, penalties, clipping and decay, step by step in both ways."""
    y = RNG.standard_normal((45, 2))
    results = []
    for cls in ("engine", "interpreter"):
        inputs = layers.Input((4,), dtype="float64")
        rng = np.random.default_rng(3)
        hidden = layers.Dense(6, activation="tanh", dtype="float64")
        out = layers.Dense(2, dtype="float64")
        plan = Plan([inputs], [out(hidden(inputs))])
        for weight in plan.weights:
            weight.assign(rng.standard_normal(weight.shape))
        arguments = {
            "losses": [("mean_squared_error", [])],
            "optimizer": ("adam", [0.9, 0.999, 1e-7]),
            "options": {
                "weight_decay": 0.1,
                "clipnorm": 0.5,
                "decay_factors": [1, 0, 1, 0],
                "rate_factors": [2, 1, 1, 0.5],
            },
            "l1": [0.01, 0, 0, 0],
            "l2": [0, 0, 0.02, 0],
        }
        if cls == "interpreter":
            plan._native = None
        trainer = plan.trainer(parameters=plan.weights, **arguments)
        assert isinstance(trainer, InterpretingTrainer) == (cls == "interpreter")
        data = ArrayData([X], [y], [np.linspace(0.5, 1.5, 45)])
        losses: list[float] = []

        class Losses(Listener):
            def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
                losses.append(totals.losses()[0])  # noqa: B023, run at once
                return False

        rates = lambda first, n: np.full(n, 0.01)  # noqa: E731
        TrainingLoop(trainer, data, 8, rates, listener=Losses()).run(0, 3)
        losses.append(trainer.evaluate(*data.sources(trainer), 16)["loss"][0])
        results.append((losses, [weight.numpy() for weight in plan.weights]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-10)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
