"""Forms of data that models take: none of them changes what is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

import pynn
from pynn import layers, metrics, utils
from pynn.graph import to_rows
from pynn.models import Model, Sequential

RNG = np.random.default_rng(0)
WHOLE = RNG.integers(0, 100, (70, 6))
Y = (WHOLE[:, :1] / 50 - 1).astype("float32")


def result(x: object, y: object = Y) -> tuple[list[float], np.ndarray]:
    utils.set_random_seed(1)
    model = Sequential([pynn.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(1)])
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    history = model.fit(x, y, epochs=2, validation_split=0.2, verbose=0).history
    assert model.evaluate(x, y, verbose=0)[0] > 0
    return history["val_mae"], model.predict(x, verbose=0)


EXPECTED = result(WHOLE.astype("float32"))


def in_a_file(array: np.ndarray, tmp_path: Path) -> np.ndarray:
    np.save(tmp_path / "x.npy", array)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x,
        lambda x: x.tolist(),
        lambda x: x.astype("uint8"),
        lambda x: x.astype("int16"),
        lambda x: x.astype("uint32"),
        lambda x: x.astype("float16"),
        lambda x: x.astype("float64"),
        lambda x: x.astype("longdouble"),
        lambda x: x.astype(">f4"),
        lambda x: x.astype(">i2"),
        lambda x: x.astype(object),
        lambda x: np.asfortranarray(x.astype("float32")),
        lambda x: np.repeat(x.astype("float32"), 2, axis=0)[::2],
        lambda x: np.repeat(x.astype("float32"), 2, axis=1)[:, ::2],
        lambda x: np.hstack([x, x]).astype("float32")[:, :6],
        lambda x: np.flip(np.flip(x, axis=0).copy(), axis=0),
        lambda x: pynn.Variable(x.astype("float32")),
        pd.DataFrame,
        lambda x: pl.DataFrame(x),
        lambda x: sp.csr_matrix(x.astype("float32")),
        lambda x: sp.csr_array(x.astype("float64")),
        lambda x: sp.csc_matrix(x),
        lambda x: sp.coo_array(x),
        lambda x: [x.astype("float32")],
        lambda x: list(x.astype("float32")),
    ],
)
def test_the_form_of_x_makes_no_difference(convert) -> None:
    losses, predictions = result(convert(WHOLE))
    assert losses == pytest.approx(EXPECTED[0], rel=1e-6)
    np.testing.assert_allclose(predictions, EXPECTED[1], rtol=1e-5, atol=1e-6)


def test_x_in_a_file(tmp_path: Path) -> None:
    assert result(in_a_file(WHOLE.astype("float32"), tmp_path))[0] == EXPECTED[0]


@pytest.mark.parametrize(
    "convert",
    [
        lambda y: y[:, 0],
        lambda y: y.tolist(),
        lambda y: pd.Series(y[:, 0]),
        lambda y: pd.DataFrame(y),
        lambda y: [y],
        lambda y: [y[:, 0]],
        lambda y: y.astype("float64"),
        lambda y: y[:, :, None],
    ],
)
def test_the_form_of_y_makes_no_difference(convert) -> None:
    assert result(WHOLE.astype("float32"), convert(Y))[0] == pytest.approx(EXPECTED[0], rel=1e-6)


def test_small_integers_are_not_copied() -> None:
    from pynn.training import ArrayData

    x = WHOLE.astype("uint8")
    data = ArrayData([x], [Y])
    assert data.x_arrays[0] is x
    assert np.shares_memory(data.take(slice(3, 9)).x_arrays[0], x)


def test_bool_and_nan_are_data() -> None:
    model = Sequential([pynn.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    assert model.predict(np.array([[True, False]]), verbose=0)[0, 0] == 1
    assert np.isnan(model.predict(np.array([[np.nan, 0.0]]), verbose=0)).all()


def test_a_single_row_and_no_rows() -> None:
    model = Sequential([pynn.Input((6,)), layers.Dense(2)])
    assert model.predict(WHOLE[:1], verbose=0).shape == (1, 2)
    assert model.predict(WHOLE[:0], verbose=0).shape == (0, 2)
    model.compile(loss="mse", optimizer="sgd")
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="no rows"):
            method(WHOLE[:0], np.zeros((0, 2)), verbose=0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([["a"] * 6]), "must hold real numbers"),
        (np.ones((3, 6), complex), "must hold real numbers"),
        (np.array([["a", None, 1, 2, 3, 4]], object), "x must hold numbers"),
        (np.ones((3, 5)), r"takes arrays of shape \(n, 6\). Received: x of shape \(3, 5\)"),
        (np.ones(6), r"takes arrays of shape \(n, 6\)"),
        (3.0, "must have rows"),
        ([[1, 2], [3]], "array of numbers"),
        (np.ma.masked_greater(WHOLE, 3.0), "x has masked entries"),
        (sp.coo_array(np.ones(6)), "must have two axes where it is sparse. Received: \\(6,\\)"),
    ],
)
def test_what_is_no_data_is_refused(x: object, message: str) -> None:
    model = Sequential([pynn.Input((6,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=message):
        model.predict(x, verbose=0)


def test_what_the_engine_reads() -> None:
    rows = to_rows(WHOLE)
    assert to_rows(rows) is rows
    with pytest.raises(ValueError, match="must have rows. Received: a single number"):
        to_rows(np.float32(3.0))


def test_what_is_masked_is_not_trained_on() -> None:
    model = Sequential([pynn.Input((6,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    masked = np.ma.masked_greater(WHOLE, 3.0)
    with pytest.raises(ValueError, match="x has masked entries"):
        model(masked)
    with pytest.raises(ValueError, match="y has masked entries"):
        model.fit(WHOLE, masked[:, 0], verbose=0)
    whole = np.ma.masked_array(WHOLE)
    np.testing.assert_array_equal(model.predict(whole, verbose=0), model.predict(WHOLE, verbose=0))


def test_many_rows_go_through_in_parts() -> None:
    model = Sequential([pynn.Input((6,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd", metrics=["mae"])
    x = np.tile(WHOLE, (40, 1)).astype("float32")
    y = np.tile(Y, (40, 1))
    whole_loss, whole = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)
    model._rows_per_call = lambda: 1024  # type: ignore[method-assign]
    model._fast = None
    assert model.evaluate(x, y, verbose=0) == pytest.approx(whole_loss, rel=1e-12)
    np.testing.assert_array_equal(model.predict(x, verbose=0), whole)
    np.testing.assert_array_equal(model.predict(x, verbose=0, steps=2), whole[:64])


def generator(count: int | None):
    i = 0
    while count is None or i < count:
        rows = np.arange(10 * i, 10 * i + 10) % 70
        yield WHOLE[rows].astype("float32"), Y[rows]
        i += 1


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "a", True])
def test_counts_are_checked_wherever_they_are_given(wrong: Any) -> None:
    model = Sequential([layers.Input((6,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    model.predict(WHOLE, verbose=0)  # the next prediction could take the short way
    validated = {"validation_data": (WHOLE, Y), "verbose": 0}
    for name, use in {
        "batch_size": lambda: model.predict(WHOLE, batch_size=wrong, verbose=0),
        "steps": lambda: model.predict(WHOLE, steps=wrong, verbose=0),
        "batch_size ": lambda: model.evaluate(WHOLE, Y, batch_size=wrong, verbose=0),
        "steps ": lambda: model.evaluate(WHOLE, Y, steps=wrong, verbose=0),
        "validation_batch_size": lambda: model.fit(
            WHOLE, Y, validation_batch_size=wrong, **validated
        ),
        "validation_steps": lambda: model.fit(WHOLE, Y, validation_steps=wrong, **validated),
    }.items():
        with pytest.raises(ValueError, match=f"^{name.strip()} must be a positive integer"):
            use()


class Nothing(utils.PyDataset):
    def __len__(self) -> int:
        return 0

    def __getitem__(self, index: int) -> Any:
        raise IndexError(index)


@pytest.mark.parametrize("source", [Nothing, lambda: generator(0), lambda: iter([])])
@pytest.mark.parametrize("built", [True, False])
def test_sources_without_batches_are_refused(source: Any, built: bool) -> None:
    model = Sequential([layers.Input((6,))] * built + [layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    for use in (
        lambda: model.fit(source(), verbose=0),
        lambda: model.fit(source(), steps_per_epoch=2, verbose=0),
        lambda: model.evaluate(source(), verbose=0),
        lambda: model.predict(source(), verbose=0),
        lambda: model.fit(WHOLE, Y, validation_data=source(), verbose=0),
    ):
        with pytest.raises(ValueError, match="there is no data"):
            use()


class Endless(utils.PyDataset):
    num_batches = None

    def __getitem__(self, index: int) -> tuple:
        return np.full((2, 6), index / 100), np.ones((2, 1))


class Stopper(pynn.callbacks.Callback):
    def __init__(self) -> None:
        self.batches = 0

    def on_test_batch_end(self, batch: int, logs: object = None) -> None:
        self.batches += 1
        self.model.stop_evaluating = batch == 4

    def on_predict_batch_end(self, batch: int, logs: object = None) -> None:
        self.batches += 1
        self.model.stop_predicting = batch == 4


def test_a_callback_ends_evaluate_and_predict() -> None:
    model = Sequential([layers.Input((6,)), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    for _ in range(2):  # the second time from the beginning
        stopper = Stopper()
        model.evaluate(Endless(), callbacks=[stopper], verbose=0)
        assert stopper.batches == 5
        found = model.predict(iter(Endless()), callbacks=[stopper], verbose=0)
        assert stopper.batches == 10
        assert found.shape == (10, 1)
    arrays = model.predict(np.zeros((40, 6)), 2, callbacks=[Stopper()], verbose=0)
    assert arrays.shape == (10, 1)


class Collector(pynn.callbacks.Callback):
    def __init__(self) -> None:
        self.seen: list = []

    def on_predict_batch_end(self, batch: int, logs: dict) -> None:
        assert self.params == {"verbose": 0, "epochs": 1, "steps": 3}
        self.seen.append((batch, logs["outputs"]))


@pytest.mark.parametrize("together", [1, 2])
def test_callbacks_see_the_outputs_of_a_prediction(together: int) -> None:
    inputs = layers.Input((6,))
    model = Model(inputs, {"a": layers.Dense(1)(inputs), "b": layers.Dense(2)(inputs)})
    model.compile(steps_per_execution=together)
    collector = Collector()
    whole = model.predict(WHOLE[:10], 4, callbacks=[collector], verbose=0)
    assert [batch for batch, _ in collector.seen] == [[0, 1, 2], [1, 3]][together - 1]
    for name in ("a", "b"):
        parts = [outputs[name] for _, outputs in collector.seen]
        assert [len(part) for part in parts] == [[4, 4, 2], [8, 2]][together - 1]
        np.testing.assert_array_equal(np.concatenate(parts), whole[name])


class Batches(utils.PyDataset):
    def __init__(self) -> None:
        self.ends = 0

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> tuple:
        rows = slice(10 * index, 10 * index + 10)
        return WHOLE[rows].astype("float32"), Y[rows], np.ones(len(Y[rows]))

    def on_epoch_end(self) -> None:
        self.ends += 1


def compiled() -> Sequential:
    utils.set_random_seed(1)
    model = Sequential([layers.Dense(5, activation="tanh"), layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd", metrics=["mae", pynn.metrics.R2Score()])
    return model


def test_batches_train_as_arrays_do() -> None:
    model = compiled()
    arrays = model.fit(WHOLE, Y, batch_size=10, epochs=2, shuffle=False, verbose=0).history
    source = Batches()
    for x, arguments in (
        (source, {"shuffle": False}),
        (generator(None), {"steps_per_epoch": 7}),
        (list(generator(7)).__iter__(), {"steps_per_epoch": 7, "epochs": 1}),
    ):
        model = compiled()
        history = model.fit(x, verbose=0, **{"epochs": 2, **arguments})
        wanted = {key: values[: len(history.epoch)] for key, values in arrays.items()}
        for key, values in history.history.items():
            assert values == pytest.approx(wanted[key], rel=1e-5)
    assert source.ends == 2


def test_batches_are_evaluated_and_predicted() -> None:
    model = compiled()
    expected = model.evaluate(WHOLE, Y, verbose=0)
    assert model.evaluate(Batches(), verbose=0) == pytest.approx(expected, rel=1e-6)
    assert model.evaluate(generator(7), verbose=0) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(
        model.predict(Batches(), verbose=0), model.predict(WHOLE, verbose=0), rtol=1e-6
    )
    history = model.fit(WHOLE, Y, validation_data=generator(None), validation_steps=7, verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(
        model.evaluate(WHOLE, Y, verbose=0)[0], rel=1e-6
    )


def test_batches_without_end_may_have_a_length_that_cannot_be_told() -> None:
    class Endless:
        def __iter__(self):
            return generator(None)

        def __len__(self) -> int:
            raise TypeError("the dataset is infinite")

    model, other = compiled(), compiled()
    arguments = {"steps_per_epoch": 7, "epochs": 2, "verbose": 0}
    history = model.fit(Endless(), validation_data=Endless(), validation_steps=2, **arguments)
    expected = other.fit(generator(None), **arguments).history
    assert history.history["loss"] == expected["loss"]


def test_data_that_runs_out_says_so() -> None:
    model = compiled()
    with pytest.warns(UserWarning, match="the data ran out"):
        history = model.fit(generator(10), steps_per_epoch=7, epochs=3, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match="the data ran out"):
        history = model.fit(generator(14), steps_per_epoch=7, epochs=3, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.raises(ValueError, match="each batch brings its own"):
        model.fit(generator(3), Y, verbose=0)
    with pytest.raises(ValueError, match="validation_split needs arrays"):
        model.fit(generator(3), validation_split=0.1, verbose=0)


def test_class_weights_of_several_outputs() -> None:
    inputs = layers.Input((3,))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(inputs) for name in ("a", "b")]
    model = Model(inputs, outputs)
    model.compile("sgd", "binary_crossentropy")
    x = np.ones((4, 3))
    a, b = np.array([0, 1, 0, 1]), np.array([0, 0, 0, 1])
    start = model.get_weights()

    def trained(**given: object) -> list[np.ndarray]:
        model.set_weights(start)
        model.fit(x, [a, b], verbose=0, shuffle=False, **given)
        return model.get_weights()

    by_sample = [np.where(a == 1, 3.0, 1.0), np.where(b == 0, 0.5, 1.0)]
    expected = trained(sample_weight=by_sample)
    found = trained(class_weight={"a": {1: 3.0}, "b": {0: 0.5}})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    both = trained(class_weight={1: 3.0})
    np.testing.assert_array_equal(both[0], expected[0])
    with pytest.raises(ValueError, match="class_weight has the key 'c'.*a, b"):
        trained(class_weight={"c": {1: 3.0}})


def test_class_weights_are_none_of_validation() -> None:
    x, y = np.linspace(-1, 1, 16)[:, None], np.arange(16) % 2
    model = Sequential([layers.Input((1,)), layers.Dense(1, activation="sigmoid")])
    model.compile(pynn.optimizers.SGD(0.0), "binary_crossentropy")
    given = {"class_weight": {0: 1.0, 1: 4.0}, "verbose": 0, "shuffle": False}
    logs = model.fit(x, y, validation_split=0.25, **given).history
    assert logs["val_loss"][0] == pytest.approx(model.evaluate(x[12:], y[12:], verbose=0))
    weights = np.where(y == 1, 4.0, 1.0)
    expected = model.evaluate(x[:12], y[:12], sample_weight=weights[:12], verbose=0)
    assert logs["loss"][0] == pytest.approx(expected)
    logs = model.fit(x, y, validation_split=0.25, sample_weight=weights, verbose=0).history
    expected = model.evaluate(x[12:], y[12:], sample_weight=weights[12:], verbose=0)
    assert logs["val_loss"][0] == pytest.approx(expected)


def two_outputs(**losses: object) -> Model:
    x = pynn.Input((6,))
    outputs = {name: layers.Dense(1, kernel_initializer="ones", name=name)(x) for name in "uv"}
    model = Model(x, outputs)
    model.compile("sgd", losses)
    return model


def test_class_weights_leave_out_an_output_without_a_loss() -> None:
    labels = (Y > 0).astype("float32")
    weights: list[list[np.ndarray]] = []
    for given in (
        {"class_weight": {1: 3.0}},
        {"class_weight": {"u": {1: 3.0}}},
        {"sample_weight": np.where(labels[:, 0] > 0, 3.0, 1.0)},
    ):
        model = two_outputs(u="mse")
        model.fit(WHOLE / 100, labels, verbose=0, shuffle=False, **given)
        weights.append(model.get_weights())
    for other in weights[1:]:
        for a, b in zip(weights[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="class_weight needs the targets of output 'v'"):
        two_outputs(u="mse").fit(WHOLE, labels, class_weight={"v": {1: 3.0}}, verbose=0)


@pytest.mark.parametrize("y", [{"u": Y}, {"u": Y, "v": None}, [Y, None], [Y], Y])
def test_an_output_without_a_loss_needs_no_targets(y: object) -> None:
    x = WHOLE / 100
    arguments = {"epochs": 2, "verbose": 0, "shuffle": False, "validation_split": 0.2}
    expected = two_outputs(u="mse").fit(x, {"u": Y, "v": Y}, **arguments).history
    assert list(expected) == ["loss", "val_loss"]
    model = two_outputs(u="mse")
    assert model.fit(x, y, **arguments).history == expected
    assert model.evaluate(x, y, verbose=0) == model.evaluate(x, {"u": Y, "v": Y}, verbose=0)


def test_a_metric_of_an_output_without_targets_sees_nothing() -> None:
    class Batches(metrics.Metric):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.seen = self.add_weight(name="seen")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.seen.assign_add(1)

        def result(self) -> Any:
            return self.seen.numpy()

    model = two_outputs(u="mse")
    model.compile("sgd", {"u": "mse"}, metrics={"u": Batches(name="n"), "v": Batches(name="n")})
    x = WHOLE / 100
    for y, seen in (([Y, None], 0), ([Y, Y], 1)):
        history = model.fit(x, y, batch_size=len(x), verbose=0).history
        assert (history["u_n"], history["v_n"]) == ([1], [seen])


def test_a_batch_without_rows_is_passed_over() -> None:
    x, labels = WHOLE / 100, np.arange(len(WHOLE)) % 3
    losses = []
    for batches in ([(x[:0], labels[:0]), (x, labels)], [(x, labels)]):
        model = Sequential(
            [layers.Input(x.shape[1:]), layers.Dense(3, "softmax", kernel_initializer="ones")]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        losses.append(model.fit(iter(batches), verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_weights_of_what_is_no_output_are_refused() -> None:
    weights = {"u": np.ones(len(WHOLE)), "w": np.ones(len(WHOLE))}
    with pytest.raises(ValueError, match="sample_weight has the key 'w'.* The outputs are: u, v"):
        two_outputs(u="mse", v="mse").fit(WHOLE, [Y, Y], sample_weight=weights, verbose=0)


def test_batches_need_no_targets_for_an_output_without_a_loss() -> None:
    x = WHOLE / 100
    found = [
        two_outputs(u="mse").fit(iter([(x, y)]), verbose=0).history
        for y in ({"u": Y, "v": Y}, {"u": Y}, Y)
    ]
    assert found[0] == found[1] == found[2]


def test_outputs_with_a_loss_need_targets() -> None:
    with pytest.raises(ValueError, match="y has nothing for output 'v'. .*keys .'u'"):
        two_outputs(u="mse", v="mae").fit(WHOLE, {"u": Y}, verbose=0)
    with pytest.raises(ValueError, match="y has nothing for output 'u'. .*keys .'v'"):
        two_outputs(u="mse").fit(WHOLE, {"v": Y}, verbose=0)
    model = two_outputs(u="mse")
    model.compile("sgd", {"u": "mse"}, metrics={"v": "mae"})
    with pytest.raises(ValueError, match="y has nothing for output 'v'"):
        model.fit(WHOLE, {"u": Y}, verbose=0)


def test_a_dataset_may_have_no_end() -> None:
    class Endless(utils.PyDataset):
        num_batches = None

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return np.full((4, 1), index, "float32"), np.zeros((4, 1), "float32")

    model = Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(pynn.optimizers.SGD(0.0), "mae")
    history = model.fit(Endless(), steps_per_epoch=3, epochs=2, verbose=0).history
    assert history["loss"] == pytest.approx([(0 + 1 + 2) / 3, (3 + 4 + 5) / 3])
