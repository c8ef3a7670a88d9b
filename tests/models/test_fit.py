"""`fit`: the steps it takes, what it hands to callbacks, and how it ends."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from contextlib import nullcontext
from types import FrameType
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, constraints, layers, losses, metrics, optimizers, utils
from pynn.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.standard_normal((100, 4)).astype("float32")
Y = (X @ RNG.standard_normal((4, 1)) + 0.1).astype("float32")


def network(seed: int = 0) -> Sequential:
    utils.set_random_seed(seed)
    return Sequential([pynn.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])


def compiled(optimizer: object = "sgd", **arguments: object) -> Sequential:
    model = network()
    model.compile(loss="mse", optimizer=optimizer, **arguments)
    return model


def reference_epoch(weights: list[np.ndarray], rate: float, batch: int) -> list[np.ndarray]:
    """One epoch of plain gradient descent on `network`, rows in order, in float64."""
    w1, b1, w2, b2 = (w.astype("float64") for w in weights)
    for start in range(0, len(X), batch):
        x, y = X[start : start + batch].astype("float64"), Y[start : start + batch]
        h = np.tanh(x @ w1 + b1)
        d2 = 2 * (h @ w2 + b2 - y) / len(x)
        d1 = (d2 @ w2.T) * (1 - h * h)
        w2, b2 = w2 - rate * h.T @ d2, b2 - rate * d2.sum(axis=0)
        w1, b1 = w1 - rate * x.T @ d1, b1 - rate * d1.sum(axis=0)
    return [w1, b1, w2, b2]


def test_an_epoch_is_gradient_descent_batch_by_batch() -> None:
    model = compiled(optimizers.SGD(0.1))
    expected = reference_epoch(model.get_weights(), 0.1, 32)
    model.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert int(model.optimizer.iterations) == 4


def test_the_logged_loss_is_the_mean_over_the_epoch() -> None:
    model = compiled(optimizers.SGD(0.0))
    history = model.fit(X, Y, epochs=2, verbose=0)
    loss = float(((model.predict(X, verbose=0) - Y).astype("float64") ** 2).mean())
    assert history.history["loss"] == pytest.approx([loss, loss], rel=1e-6)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-6)
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 4}
    assert model.history is history


def test_a_seed_repeats_a_training_and_epochs_differ_in_order() -> None:
    def run(seed: int) -> list[float]:
        model = network(seed)
        model.compile(loss="mse", optimizer="adam")
        return model.fit(X, Y, epochs=3, verbose=0).history["loss"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_state_goes_on_from_fit_to_fit() -> None:
    once, twice = compiled("adam"), compiled("adam")
    once.fit(X, Y, epochs=4, shuffle=False, verbose=0)
    twice.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    twice.fit(X, Y, epochs=4, initial_epoch=1, shuffle=False, verbose=0)
    for a, b in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert twice.history.epoch == [1, 2, 3]


def test_the_same_optimizer_keeps_its_state_when_compiled_again() -> None:
    once, twice = compiled("adam"), compiled("adam")
    once.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    twice.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    twice.compile(loss="mse", optimizer=twice.optimizer, metrics=["mae"])
    twice.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frozen_layer_stays_as_it_is() -> None:
    model = compiled()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, epochs=1, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()
    model.layers[0].trainable = True
    model.fit(X, Y, epochs=1, verbose=0)
    assert (before[0] != model.get_weights()[0]).any()


def test_constraints_hold_after_every_step() -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(1, kernel_constraint=constraints.NonNeg())])
    model.compile(loss="mse", optimizer=optimizers.SGD(0.1))
    seen = []

    class Look(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: object = None) -> None:
            seen.append(model.layers[0].kernel.numpy().min())

    model.fit(X, -np.abs(Y), epochs=2, verbose=0, callbacks=[Look()])
    assert len(seen) == 8
    assert min(seen) == 0


def test_validation_takes_the_last_rows_before_shuffling() -> None:
    model = compiled(optimizers.SGD(0.0), metrics=["mae"])
    history = model.fit(X, Y, epochs=1, validation_split=0.2, verbose=0).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    for data, prefix in (((X[:80], Y[:80]), ""), ((X[80:], Y[80:]), "val_")):
        loss, mae = model.evaluate(*data, verbose=0)
        assert history[f"{prefix}loss"][0] == pytest.approx(loss, rel=1e-6)
        assert history[f"{prefix}mae"][0] == pytest.approx(mae, rel=1e-6)


def test_validation_data_goes_before_a_split() -> None:
    first, second = (compiled(optimizers.SGD(0.01)) for _ in range(2))
    second.set_weights(first.get_weights())
    given = {"validation_data": (X[:20], Y[:20]), "epochs": 2, "verbose": 0, "shuffle": False}
    history = first.fit(X, Y, validation_split=0.2, **given).history
    assert history == second.fit(X, Y, **given).history


def test_validation_data_and_how_often() -> None:
    model = compiled()
    history = model.fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
    history = model.fit(
        X, Y, epochs=4, validation_data=(X, Y, np.ones(100)), verbose=0, validation_freq=[1, 4]
    )
    assert len(history.history["val_loss"]) == 2


def test_callbacks_hear_everything_in_order() -> None:
    calls: list[str] = []

    class Ear(callbacks.Callback):
        def on_train_begin(self, logs: object = None) -> None:
            calls.append("train")
            assert self.params == {"verbose": 0, "epochs": 1, "steps": 2}

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            calls.append(f"epoch {epoch}")

        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            calls.append(f"batch {batch}")

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            calls.append(f"done {batch}")
            assert logs is not None and logs["loss"] > 0
            assert int(self.model.optimizer.iterations) == batch + 1

        def on_test_begin(self, logs: object = None) -> None:
            calls.append("test")

        def on_test_batch_end(self, batch: int, logs: object = None) -> None:
            calls.append(f"tested {batch}")

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            calls.append("end")
            assert logs is not None and set(logs) == {"loss", "val_loss"}
            logs["extra"] = 1.5

    history = compiled().fit(
        X, Y, batch_size=50, callbacks=[Ear()], validation_data=(X, Y), verbose=0
    )
    assert calls == [
        *["train", "epoch 0", "batch 0", "done 0", "batch 1", "done 1"],
        *["test", "tested 0", "tested 1", "end"],
    ]
    assert history.history["extra"] == [1.5]


def test_callbacks_hear_of_several_steps_at_once() -> None:
    """As Keras 3.15 counts: the last call of an epoch is of steps that it does not have."""
    model = Sequential([pynn.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=3)
    heard: list[str] = []

    class Heard(callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
            heard.append(f"begin {batch}")

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            heard.append(f"end {batch}")

        on_test_batch_begin, on_test_batch_end = on_train_batch_begin, on_train_batch_end

    x, y = np.ones((50, 4)), np.ones((50, 1))
    for run in (model.fit, model.evaluate):
        heard.clear()
        run(x, y, batch_size=10, verbose=0, callbacks=[Heard()])
        assert heard == ["begin 0", "end 2", "begin 3", "end 5"]


def test_listening_to_batches_changes_nothing() -> None:
    class Ear(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: object = None) -> None:
            pass

    deaf, hearing = compiled("adam"), compiled("adam")
    for model, listeners in ((deaf, None), (hearing, [Ear()])):
        utils.set_random_seed(1)
        model.fit(X, Y, epochs=2, verbose=0, callbacks=listeners)
    assert deaf.history.history == hearing.history.history
    for a, b in zip(deaf.get_weights(), hearing.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_callback_changes_the_learning_rate_in_the_middle() -> None:
    class Rates(callbacks.Callback):
        def on_batch_begin(self, batch: int, logs: object = None) -> None:
            self.model.optimizer.learning_rate = 0.1 if batch == 0 else 0.0

    model = compiled(optimizers.SGD(1.0))
    one = compiled(optimizers.SGD(0.1))
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0, callbacks=[Rates()])
    one.fit(X[:50], Y[:50], batch_size=50, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_stop_training_ends_after_the_epoch_or_the_batch() -> None:
    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.stop_training = epoch == 1

    class StopNow(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: object = None) -> None:
            self.model.stop_training = batch == 1

    model = compiled()
    assert len(model.fit(X, Y, epochs=9, callbacks=[Stop()], verbose=0).epoch) == 2
    model = compiled()
    assert len(model.fit(X, Y, epochs=9, callbacks=[StopNow()], verbose=0).epoch) == 1
    assert int(model.optimizer.iterations) == 2


def test_a_loss_that_is_no_number_ends_training_without_a_stop_at_each_batch() -> None:
    rows = 400_000  # a tenth of a second or more, step by step
    x = RNG.standard_normal((rows, 4)).astype("float32")
    y = x[:, 0].copy()
    y[: rows // 100] = np.inf
    model = Sequential([pynn.Input((4,)), layers.Dense(30, activation="relu"), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    guard = callbacks.TerminateOnNaN()
    assert not callbacks.CallbackList([guard]).wants_train_batches
    with pytest.warns(RuntimeWarning, match="the loss became nan in epoch 1, between its steps"):
        history = model.fit(
            x, y, batch_size=1, epochs=9, shuffle=False, verbose=0, callbacks=[guard]
        )
    assert len(history.epoch) == 1
    assert not np.isfinite(history.history["loss"][0])
    assert 0 < int(model.optimizer.iterations) < rows
    y[: rows // 100] = 0.0
    fine = Sequential([pynn.Input((4,)), layers.Dense(1)])
    fine.compile(loss="mse", optimizer="sgd")
    assert len(fine.fit(x, y, batch_size=999, epochs=2, verbose=0, callbacks=[guard]).epoch) == 2


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_the_first_loss_that_is_no_number_is_warned_of(watched: bool, own: bool) -> None:
    """Once, from the user's line, with what may have caused it; training goes on."""
    if own:

        class Stepping(pynn.Model):
            def train_step(self, data: Any) -> Any:
                return super().train_step(data)

        model = Stepping(inputs := pynn.Input((4,)), layers.Dense(1)(inputs))
    else:
        model = network()
    model.compile(loss="mse", optimizer=optimizers.SGD(0.5))
    listener = [Onlooker()] if watched else []
    given = {"batch_size": 50, "epochs": 40, "verbose": 0, "callbacks": listener}
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        history = model.fit(300 * X, Y, **given)
    losses = history.history["loss"]
    first = int(np.argmin(np.isfinite(losses)))
    assert len(losses) == 40 and 0 < first < 39
    (warning,) = caught
    assert warning.category is RuntimeWarning and warning.filename == __file__
    low, high = 300 * X.min(), 300 * X.max()
    assert str(warning.message).startswith(f"the loss became {losses[first]} in epoch {first + 1},")
    assert f"(these reach from {low:g} to {high:g};" in str(warning.message)
    assert "learning rate (it is 0.5)" in str(warning.message)


def test_a_training_without_targets_diverges_for_the_same_reasons() -> None:
    class Squared(layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(pynn.ops.sum(pynn.ops.square(inputs)))
            return inputs

    model = Sequential([pynn.Input((4,)), layers.Dense(1), Squared()])
    model.compile(optimizers.SGD(1e10))
    with pytest.warns(RuntimeWarning, match=r"inputs that are not scaled .*\(it is 1e\+10\)"):
        model.fit(X, epochs=10, verbose=0)


@pytest.mark.parametrize(("bad", "message"), [("x", "The inputs hold"), ("y", "The targets hold")])
def test_numbers_in_the_data_that_are_not_finite_are_named(bad: str, message: str) -> None:
    x, y = X.copy(), Y.copy()
    (x if bad == "x" else y)[3] = np.inf
    with pytest.warns(RuntimeWarning, match=f"{message} numbers that are not finite"):
        compiled().fit(x, y, epochs=2, verbose=0)
    finite = compiled(optimizers.SGD(0.0), metrics=["mae"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        finite.fit(X, Y, epochs=3, verbose=0)


def test_a_guard_with_a_hook_of_its_own_is_told_of_every_batch() -> None:
    calls: list[int] = []

    class Guard(callbacks.TerminateOnNaN):
        def on_batch_end(self, batch: int, logs: object = None) -> None:
            calls.append(batch)
            super().on_batch_end(batch, logs)

    model = compiled()
    with pytest.warns(RuntimeWarning, match="the loss became nan in epoch 1, at its step 1"):
        model.fit(X, np.full_like(Y, np.nan), batch_size=10, verbose=0, callbacks=[Guard()])
    assert calls == [0]


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_comes_through_and_leaves_the_model_usable() -> None:
    x = RNG.standard_normal((20_000, 50)).astype("float32")
    y = x[:, 0]
    model = Sequential([pynn.Input((50,)), layers.Dense(64, activation="relu"), layers.Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=10**6, verbose=0)
    timer.join()
    history = model.history
    assert len(history.history["loss"]) == len(history.epoch)
    assert np.isfinite(model.evaluate(x, y, verbose=0))
    steps = int(model.optimizer.iterations)
    model.fit(x, y, epochs=1, verbose=0)
    assert int(model.optimizer.iterations) == steps + 625


class Onlooker(callbacks.Callback):
    """Keeps `fit` from running epochs one after the other in the engine."""

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        pass


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n_rows", [3, 100])
def test_epochs_that_nobody_looks_at_are_the_same(n_rows: int, shuffle: bool) -> None:
    found = []
    for onlookers in ([], [Onlooker()]):
        model = compiled(
            optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 7, 0.5)), metrics=["mae"]
        )
        records = []
        for first, last in ((0, 5), (3, 300)):
            given = {"batch_size": 30, "epochs": last, "initial_epoch": first, "shuffle": shuffle}
            history = model.fit(X[:n_rows], Y[:n_rows], verbose=0, callbacks=onlookers, **given)
            records.append((history.epoch, history.history, int(model.optimizer.iterations)))
        found.append((records, [w.tolist() for w in model.get_weights()]))
    assert found[0] == found[1]
    assert found[0][0][1][0] == list(range(3, 300))


def test_another_thread_ends_epochs_that_nobody_looks_at() -> None:
    model = compiled()

    def stop() -> None:
        model.stop_training = True

    timer = threading.Timer(0.2, stop)
    timer.start()
    history = model.fit(X, Y, batch_size=10, epochs=10**7, verbose=0)
    timer.join()
    epochs = len(history.epoch)
    assert 1 < epochs < 10**7
    assert len(history.history["loss"]) == epochs
    assert int(model.optimizer.iterations) == 10 * epochs
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("line", range(1, 31))
def test_an_interrupt_leaves_each_ended_epoch_in_the_history_once(line: int) -> None:
    """At each of the lines that notify the history of epochs, where a signal may end them."""
    model = compiled(metrics=["mae"])
    passed = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal passed
        if frame.f_code.co_name not in ("_notify_ended", "on_epoch_end"):
            return None
        passed += event == "line"
        if passed == line and event == "line":
            sys.settrace(None)
            raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(Interrupted):
            model.fit(X, Y, batch_size=100, epochs=50, verbose=0)
    finally:
        sys.settrace(before)
    recorded = int(model.optimizer.iterations)
    assert recorded > 0
    assert model.history.epoch == list(range(recorded))
    assert {name: len(values) for name, values in model.history.history.items()} == {
        "loss": recorded,
        "mae": recorded,
    }


def test_rates_that_look_at_the_model_see_every_epoch() -> None:
    model = compiled()
    rate = lambda: 0.1 if int(model.optimizer.iterations) < 50 else 0.0  # noqa: E731
    model.compile(loss="mse", optimizer=optimizers.SGD(rate))
    losses = model.fit(X, Y, batch_size=10, epochs=20, verbose=0, shuffle=False).history["loss"]
    assert losses[3] != losses[4]
    assert losses[6] == losses[7] == losses[19]


def test_a_schedule_that_is_only_derived_from_a_built_in_one_is_asked_epoch_by_epoch() -> None:
    class Halved(optimizers.schedules.ExponentialDecay):
        def __call__(self, step: int) -> float:
            return 0.1 if int(model.optimizer.iterations) < 50 else 0.0

    model = compiled()
    model.compile(loss="mse", optimizer=optimizers.SGD(Halved(0.1, 10, 0.5)))
    losses = model.fit(X, Y, batch_size=10, epochs=20, verbose=0, shuffle=False).history["loss"]
    assert losses[3] != losses[4]
    assert losses[6] == losses[7] == losses[19]


def test_a_metric_with_its_own_beginning_is_told_of_every_epoch() -> None:
    begun: list[int] = []

    class Error(metrics.MeanAbsoluteError):
        def reset_state(self) -> None:
            begun.append(1)
            super().reset_state()

    model = compiled(metrics=[Error()])
    begun.clear()
    model.fit(X, Y, epochs=3, verbose=0)
    assert len(begun) == 3


@pytest.mark.parametrize(
    "base", [metrics.MeanAbsoluteError, metrics.RootMeanSquaredError, metrics.BinaryAccuracy]
)
def test_a_metric_may_refuse_to_begin_again(base: Any) -> None:
    """Each is one that the engine computes; its sums then go on from epoch to epoch."""

    class Kept(base):
        def reset_state(self) -> None:
            pass

    plain, kept = compiled(optimizers.SGD(0.0), metrics=[base()]), Kept()
    wanted = list(plain.fit(X, Y, epochs=1, verbose=0).history.values())[1][0]
    model = compiled(optimizers.SGD(0.0), metrics=[kept])
    found = list(model.fit(X, Y, epochs=2, verbose=0).history.values())[1]
    assert found == pytest.approx([wanted, wanted], rel=1e-6)
    assert float(kept.count) == 200
    model.evaluate(X, Y, verbose=0)
    assert float(kept.count) == 300


@pytest.mark.parametrize("name", ["Adam", "Nadam", "Adamax", "RMSprop", "Adagrad", "Adadelta"])
def test_no_epsilon_leaves_the_penalty_a_number(name: str) -> None:
    """Padding beside the weights has no gradient: its step must not be 0 / 0."""
    utils.set_random_seed(0)
    units = layers.Dense(8, activation="tanh", kernel_regularizer="l2")
    model = Sequential([pynn.Input((4,)), units, layers.Dense(1, kernel_regularizer="l2")])
    model.compile(loss="mse", optimizer=getattr(optimizers, name)(0.01, epsilon=0.0))
    history = model.fit(X, Y, epochs=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


def test_weights_of_samples_and_classes() -> None:
    weights = np.r_[np.zeros(50), np.ones(50)]
    only, weighted = compiled(optimizers.SGD(0.1)), compiled(optimizers.SGD(0.05))
    weighted.fit(X, Y, batch_size=100, sample_weight=2 * weights, shuffle=False, verbose=0)
    only.fit(X[50:], Y[50:], batch_size=50, shuffle=False, verbose=0)
    # The mean is over the rows, weight 0 included: half of 2 is 1, and rate 0.05 for 0.1 is not.
    assert weighted.history.history["loss"][0] == pytest.approx(
        only.history.history["loss"][0], rel=1e-6
    )
    labels = (Y[:, 0] > 0).astype(int)
    models = []
    for arguments in (
        {"class_weight": {0: 1.0, 1: 3.0}},
        {"sample_weight": np.where(labels == 1, 3.0, 1.0)},
    ):
        model = network()
        model.compile(loss="binary_crossentropy", optimizer="sgd")
        model.fit(X, labels, epochs=2, shuffle=False, verbose=0, **arguments)
        models.append(model)
    for a, b in zip(*[model.get_weights() for model in models], strict=True):
        np.testing.assert_array_equal(a, b)


def test_steps_per_epoch_go_on_through_the_data() -> None:
    all_at_once, in_parts = compiled(), compiled()
    all_at_once.fit(X, Y, batch_size=25, epochs=1, shuffle=False, verbose=0)
    history = in_parts.fit(
        X, Y, batch_size=25, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0
    )
    assert history.params["steps"] == 2
    for a, b in zip(all_at_once.get_weights(), in_parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    losses = all_at_once.history.history["loss"][0]
    assert np.mean(history.history["loss"]) == pytest.approx(losses, rel=1e-6)


@pytest.mark.parametrize(
    ("wanted", "taken"), [(3, [3, 1, 3, 1]), (4, [4, 4, 4]), (7, [4, 4]), (2, [2, 2, 2])]
)
@pytest.mark.parametrize("stepwise", [False, True])
def test_an_epoch_of_some_steps_ends_where_the_data_end(
    wanted: int, taken: list[int], stepwise: bool
) -> None:
    """Of four batches; the next epoch then begins with the first of them, in another order."""
    counted: list[int] = []
    listener = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: counted.append(int(model.optimizer.iterations)),
        **({"on_train_batch_end": lambda batch, logs: None} if stepwise else {}),
    )
    model = compiled()
    given = {"batch_size": 25, "epochs": len(taken), "steps_per_epoch": wanted, "verbose": 0}
    with pytest.warns(UserWarning, match="ran out") if min(taken) < wanted else nullcontext():
        history = model.fit(X, Y, callbacks=[listener], **given)
    assert np.diff([0, *counted]).tolist() == taken
    assert history.params["steps"] == wanted
    assert len(history.epoch) == len(taken)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer. Received: batch_size=0"),
        ({"epochs": 2.5}, "epochs must be a positive integer"),
        ({"validation_split": 1.0}, r"validation_split must be in \(0, 1\)"),
        ({"validation_split": 0.999}, "leaves no rows for training"),
        ({"sample_weight": np.ones(3)}, "must have as many rows"),
        ({"sample_weight": np.ones((100, 2))}, "one number per sample"),
        ({"callbacks": [3]}, "callbacks must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compiled().fit(X, Y, verbose=0, **arguments)


def ignoring(label: int) -> losses.Loss:
    return losses.SparseCategoricalCrossentropy(ignore_class=label)


@pytest.mark.parametrize(
    ("loss", "units", "y", "message"),
    [
        ("mse", 1, np.ones((99, 1)), "as many rows"),
        ("mse", 1, None, "needs targets: y is None"),
        ("mse", 2, np.ones((100, 3)), r"output 'out' takes targets of shape \(n, 2\)"),
        ("categorical_crossentropy", 3, np.ones(100), "use sparse_categorical_crossentropy"),
        ("sparse_categorical_crossentropy", 3, np.full(100, 3), r"in \[0, 3\).*max\(y\)=3"),
        ("sparse_categorical_crossentropy", 3, np.full(100, -1), r"min\(y\)=-1"),
        ("sparse_categorical_crossentropy", 3, np.eye(3)[[0] * 100], "use categorical_cross"),
        ("sparse_categorical_crossentropy", 3, np.full(100, np.nan), "'out' contain NaN"),
        (ignoring(-1), 3, np.arange(100) % 5 - 1, r"Received: min\(y\)=-1, max\(y\)=3"),
        (ignoring(-1), 3, np.arange(100) % 3 - 2, r"Received: min\(y\)=-2, max\(y\)=0"),
        ("mse", 1, np.array(["a"] * 100), "must hold real numbers"),
    ],
)
def test_wrong_targets_are_refused(loss: Any, units: int, y: object, message: str) -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(units, name="out")])
    model.compile(loss=loss, optimizer="sgd")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, verbose=0)


def test_labels_to_be_ignored_are_no_mistake() -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(3, "softmax")])
    model.compile(loss=ignoring(7), optimizer="sgd")
    labels = np.arange(100) % 3
    part = np.arange(100) % 2 == 0
    some = model.evaluate(X, np.where(part, labels, 7), verbose=0)
    assert some == pytest.approx(model.evaluate(X[part], labels[part], verbose=0), rel=1e-5)
    assert model.evaluate(X, np.full(100, 7), verbose=0) == 0.0


def test_one_batch_at_a_time() -> None:
    model = compiled(optimizers.SGD(0.1), metrics=["mae"])
    expected = model.test_on_batch(X, Y)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-6)
    assert model.train_on_batch(X, Y)[0] < expected[0]
    assert set(model.train_on_batch(X, Y, return_dict=True)) == {"loss", "mae"}
    assert int(model.optimizer.iterations) == 3
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))


def test_a_batch_is_evaluated_as_one() -> None:
    model = compiled(optimizers.SGD(0.1))
    model.compile(optimizer="sgd", loss=pynn.losses.MeanSquaredError(reduction="sum"))
    whole = model.evaluate(X, Y, batch_size=100, verbose=0)
    assert model.evaluate(X, Y, batch_size=10, verbose=0) == pytest.approx(whole / 10, rel=1e-5)
    assert model.test_on_batch(X, Y) == pytest.approx(whole, rel=1e-6)
    assert model.test_on_batch(X, Y, np.full(100, 2.0)) == pytest.approx(2 * whole, rel=1e-6)
    assert model.train_on_batch(X, Y) == pytest.approx(whole, rel=1e-6)


def test_moving_averages_and_accumulation_of_optimizers() -> None:
    model = compiled(optimizers.SGD(0.1, gradient_accumulation_steps=2))
    one = compiled(optimizers.SGD(0.1))
    model.fit(X, Y, batch_size=50, shuffle=False, verbose=0)
    one.fit(X, Y, batch_size=100, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    averaged = compiled(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.0))
    averaged.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    plain = compiled(optimizers.SGD(0.1))
    plain.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(averaged.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
