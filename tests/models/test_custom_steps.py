"""`train_step` and `test_step` of a subclass, run by `fit` and `evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import pynn
from pynn import callbacks, layers, metrics, ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 5)).astype("float32")
Y = (X[:, :1] * 2 - 1).astype("float32")


class Written(pynn.Model):
    """The step as Keras's guide writes it."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with pynn.Tape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, x=x)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class Inherited(pynn.Model):
    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "steps": int(self.optimizer.iterations)}


def made(cls: Any, **compiling: Any) -> Any:
    pynn.utils.set_random_seed(1)
    inputs = pynn.Input((5,))
    hidden = layers.Dense(8, activation="relu", kernel_regularizer="l2")(inputs)
    model = cls(inputs, layers.Dense(1)(hidden))
    model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], **compiling})
    return model


@pytest.mark.parametrize("cls", [Written, Inherited])
def test_a_written_step_does_what_the_engine_does(cls: Any) -> None:
    reference = made(pynn.Model)
    model = made(cls)
    given = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}
    wanted = reference.fit(X, Y, validation_data=(X, Y), **given).history
    found = model.fit(X, Y, validation_data=(X, Y), **given).history
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, err_msg=name)
    if cls is Inherited:
        assert found["steps"] == [4, 8, 12]
    np.testing.assert_allclose(
        model.predict(X, verbose=0), reference.predict(X, verbose=0), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("form", ["csr", "coo"])
@pytest.mark.parametrize("cls", [Written, Inherited])
def test_the_rows_of_a_sparse_matrix_are_dense_in_a_step(cls: Any, form: str) -> None:
    x = np.where(X > 0.5, X, 0)
    reference, model = made(cls), made(cls)
    given = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0}
    wanted = reference.fit(x, Y, **given).history
    assert model.fit(sp.coo_array(x).asformat(form), Y, **given).history == wanted


def test_weights_of_samples_and_held_out_rows() -> None:
    model = made(Inherited, weighted_metrics=["mse"])
    weights = np.r_[np.zeros(32), np.ones(32)]
    history = model.fit(
        X, Y, sample_weight=weights, validation_split=0.25, epochs=2, verbose=0
    ).history
    assert {"val_loss", "val_mae", "val_mse"} <= set(history)
    single = model.train_on_batch(X, Y, return_dict=True)
    assert set(single) == {"loss", "mae", "mse", "steps"}


def test_losses_and_metrics_need_no_inputs() -> None:
    class Step(pynn.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with pynn.Tape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            weights = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"step": loss, **self.compute_metrics(None, y, y_pred)}

    reference, model = made(pynn.Model), made(Step)
    given = {"epochs": 2, "batch_size": 64, "shuffle": False, "verbose": 0}
    wanted = reference.fit(X, Y, **given).history
    found = model.fit(X, Y, **given).history
    np.testing.assert_allclose(found["step"], wanted["loss"], rtol=1e-5)
    np.testing.assert_allclose(found["mae"], wanted["mae"], rtol=1e-5)
    without = made(Step, loss=None)
    y_pred = without(X)
    kernel = without.layers[1].kernel.numpy().astype("float64")
    penalty = 0.01 * (kernel**2).sum()
    assert float(without.compute_loss(y=Y, y_pred=y_pred)) == pytest.approx(penalty, rel=1e-6)


def test_the_loss_of_several_outputs() -> None:
    inputs = pynn.Input((5,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in "abc"]
    model = pynn.Model(inputs, outputs)
    model.compile(loss=["mse", "mae", None], loss_weights=[2.0, 1.0, 1.0])
    weights = RNG.uniform(0.5, 1.5, 64)
    predicted = model(X)
    found = model.compute_loss(X, [Y, Y, None], predicted, sample_weight=[weights, None, None])
    a, b = (np.asarray(each)[:, 0] - Y[:, 0] for each in predicted[:2])
    assert float(found) == pytest.approx(2 * (weights * a**2).mean() + abs(b).mean(), rel=1e-5)


@pytest.mark.parametrize("with_training", [True, False])
def test_a_loss_or_metrics_of_ones_own_are_used(with_training: bool) -> None:
    """`fit` and `evaluate` call them by the base's steps; the engine would pass them over."""

    class Tripled(pynn.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 3.0 * super().compute_loss(x, y, y_pred, sample_weight)

    class Older(pynn.Model):
        def compute_loss(self, x, y, y_pred, sample_weight):
            return 3.0 * super().compute_loss(x, y, y_pred, sample_weight)

    class Measured(pynn.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "rows": len(x)}

    given = {"epochs": 2, "batch_size": 64, "shuffle": False, "verbose": 0}
    wanted = made(pynn.Model, optimizer=pynn.optimizers.SGD(0.03)).fit(X, Y, **given).history
    model = made(Tripled if with_training else Older, optimizer=pynn.optimizers.SGD(0.01))
    found = model.fit(X, Y, **given).history
    np.testing.assert_allclose(found["loss"], 3 * np.array(wanted["loss"]), rtol=1e-5)
    np.testing.assert_allclose(found["mae"], wanted["mae"], rtol=1e-5)
    logs = model.evaluate(X, Y, return_dict=True, verbose=0)
    plain = model.get_weights()
    reference = made(pynn.Model)
    reference.set_weights(plain)
    assert logs["loss"] == pytest.approx(3 * reference.evaluate(X, Y, verbose=0)[0], rel=1e-5)
    assert made(Measured).fit(X, Y, **given).history["rows"] == [64, 64]


class OwnLoss(pynn.Model):
    """Its own loss, its own metric, no compiled loss, and a step for evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)
        self.loss_tracker = metrics.Mean(name="loss")
        self.seen = 0

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    @property
    def metrics(self) -> list[Any]:
        return [self.loss_tracker]

    def train_step(self, data: Any) -> Any:
        x, y = data
        self.seen += len(x)
        with pynn.Tape() as tape:
            loss = ops.mean(ops.abs(self(x, training=True) - y))
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data: Any) -> Any:
        x, y = data
        self.loss_tracker.update_state(np.mean(np.abs(self(x) - y)))
        return {"loss": self.loss_tracker.result()}


def test_losses_and_evaluations_of_ones_own() -> None:
    model = OwnLoss()
    model.compile(optimizer=pynn.optimizers.SGD(0.1))
    history = model.fit(
        X,
        Y,
        epochs=20,
        validation_data=(X, Y),
        verbose=0,
        callbacks=[callbacks.EarlyStopping(monitor="val_loss", patience=20)],
    ).history
    assert model.seen == 20 * 64
    assert list(history) == ["loss", "val_loss"]
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]
    error = np.mean(np.abs(model.predict(X, verbose=0) - Y))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(error, rel=1e-5)
    assert model.evaluate(X, Y, batch_size=64, return_dict=True, verbose=0) == {
        "loss": pytest.approx(error, rel=1e-5)
    }


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        for start in range(0, 64, 16):
            yield X[start : start + 16], Y[start : start + 16]


def test_batches_and_the_learning_rate() -> None:
    model = OwnLoss()
    model.compile(optimizer=pynn.optimizers.SGD(pynn.optimizers.schedules.PolynomialDecay(0.1, 8)))
    history = model.fit(batches(), steps_per_epoch=4, epochs=2, verbose=0)
    assert history.params["steps"] == 4
    assert model.optimizer.iterations == 8
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-4)
    assert model.evaluate(batches(), steps=4, verbose=0) > 0


class NoDict(pynn.Model):
    def train_step(self, data: Any) -> Any:
        return 3


def test_errors() -> None:
    with pytest.raises(ValueError, match="train_step.* of NoDict must return a dict.*3"):
        made(NoDict).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="class_weight does not reach"):
        made(Inherited).fit(X, Y, class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match="validation_split needs arrays. Received: x that hands"):
        made(Inherited).fit(iter([(X, Y)]), validation_split=0.2, steps_per_epoch=1, verbose=0)


class TrainFunction(pynn.Model):
    def make_train_function(self) -> Any:
        return None


def test_hooks_that_nothing_calls_are_refused() -> None:
    with pytest.raises(ValueError, match=r"TrainFunction defines make_train_function\(\)"):
        made(TrainFunction)


class Halved(Inherited):
    """Predicts two outputs in place of one, and counts the batches."""

    batches = 0

    def predict_step(self, data: Any) -> Any:
        self.batches += 1
        (x,) = data
        whole = super().predict_step(data)
        return {"half": whole / 2, "rows": np.full(len(x), len(x))}


def test_a_predict_step_of_ones_own() -> None:
    model, plain = made(Halved), made(Inherited)
    model.fit(X, Y, verbose=0)
    plain.fit(X, Y, verbose=0)
    plain.set_weights(model.get_weights())
    expected = plain.predict(X, verbose=0)
    np.testing.assert_array_equal(plain.predict_step((X,)), expected)
    np.testing.assert_array_equal(plain.predict_step(X), expected)
    for verbose in (0, 1):
        found = model.predict(X, batch_size=25, verbose=verbose)
        np.testing.assert_array_equal(found["half"], expected / 2)
        assert found["rows"].shape == (len(X),)
        assert set(found["rows"]) <= {25, len(X) % 25}
    assert model.batches == 2 * -(-len(X) // 25)
    together = model.predict_on_batch(X)
    np.testing.assert_array_equal(together["half"], expected / 2)
    assert set(together["rows"]) == {len(X)}
    np.testing.assert_array_equal(np.asarray(model(X)), expected)
    batches: list[int] = []
    listener = pynn.callbacks.LambdaCallback(on_predict_batch_end=lambda i, logs: batches.append(i))
    parts = model.predict(iter([X[:3], X[3:7], X[7:]]), steps=2, callbacks=[listener], verbose=0)
    np.testing.assert_array_equal(parts["half"], expected[:7] / 2)
    assert batches == [0, 1]
    with pytest.raises(ValueError, match="no data to predict from"):
        model.predict(X[:0], verbose=0)


class BuiltByItsStep(pynn.Model):
    def build(self, input_shape: tuple) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], 1), name="kernel")

    def call(self, inputs: object) -> object:
        return pynn.ops.matmul(inputs, self.kernel)

    def train_step(self, data: object) -> dict:
        return super().train_step(data)


def test_a_model_is_built_in_its_first_step() -> None:
    model = BuiltByItsStep(name="own")
    model.compile(loss="mse", optimizer="sgd", metrics=["mae"])
    x = np.ones((4, 3), "float32")
    history = model.fit(x, x[:, :1], verbose=0).history
    assert list(history) == ["loss", "mae"]
    assert model.kernel.path == "own/kernel"
    outer = pynn.Model(inputs := pynn.Input((3,)), model(inputs))
    assert len(model.metrics) == 2
    assert outer.metrics == []  # those of the inner model's compile() are its own


class Computed(pynn.Model):
    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        return super().compute_loss(x, y, y_pred, sample_weight, training)


def test_own_steps_end_with_the_average_of_the_weights() -> None:
    found, expected = (
        made(cls, optimizer=pynn.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), loss="mse")
        for cls in (Computed, pynn.Model)
    )
    for model in (found, expected):
        model.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for ours, plain in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["m.pynn", "m.keras", "m.h5"])
def test_own_steps_go_on_from_a_file(name: str, tmp_path: Path) -> None:
    model = made(Computed, optimizer=pynn.optimizers.SGD(0.01, momentum=0.9), loss="mse")
    given: dict[str, Any] = {"shuffle": False, "verbose": 0}
    model.fit(X, Y, epochs=3, **given)
    model.save(tmp_path / name)
    copy = pynn.models.load_model(tmp_path / name, custom_objects={"Computed": Computed})
    assert copy.fit(X, Y, **given).history == model.fit(X, Y, **given).history
