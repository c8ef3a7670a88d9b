"""Corners of training in which another library than Keras would easily differ."""

from __future__ import annotations

import json
import warnings
from typing import Any

import keras
import numpy as np
import pytest

import pynn
from conformance.agreement import EXACT, TRAINING, assert_agree, generator

LIBRARIES = (pynn, keras)
X = generator("corners").standard_normal((10, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def dense(library: Any, **compiling: Any) -> Any:
    inputs = library.Input((3,))
    model = library.Model(inputs, library.layers.Dense(1, kernel_initializer="ones")(inputs))
    given = {"optimizer": library.optimizers.SGD(0.01), "loss": "mse", **compiling}
    model.compile(**given)
    return model


@pytest.mark.parametrize("steps", [1, 4, 5, 9, 10, 11, 25])
def test_steps_of_an_epoch(steps: int) -> None:
    taken, losses = [], []
    for library in LIBRARIES:
        counted: list[int] = []
        model = dense(library)
        listener = library.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, counted=counted: counted.append(batch)
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(
                X, Y, batch_size=1, epochs=4, steps_per_epoch=steps, shuffle=False, verbose=0,
                callbacks=[listener],
            )  # fmt: skip
        ran_out = any("ran out of data" in str(w.message) for w in caught)
        ran_out |= any("the data ran out" in str(w.message) for w in caught)
        taken.append((counted, ran_out))
        losses.append(history.history["loss"])
    assert taken[0] == taken[1]
    assert_agree(losses[0], losses[1], TRAINING)


@pytest.mark.parametrize("moment", ["on_train_begin", "on_epoch_begin", "on_train_batch_begin"])
def test_stopped_before_a_step(moment: str) -> None:
    epochs, losses, weights = [], [], []
    for library in LIBRARIES:
        model = dense(library)

        def stop(self: Any, *_: Any, logs: Any = None) -> None:
            self.model.stop_training = True

        stopping = type("Stop", (library.callbacks.Callback,), {moment: stop})()
        history = model.fit(
            X, Y, batch_size=3, epochs=4, shuffle=False, verbose=0, callbacks=[stopping]
        )
        epochs.append(history.epoch)
        losses.append(history.history["loss"])
        weights.append(model.get_weights()[0])
    assert epochs[0] == epochs[1] == [0]
    assert_agree(losses[0], losses[1], TRAINING)
    assert_agree(weights[0], weights[1], TRAINING)


def doubled(library: Any) -> Any:
    class Doubled(library.layers.Layer):
        def call(self, x: Any, training: bool = True) -> Any:
            return x * 2.0 if training else x

    return Doubled


def test_a_default_of_training() -> None:
    for given in ({}, {"training": True}, {"training": False}, {"training": None}):
        found = [np.asarray(doubled(library)()(X, **given)) for library in LIBRARIES]
        np.testing.assert_array_equal(found[0], found[1], err_msg=str(given))
    found = []
    for library in LIBRARIES:
        model = library.Sequential([library.Input((3,)), doubled(library)()])
        model.compile("sgd", "mse")
        results = [np.asarray(model(X)), model.predict(X, verbose=0)]
        results += [np.asarray(model(X, training=False)), np.asarray(model(X))]
        results.append(np.asarray(model.evaluate(X, X, verbose=0)))
        found.append(results)
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["MeanAbsoluteError", "RootMeanSquaredError", "Mean"])
def test_a_metric_that_does_not_begin_again(name: str) -> None:
    results = []
    for library in LIBRARIES:
        base = getattr(library.metrics, name)

        class Kept(base):  # type: ignore[misc, valid-type]
            def reset_state(self) -> None:
                pass

        class KeptMean(Kept):
            def update_state(self, y: Any, p: Any, sample_weight: Any = None) -> Any:
                return super().update_state(p, sample_weight=sample_weight)

        metric = KeptMean(name="kept") if name == "Mean" else Kept(name="kept")
        model = dense(library, metrics=[metric])
        history = model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
        last = model.evaluate(X, Y, verbose=0, return_dict=True)["kept"]
        results.append([*history["kept"], last])
    assert_agree(results[0], results[1], TRAINING)


def test_a_loss_without_the_inputs() -> None:
    losses = []
    for library in LIBRARIES:
        found = []
        for loss in ("mse", None):
            inputs = library.Input((3,))
            dense = library.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
            model = library.Model(inputs, dense(inputs))
            model.compile("sgd", loss)
            p = np.asarray(model(X))
            for weights in (None, np.arange(10.0)):
                found.append(float(model.compute_loss(y=Y, y_pred=p, sample_weight=weights)))
        losses.append(found)
    assert_agree(losses[0], losses[1], EXACT)


@pytest.mark.parametrize("steps", [None, 5, 8])
@pytest.mark.parametrize("together", [1, 2, 4, 5, 12])
def test_batches_that_run_together(together: int, steps: int | None) -> None:
    noted, losses = [], []
    for library in LIBRARIES:
        seen: list[tuple[str, int]] = []

        class Noting(library.callbacks.Callback):  # type: ignore[name-defined, misc]
            seen: Any = None

        for what in ("train", "test", "predict"):
            for when in ("begin", "end"):

                def note(
                    self: Any, batch: int, logs: Any = None, _key: str = f"{what} {when}"
                ) -> None:
                    self.seen.append((_key, batch))

                setattr(Noting, f"on_{what}_batch_{when}", note)
        listener = Noting()
        listener.seen = seen
        model = dense(library, steps_per_execution=together)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Keras, where a last group is not full
            given = {"batch_size": 1, "verbose": 0, "callbacks": [listener]}
            history = model.fit(X, Y, epochs=2, steps_per_epoch=steps, shuffle=False, **given)
            seen.append(("steps", history.params["steps"]))
            model.evaluate(X, Y, **given)
            model.predict(X, **given)
        noted.append(seen)
        losses.append(history.history["loss"])
    assert noted[0] == noted[1]
    assert_agree(losses[0], losses[1], TRAINING)


def test_what_metrics_a_model_has() -> None:
    def names(model: Any) -> list[str]:
        return [metric.name for metric in model.metrics]

    found = []
    for library in LIBRARIES:
        model = library.Sequential([library.Input((3,)), library.layers.Dense(1)])
        seen: list[Any] = [names(model)]
        model.compile("sgd", "mse")
        seen.append(names(model))
        model.compile("sgd", "mse", metrics=["mae", "accuracy"], weighted_metrics=["mse"])
        seen += [names(model), [m.name for m in model.metrics[1].metrics]]
        model.held = library.metrics.Mean(name="held")
        seen.append(names(model))
        model.fit(X, Y, verbose=0)
        seen.append([m.name for m in model.metrics[1].metrics])
        results = model.get_metrics_result()
        seen.append(list(results))
        logs = model.evaluate(X, Y, verbose=0, return_dict=True)
        both = [float(model.metrics[0].result()), float(model.get_metrics_result()["mae"])]
        assert both == pytest.approx([logs["loss"], logs["mae"]], rel=1e-6)
        model.reset_metrics()
        seen.append([float(value) for value in model.get_metrics_result().values()])
        found.append(seen)
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclass"])
def test_losses_of_a_call(kind: str) -> None:
    found = []
    for library in LIBRARIES:

        class Penalty(library.layers.Layer):  # type: ignore[name-defined, misc]
            ops = library.ops

            def call(self, x: Any) -> Any:
                self.add_loss(0.5 * self.ops.mean(self.ops.square(x)))
                return x

        ones = {"kernel_initializer": "ones", "kernel_regularizer": "l2"}
        stack = [
            library.layers.Dense(2, activity_regularizer="l1", **ones),
            Penalty(),
            library.layers.Dense(1, **ones),
        ]
        inputs = library.Input((3,))
        if kind == "sequential":
            model = library.Sequential([inputs, *stack])
        elif kind == "functional":
            x = inputs
            for layer in stack:
                x = layer(x)
            model = library.Model(inputs, x)
        else:

            class Own(library.Model):  # type: ignore[name-defined, misc]
                def __init__(self, stack: Any) -> None:
                    super().__init__()
                    self.stack = stack

                def call(self, x: Any) -> Any:
                    for layer in self.stack:
                        x = layer(x)
                    return x

            model = Own(stack)
        seen = []
        for rows in (X, X[:3], X):
            model(rows)
            seen.append([float(loss) for loss in model.losses])
        seen.append([float(loss) for loss in stack[0].losses])
        seen.append([float(loss) for loss in stack[1].losses])
        found.append(seen)
    for ours, theirs in zip(*found, strict=True):
        assert_agree(sorted(ours), sorted(theirs), EXACT)


def test_what_is_there_before_a_model_is_built() -> None:
    names = ("input_shape", "output_shape", "inputs", "outputs", "layers", "weights", "built")
    found = []
    for library in LIBRARIES:
        model = library.Sequential([library.layers.Dense(1)])
        seen = [[hasattr(model, name) for name in names]]
        model.build((None, 3))
        found.append([*seen, [hasattr(model, name) for name in names], model.input_shape])
    assert found[0] == found[1]


def test_a_softmax_of_one_unit() -> None:
    found = []
    for library in LIBRARIES:
        seen = []
        for make in (
            lambda library=library: library.layers.Dense(1, activation="softmax")(X),
            lambda library=library: library.layers.Softmax()(X[:, :1]),
            lambda library=library: library.activations.softmax(X[:1], axis=0),
            lambda library=library: library.activations.softmax(X),
            lambda library=library: library.activations.log_softmax(X[:, :1]),
            lambda library=library: library.ops.softmax(X[:, :1]),
        ):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                make()
            seen.append(any("a softmax over axis" in str(w.message) for w in caught))
        found.append(seen)
    assert found[0] == found[1]


def stateful(library: Any, kind: str) -> Any:
    """A layer that assigns to weights of its own, in one way or another."""
    ops = library.ops

    class Stateful(library.layers.Layer):  # type: ignore[name-defined, misc]
        def build(self, input_shape: Any) -> None:
            row = (input_shape[-1],)
            given = {"initializer": "zeros", "trainable": False}
            self.n = self.add_weight(shape=(), name="n", **given)
            self.moving = self.add_weight(shape=row, name="moving", **given)
            super().build(input_shape)

        def call(self, x: Any, training: Any = None) -> Any:
            if kind == "in training" and not training:
                return x + self.moving
            if kind == "unread":
                self.n.assign_add(1.0)
                return x
            before = self.n.value if kind == "value" else 1.0 * self.n
            self.n.assign_add(1.0)
            if kind == "twice":
                self.n.assign(self.n * 1.5)
            if kind == "constant":
                self.moving.assign(np.array([1.0, 2.0, 3.0], "float32"))
                return x * self.moving + self.n
            self.moving.assign(0.9 * self.moving + 0.1 * ops.mean(x, axis=0))
            self.moving.assign_sub(np.full(3, 0.01, "float32"))
            return x - self.moving + 0.1 * before

    return Stateful()


KINDS = [
    "plain",
    "unread",
    "value",
    "in training",
    "twice",
    "constant",
    "shared",
    "nested",
    "subclass",
]


@pytest.mark.parametrize("kind", KINDS)
def test_state_that_call_assigns(kind: str) -> None:
    results = []
    for library in LIBRARIES:
        layer = stateful(library, kind)
        last = library.layers.Dense(1, kernel_initializer="ones")
        inputs = library.Input((3,))
        if kind == "subclass":

            class Own(library.Model):  # type: ignore[name-defined, misc]
                def __init__(self, layer: Any, last: Any) -> None:
                    super().__init__()
                    self.layer, self.last = layer, last

                def call(self, x: Any) -> Any:
                    return self.last(self.layer(x))

            model = Own(layer, last)
        elif kind == "nested":
            inner = library.Sequential([library.Input((3,)), layer])
            model = library.Model(inputs, last(inner(inputs)))
        elif kind == "shared":
            model = library.Model(inputs, last(layer(layer(inputs))))
        else:
            model = library.Sequential([inputs, layer, last])
        model.compile(library.optimizers.SGD(0.01), "mse", metrics=["mae"])
        given = {"batch_size": 4, "verbose": 0}
        found: list[Any] = []

        def note(value: Any, found: list[Any] = found, layer: Any = layer) -> None:
            found.append(np.asarray(value))
            found.extend(np.asarray(weight) for weight in layer.get_weights())

        note(model.fit(X, Y, epochs=3, shuffle=False, **given).history["loss"])
        note(model.evaluate(X, Y, **given))
        note(model.predict(X, **given))
        note(model(X))
        note(model(X, training=True))
        note(model.train_on_batch(X, Y))
        history = model.fit(X, Y, validation_data=(X, Y), shuffle=False, **given).history
        note(history["val_loss"])
        found.extend(np.asarray(weight) for weight in model.get_weights())
        results.append(found)
    for ours, theirs in zip(*results, strict=True):
        assert_agree(ours, theirs, TRAINING)


def test_a_loss_of_ones_own() -> None:
    results = []
    for library in LIBRARIES:

        class Own(library.Model):  # type: ignore[name-defined, misc]
            def __init__(self, library: Any) -> None:
                super().__init__()
                self.dense = library.layers.Dense(1, kernel_initializer="ones")
                self.seen = library.metrics.Mean(name="seen")

            def call(self, x: Any) -> Any:
                return self.dense(x)

            def compute_loss(
                self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                training: bool = True,
            ) -> Any:  # fmt: skip
                loss = 3.0 * super().compute_loss(x, y, y_pred, sample_weight)
                self.seen.update_state(2.0 * loss)
                return loss

        model = Own(library)
        model.compile(library.optimizers.SGD(0.01), "mse", metrics=["mae"])
        given = {"batch_size": 5, "verbose": 0}
        history = model.fit(X, Y, epochs=3, shuffle=False, **given).history
        results.append([history["loss"], history["seen"], history["mae"], *model.get_weights()])
        logs = model.evaluate(X, Y, return_dict=True, **given)
        results[-1] += [np.asarray(logs[name]) for name in ("loss", "seen", "mae")]
    for ours, theirs in zip(*results, strict=True):
        assert_agree(ours, theirs, TRAINING)


def test_build_config() -> None:
    for shape in ((4,), (2, 3)):
        configs = []
        for library in LIBRARIES:
            model = library.Sequential([library.layers.Flatten(), library.layers.Dense(2)])
            model.build((None, *shape))
            configs.append(model.get_build_config())
            again = library.Sequential([library.layers.Flatten(), library.layers.Dense(2)])
            again.build_from_config(json.loads(json.dumps(configs[-1])))
            assert again.count_params() == model.count_params()
        assert configs[0] == configs[1]


class Distance:
    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred - y_true


def biasABC(y_true: Any, y_pred: Any) -> Any:  # noqa: N802
    return y_pred - y_true


def test_names_of_metrics() -> None:
    names = []
    for library in LIBRARIES:
        functions = [library.losses.mean_squared_error, biasABC, Distance(), lambda y, p: p - y]
        classes = [library.metrics.MeanSquaredError, library.losses.MeanAbsoluteError()]
        texts = ["mae", "mae", "MSE"]
        wrapped = library.metrics.MeanMetricWrapper(biasABC)
        given = [*functions, *classes, *texts, wrapped]
        model = dense(library, metrics=given, run_eagerly=True)
        figures = model.evaluate(X, Y, batch_size=10, verbose=0, return_dict=True)
        names.append(sorted(figures))
    assert names[0] == names[1]


def test_dropout_of_everything() -> None:
    results = []
    for library in LIBRARIES:
        layer = library.layers.Dropout(1.0)
        inputs = library.Input((3,))
        outputs = library.layers.Dense(1, kernel_initializer="ones")(layer(inputs))
        model = library.Model(inputs, outputs)
        model.compile(library.optimizers.SGD(0.1), "mse")
        history = model.fit(X, Y, shuffle=False, verbose=0).history["loss"]
        values = [layer(X, training=True), layer(X), model.predict(X, verbose=0), history]
        results.append(np.concatenate([np.ravel(each) for each in values]))
        config = layer.get_config()
        assert library.layers.Dropout.from_config(config).rate == 1
    assert_agree(results[0], results[1], TRAINING)


def test_metrics_without_a_loss() -> None:
    """Beside Keras on JAX; on TensorFlow it refuses, as pynn does to train so."""
    results = []
    for library in LIBRARIES:
        model = dense(library, loss=None, metrics=["mae"], weighted_metrics=["mse"])
        weights = np.arange(10.0)
        figures = [model.evaluate(X, Y, verbose=0), model.test_on_batch(X, Y)]
        figures.append(model.evaluate(X, Y, sample_weight=weights, verbose=0))
        results.append(figures)
        model = dense(library, loss=None)
        assert model.evaluate(X, Y, verbose=0) == 0.0
    assert_agree(results[0], results[1], TRAINING)


def test_targets_with_weights_of_steps() -> None:
    """A loss function reads them from a further column of y; Keras takes them as they are, too."""
    draws = generator("steps")
    x, y, weights = (draws.standard_normal((4, 4, n)).astype("float32") for n in (3, 2, 1))
    target = np.concatenate([y, weights], axis=-1)
    results = []
    for library in LIBRARIES:
        ops = library.ops

        def weighted(y_true: Any, y_pred: Any, ops: Any = ops) -> Any:
            squares = ops.square(y_true[..., :2] - y_pred)
            return y_true[..., 2] * ops.mean(squares, axis=-1)

        inputs = library.Input((4, 3))
        model = library.Model(inputs, library.layers.Dense(2, kernel_initializer="ones")(inputs))
        model.compile(library.optimizers.SGD(0.1), weighted)
        history = model.fit(x, target, batch_size=2, epochs=3, shuffle=False, verbose=0).history
        results.append([*history["loss"], model.evaluate(x, target, verbose=0)])
    model = library.Model(inputs, library.layers.Dense(2, kernel_initializer="ones")(inputs))
    model.compile(library.optimizers.SGD(0.1), "mse")
    given = {"sample_weight": weights[..., 0], "shuffle": False, "verbose": 0}
    history = model.fit(x, y, batch_size=2, epochs=3, **given).history
    assert_agree(results[0], results[1], TRAINING)
    assert_agree(results[0][:3], history["loss"], TRAINING)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"clipnorm": 0.1}, {"clipvalue": 0.01}])
def test_penalties_on_weights_that_no_loss_reaches(options: dict[str, Any]) -> None:
    found = []
    for library in LIBRARIES:
        inputs = library.Input((3,))
        penalty = library.regularizers.L1L2(0.01, 0.05)
        dense = library.layers.Dense
        outputs = [
            dense(1, kernel_initializer="ones")(inputs),
            dense(1, kernel_initializer="ones", kernel_regularizer=penalty)(inputs),
        ]
        model = library.Model(inputs, outputs)
        model.compile(library.optimizers.SGD(0.01, **options), ["mse", None])
        history = model.fit(X, [Y, Y], epochs=3, batch_size=5, shuffle=False, verbose=0).history
        found.append([*history["loss"], *(float(w.sum()) for w in model.get_weights())])
    assert_agree(*found, TRAINING)
