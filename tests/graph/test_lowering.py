"""Which nodes the engine computes, and that it computes what the interpreter does."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import layers, ops
from pynn.graph import lower
from pynn.graph._interpreter import Interpreter
from pynn.graph._interpreting_trainer import InterpretingTrainer

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (45, 4))
KERNEL = ops.Weight(RNG.standard_normal((4, 4)), "kernel")
BIAS = ops.Weight(RNG.standard_normal(4), "bias")
ROW = RNG.uniform(0.5, 2.0, 4)

NATIVE = {
    "product": lambda x: x @ KERNEL,
    "product and bias": lambda x: x @ KERNEL + BIAS,
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
    "side by side": lambda x: ops.concatenate([x, x * 2, ops.sigmoid(x)]),
    "softmax": lambda x: ops.softmax(x) + ops.log_softmax(x),
    "cast": lambda x: ops.cast(x, "float64") * 2,
}
INTERPRETED = {
    "log": ops.log,
    "cast": lambda x: ops.cast(x, "float32") @ KERNEL,
    "divide": lambda x: 1 / x,
    "where": lambda x: ops.where(x > 1, x, 0.0),
    "mean": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "multiply": lambda x: x * BIAS,
    "dropout": lambda x: ops.dropout(x, 0.0, always=True),
    "stop_gradient": lambda x: x + ops.stop_gradient(x),
}


def build(function):
    inputs = layers.Input((4,), dtype="float64")
    return lower([inputs], [ops.identity(function(inputs))])


@pytest.mark.parametrize("name", NATIVE)
def test_the_engine_computes_what_the_interpreter_does(name: str) -> None:
    plan = build(NATIVE[name])
    assert plan.reason is None
    slow = Interpreter(plan.nodes, plan.inputs, plan.outputs, plan.dtype)
    out = plan.predict([X])[0]
    np.testing.assert_allclose(out, slow.predict([X], 16)[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(out, NATIVE[name](X).reshape(len(X), -1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NATIVE)
def test_gradients_agree(name: str) -> None:
    inputs = layers.Input((4,), dtype="float64")
    output = NATIVE[name](layers.Dense(4, dtype="float64")(inputs))
    plan = lower([inputs], [output])
    y = np.zeros((len(X), output.shape[1]))
    weights = plan.weights
    loss, sgd = ("mean_squared_error", []), ("sgd", [])
    fast = plan.trainer([loss], sgd, parameters=weights)
    zeros = [0.0] * len(weights)
    slow = InterpretingTrainer(plan, [loss], [1.0], [()], weights, zeros, zeros, sgd, {})
    from pynn.graph import to_rows

    a = fast.gradients([to_rows(X)], [to_rows(y)], [None])
    b = slow.gradients([X], [y], [None])
    assert a[0] == pytest.approx(b[0], rel=1e-12)
    for x, z in zip(a[1], b[1], strict=True):
        np.testing.assert_allclose(x, z, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", INTERPRETED)
def test_the_rest_is_interpreted(name: str) -> None:
    plan = build(INTERPRETED[name])
    assert plan.reason is not None
    assert not plan.is_native
    np.testing.assert_allclose(plan.predict([X])[0], INTERPRETED[name](X), rtol=1e-12)


def test_an_input_may_be_an_output_and_outputs_the_same() -> None:
    inputs = layers.Input((4,), dtype="float64")
    doubled = inputs * 2
    plan = lower([inputs], [inputs, doubled, doubled])
    first, second, third = plan.predict([X])
    np.testing.assert_array_equal(first, X)
    np.testing.assert_array_equal(second, 2 * X)
    np.testing.assert_array_equal(third, 2 * X)


def test_an_unknown_source_is_refused() -> None:
    inputs, other = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    with pytest.raises(ValueError, match="depend on .*'b'.*not among the model's inputs: 'a'"):
        lower([inputs], [inputs + other])


def test_an_interpreted_epoch_is_the_engines() -> None:
    """Momentum, penalties, clipping and decay, step by step in both ways."""
    y = RNG.standard_normal((45, 2))
    results = []
    for cls in ("engine", "interpreter"):
        inputs = layers.Input((4,), dtype="float64")
        rng = np.random.default_rng(3)
        hidden = layers.Dense(6, activation="tanh", dtype="float64")
        out = layers.Dense(2, dtype="float64")
        plan = lower([inputs], [out(hidden(inputs))])
        for weight in plan.weights:
            weight.assign(rng.standard_normal(weight.shape))
        arguments = {
            "losses": [("mean_squared_error", [])],
            "optimizer": ("adam", [0.9, 0.999, 1e-7]),
            "options": {"weight_decay": 0.1, "clipnorm": 0.5, "decay_mask": [1, 0, 1, 0]},
            "l1": [0.01, 0, 0, 0],
            "l2": [0, 0, 0.02, 0],
        }
        if cls == "interpreter":
            plan._native = None
        trainer = plan.trainer(parameters=plan.weights, **arguments)
        assert isinstance(trainer, InterpretingTrainer) == (cls == "interpreter")
        from pynn.training import ArrayData, EpochRunner

        data = ArrayData([X], [y], [np.linspace(0.5, 1.5, 45)])
        runner = EpochRunner(trainer, data, 8, lambda first, n: np.full(n, 0.01))
        losses = [epoch.loss for epoch in runner.epochs(0, 3)]
        losses.append(trainer.evaluate(*data.sources(trainer), 16)["loss"][0])
        results.append((losses, [weight.numpy() for weight in plan.weights]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-10)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
