"""Models with classes and functions of a user's own, written so that Keras or pynn makes them.

Each function takes the library, and returns a built model and what its file names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = np.random.default_rng(5).standard_normal((8, 3)).astype("float32")


def residual(k: Any) -> tuple[Any, dict[str, Any]]:
    """Layers in lists, dicts and lists within lists; one is shared, one in a property."""

    class Residual(k.Model):
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.zoom = k.layers.Dense(units)
            self.hidden = [k.layers.Dense(units, activation="tanh") for _ in range(2)]
            self.rows = [[k.layers.Dense(units)], [k.layers.Dense(units), k.layers.Dense(units)]]
            self.by_name = {"b": k.layers.Dense(units), "a": k.layers.Dense(units)}
            self.norm = k.layers.BatchNormalization()
            self._out = k.layers.Dense(1)
            self.pair = (self.zoom, k.layers.LayerNormalization())

        @property
        def a_view(self) -> Any:
            return [self._out]

        def call(self, inputs: Any) -> Any:
            x = self.zoom(inputs)
            for layer in (*self.hidden, *(layer for row in self.rows for layer in row)):
                x = x + layer(x)
            x = x * self.by_name["a"](x) + self.by_name["b"](x)
            return self._out(self.pair[1](self.norm(x)))

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "units": self.units}

    model = Residual(3)
    model(ROWS)
    return model, {"Residual": Residual}


def small_subclass(k: Any) -> tuple[Any, dict[str, Any]]:
    """A subclass with weights of its own, and a layer in a layer."""

    class Block(k.layers.Layer):
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.inner = k.layers.Dense(units)

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
            self.inner.build(input_shape)
            super().build(input_shape)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs) * self.scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    class Small(k.Model):
        def __init__(self, units: int, name: str = "small") -> None:
            super().__init__(name=name)
            self.units = units
            self.block = Block(units)
            self.seen = k.metrics.Mean(name="seen")
            self.shift = self.add_weight(shape=(1,), initializer="zeros", name="shift")
            self.last = k.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.last(self.block(inputs)) + self.shift

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "units": self.units}

    model = Small(units=4)
    model(ROWS)
    return model, {"Small": Small}


def own_layer(k: Any) -> tuple[Any, dict[str, Any]]:
    """A functional model of a user's layer, with functions and an initializer of the user's."""

    def cube(x: Any) -> Any:
        return x * x * x

    class Halves(k.initializers.Initializer):
        def __init__(self, value: float = 0.5) -> None:
            self.value = value

        def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
            return np.full(shape, self.value, "float32")

        def get_config(self) -> dict[str, Any]:
            return {"value": self.value}

    class Scale(k.layers.Layer):
        def __init__(self, factor: float, activation: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.factor = factor
            self.activation = k.activations.get(activation)

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1],), name="kernel")

        def call(self, inputs: Any) -> Any:
            return self.activation(inputs * self.kernel * self.factor)

        def get_config(self) -> dict[str, Any]:
            activation = k.activations.serialize(self.activation)
            return {**super().get_config(), "factor": self.factor, "activation": activation}

    inputs = k.Input((3,), name="rows")
    x = Scale(2.0, activation="tanh")(inputs)
    x = k.layers.Dense(4, activation=cube, kernel_initializer=Halves(0.25))(x)
    model = k.Model(inputs, k.layers.Dense(1)(x))
    return model, {"Scale": Scale, "cube": cube, "Halves": Halves}


def kinds_of_model(k: Any) -> tuple[Any, dict[str, Any]]:
    """Subclasses of Sequential and of functional models, the latter with an `__init__`."""

    class Stack(k.Sequential):
        pass

    class Wrapped(k.Model):
        def __init__(self, layers: list[int], **kwargs: Any) -> None:
            inputs = k.Input((3,))
            first = k.layers.Dense(layers[0], activation="relu")
            super().__init__(inputs, k.layers.Dense(2)(first(inputs)), **kwargs)
            self.sizes = layers
            self.aside = first

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "layers": self.sizes}

    class Named(k.Model):
        pass

    inputs = k.Input((3,))
    stack = Stack([k.Input((3,)), k.layers.Dense(2), k.layers.Dense(2)], name="stack")
    other = Stack([k.Input((3,)), k.layers.Dense(2)], name="other")
    hidden = [stack(inputs), other(inputs), Wrapped([4], name="wrapped")(inputs)]
    inner = k.Input((2,))
    named = Named(inner, k.layers.Dense(1)(inner), name="named")
    outputs = named(k.layers.add(hidden))
    return k.Model(inputs, outputs), {"Stack": Stack, "Wrapped": Wrapped, "Named": Named}


def own_training(k: Any) -> tuple[Any, dict[str, Any]]:
    """A plain model compiled with a loss, a metric and an optimizer of the user's."""

    def my_mse(y_true: Any, y_pred: Any) -> Any:
        return k.ops.mean(k.ops.square(y_true - y_pred), axis=-1)

    class Slow(k.optimizers.SGD):
        pass

    class Share(k.metrics.Metric):
        def __init__(self, above: float = 0.0, name: str = "share", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.above = above
            self.total = self.add_weight(name="total", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.total.assign_add(k.ops.sum(k.ops.cast(y_pred > self.above, "float32")))

        def result(self) -> Any:
            return self.total / 2.0

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "above": self.above}

    model = k.Sequential([k.Input((3,)), k.layers.Dense(4, "tanh"), k.layers.Dense(1)])
    model.compile(Slow(0.05), loss=my_mse, metrics=[Share(0.1), my_mse, "mae"])
    return model, {"my_mse": my_mse, "Slow": Slow, "Share": Share}


OWN: dict[str, Callable[[Any], tuple[Any, dict[str, Any]]]] = {
    f.__name__: f for f in (residual, small_subclass, own_layer, kinds_of_model, own_training)
}
