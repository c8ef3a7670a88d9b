"""Subclassed models: recorded when they meet data, with plain Python in `call`."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import layers, ops, optimizers, utils
from pynn.models import Model, clone_model, model_from_json

RNG = np.random.default_rng(0)
A = RNG.standard_normal((40, 5)).astype("float32")
B = RNG.standard_normal((40, 6)).astype("float32")
Y = (A[:, :1] + B[:, :1]).astype("float32")


class WideAndDeep(Model):
    def __init__(self, units: int = 8, activation: str = "relu", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.hidden = [layers.Dense(units, activation=activation) for _ in range(2)]
        self.main_output = layers.Dense(1)
        self.aux_output = layers.Dense(1)

    def call(self, inputs: object) -> object:
        wide, deep = inputs
        for layer in self.hidden:
            deep = layer(deep)
        return self.main_output(layers.concatenate([wide, deep])), self.aux_output(deep)


def test_a_subclass_trains_and_names_its_outputs() -> None:
    model = WideAndDeep(name="wd")
    model.compile(loss="mse", loss_weights=[0.9, 0.1], optimizer="adam", metrics=["mae"])
    history = model.fit((A, B), (Y, Y), epochs=2, verbose=0, validation_data=((A, B), (Y, Y)))
    names = ["loss", "output_1_loss", "output_2_loss", "output_1_mae", "output_2_mae"]
    assert list(history.history) == names + [f"val_{name}" for name in names]
    out = model.predict((A, B), verbose=0)
    assert isinstance(out, tuple)
    assert [a.shape for a in out] == [(40, 1), (40, 1)]
    assert len(model.layers) == 4


def test_before_data_there_is_nothing() -> None:
    model = WideAndDeep()
    assert not model.built
    with pytest.raises(ValueError, match="has no weights before it is built"):
        model.count_params()
    model.build([(None, 5), (None, 6)])
    assert model.count_params() == 8 * 7 + 8 * 9 + 14 + 9


def test_copies_come_from_the_constructors_arguments() -> None:
    model = WideAndDeep(units=3, activation="tanh", name="wd")
    model((A, B))
    assert model.get_config() == {
        "units": 3,
        "activation": "tanh",
        "name": "wd",
        "trainable": True,
    }
    clone = clone_model(model)
    again = model_from_json(model.to_json(), custom_objects={"WideAndDeep": WideAndDeep})
    again((A, B))
    for copy in (clone, again):
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy((A, B))[0], model((A, B))[0])
    with pytest.raises(ValueError, match="unknown model class: 'WideAndDeep'"):
        model_from_json(model.to_json())


def test_dicts_in_and_out() -> None:
    class Named(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs: dict) -> dict:
            return {"sum": self.dense(ops.concatenate([inputs["a"], inputs["b"]], axis=-1))}

    model = Named()
    model.compile(loss={"sum": "mse"}, optimizer="sgd")
    history = model.fit({"a": A, "b": B}, {"sum": Y}, verbose=0, epochs=1)
    assert list(history.history) == ["loss"]
    assert set(model.predict({"a": A, "b": B}, verbose=0)) == {"sum"}


def test_python_loops_unroll() -> None:
    class Loop(Model):
        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps
            self.dense = layers.Dense(5, activation="tanh")

        def call(self, inputs: object) -> object:
            x = inputs
            for _ in range(self.steps):
                x = self.dense(x)
            return x if self.steps > 1 else x + 0

    model = Loop(3)
    out = model.predict(A, verbose=0)
    expected = A
    for _ in range(3):
        expected = model.dense(expected)
    np.testing.assert_allclose(out, expected, atol=1e-5)


class Conditional(Model):
    """Takes one path or the other by the sign of a mean; drops in training."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.positive = layers.Dense(3, activation="tanh")
        self.negative = layers.Dense(3, activation="relu", kernel_regularizer="l2")
        self.out = layers.Dense(1)
        self.paths: list[bool] = []

    def call(self, inputs: object, training: object = None) -> object:
        positive = bool(ops.mean(inputs) > 0)
        self.paths.append(positive)
        hidden = self.positive(inputs) if positive else self.negative(inputs)
        self.add_loss(0.1 * ops.mean(ops.square(hidden)))
        return self.out(hidden)


def test_code_that_looks_at_values_runs_for_each_batch() -> None:
    utils.set_random_seed(0)
    model = Conditional()
    x = np.abs(A)
    model.compile(loss="mse", optimizer=optimizers.Adam(0.02), metrics=["mae"])
    model.build((None, 5))
    assert model._plan().reason == "code that looks at values"
    # Each path is trained by the batches that take it.
    y = x[:, :1]
    history = model.fit(x, y, epochs=60, verbose=0)
    assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
    model.fit(-x, y, epochs=1, verbose=0)
    assert {True, False} <= set(model.paths)
    assert len(model.layers) == 3
    assert len(model.weights) == 6
    hidden = np.tanh(x @ model.positive.kernel.numpy() + model.positive.bias.numpy())
    expected = hidden @ model.out.kernel.numpy() + model.out.bias.numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)
    np.testing.assert_allclose(model(x), expected, atol=1e-5)
    penalty = 0.01 * (model.negative.kernel.numpy() ** 2).sum() + 0.1 * (hidden**2).mean()
    loss = ((expected - y) ** 2).mean() + penalty
    assert model.evaluate(x, y, batch_size=40, verbose=0)[0] == pytest.approx(loss, rel=1e-4)


def test_gradients_of_values_are_those_of_the_recording() -> None:
    class Plain(WideAndDeep):
        def call(self, inputs: object) -> object:
            return super().call(inputs)

    class Looking(WideAndDeep):
        def call(self, inputs: object) -> object:
            float(ops.sum(inputs[0]))
            return super().call(inputs)

    models = [Plain(activation="tanh"), Looking(activation="tanh")]
    for model in models:
        model((A, B))
    models[1].set_weights(models[0].get_weights())
    for model in models:
        model.compile(loss="mse", optimizer="adam")
        model.fit((A, B), (Y, Y), epochs=3, shuffle=False, verbose=0)
    assert models[0]._plan().is_native
    assert not models[1]._plan().is_native
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_functional_model_cannot_look_at_values() -> None:
    class Layer(layers.Layer):
        def call(self, inputs: object) -> object:
            return inputs if ops.sum(inputs) > 0 else -inputs

    with pytest.raises(ops.SymbolicValueError, match="use pynn.ops.where"):
        Layer()(layers.Input((3,)))


def test_layers_may_be_made_in_build_and_losses_in_call() -> None:
    class Reconstructing(Model):
        def __init__(self, **kwargs: object) -> None:
            super().__init__(**kwargs)
            self.hidden = layers.Dense(4, activation="selu")
            self.out = layers.Dense(1)

        def build(self, input_shape: tuple) -> None:
            self.reconstruct = layers.Dense(input_shape[-1])
            super().build(input_shape)

        def call(self, inputs: object, training: object = None) -> object:
            z = self.hidden(inputs)
            error = ops.mean(ops.square(self.reconstruct(z) - inputs))
            self.add_loss(0.05 * error)
            return self.out(z)

    model = Reconstructing()
    model.compile(loss="mse", optimizer="nadam")
    history = model.fit(A, Y, epochs=15, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    z = model.hidden(A)
    error = np.mean((model.reconstruct(z) - A).astype("float64") ** 2)
    expected = np.mean((model.out(z) - Y).astype("float64") ** 2) + 0.05 * error
    assert model.evaluate(A, Y, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_a_build_that_a_user_calls_is_not_called_again() -> None:
    class Inner(Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(3)

        def build(self, input_shape: tuple) -> None:
            self.inner.build(input_shape)
            super().build(input_shape)

        def call(self, inputs: object) -> object:
            return self.inner(inputs)

    built, called = Inner(), Inner()
    built.build(A.shape)
    called(A)
    assert [w.shape for w in built.weights] == [w.shape for w in called.weights]
    assert len(built.weights) == 2


def test_call_must_be_defined_and_return_tensors() -> None:
    class Nothing(Model):
        pass

    with pytest.raises(ValueError, match="must define call"):
        Nothing().predict(A, verbose=0)

    class Wrong(Model):
        def call(self, inputs: object) -> object:
            return 3

    with pytest.raises(ValueError, match="must return tensors"):
        Wrong().predict(A, verbose=0)


def test_a_from_config_without_custom_objects() -> None:
    class Own(Model):
        def __init__(self, units: int) -> None:
            super().__init__()
            self.dense = layers.Dense(units)

        def call(self, inputs: object) -> object:
            return self.dense(inputs)

        def get_config(self) -> dict:
            return {"of": self.dense.units}

        @classmethod
        def from_config(cls, config: dict) -> Model:
            return cls(config["of"])

    copy = model_from_json(Own(3).to_json(), custom_objects={"Own": Own})
    assert copy.dense.units == 3


def test_a_clone_of_what_is_not_built_is_not_built() -> None:
    copy = clone_model(WideAndDeep(3))
    assert not copy.built
    main, aux = copy.predict([A, B], verbose=0)
    assert main.shape == aux.shape == (len(A), 1)
    assert copy.hidden[0].units == 3


def test_code_that_looks_at_values_takes_no_tensor_without() -> None:
    class Looking(Model):
        def call(self, inputs: object) -> object:
            return inputs if float(ops.sum(inputs)) > 0 else -inputs

    with pytest.raises(ops.SymbolicValueError, match="has no value"):
        Looking()(layers.Input((4,)))
