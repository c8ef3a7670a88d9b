"""`lazy` optimizers leave alone the rows of a table whose gradient is 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import layers, optimizers
from pynn.models import Model
from pynn.ops import Weight
from reference.optimizers import NAMES, make

X = np.array([[1, 1], [3, 5], [0, 3], [5, 5]])
Y = np.array([[0.5], [-0.2], [0.7], [0.1]])


def lazily(name: str) -> optimizers.Optimizer:
    optimizer = make(name)
    optimizer.lazy = True
    return optimizer


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_of_rows_with_a_gradient(name: str) -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(6, 3))
    table, alone, matrix = Weight(start, "table"), Weight(start[[1, 4]], "alone"), start.copy()
    table.is_table = True
    lazy, plain, other = lazily(name), make(name), lazily(name)
    for _ in range(3):
        grad = np.zeros((6, 3))
        grad[[1, 4]] = rng.normal(size=(2, 3))
        lazy.apply([grad], [table])
        plain.apply([grad[[1, 4]]], [alone])
        other.apply([grad], [matrix])
    np.testing.assert_array_equal(table.numpy()[[1, 4]], alone.numpy())
    np.testing.assert_array_equal(table.numpy()[[0, 2, 3, 5]], start[[0, 2, 3, 5]])
    np.testing.assert_array_equal(matrix[[1, 4]], alone.numpy())


def network(dtype: str = "float64", **arguments: Any) -> Model:
    rng = np.random.default_rng(1)
    inputs = pynn.Input((2,), dtype="int32")
    hidden = layers.Embedding(7, 3, dtype=dtype, **arguments)(inputs)
    model = Model(inputs, layers.Dense(1, dtype=dtype)(layers.Flatten(dtype=dtype)(hidden)))
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def trained(optimizer: optimizers.Optimizer, epochs: int = 4, **arguments: Any) -> Model:
    model = network(**arguments)
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=2, shuffle=False, epochs=epochs, verbose=0)
    return model


def assert_close(a: Model, b: Model) -> None:
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"clipvalue": 0.01}, {"weight_decay": 0.1}],
    ids=str,
)
def test_engine_interpreter_and_own_steps_agree(options: dict[str, float]) -> None:
    make = lambda: optimizers.Adam(0.05, lazy=True, **options)  # noqa: E731
    native = trained(make())
    assert isinstance(native._trainers._trainer, pynn._core.Trainer)
    interpreted = network()
    interpreted.compile(make(), "mse")
    interpreted._plan(training=True)._native = None
    interpreted.fit(X, Y, batch_size=2, shuffle=False, epochs=4, verbose=0)
    assert not isinstance(interpreted._trainers._trainer, pynn._core.Trainer)
    assert_close(native, interpreted)
    own, optimizer = network(), make()
    for _ in range(4):
        for rows in (slice(0, 2), slice(2, 4)):
            with pynn.Tape() as tape:
                loss = pynn.ops.mean(pynn.ops.square(own(X[rows]) - Y[rows]))
            grads = tape.gradient(loss, own.trainable_weights)
            optimizer.apply(grads, own.trainable_weights)
    assert_close(native, own)
    untouched = [2, 4, 6]
    same = native.get_weights()[0][untouched] == network().get_weights()[0][untouched]
    assert same.all() == ("weight_decay" not in options)


def test_rows_out_of_use_keep_their_place_only_if_asked() -> None:
    """From the second batch on, plain Adam moves what the first has touched."""
    lazy, plain = trained(optimizers.Adam(lazy=True)), trained(optimizers.Adam())
    assert (lazy.get_weights()[0][[1, 0]] != plain.get_weights()[0][[1, 0]]).all()


@pytest.mark.parametrize(
    "options",
    [{"gradient_accumulation_steps": 2}, {"use_ema": True}, {"loss_scale_factor": 8.0}],
    ids=str,
)
def test_accumulated_averaged_and_scaled(options: dict[str, Any]) -> None:
    model = trained(optimizers.Adam(lazy=True, **options), epochs=1)
    start = network().get_weights()[0]
    moved = (model.get_weights()[0] != start).any(axis=1)
    assert not moved[[2, 4, 6]].any()
    if "use_ema" not in options:
        assert moved[[0, 1, 3, 5]].all()


def test_a_regularizer_moves_all_rows() -> None:
    arguments = {"embeddings_regularizer": pynn.regularizers.L2(0.01)}
    models = [trained(optimizers.Adam(lazy=lazy), **arguments) for lazy in (True, False)]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("lazy", [True, False])
def test_a_saved_training_goes_on(lazy: bool, tmp_path: Path) -> None:
    whole = trained(optimizers.Adam(lazy=lazy), epochs=6, dtype="float32")
    part = trained(optimizers.Adam(lazy=lazy), epochs=3, dtype="float32")
    part.save(tmp_path / "part.pynn")
    loaded = pynn.models.load_model(tmp_path / "part.pynn")
    assert loaded.optimizer.lazy == lazy
    loaded.fit(X, Y, batch_size=2, shuffle=False, epochs=3, verbose=0)
    for one, other in zip(whole.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_config_and_refusals(tmp_path: Path) -> None:
    assert "lazy" not in optimizers.Adam().get_config()
    config = optimizers.serialize(optimizers.SGD(momentum=0.9, lazy=True))
    assert optimizers.deserialize(config).lazy
    with pytest.raises(ValueError, match="Lamb looks at whole weights. Received: lazy=True"):
        optimizers.Lamb(lazy=True)
    trained(optimizers.Adam(lazy=True), epochs=1).save(tmp_path / "model.keras")
    assert not pynn.models.load_model(tmp_path / "model.keras").optimizer.lazy
