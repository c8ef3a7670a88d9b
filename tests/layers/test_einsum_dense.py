"""`EinsumDense`, products along the last of several axes, and weights broadcast over a batch.

The engine's values and gradients are compared with NumPy's, which `run_eagerly` computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import _core, layers, models, ops

ROWS = 71  # two blocks of lanes and a part of a third


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, *shape))


class Member(layers.Layer):
    """Products, sums and means with weights of shape (members, features)."""

    def __init__(self, transposed: bool = False) -> None:
        super().__init__(dtype="float64")
        self.transposed = transposed

    def build(self, input_shape: Any) -> None:
        k, d = input_shape[1:]
        self.scale = self.add_weight(shape=(k, d), initializer="glorot_normal", name="scale")
        self.shift = self.add_weight(shape=(k, 1), initializer="glorot_normal", name="shift")
        self.row = self.add_weight(shape=(1, d), initializer="glorot_normal", name="row")
        self.built = True

    def call(self, x: Any) -> Any:
        return x * self.scale + self.shift * self.row


def einsum(equation: str, output_shape: Any, **options: Any) -> layers.Layer:
    return layers.EinsumDense(
        equation, output_shape, bias_initializer="normal", dtype="float64", **options
    )


# Layer and shape of a row.
CASES: dict[str, tuple[Callable[[], layers.Layer], tuple[int, ...]]] = {
    "one to one": (lambda: einsum("bgi,gio->bgo", (None, 3), bias_axes="go"), (5, 16)),
    "few to few": (lambda: einsum("bgi,gio->bgo", (None, 2), bias_axes="go"), (3, 2)),
    "heads": (lambda: einsum("bgi,gio->bgo", (None, 1), bias_axes="go"), (4, 67)),
    "many to many": (lambda: einsum("bgi,gio->bgo", (None, 37), bias_axes="go"), (3, 33)),
    "few to many": (lambda: einsum("bgi,gio->bgo", (None, 40), bias_axes="o"), (3, 2)),
    "one group": (lambda: einsum("bgi,gio->bgo", (None, 3), bias_axes="go"), (1, 7)),
    "outputs first": (lambda: einsum("bgi,goi->bgo", (None, 5), bias_axes="g"), (4, 9)),
    "groups within": (lambda: einsum("big,gio->bgo", (None, 5), bias_axes="go"), (4, 6)),
    "groups last": (lambda: einsum("bgi,gio->bog", (5, None), bias_axes="og"), (4, 6)),
    "inputs before groups": (lambda: einsum("bgi,igo->bgo", (None, 5)), (4, 6)),
    "shared": (lambda: einsum("...i,io->...o", 21, bias_axes="o"), (3, 19)),
    "shared backwards": (lambda: einsum("...i,oi->...o", 21, bias_axes="o"), (3, 19)),
    "two groups": (lambda: einsum("bhgi,gio->bhgo", (None, None, 3), bias_axes="go"), (2, 3, 4)),
    "two summed": (lambda: einsum("bij,ijo->bo", 3, bias_axes="o"), (4, 5)),
    "two made": (lambda: einsum("bi,ihd->bhd", (3, 2), bias_axes="hd"), (5,)),
    "no sum, of one": (lambda: einsum("bg,og->bgo", (None, 4), bias_axes="go"), (1,)),
    "one output of one group": (lambda: einsum("bhgi,gi->bhg", (None, None)), (1, 1, 3)),
    "no sum": (lambda: einsum("bg,go->bgo", (None, 4), bias_axes="go"), (6,)),
    "plain": (lambda: einsum("bi,io->bo", 4, bias_axes="o", activation="relu"), (6,)),
    "relu": (
        lambda: einsum("bgi,gio->bgo", (None, 33), bias_axes="go", activation="relu"),
        (3, 33),
    ),
    "dense": (lambda: layers.Dense(21, activation="relu", dtype="float64"), (3, 19)),
    "dense of one": (lambda: layers.Dense(1, dtype="float64"), (4, 70)),
    "dense of four axes": (lambda: layers.Dense(3, use_bias=False, dtype="float64"), (2, 3, 5)),
    "members": (Member, (3, 5)),
    "many members": (Member, (40, 3)),
}


def model_of(make: Callable[[], layers.Layer], shape: tuple[int, ...]) -> models.Model:
    pynn.utils.set_random_seed(0)
    inputs = layers.Input(shape, dtype="float64")
    before = (
        Member()(inputs) if len(shape) == 2 else layers.Dense(shape[-1], dtype="float64")(inputs)
    )
    outputs = layers.Flatten()(make()(ops.tanh(before)))
    return models.Model(inputs, outputs)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_steps_agree_with_numpy(name: str, optimizer: str) -> None:
    make, shape = CASES[name]
    x = data(*shape)
    found = {}
    for eager in (False, True):
        model = model_of(make, shape)
        model.compile(optimizer, "mse", run_eagerly=eager)
        y = np.sin(np.arange(ROWS * model.output_shape[1]).reshape(ROWS, -1))
        model.fit(x, y, batch_size=40, epochs=2, shuffle=False, verbose=0)
        found[eager] = [*model.get_weights(), model.predict(x, verbose=0)]
        if not eager:
            assert model._trainers.reason is None
    for native, numpy in zip(found[False], found[True], strict=True):
        np.testing.assert_allclose(native, numpy, rtol=1e-9, atol=1e-11)


def trained(name: str) -> list[np.ndarray]:
    """Weights and predictions, after batches of more rows than are summed at a time."""
    make, shape = CASES[name]
    x = np.tile(data(*shape), (6, *(1 for _ in shape)))
    model = model_of(make, shape)
    model.compile("adam", "mse")
    model.fit(x, np.zeros((len(x), model.output_shape[1])), batch_size=400, epochs=2, verbose=0)
    return [*model.get_weights(), model.predict(x, verbose=0)]


def check_same(found: list[list[np.ndarray]]) -> None:
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("name", CASES)
def test_bits_are_the_same_for_any_number_of_threads(name: str) -> None:
    found = []
    for threads in (1, 2, 3):
        pynn.set_num_threads(threads)
        found.append(trained(name))
    check_same(found)


@pytest.mark.parametrize("name", CASES)
def test_bits_are_the_same_for_every_isa_with_fma(name: str) -> None:
    found = []
    for isa in _core.available_isas():
        _core._set_isa(isa)
        found += [] if isa == "scalar" else [trained(name)]
    check_same(found)


def test_dense_along_the_last_axis_is_dense_of_more_rows() -> None:
    x = data(8, 33).astype("float32")
    layer = layers.Dense(19)
    inputs = layers.Input((8, 33))
    made = models.Model(inputs, layer(inputs)).predict(x, verbose=0)
    flat = layers.Input((33,))
    rows = models.Model(flat, layer(flat)).predict(x.reshape(-1, 33), verbose=0)
    np.testing.assert_array_equal(made.reshape(-1, 19), rows)


def test_a_layer_comes_back_from_its_config() -> None:
    layer = layers.EinsumDense("bgi,gio->bgo", (None, 3), activation="relu", bias_axes="go")
    config = layer.get_config()
    assert config["equation"] == "bgi,gio->bgo"
    again = layers.EinsumDense.from_config(config)
    assert again.get_config() == config
    assert again(np.ones((2, 5, 4), "float32")).shape == (2, 5, 3)


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "message"),
    [
        ("bi,io", 3, None, "equation must be of the form"),
        ("bi,iox->bo", 3, None, "equation must be of the form"),
        ("...i...,io->...o...", 3, None, "equation must be of the form"),
        ("bgi,gio->bgo", (3, 4, 5), None, "a size for each of"),
        ("bgi,gio->bgo", (7, 4), None, "has 5 entries"),
        ("bgi,gio->bgo", (None, None), None, "known size"),
        ("bgi,gio->bgo", (None, 3), "i", "labels of the output"),
        ("abgi,gio->abgo", (2, None, 3), None, "the axes of"),
    ],
)
def test_refused(equation: str, output_shape: Any, bias_axes: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)(np.ones((2, 5, 4), "f"))
