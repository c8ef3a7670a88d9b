"""Compiled models on a cluster: the bits of `fit`, rounds, callbacks, checkpoints, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from distributed import Client

import pynn
from pynn import layers
from pynn.callbacks import Callback
from pynn.dask import PartitionError, fit_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 5)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
DATA = (da.from_array(X, (100, 5)), da.from_array(Y, 100))


def model(**compile_arguments: Any) -> Any:
    pynn.random.set_seed(1)
    made = pynn.Sequential(
        [
            layers.Dense(8, "relu", kernel_constraint=pynn.constraints.MaxNorm(2.0)),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(3, "softmax"),
        ]
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"}
    made.compile(**{**settings, "metrics": ["accuracy"], **compile_arguments})
    return made


def assert_same_weights(one: Any, other: Any) -> None:
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_shard_has_the_bits_of_fit(client: Client) -> None:
    local = model()
    class_weight = {0: 1.0, 1: 2.0}
    settings: dict[str, Any] = {"epochs": 3, "verbose": 0, "class_weight": class_weight}
    expected = local.fit(X, Y, validation_split=0.25, **settings)
    found = model()
    history = fit_model(client, found, DATA, validation_split=0.25, n_shards=1, **settings)
    assert_same_weights(local, found)
    assert history.history == expected.history


def test_a_second_call_goes_on(client: Client) -> None:
    local = model()
    for _ in range(2):
        local.fit(X, Y, epochs=2, verbose=0)
    found = model()
    for _ in range(2):
        fit_model(client, found, DATA, epochs=2, verbose=0, n_shards=1, local_steps=7)
    assert_same_weights(local, found)
    assert found.optimizer.iterations == local.optimizer.iterations


def test_callbacks_are_called_after_each_round(client: Client) -> None:
    batches: list[int] = []
    rates: list[float] = []

    class Note(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            batches.append(batch)
            assert logs["loss"] > 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            rates.append(float(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = rates[-1] / 2
            self.model.stop_training = epoch == 1

    found = model()
    history = fit_model(
        client,
        found,
        DATA,
        epochs=20,
        verbose=0,
        n_shards=2,
        local_steps=lambda epoch: 5 if epoch == 0 else 10,
        validation_data=DATA,
        callbacks=[Note()],
    )
    assert batches == [4, 9, 9] and rates[1] == rates[0] / 2
    assert history.history["val_loss"][-1] == pytest.approx(found.evaluate(X, Y, verbose=0)[0])


def test_a_lost_client_goes_on_from_its_checkpoint(client: Client, tmp_path: Path) -> None:
    class Lose(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    settings: dict[str, Any] = {"epochs": 5, "verbose": 0, "n_shards": 3}
    whole = model()
    fit_model(client, whole, DATA, **settings)
    checkpoint = tmp_path / "state"
    lost = model()
    with pytest.raises(KeyboardInterrupt):
        fit_model(client, lost, DATA, **settings, checkpoint=checkpoint, callbacks=[Lose()])
    found = model()
    fit_model(client, found, DATA, **settings, checkpoint=checkpoint)
    assert_same_weights(whole, found)
    assert not checkpoint.exists()


def test_several_inputs_and_targets_of_a_row(client: Client) -> None:
    def made() -> Any:
        pynn.random.set_seed(2)
        wide, deep = pynn.Input((2,), name="wide"), pynn.Input((3,), name="deep")
        joined = layers.Concatenate()([wide, layers.Dense(4, "relu")(deep)])
        net = pynn.Model([wide, deep], layers.Dense(2)(joined))
        net.compile("sgd", "mse")
        return net

    y = X[:, :2] * 2
    local = made()
    local.fit({"wide": X[:, :2], "deep": X[:, 2:]}, y, epochs=2, verbose=0)
    found = made()
    x = {"deep": DATA[0][:, 2:], "wide": DATA[0][:, :2]}
    fit_model(client, found, (x, da.from_array(y, (100, 2))), epochs=2, verbose=0, n_shards=1)
    assert_same_weights(local, found)


def test_errors_name_the_partition_and_leave_the_model(client: Client) -> None:
    found = model()
    fit_model(client, found, DATA, verbose=0, n_shards=2)
    weights, steps = found.get_weights(), int(found.optimizer.iterations)
    bad = X.copy()
    bad[310, 0] = np.inf
    with pytest.raises(PartitionError, match="partition 3 cannot be used: x contains NaN or inf"):
        fit_model(client, found, (da.from_array(bad, (100, 5)), DATA[1]), verbose=0)
    # What only the model knows is found in training, where rows have gone to shards.
    labels = Y.copy()
    labels[[420, 421]] = 7
    wrong = DATA[0], da.from_array(labels, 100)
    for in_memory in (True, False):
        with pytest.raises(PartitionError, match=r"^partition 4 cannot be .*must be in \[0, 3\)"):
            fit_model(client, found, wrong, verbose=0, n_shards=2, in_memory=in_memory)
    with pytest.raises(PartitionError, match=r"^partition 4 of validation_data cannot be"):
        fit_model(client, found, DATA, verbose=0, n_shards=2, validation_data=wrong)
    for a, b in zip(found.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.optimizer.iterations == steps
    with pytest.raises(ValueError, match="Python, and cannot be added up"):
        fit_model(client, model(metrics=[pynn.metrics.AUC()]), DATA, verbose=0)
    with pytest.raises(ValueError, match="the engine's optimizers keep"):
        fit_model(client, model(optimizer=pynn.optimizers.Muon()), DATA, verbose=0)


class OwnStep(pynn.Sequential):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def test_what_cannot_be_trained_in_rounds_is_said(client: Client) -> None:
    own = OwnStep([pynn.layers.Dense(3, input_shape=(5,), activation="softmax")])
    own.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"OwnStep has its own train_step\(\)"):
        fit_model(client, own, DATA, verbose=0)
    with pytest.raises(ValueError, match=r"validation_split must be in \(0, 1\). Received: .*=1.5"):
        fit_model(client, model(), DATA, verbose=0, validation_split=1.5)
    with pytest.raises(ValueError, match=r"data must be \(x, y\) or .* Received: Array"):
        fit_model(client, model(), DATA[0], verbose=0)
    with pytest.raises(ValueError, match="validation_data must be .* Received: Array"):
        fit_model(client, model(), DATA, verbose=0, validation_data=DATA[0])
