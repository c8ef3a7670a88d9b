"""Weights that a layer's `call` assigns to: counters, moving averages, and what reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, metrics, ops, optimizers
from pynn.graph import InterpretingTrainer
from pynn.models import Sequential
from pynn.ops import SymbolicValueError

X = np.random.default_rng(5).standard_normal((10, 3)).astype("float32")
Y = X[:, :1] - 0.5


class Average(layers.Layer):
    """Takes the moving average of its inputs off, and adds how often it was called."""

    looks = False  # at a value, so that it cannot be recorded

    def build(self, input_shape: Any) -> None:
        row = (input_shape[-1],)
        self.n = self.add_weight(shape=(), initializer="zeros", trainable=False, name="n")
        self.moving = self.add_weight(shape=row, initializer="ones", trainable=False, name="moving")

    def call(self, x: Any) -> Any:
        before = x * self.n
        self.n.assign_add(1.0)
        if self.looks and float(self.n) < 0:
            return x
        self.moving.assign(0.9 * self.moving + 0.1 * ops.mean(x, axis=0))
        return x - self.moving + 0.01 * (self.n + before)


class Looking(Average):
    looks = True


class Own(pynn.Model):
    def __init__(self, average: layers.Layer) -> None:
        super().__init__()
        self.average = average
        self.dense = layers.Dense(1, kernel_initializer="ones")

    def call(self, x: Any) -> Any:
        return self.dense(self.average(x))


class Stepping(Own):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def functional(average: layers.Layer) -> pynn.Model:
    inputs = pynn.Input((3,))
    return pynn.Model(inputs, layers.Dense(1, kernel_initializer="ones")(average(inputs)))


def nested(average: layers.Layer) -> pynn.Model:
    inputs = pynn.Input((3,))
    inner = Sequential([pynn.Input((3,)), average])
    return pynn.Model(inputs, layers.Dense(1, kernel_initializer="ones")(inner(inputs)))


def sequential(average: layers.Layer) -> pynn.Model:
    return Sequential([pynn.Input((3,)), average, layers.Dense(1, kernel_initializer="ones")])


MODELS: list[Callable[[layers.Layer], pynn.Model]] = [
    functional,
    sequential,
    nested,
    Own,
    lambda _: Own(Looking()),
    Stepping,
]
NAMES = ["functional", "sequential", "nested", "subclass", "looks at values", "own step"]


class Reference:
    """The same in NumPy, in float64."""

    def __init__(self) -> None:
        self.n, self.moving = 0.0, np.ones(3)
        self.kernel, self.bias = np.ones((3, 1)), np.zeros(1)

    def averaged(self, x: np.ndarray) -> np.ndarray:
        before = x * self.n
        self.n += 1
        self.moving = 0.9 * self.moving + 0.1 * x.mean(axis=0)
        return x - self.moving + 0.01 * (self.n + before)

    def predict(self, x: np.ndarray, size: int) -> np.ndarray:
        parts = [x[i : i + size] for i in range(0, len(x), size)]
        return np.concatenate([self.averaged(part) @ self.kernel + self.bias for part in parts])

    def fit(self, x: np.ndarray, y: np.ndarray, size: int, rate: float) -> float:
        total = 0.0
        for i in range(0, len(x), size):
            h = self.averaged(x[i : i + size])
            error = h @ self.kernel + self.bias - y[i : i + size]
            total += (error**2).sum()
            slope = 2 * error / len(error)
            self.kernel = self.kernel - rate * h.T @ slope
            self.bias = self.bias - rate * slope.sum(axis=0)
        return total / len(x)


def states(model: pynn.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.non_trainable_weights]


@pytest.mark.parametrize("make", MODELS, ids=NAMES)
def test_each_pass_assigns(make: Any) -> None:
    model, reference = make(Average()), Reference()
    model.compile(optimizers.SGD(0.05), "mse", metrics=["mae", metrics.R2Score()])
    given = {"batch_size": 4, "shuffle": False, "verbose": 0}
    x, y = X.astype("float64"), Y.astype("float64")

    def agrees() -> None:
        for found, wanted in zip(states(model), (reference.n, reference.moving), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5)

    losses = model.fit(X, Y, epochs=2, **given).history["loss"]
    np.testing.assert_allclose(losses, [reference.fit(x, y, 4, 0.05) for _ in range(2)], rtol=1e-5)
    assert reference.n == 6
    agrees()
    np.testing.assert_allclose(model.get_weights()[-2], reference.kernel, rtol=1e-4)
    del given["shuffle"]
    loss = model.evaluate(X, Y, **given)[0]
    assert loss == pytest.approx(((reference.predict(x, 4) - y) ** 2).mean(), rel=1e-5)
    agrees()  # and not twice, though a metric is computed in Python
    np.testing.assert_allclose(model.predict(X, **given), reference.predict(x, 4), rtol=1e-4)
    agrees()
    np.testing.assert_allclose(model(X), reference.predict(x, 10), rtol=1e-4)
    agrees()
    np.testing.assert_allclose(model(X, training=True), reference.predict(x, 10), rtol=1e-4)
    agrees()
    model.train_on_batch(X, Y)
    reference.fit(x, y, 10, 0.05)
    model.test_on_batch(X, Y)
    reference.predict(x, 10)
    agrees()
    model.fit(X, Y, validation_data=(X, Y), validation_batch_size=5, **given)
    assert states(model)[0] == reference.n + 3 + 2


@pytest.mark.parametrize("make", MODELS, ids=NAMES)
def test_building_assigns_nothing(make: Any) -> None:
    model = make(Average())
    model.build((None, 3))
    model.compile("sgd", "mse")
    model.summary(print_fn=lambda line: None)
    n, moving = states(model)
    assert n == 0 and (moving == 1).all()


def test_a_layer_called_twice_assigns_twice() -> None:
    average, inputs = Average(), pynn.Input((3,))
    model = pynn.Model(inputs, average(average(inputs)))
    reference = Reference()
    np.testing.assert_allclose(
        model.predict(X, verbose=0), reference.averaged(reference.averaged(X)), rtol=1e-5
    )
    assert float(average.n) == reference.n == 2
    alone = pynn.Model(inputs, average(inputs))  # of a call, and not of those before
    alone.predict(X, verbose=0)
    assert float(average.n) == 3


def test_what_is_assigned_in_training_only() -> None:
    class Counting(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x: Any, training: Any = None) -> Any:
            if training:
                self.n.assign_add(1.0)
            return x + self.n

    counting = Counting()
    model = Sequential([pynn.Input((3,)), counting, layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, verbose=0)
    assert float(counting.n) == 3
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    model(X)
    assert float(counting.n) == 3
    assert model._plan().is_native
    model(X, training=True)
    assert float(counting.n) == 4


@pytest.mark.parametrize("taped", [False, True])
def test_gradients_are_of_what_a_weight_was_where_it_was_read(taped: bool) -> None:
    class Product(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kept = self.add_weight(shape=(3,), initializer="ones", name="kept")
            self.factor = self.add_weight(
                shape=(), initializer="ones", trainable=False, name="factor"
            )

        def call(self, x: Any) -> Any:
            first = x * self.kept * self.factor
            flat = ops.reshape(self.factor, (1,))
            self.factor.assign(self.factor + 1.0)
            second = x * self.kept * self.factor
            self.factor.assign(10.0)
            return ops.concatenate([first + flat, second, x * self.kept * self.factor], axis=-1)

    product = Product()
    model = Sequential([pynn.Input((3,)), product])
    target = np.zeros((10, 9), "float32")
    gradient = np.zeros(3)
    for factor, offset in ((1.0, 1.0), (2.0, 0.0), (10.0, 0.0)):
        gradient += (2 * (factor * X + offset) * factor * X / 9).mean(axis=0)
    if taped:
        with pynn.Tape() as tape:
            loss = ops.mean(ops.square(model(X, training=True) - target))
        found = tape.gradient(loss, product.kept)
    else:
        model.compile(optimizers.SGD(1.0), "mse")
        model.fit(X, target, batch_size=10, shuffle=False, verbose=0)
        found = 1.0 - product.kept.numpy()
    np.testing.assert_allclose(found, gradient, rtol=1e-5)
    assert float(product.factor) == 10


def test_a_value_is_that_of_its_time() -> None:
    class Before(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x: Any) -> Any:
            before = self.n.value
            self.n.assign(before + 1.0)
            return x + before

    before = Before()
    model = Sequential([pynn.Input((3,)), before])
    np.testing.assert_allclose(
        model.predict(X, batch_size=5, verbose=0), X + np.repeat([0.0, 1.0], 5)[:, None], rtol=1e-6
    )
    assert model._plan()._native is not None
    held = before.n.value
    before.n.assign(4.0)
    assert held.numpy() == 2 and before.n.value == 4
    np.testing.assert_allclose(before(X), X + 4, rtol=1e-6)


@pytest.mark.parametrize("recorded", [False, True])
def test_weights_assigned_to_one_another(recorded: bool) -> None:
    class Swapping(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.a, self.b, self.c = (
                self.add_weight(shape=(3,), initializer=name, trainable=False, name=name)
                for name in ("ones", "zeros", "zeros")
            )

        def call(self, x: Any) -> Any:
            self.c.assign(self.a)
            self.a.assign(self.b)
            self.b.assign(self.c)
            self.c.assign_sub(np.float64(0.5) * np.ones(3))
            return x + self.a

    swapping = Swapping()
    model = Sequential([pynn.Input((3,)), swapping])
    if recorded:
        model.predict(X, batch_size=4, verbose=0)
    else:
        for _ in range(3):
            swapping(X)
    a, b, c = swapping.get_weights()
    np.testing.assert_array_equal([a[0], b[0], c[0]], [0, 1, 0.5])


def test_trainable_weights_may_be_assigned_to() -> None:
    class Halving(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            y = x * self.scale
            self.scale.assign(0.5 * self.scale)
            return y

    halving = Halving()
    model = Sequential([pynn.Input((3,)), halving])
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(X, X - 1, batch_size=10, shuffle=False, verbose=0)
    slope = 2 * X.mean(dtype="float64")  # of the mean of (x scale - x + 1)^2, where scale is 1
    assert float(halving.scale) == pytest.approx(0.5 - 0.1 * slope, rel=1e-5)


def test_what_cannot_be_recorded_is_an_error_or_runs_anew() -> None:
    class Constant(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.n = self.add_weight(shape=(3,), initializer="zeros", trainable=False, name="n")

        def call(self, x: Any) -> Any:
            self.n.assign(self.n.numpy() + 1.0)
            return x + self.n

    class Around(pynn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.constant = Constant()

        def call(self, x: Any) -> Any:
            return self.constant(x)

    with pytest.raises(SymbolicValueError, match="constant/n' has no value while a model"):
        Sequential([pynn.Input((3,)), Constant(name="constant")])
    for read in (np.asarray, float, lambda weight: weight.numpy()):
        constant = Constant()
        constant.call = lambda x, c=constant, read=read: x * read(c.n)
        with pytest.raises(SymbolicValueError):
            constant(pynn.Input((3,)))
    model = Around()
    model.compile("sgd", "mse")
    model.fit(X, X, batch_size=4, epochs=2, verbose=0)
    np.testing.assert_array_equal(model.constant.n.numpy(), np.full(3, 6.0))
    wrong = Constant()
    wrong.call = lambda x: x + wrong.n.assign(ops.mean(x))
    with pytest.raises(ValueError, match=r"must have the shape \(3,\)\. Received: shape=\(\)"):
        wrong(pynn.Input((3,)))


def test_a_part_of_a_weight_is_trained() -> None:
    """Where it was read as numbers, no gradient came back."""

    class First(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(2,), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return x * self.scale[0]

    first = First()
    model = Sequential([pynn.Input((3,)), first])
    model.compile(optimizers.SGD(0.1), "mse")
    model.fit(X, 2 * X, batch_size=10, epochs=200, verbose=0)
    np.testing.assert_allclose(first.scale.numpy(), [2.0, 1.0], rtol=1e-3)
    np.testing.assert_array_equal(first.scale[:1], first.scale.numpy()[:1])


class Kernel(layers.Dense):
    def call(self, inputs: Any, training: Any = None) -> Any:
        self.kernel.assign(0.5 * self.kernel)
        return super().call(inputs)


def test_a_whole_number_is_assigned_in_numpy() -> None:
    class Largest(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.n = self.add_weight((), "zeros", dtype="int32", trainable=False, name="n")

        def call(self, x: Any) -> Any:
            self.n.assign(ops.max(x))
            return x

    largest = Largest()
    model = Sequential([pynn.Input((3,)), largest, layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(7 * X, Y, batch_size=10, verbose=0)
    assert largest.n.numpy() == int(7 * X.max())
    assert model._trainers.reason == "a variable of whole numbers"


def test_the_engine_assigns_to_vectors_that_are_copied() -> None:
    model = sequential(Average())
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert isinstance(model._trainers._trainer, pynn._core.Trainer)
    assert not model._plan().is_native  # predictions come in pieces of other sizes
    model = Sequential([pynn.Input((3,)), Kernel(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert isinstance(model._trainers._trainer, InterpretingTrainer)
    assert model._trainers.reason == "assign"
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "assign" in "\n".join(lines)
