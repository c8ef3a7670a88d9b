"""How a name of Keras's surface is described, and how what it makes is used."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import pynn as keras

RNG = np.random.default_rng(0)
X = RNG.random((8, 6)).astype("float32")
Y = RNG.random((8, 1)).astype("float32")
LABELS = np.arange(8) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
PROBABILITIES = (lambda p: p / p.sum(axis=1, keepdims=True))(RNG.random((8, 3)) + 0.1)
BITS = (RNG.random((8, 1)) > 0.5).astype("float32")
CHANCES = RNG.random((8, 1)).astype("float32") * 0.9 + 0.05
L2 = keras.regularizers.L2(0.1)


class Entry(NamedTuple):
    """A name below pynn, the arguments that it needs, further ones, and how it is used."""

    name: str
    needed: dict[str, Any]
    others: dict[str, Any]
    use: Callable[[Any], Any]


def found(name: str) -> Any:
    """Return what a dotted name below pynn stands for."""
    value: Any = keras
    for part in name.split("."):
        value = getattr(value, part)
    return value


def shared(package: Any) -> list[Any]:
    """Return what a package declares that Keras has too."""
    return [m for m in package.registry.members if m.__name__ not in package.registry.own]


def defaults(target: Any) -> dict[str, Any]:
    """Return the arguments of a function or constructor that need not be given."""
    function = target.__init__ if isinstance(target, type) else target
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def accepts(target: Any, argument: str) -> bool:
    """Whether a function, or the constructor of a class, has an argument of that name."""
    if not isinstance(target, type):
        return argument in inspect.signature(target).parameters
    for cls in target.__mro__:
        function = vars(cls).get("__init__")
        if function is None or cls is object:
            continue
        parameters = inspect.signature(function).parameters
        if argument in parameters:
            return True
        rest = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
        if not rest:
            return False
        hints = typing.get_type_hints(function)
        options = typing.get_args(hints.get(rest[0].name))
        if options and argument in typing.get_type_hints(options[0]):
            return True
    return False


# ---- how things are used once they are made


def on(*values: Any) -> Callable[[Any], Any]:
    return lambda made: made(*values)


def as_metric(y_true: Any, y_pred: Any) -> Callable[[Any], Any]:
    def use(metric: Any) -> Any:
        metric.update_state(y_true, y_pred)
        metric.update_state(y_true, y_pred, sample_weight=np.ones(len(y_true)))
        value = metric.result()
        assert np.isfinite(np.asarray(value)).all()
        metric.reset_state()
        assert metric.name
        return value

    return use


def as_mean(metric: Any) -> Any:
    metric.update_state([1.0, 2.0], sample_weight=[1.0, 1.0])
    return metric.result()


def as_optimizer(optimizer: Any) -> Any:
    weight = np.ones(3, dtype="float32")
    optimizer.apply_gradients([(np.ones(3, dtype="float32"), weight)])
    assert optimizer.iterations.numpy() == optimizer.iterations
    model = small()
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0, batch_size=4)
    return optimizer.learning_rate


def as_callback(callback: Any) -> Any:
    model = small()
    averages = isinstance(callback, keras.callbacks.SwapEMAWeights)
    model.compile(keras.optimizers.SGD(use_ema=averages), "mse")
    return model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[callback])


def as_schedule(schedule: Any) -> Any:
    assert np.isfinite(float(schedule(3)))
    again = type(schedule).from_config(schedule.get_config())
    assert float(again(5)) == float(schedule(5))


def nothing(made: Any) -> Any:
    return made


def small() -> Any:
    return keras.Sequential([keras.layers.Dense(1, input_shape=(6,))])


def compiled() -> Any:
    model = small()
    model.compile("sgd", "mse", metrics=["mae"])
    return model
