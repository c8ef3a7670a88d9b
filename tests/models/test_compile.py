"""`compile`: what may be given, how figures are called, and what is refused before data is seen."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import pynn
from pynn import layers, losses, metrics, ops, optimizers
from pynn.models import Model, Sequential, load_model

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 4)).astype("float32")
Y = RNG.standard_normal((64, 1)).astype("float32")


def regressor() -> Sequential:
    return Sequential([pynn.Input((4,)), layers.Dense(1)])


def two_outputs() -> Model:
    inputs = pynn.Input((4,))
    return Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])


def keys(model: Model, y: object, **arguments: object) -> list[str]:
    model.compile(optimizer="sgd", **arguments)
    return list(model.fit(X, y, epochs=1, verbose=0).history)


def test_one_output_has_one_loss() -> None:
    assert keys(regressor(), Y, loss="mse") == ["loss"]
    assert keys(regressor(), Y, loss=losses.Huber(), metrics=["mae"]) == ["loss", "mae"]
    own = [metrics.MeanSquaredError(name="mine"), losses.mean_absolute_error]
    assert keys(regressor(), Y, loss="mse", metrics=own) == ["loss", "mine", "mean_absolute_error"]


def test_the_same_metric_twice_gets_a_number() -> None:
    assert keys(regressor(), Y, loss="mse", metrics=["mae", "mae"]) == ["loss", "mae", "mae_1"]


def test_a_weighted_metric_says_so_beside_one_of_its_name() -> None:
    both = {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae", "mse", "mae"]}
    own = ["mae", "weighted_mae", "mse", "weighted_mae_1"]
    assert keys(regressor(), Y, **both) == ["loss", *own]
    expected = ["a_mae", "b_mae", "a_weighted_mae", "b_weighted_mae"]
    both["weighted_metrics"] = ["mae"]
    assert keys(two_outputs(), [Y, Y], **both)[3:] == expected


def test_a_metric_of_two_outputs_counts_each_by_itself() -> None:
    metric = metrics.MeanAbsoluteError(name="error")
    model = two_outputs()
    model.compile("sgd", "mse", metrics=[[metric], [metric]])
    found = model.evaluate(X, [Y, Y + 1], verbose=0, return_dict=True)
    a, b = model.predict(X, verbose=0)
    assert found["a_error"] == pytest.approx(abs(a - Y).mean(), rel=1e-5)
    assert found["b_error"] == pytest.approx(abs(b - Y - 1).mean(), rel=1e-5)


def test_several_outputs_are_called_by_name() -> None:
    single = ["loss", "a_loss", "b_loss"]
    assert keys(two_outputs(), [Y, Y], loss="mse") == single
    assert keys(two_outputs(), [Y, Y], loss=["mse", "mae"]) == single
    assert keys(two_outputs(), {"a": Y, "b": Y}, loss={"a": "mse", "b": "mae"}) == single
    assert keys(two_outputs(), [Y, None], loss={"a": "mse"}) == ["loss"]  # as in Keras
    assert keys(two_outputs(), [Y, Y], loss=["mse", None], metrics=[["mae"], []]) == [
        "loss",
        "a_mae",
    ]
    assert keys(two_outputs(), [Y, Y], loss=["mse", ["mae"]]) == single
    assert keys(two_outputs(), [Y, Y], loss={"a": ["mse"], "b": [losses.Huber()]}) == single
    every = [*single, "a_mae", "b_mae"]
    assert keys(two_outputs(), [Y, Y], loss="mse", metrics=["mae"]) == every
    assert keys(two_outputs(), [Y, Y], loss="mse", metrics=["mae", "mae"]) == every
    assert keys(two_outputs(), [Y, Y], loss="mse", metrics=[["mae"], []]) == every[:4]
    assert keys(two_outputs(), [Y, Y], loss="mse", metrics={"b": "mae"}) == [*single, "b_mae"]


def test_the_sum_of_losses_is_weighted() -> None:
    model = two_outputs()
    model.compile(loss="mse", loss_weights=[0.9, 0.1], optimizer="sgd")
    total, a, b = model.evaluate(X, [Y, Y], verbose=0)
    assert total == pytest.approx(0.9 * a + 0.1 * b, rel=1e-6)
    model.compile(loss="mse", loss_weights={"b": 3.0}, optimizer="sgd")
    total, a, b = model.evaluate(X, [Y, Y], verbose=0)
    assert total == pytest.approx(a + 3 * b, rel=1e-6)


@pytest.mark.parametrize(
    ("units", "y", "expected"),
    [
        (1, np.array([0, 1] * 32), metrics.BinaryAccuracy),
        (3, np.array([0, 1, 2, 1] * 16), metrics.SparseCategoricalAccuracy),
        (3, np.eye(3)[[0, 1, 2, 1] * 16], metrics.CategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_is_chosen_by_shapes(units: int, y: np.ndarray, expected: type, name: str) -> None:
    model = Sequential([pynn.Input((4,)), layers.Dense(units, activation="sigmoid")])
    model.compile(loss="mse" if y.ndim > 1 or units == 1 else "crossentropy", metrics=[name])
    values = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(values) == ["loss", name]
    own = expected()
    own.update_state(y.reshape(64, -1), model.predict(X, verbose=0))
    assert values[name] == pytest.approx(float(own.result()), abs=1e-7)
    assert isinstance(model.metrics[1].metrics[0], expected)


def test_metrics_know_their_results_after_evaluation() -> None:
    model = regressor()
    model.compile(loss="mse", metrics=["RootMeanSquaredError"])
    loss, rmse = model.evaluate(X, Y, verbose=0)
    assert rmse == pytest.approx(loss**0.5, rel=1e-6)
    mean, compiled = model.metrics
    assert float(mean.result()) == pytest.approx(loss)
    assert float(compiled.metrics[0].result()) == pytest.approx(rmse)
    assert model.get_metrics_result() == pytest.approx(
        {"loss": loss, "root_mean_squared_error": rmse}
    )
    assert model.metrics_names == ["loss", "root_mean_squared_error"]
    model.reset_metrics()
    assert [float(value) for value in model.get_metrics_result().values()] == [0, 0]


def test_metrics_given_by_the_name_of_a_class_are_not_numbered() -> None:
    metrics.AUC()  # takes the name "auc" as an object of its own
    for _ in range(2):
        model = Sequential([pynn.Input((4,)), layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=["AUC", "Precision", "AUC"])
        history = model.fit(X, Y > 0, verbose=0).history
        assert list(history) == ["loss", "auc", "precision", "auc_1"]


def test_weighted_metrics_count_weights_and_others_do_not() -> None:
    model = regressor()
    model.compile(loss="mse", metrics=["mae"], weighted_metrics=["mae"])
    weights = np.linspace(0, 2, 64)
    error = np.abs(Y - model.predict(X, verbose=0))[:, 0].astype("float64")
    values = model.evaluate(X, Y, sample_weight=weights, verbose=0)
    assert values[0] == pytest.approx((error**2 * weights).mean(), rel=1e-6)
    assert values[1] == pytest.approx(error.mean(), rel=1e-6)
    assert values[2] == pytest.approx((error * weights).sum() / weights.sum(), rel=1e-6)


def test_names_are_checked_at_once() -> None:
    with pytest.raises(ValueError, match="unknown loss: 'mes'. Did you mean 'mse'"):
        regressor().compile(loss="mes")
    with pytest.raises(ValueError, match="unknown metric"):
        regressor().compile(loss="mse", metrics=["accuracies"])
    with pytest.raises(ValueError, match="unknown optimizer"):
        regressor().compile(loss="mse", optimizer="sdg")


def test_keys_must_be_outputs() -> None:
    model = two_outputs()
    model.compile(loss={"a": "mse", "c": "mse"}, optimizer="sgd")
    for error in (ValueError, KeyError):  # Keras raises one or the other
        with pytest.raises(error, match="^loss has the key 'c', which is no output"):
            model.fit(X, [Y, Y], verbose=0)
    model.compile(loss=["mse", "mse", "mse"], optimizer="sgd")
    with pytest.raises(ValueError, match="loss must have one entry for each output: a, b"):
        model.fit(X, [Y, Y], verbose=0)


def test_without_compile_there_is_no_training() -> None:
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(RuntimeError, match=rf"call compile\(\) before {method}\(\)") as error:
            getattr(regressor(), method)(X, Y)
        assert isinstance(error.value, ValueError)  # which it is to Keras 3
    assert regressor().predict(X, verbose=0).shape == (64, 1)
    assert not regressor().compiled
    model = regressor()
    model.compile(optimizer="sgd")
    for method in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match="the model has no loss"):
            method(X, Y)


def test_metrics_need_no_loss() -> None:
    model = regressor()
    model.compile(metrics=["mae"])
    mae = np.abs(model.predict(X, verbose=0) - Y).mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([0.0, mae])
    assert model.test_on_batch(X, Y) == pytest.approx([0.0, mae])
    model.compile(weighted_metrics=["mae"])
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == pytest.approx(
        {"loss": 0.0, "mae": mae}
    )
    model.compile()
    assert model.evaluate(X, Y, verbose=0) == 0.0


def test_an_optimizer_may_be_anything_that_names_one() -> None:
    model = regressor()
    for given in ("adam", optimizers.Adam, optimizers.Adam(0.01)):
        model.compile(loss="mse", optimizer=given)
        assert isinstance(model.optimizer, optimizers.Adam)


def test_a_loss_written_in_python_trains_as_the_engines_does() -> None:
    """The same function twice, known to the engine and not: the same weights to rounding."""

    def own(y_true: object, y_pred: object) -> object:
        return ops.mean(ops.square(y_pred - y_true), axis=-1)

    first, second = regressor(), regressor()
    second.set_weights(first.get_weights())
    first.compile(loss="mse", optimizer=optimizers.Adam(0.01))
    second.compile(loss=own, optimizer=optimizers.Adam(0.01))
    weights = RNG.uniform(0.5, 2, 64)
    histories = [
        model.fit(X, Y, epochs=3, shuffle=False, sample_weight=weights, verbose=0).history["loss"]
        for model in (first, second)
    ]
    np.testing.assert_allclose(*histories, rtol=1e-5)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_loss_must_be_written_with_ops() -> None:
    model = regressor()
    model.compile(loss=lambda y_true, y_pred: 3.0, optimizer="sgd")
    with pytest.raises(ValueError, match="must be computed from y_true and y_pred with pynn.ops"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size"])
def test_reductions_of_losses(reduction: str) -> None:
    model = regressor()
    model.compile(loss=losses.MeanSquaredError(reduction=reduction), optimizer="sgd")
    error = ((Y - model.predict(X, verbose=0)) ** 2).astype("float64")
    expected = error.sum() if reduction == "sum" else error.mean()
    assert model.evaluate(X, Y, batch_size=64, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_regularization_is_part_of_the_loss() -> None:
    model = Sequential(
        [
            pynn.Input((4,)),
            layers.Dense(3, kernel_regularizer=pynn.regularizers.L1L2(0.01, 0.02)),
            layers.Dense(1, kernel_regularizer=lambda w: 0.5 * ops.sum(ops.square(w))),
        ]
    )
    model.compile(loss="mse", optimizer="sgd")
    first, _, second, _ = (w.astype("float64") for w in model.get_weights())
    penalty = 0.01 * np.abs(first).sum() + 0.02 * (first**2).sum() + 0.5 * (second**2).sum()
    error = ((Y - model.predict(X, verbose=0)) ** 2).mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(error + penalty, rel=1e-5)
    model.layers[0].trainable = False
    model.compile(loss="mse", optimizer="sgd")
    expected = error + 0.5 * (second**2).sum()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("suffix", ["pynn", "keras", "h5"])
def test_a_model_without_an_optimizer_is_evaluated_but_not_trained(
    suffix: str, tmp_path: Path
) -> None:
    model = regressor()
    model.compile(optimizer=None, loss="mse")
    expected = model.evaluate(X, Y, verbose=0)
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match="the model has no optimizer: give one to compile"):
            train(X, Y)
    assert copy.deepcopy(model).evaluate(X, Y, verbose=0) == expected
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    loaded = load_model(path)
    assert loaded.optimizer is None
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_equal_weights_give_equal_figures_whatever_the_optimizer() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 10)), rng.normal(size=(100, 1))
    figures = []
    for optimizer in (optimizers.SGD(use_ema=True), optimizers.SGD()):
        model = Sequential([pynn.Input((10,)), layers.Dense(2), layers.Dense(1)])
        model.compile(optimizer, "mse", metrics=["mean_squared_error"])
        model.fit(x, y, verbose=0)
        model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
        figures.append(model.evaluate(x, y, verbose=0))
    assert figures[0] == figures[1]


@pytest.mark.parametrize("regularizer", [None, lambda kernel: 0.0 * ops.sum(kernel)])
def test_a_target_of_several_axes_keeps_them(regularizer: object) -> None:
    """What has other rows than the output, too: with weights of steps, for one."""
    x, y, weights = (RNG.standard_normal((4, 4, n)).astype("float32") for n in (3, 2, 1))

    def weighted(y_true: object, y_pred: object) -> object:
        squares = ops.square(y_true[..., :2] - y_pred)
        return y_true[..., 2] * ops.mean(squares, axis=-1)

    model = Sequential([pynn.Input((4, 3)), layers.Dense(2, kernel_regularizer=regularizer)])
    model.compile(optimizer=optimizers.SGD(0.0), loss=weighted)
    squares = np.square(y - model.predict(x, verbose=0))
    wanted = (weights[..., 0] * squares.mean(axis=-1)).mean()
    target = np.concatenate([y, weights], axis=-1)
    fitted = model.fit(x, target, batch_size=2, verbose=0).history["loss"]
    assert [model.evaluate(x, target, verbose=0), *fitted] == pytest.approx([wanted] * 2, rel=1e-5)
