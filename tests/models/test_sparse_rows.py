"""Models take sparse matrices of any format, and learn from them what dense rows teach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import pynn

N, COLS = 150, 1200


def rows() -> Any:
    return sp.random(N, COLS, 0.02, "csr", np.float32, 0)


def unsorted(x: Any) -> Any:
    """The entries of each row backwards."""
    order = np.concatenate(
        [
            np.arange(end - 1, start - 1, -1)
            for start, end in zip(x.indptr, x.indptr[1:], strict=False)
        ]
    )
    made = sp.csr_matrix((x.data[order], x.indices[order], x.indptr), shape=x.shape)
    assert not made.has_sorted_indices
    return made


def with_duplicates(x: Any) -> Any:
    """Every entry as two halves of it, which add up exactly."""
    coo = x.tocoo()
    places = (np.tile(coo.row, 2), np.tile(coo.col, 2))
    twice = sp.coo_matrix((np.tile(coo.data / 2, 2), places), shape=x.shape)
    order = np.argsort(twice.row, kind="stable")
    starts = np.searchsorted(twice.row[order], np.arange(N + 1))
    return sp.csr_matrix((twice.data[order], twice.col[order], starts), shape=x.shape)


def with_wide_indices(x: Any) -> Any:
    made = sp.csr_matrix(x)
    made.indices, made.indptr = made.indices.astype(np.int64), made.indptr.astype(np.int64)
    return made


FORMS: dict[str, Callable[[Any], Any]] = {
    "csr": lambda x: x,
    "csr_array": sp.csr_array,
    "csc": lambda x: x.tocsc(),
    "coo": lambda x: x.tocoo(),
    "lil": lambda x: x.tolil(),
    "float64": lambda x: x.astype(np.float64),
    "unsorted": unsorted,
    "duplicates": with_duplicates,
    "int64 indices": with_wide_indices,
}


def train(x: Any, optimizer: str = "adam") -> list[np.ndarray]:
    pynn.utils.set_random_seed(0)
    y = np.arange(N, dtype=np.float32) % 2
    model = pynn.Sequential(
        [
            pynn.Input((COLS,)),
            pynn.layers.Dense(24, "relu", kernel_regularizer="l2"),
            pynn.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=2, batch_size=32, validation_split=0.2, verbose=0)
    evaluated = model.evaluate(x, y, verbose=0)
    curves = [np.array(history.history[key]) for key in sorted(history.history)]
    return [*model.get_weights(), *curves, np.array(evaluated), model.predict(x, verbose=0)]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_as_dense(form: str) -> None:
    for a, b in zip(train(FORMS[form](rows())), train(rows().toarray()), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "nadam"])
def test_optimizers_as_dense(optimizer: str) -> None:
    for a, b in zip(train(rows(), optimizer), train(rows().toarray(), optimizer), strict=True):
        np.testing.assert_array_equal(a, b)


def test_wide_and_deep_on_two_inputs() -> None:
    """One input sparse and read by two layers, the other dense."""

    def fit(x: Any) -> list[np.ndarray]:
        pynn.utils.set_random_seed(0)
        words, numbers = pynn.Input((COLS,)), pynn.Input((5,))
        deep = pynn.layers.Dense(16, "relu")(words)
        wide = pynn.layers.Dense(2)(words)
        joined = pynn.layers.Concatenate()([deep, wide, pynn.layers.Dense(4, "relu")(numbers)])
        model = pynn.Model([words, numbers], pynn.layers.Dense(1)(joined))
        model.compile("adam", "mse")
        other = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float32)
        model.fit([x, other], other[:, 0], epochs=2, verbose=0)
        return [*model.get_weights(), model.predict([x, other], verbose=0)]

    for a, b in zip(fit(rows()), fit(rows().toarray()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_that_want_dense_rows_get_them() -> None:
    """Dropout or a normalization on the input, and the input as an output."""

    def fit(x: Any) -> list[np.ndarray]:
        pynn.utils.set_random_seed(0)
        inputs = pynn.Input((COLS,))
        hidden = pynn.layers.Dense(8)(pynn.layers.Dropout(0.5)(inputs))
        model = pynn.Model(inputs, [pynn.layers.Dense(1)(hidden), inputs])
        model.compile("adam", ["mse", None])
        model.fit(x, [np.ones(N), None], epochs=1, verbose=0)
        return [*model.get_weights(), *model.predict(x, verbose=0)]

    for a, b in zip(fit(rows()), fit(rows().toarray()), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("form", ["csr", "coo"])
def test_sparse_rows_build_a_model(form: str) -> None:
    model = pynn.Sequential([pynn.layers.Dense(3)])
    found = model.predict(rows().asformat(form), verbose=0)
    assert model.input_shape == (None, COLS)
    np.testing.assert_allclose(
        found, model.predict(rows().toarray(), verbose=0), rtol=1e-5, atol=1e-6
    )
