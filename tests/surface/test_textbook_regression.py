"""The textbook's regressors on tables, in all the forms that tables come in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import pynn as keras
from pynn import layers
from surface.textbook_data import housing

X_FULL, Y_FULL = housing()
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(X_FULL, Y_FULL, random_state=42)


def regressor(n: int = 8) -> keras.Model:
    keras.utils.set_random_seed(42)
    model = keras.models.Sequential(
        [layers.Dense(30, activation="relu", input_shape=[n]), layers.Dense(1)]
    )
    model.compile(loss="mean_squared_error", optimizer=keras.optimizers.SGD(learning_rate=1e-2))
    return model


def test_scaled_by_hand() -> None:
    scaler = StandardScaler()
    model = keras.models.Sequential(
        [layers.Dense(30, activation="relu", input_shape=X_TRAIN.shape[1:]), layers.Dense(1)]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=0.05))
    history = model.fit(
        scaler.fit_transform(X_TRAIN),
        Y_TRAIN,
        epochs=30,
        validation_split=0.1,
        verbose=0,
    )
    mse = model.evaluate(scaler.transform(X_TEST), Y_TEST, verbose=0)
    assert isinstance(mse, float)
    assert mse < 0.2 < history.history["loss"][0]
    y_pred = model.predict(scaler.transform(X_TEST[:3]), verbose=0)
    assert y_pred.shape == (3, 1)
    assert mse == pytest.approx(
        np.mean((model.predict(scaler.transform(X_TEST))[:, 0] - Y_TEST) ** 2), rel=1e-5
    )


@pytest.mark.parametrize("adapt_first", [True, False])
def test_a_normalization_layer_learns_the_scale(adapt_first: bool) -> None:
    keras.utils.set_random_seed(42)
    shifted = X_TRAIN * 50 + 7
    norm_layer = keras.layers.Normalization(input_shape=X_TRAIN.shape[1:])
    model = keras.models.Sequential(
        [
            norm_layer,
            layers.Dense(50, activation="relu"),
            layers.Dense(50, activation="relu"),
            layers.Dense(1),
        ]
    )
    if adapt_first:
        norm_layer.adapt(shifted)
    optimizer = keras.optimizers.Adam(learning_rate=1e-3)
    model.compile(loss="mse", optimizer=optimizer, metrics=["RootMeanSquaredError"])
    if not adapt_first:
        norm_layer.adapt(shifted)
    history = model.fit(
        shifted, Y_TRAIN, epochs=40, validation_data=(X_TEST * 50 + 7, Y_TEST), verbose=0
    )
    assert list(history.history)[1] == "root_mean_squared_error"
    mse, rmse = model.evaluate(X_TEST * 50 + 7, Y_TEST, verbose=0)
    assert rmse == pytest.approx(np.sqrt(mse), rel=1e-5)
    assert rmse < 0.35
    scaled = norm_layer(shifted).numpy()
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-4)
    assert len(norm_layer.non_trainable_weights) == 3
    assert len(model.trainable_weights) == 6


NAMES = [f"f{i}" for i in range(8)]


def as_tables(x: Any, y: Any, kind: str, folder: Path) -> tuple[Any, Any]:
    if kind == "pandas":
        return pd.DataFrame(x, columns=NAMES), pd.Series(y)
    if kind == "pandas frame":
        return pd.DataFrame(x, columns=NAMES), pd.DataFrame({"value": y})
    if kind == "polars":
        return pl.DataFrame(x, schema=NAMES), pl.Series(y)
    if kind == "lists":
        return x.tolist(), y.tolist()
    if kind == "float32":
        return x.astype("float32"), y.astype("float32")
    if kind == "fortran":
        return np.asfortranarray(x), y
    if kind == "csr":
        return sparse.csr_matrix(x), y
    mapped = np.memmap(folder / f"{len(x)}.bin", dtype="float64", mode="w+", shape=x.shape)
    mapped[:] = x
    return mapped, y


@pytest.mark.parametrize(
    "kind",
    ["pandas", "pandas frame", "polars", "lists", "float32", "fortran", "csr", "memmap"],
)
def test_every_kind_of_table_gives_the_same_model(kind: str, tmp_path: Path) -> None:
    expected = regressor()
    wanted = expected.fit(
        X_TRAIN, Y_TRAIN, epochs=2, validation_data=(X_TEST, Y_TEST), verbose=0
    ).history
    model = regressor()
    x, y = as_tables(X_TRAIN, Y_TRAIN, kind, tmp_path)
    held_out = as_tables(X_TEST, Y_TEST, kind, tmp_path)
    history = model.fit(x, y, epochs=2, validation_data=held_out, verbose=0).history
    for name, values in wanted.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)
    mse = expected.evaluate(X_TEST, Y_TEST, verbose=0)
    assert model.evaluate(*held_out, verbose=0) == pytest.approx(mse, rel=1e-5)
    np.testing.assert_allclose(
        model.predict(held_out[0], verbose=0), expected.predict(X_TEST, verbose=0), atol=1e-5
    )


class Batches(keras.utils.PyDataset):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ended = 0

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(30 * index, 30 * index + 30)
        return X_TRAIN[rows], Y_TRAIN[rows]

    def on_epoch_end(self) -> None:
        self.ended += 1


class OldBatches(keras.utils.Sequence):
    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(30 * index, 30 * index + 30)
        return X_TRAIN[rows], Y_TRAIN[rows]


def endless() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        yield from Batches()


def once() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for index in range(12):
        yield Batches()[index]


def test_batches_from_python() -> None:
    wanted = regressor()
    wanted.fit(X_TRAIN, Y_TRAIN, batch_size=30, epochs=2, shuffle=False, verbose=0)
    expected = wanted.get_weights()[0]
    for make, given in ((Batches, {}), (OldBatches, {}), (endless, {"steps_per_epoch": 12})):
        model = regressor()
        source: Any = make()
        history = model.fit(source, epochs=2, shuffle=False, verbose=0, **given)
        assert history.params["steps"] == 12
        np.testing.assert_array_equal(model.get_weights()[0], expected)
        assert getattr(source, "ended", 2) == 2
    mse = wanted.evaluate(X_TRAIN, Y_TRAIN, verbose=0)
    assert wanted.evaluate(Batches(), verbose=0) == pytest.approx(mse, rel=1e-6)
    assert wanted.evaluate(endless(), steps=12, verbose=0) == pytest.approx(mse, rel=1e-6)
    assert wanted.evaluate(once(), verbose=0) == pytest.approx(mse, rel=1e-6)
    outputs = wanted.predict(X_TRAIN, verbose=0)
    np.testing.assert_allclose(wanted.predict(Batches(), verbose=0), outputs, rtol=1e-6)
    only_x = (x for x, _ in Batches())
    np.testing.assert_allclose(wanted.predict(only_x, verbose=0), outputs, rtol=1e-6)
    history = regressor().fit(
        endless(),
        steps_per_epoch=5,
        epochs=2,
        validation_data=endless(),
        validation_steps=3,
        verbose=0,
    )
    assert list(history.history) == ["loss", "val_loss"]
    with pytest.warns(UserWarning, match="ran out"):
        regressor().fit(once(), steps_per_epoch=10, epochs=2, verbose=0)
