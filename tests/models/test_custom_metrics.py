"""Metrics written with ops in `compile`: the engine averages them, and training stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pynn
from pynn import _core, layers, losses, metrics, ops
from pynn.graph import _plan
from pynn.graph._interpreting_trainer import InterpretingTrainer

RNG = np.random.default_rng(5)
X = RNG.standard_normal((210, 6)).astype("float32")
Y = (X[:, :3] * [1.0, -2.0, 0.5] + 0.1).astype("float32")
LABELS = RNG.integers(0, 4, 210)


def largest_error(y_true: Any, y_pred: Any) -> Any:
    return ops.max(ops.abs(y_true - y_pred), axis=-1)


def squares(y_true: Any, y_pred: Any) -> Any:
    return ops.square(y_true - y_pred)


def is_close(y_true: Any, y_pred: Any) -> Any:
    return ops.all(ops.abs(y_true - y_pred) < 1.0, axis=-1)


def chance(y_true: Any, y_pred: Any) -> Any:
    one_hot = ops.one_hot(ops.cast(ops.squeeze(y_true, -1), "int32"), 4)
    return ops.sum(one_hot * y_pred, axis=-1)


def with_numpy(y_true: Any, y_pred: Any) -> Any:
    return np.median(np.abs(np.asarray(y_true) - np.asarray(y_pred)), axis=-1)


def of_the_batch(y_true: Any, y_pred: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))


def fit(
    units: int,
    activation: str,
    loss: Any,
    y: Any,
    given: list,
    **arguments: Any,
) -> tuple[pynn.Model, dict]:
    pynn.utils.set_random_seed(1)
    stack = [layers.Input((6,)), layers.Dense(9, activation="relu")]
    model = pynn.Sequential([*stack, layers.Dense(units, activation=activation)])
    model.compile(optimizer="adam", loss=loss, metrics=given)
    history = model.fit(X, y, epochs=3, batch_size=20, verbose=0, **arguments)
    return model, history.history


def slots(model: pynn.Model) -> list[Any]:
    return model._compiled.last.metrics


@pytest.mark.parametrize("function", [largest_error, squares, is_close])
def test_the_engine_averages_it(function: Any) -> None:
    model, history = fit(3, "linear", "mse", Y, [function], validation_split=0.2)
    assert slots(model)[0].native is not None
    expected = np.mean(function(Y, model.predict(X, verbose=0)))
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found[function.__name__] == pytest.approx(expected, rel=1e-5)
    assert len(history[f"val_{function.__name__}"]) == 3


@pytest.mark.parametrize("function", [with_numpy, of_the_batch])
def test_the_rest_is_computed_batch_by_batch(function: Any) -> None:
    model, history = fit(3, "linear", "mse", Y, [function])
    assert slots(model)[0].native is None
    assert isinstance(model._trainers._trainer, _core.Trainer)
    assert np.isfinite(history[function.__name__]).all()


def test_a_softmax_that_the_loss_skips_is_there_for_the_metric() -> None:
    loss = "sparse_categorical_crossentropy"
    plain, without = fit(4, "softmax", loss, LABELS, [])
    model, history = fit(4, "softmax", loss, LABELS, ["accuracy", chance])
    assert [slot.native for slot in slots(model)] == [0, 1]
    for a, b in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert without["loss"] == history["loss"]
    p = model.predict(X, verbose=0)
    found = model.evaluate(X, LABELS, verbose=0, return_dict=True)
    assert found["chance"] == pytest.approx(p[np.arange(210), LABELS].mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((p.argmax(axis=1) == LABELS).mean())


def test_beside_a_loss_that_is_interpreted() -> None:
    """Both trainers average it alike."""
    results = []
    for loss in (lambda t, p: ops.mean(ops.square(t - p)), of_the_batch):
        model, _ = fit(
            3,
            "linear",
            loss,
            Y,
            [largest_error, metrics.MeanMetricWrapper(losses.huber, delta=2.0)],
        )
        assert [slot.native for slot in slots(model)] == [0, 1]
        model.set_weights([np.full(w.shape, 0.1) for w in model.weights])
        found = model.evaluate(X, Y, verbose=0, return_dict=True)
        results.append([found["largest_error"], found[slots(model)[1].name]])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


def test_of_two_outputs() -> None:
    inputs = layers.Input((6,))
    outputs = [layers.Dense(3, name="a")(inputs), layers.Dense(4, "softmax", name="b")(inputs)]
    model = pynn.Model(inputs, outputs)
    model.compile(
        optimizer="sgd",
        loss={"a": squares, "b": "sparse_categorical_crossentropy"},
        metrics={"a": [largest_error, "mae"], "b": [chance]},
    )
    model.fit(X, {"a": Y, "b": LABELS}, epochs=1, verbose=0)
    assert isinstance(model._trainers._trainer, _core.Trainer)
    assert all(slot.native is not None for slot in slots(model))
    a, b = model.predict(X, verbose=0)
    found = model.evaluate(X, {"a": Y, "b": LABELS}, verbose=0, return_dict=True)
    assert found["a_largest_error"] == pytest.approx(np.abs(a - Y).max(axis=1).mean(), rel=1e-5)
    assert found["a_mae"] == pytest.approx(np.abs(a - Y).mean(), rel=1e-5)
    assert found["b_chance"] == pytest.approx(b[np.arange(210), LABELS].mean(), rel=1e-5)


def test_sample_weights_leave_it_to_python_where_they_count() -> None:
    weights = RNG.uniform(0.5, 2.0, 210)
    pynn.utils.set_random_seed(1)
    model = pynn.Sequential([layers.Input((6,)), layers.Dense(3)])
    model.compile(optimizer="sgd", loss="mse", weighted_metrics=[largest_error])
    model.fit(X, Y, sample_weight=weights, epochs=1, verbose=0)
    assert slots(model)[0].native is None
    errors = np.abs(model.predict(X, verbose=0) - Y).max(axis=1)
    found = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    expected = (errors * weights).sum() / weights.sum()
    assert found["largest_error"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y", "given"),
    [
        (1, "sigmoid", "binary_crossentropy", LABELS % 2, ["accuracy", "mae", squares]),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[LABELS % 3], ["accuracy", "mse"]),
        (4, "softmax", "sparse_categorical_crossentropy", LABELS, ["accuracy", chance]),
        (3, "linear", "mse", Y, ["mae", "mean_absolute_percentage_error", largest_error]),
    ],
)
def test_nodes_in_numpy_count_as_the_engine_does(
    units: int, activation: str, loss: str, y: Any, given: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = {"validation_split": 0.3, "shuffle": False}
    _, expected = fit(units, activation, loss, y, given, **arguments)
    monkeypatch.setattr(_plan, "lower_to_engine", lambda *args, **kwargs: "nothing")
    model, found = fit(units, activation, loss, y, given, **arguments)
    assert isinstance(model._trainers._trainer, InterpretingTrainer)
    assert list(found) == list(expected)
    for name, values in expected.items():
        # Sums of float32 in another order.
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)


class Errors(metrics.Metric):
    """Figures of several names, or an array of them."""

    def __init__(self, as_dict: bool, name: str = "errors") -> None:
        super().__init__(name=name)
        self.as_dict = as_dict
        self.total = self.add_weight(name="total", shape=(2,), initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        error = np.asarray(y_pred) - np.asarray(y_true)
        self.total.assign_add([np.abs(error).sum(), np.square(error).sum()])

    def result(self) -> Any:
        if self.as_dict:
            return {"absolute": self.total[0], "squared": self.total[1]}
        return self.total.numpy()


@pytest.mark.parametrize("as_dict", [True, False])
def test_results_of_several_figures(as_dict: bool, capsys: pytest.CaptureFixture[str]) -> None:
    model = pynn.Sequential([layers.Input((6,)), layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[Errors(as_dict)])
    history = model.fit(X, Y, validation_data=(X, Y), epochs=2, verbose=2).history
    error = model.predict(X, verbose=0) - Y
    expected = [np.abs(error).sum(), np.square(error).sum()]
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    shown = capsys.readouterr().out
    if as_dict:
        names = ["loss", "absolute", "squared"]
        assert [*history] == [*names, *(f"val_{name}" for name in names)]
        np.testing.assert_allclose([found["absolute"], found["squared"]], expected, rtol=1e-5)
        np.testing.assert_allclose(history["val_squared"][-1], expected[1], rtol=1e-5)
        assert " - squared: " in shown
    else:
        np.testing.assert_allclose(found["errors"], expected, rtol=1e-5)
        np.testing.assert_allclose(history["val_errors"][-1], expected, rtol=1e-5)
        assert " - errors: [" in shown
