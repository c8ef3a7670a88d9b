"""What objects are called and what they are made of: names, paths, shapes, layers, copies."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import array_of

ROWS = np.arange(6, dtype="float32").reshape(2, 3)


def same(of: Any) -> None:
    """Fail unless both libraries give the same; names count from the start in both."""
    assert of(pynn) == of(keras)


def inner(k: Any) -> Any:
    class Inner(k.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = k.layers.Dense(2)
            self.others = [k.layers.Dense(2), k.layers.Dense(1)]

        def build(self, input_shape: Any) -> None:
            self.own = self.add_weight(shape=(1,), name="own")

        def call(self, x: Any) -> Any:
            for layer in (self.first, *self.others):
                x = layer(x)
            return x + self.own

    return Inner()


def outer(k: Any) -> Any:
    class Outer(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner(k)
            self.last = k.Sequential([k.layers.Dense(2), k.layers.BatchNormalization()])

        def call(self, x: Any) -> Any:
            return self.last(self.inner(x))

    model = Outer()
    model(ROWS)
    return model


def in_a_functional_model(k: Any) -> Any:
    inputs = k.Input((3,))
    known = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    later = k.Sequential([k.layers.Dense(2, name="late")])
    return k.Model(inputs, k.layers.Dense(1)(later(inner(k)(known(inputs)))))


MODELS = {
    "Sequential": lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(2), k.layers.Dense(1)]),
    "with a layer that was built before": lambda k: k.Sequential(
        [built(k.layers.Dense(2), k), k.layers.Dense(1)]
    ),
    "a layer of layers": lambda k: built(inner(k), k),
    "subclassed": outer,
    "functional": in_a_functional_model,
}


def built(layer: Any, k: Any) -> Any:
    layer(ROWS)
    return layer


@pytest.mark.parametrize("name", MODELS)
def test_paths_of_weights(name: str) -> None:
    def paths(k: Any) -> list[str]:
        model = MODELS[name](k)
        if not model.built or not model.weights:
            model(ROWS)
        return sorted(weight.path for weight in model.weights)

    same(paths)


def test_paths_begin_with_the_sequential_that_builds() -> None:
    model = MODELS["with a layer that was built before"]
    for k in (pynn, keras):
        made = model(k)
        made(ROWS)
        assert [w.path.count("/") for w in made.weights] == [1, 1, 2, 2]


def between(k: Any) -> Any:
    inputs = k.Input((3,))
    a, b = k.layers.Dense(2, name="a")(inputs), k.layers.Dense(2, name="b")(inputs)
    return k.Model(inputs, k.layers.Dense(1, name="c")(a + b * 2.0))


def test_operators_are_no_layers() -> None:
    same(lambda k: [layer.name for layer in between(k).layers[1:]])
    same(lambda k: between(k).get_layer(index=-1).name)
    same(lambda k: sorted(each.name for each in between(k).operations)[:5])


OPTIMIZERS = ("SGD", "Adam", "RMSprop", "AdamW", "Nadam", "Adamax", "Adagrad", "Adadelta", "Ftrl")


@pytest.mark.parametrize("cls", [*OPTIMIZERS, "Lion"])
def test_names_of_optimizers(cls: str) -> None:
    def names(k: Any) -> list[str]:
        make = getattr(k.optimizers, cls)
        named = make(name="mine")
        again = make.from_config(make().get_config())
        return [make().name, make().name, named.name, again.name, make().get_config()["name"]]

    same(names)


def test_the_optimizer_of_a_string_is_named() -> None:
    def names(k: Any) -> list[str]:
        models = [k.Sequential([k.Input((3,)), k.layers.Dense(1)]) for _ in range(2)]
        for model in models:
            model.compile("adam", "mse")
        return [model.optimizer.name for model in models]

    same(names)


def test_names_of_models() -> None:
    def names(k: Any) -> list[str]:
        class Mine(k.Model):  # type: ignore[misc]
            pass

        inputs = k.Input((3,))
        outputs = k.layers.Dense(1)(inputs)
        functional = [k.Model(inputs, outputs), k.Model(inputs, outputs), Mine(inputs, outputs)]
        return [model.name for model in (*functional, k.Model(inputs, outputs, name="n"))]

    same(names)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_moments_of_a_normalization(axis: Any) -> None:
    data = np.random.default_rng(0).random((5, 3, 4)).astype("float32")

    def moments(k: Any) -> list[Any]:
        layer = k.layers.Normalization(axis=axis)
        layer.adapt(data)
        return [array_of(layer.mean).shape, array_of(layer.variance).shape]

    same(moments)


def test_a_copy_of_a_layer_has_its_state() -> None:
    def state(k: Any) -> list[Any]:
        layer = k.layers.Normalization()
        layer.adapt(ROWS)
        layer(k.Input((3,)))
        copied = copy.deepcopy(layer)
        layer.adapt(ROWS + 1)
        return [copied.name, array_of(copied.mean).round(5).tolist(), len(copied.weights)]

    same(state)


def test_a_clone_of_a_frozen_layer_is_frozen() -> None:
    def frozen(k: Any) -> list[Any]:
        class Plain(k.layers.Layer):  # type: ignore[misc]
            def __init__(self, factor: float, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.factor = factor

            def call(self, x: Any) -> Any:
                return x * self.factor

        layers = [Plain(2.0), k.layers.Dense(2), k.layers.Dense(1)]
        model = k.Sequential([k.Input((3,)), *layers])
        layers[0].trainable = layers[1].trainable = False
        again = Plain.from_config(layers[0].get_config())
        return [again.trainable, *(layer.trainable for layer in k.models.clone_model(model).layers)]

    same(frozen)
