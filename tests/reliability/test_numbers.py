"""Numbers at the ends of what there is: the right result, or an error in words; never NaN.

The truth is NumPy in the longest floating-point numbers that it has, written out plainly.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pynn
from pynn import activations, layers, losses

LONG = np.longdouble
# Far beyond where exp() overflows in float32 (88.7) and float64 (709.8), on either side.
LOGITS = [-1e30, -1e4, -800.0, -100.0, -1.0, 0.0, 1e-30, 1.0, 100.0, 800.0, 1e4, 1e30]
DTYPES = ("float32", "float64")


def softplus(x: np.ndarray) -> np.ndarray:
    x = x.astype(LONG)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_softmax(x: np.ndarray) -> np.ndarray:
    x = x.astype(LONG)
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def rows(dtype: str) -> np.ndarray:
    """All pairs of logits, beside a third."""
    a, b = np.meshgrid(LOGITS, LOGITS)
    return np.stack([a.ravel(), b.ravel(), np.ones(a.size)], axis=1).astype(dtype)


def close(found: Any, expected: np.ndarray, dtype: str) -> None:
    assert np.isfinite(found).all()
    smallest = float(np.finfo(dtype).tiny)  # below, results may be flushed to zero
    np.testing.assert_allclose(
        found, expected.astype(dtype), rtol=30 * np.finfo(dtype).eps, atol=smallest
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_do_not_overflow(dtype: str) -> None:
    x = np.array(LOGITS, dtype)
    close(activations.softplus(x), softplus(x), dtype)
    close(activations.log_sigmoid(x), -softplus(-x), dtype)
    close(activations.sigmoid(x), np.exp(-softplus(-x)), dtype)
    close(activations.softmax(rows(dtype)), np.exp(log_softmax(rows(dtype))), dtype)
    close(activations.log_softmax(rows(dtype)), log_softmax(rows(dtype)), dtype)
    for name in ("silu", "gelu", "mish", "tanh", "softsign", "elu", "selu"):
        y = activations.get(name)(x)
        assert np.isfinite(y).all(), name
        assert abs(y[0]) < 2 and y[-1] in (x[-1], 1, activations.selu(x[-1:])[0]), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_losses_of_logits_do_not_overflow(dtype: str) -> None:
    x, eye = rows(dtype), np.eye(3, dtype=dtype)
    for label in range(3):
        expected = -log_softmax(x)[:, label]
        found = losses.categorical_crossentropy(
            np.tile(eye[label], (len(x), 1)), x, from_logits=True
        )
        close(found, expected, dtype)
        labels = np.full(len(x), label)
        close(losses.sparse_categorical_crossentropy(labels, x, True), expected, dtype)
    x = np.array(LOGITS, dtype)[:, None]
    close(losses.binary_crossentropy(np.ones_like(x), x, True), softplus(-x)[:, 0], dtype)
    close(losses.binary_crossentropy(np.zeros_like(x), x, True), softplus(x)[:, 0], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_losses_of_errors_do_not_overflow_before_their_results_do(dtype: str) -> None:
    largest = float(np.finfo(dtype).max) / 4
    x = np.array([[-largest], [-1e4], [-0.5], [0.0], [1e-30], [0.5], [1e4], [largest]], dtype)
    zero, e = np.zeros_like(x), np.abs(x[:, 0].astype(LONG))
    close(losses.huber(zero, x), np.where(e <= 1, e * e / 2, e - 0.5), dtype)
    close(losses.log_cosh(zero, x), e + np.log1p(np.exp(-2 * e)) - np.log(LONG(2)), dtype)
    close(losses.mean_absolute_error(zero, x), e, dtype)


CROSSENTROPIES: dict[str, tuple[int, Any, Callable[[int], np.ndarray]]] = {
    "binary": (1, losses.BinaryCrossentropy(from_logits=True), lambda n: np.arange(n) % 2),
    "categorical": (
        3,
        losses.CategoricalCrossentropy(from_logits=True),
        lambda n: np.eye(3)[np.arange(n) % 3],
    ),
    "sparse": (
        3,
        losses.SparseCategoricalCrossentropy(from_logits=True),
        lambda n: np.arange(n) % 3,
    ),
    "huber": (1, losses.Huber(), lambda n: np.arange(n) % 2),
    "after sigmoid": (1, "binary_crossentropy", lambda n: np.arange(n) % 2),
    "after softmax": (3, "sparse_categorical_crossentropy", lambda n: np.arange(n) % 3),
}


@pytest.mark.parametrize("name", CROSSENTROPIES)
def test_gradients_of_far_logits_are_finite(name: str) -> None:
    """The engine trains from logits of 1e4 and more without NaN, and they come back."""
    units, loss, targets = CROSSENTROPIES[name]
    ending = {"after sigmoid": "sigmoid", "after softmax": "softmax"}.get(name)
    x = np.linspace(-1e4, 1e4, 60, dtype="float32")[:, None]
    model = pynn.Sequential([pynn.Input((1,)), layers.Dense(units, ending, name="d")])
    model.compile("sgd", loss)
    history = model.fit(x, targets(60), epochs=3, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_below_the_smallest_normal_one(dtype: str) -> None:
    tiny = np.finfo(dtype).tiny
    x = np.full((40, 5), tiny / 8, dtype)
    x[::2] *= -1
    model = pynn.Sequential([pynn.Input((5,), dtype=dtype), layers.Dense(3, dtype=dtype)])
    model.compile("adam", "mse")
    expected = x.astype(LONG) @ model.get_weights()[0].astype(LONG)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=5 * tiny)
    assert np.isfinite(model.fit(x, np.zeros((40, 3)), epochs=3, verbose=0).history["loss"]).all()


# ---- data with little in them


X = np.random.default_rng(0).standard_normal((64, 6)).astype("float32")
Y = X[:, 0] - X[:, 1]


def model(features: int = 6) -> Any:
    pynn.utils.set_random_seed(0)
    made = pynn.Sequential([pynn.Input((features,)), layers.Dense(8, "relu"), layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def normalized(features: int = 6) -> Any:
    pynn.utils.set_random_seed(0)
    made = pynn.Sequential(
        [
            pynn.Input((features,)),
            layers.BatchNormalization(),
            layers.Dense(8, "relu"),
            layers.LayerNormalization(),
            layers.Dense(1),
        ]
    )
    made.compile("adam", "mse")
    return made


POOR: dict[str, tuple[np.ndarray, np.ndarray, dict[str, Any]]] = {
    "constant features": (np.ones((64, 6)), Y, {}),
    "features of zero": (np.zeros((64, 6)), Y, {}),
    "one row": (X[:1], Y[:1], {}),
    "two rows": (X[:2], Y[:2], {}),
    "one column": (X[:, :1], Y, {}),
    "one target": (X, np.ones(64), {}),
    "a last batch of one row": (X[:33], Y[:33], {"batch_size": 32}),
    "a batch larger than all rows": (X, Y, {"batch_size": 10**6}),
    "no weight for anything": (X, Y, {"sample_weight": np.zeros(64)}),
    "no weight for a batch": (X, Y, {"sample_weight": np.repeat([0.0, 1.0], 32)}),
    "a validation row": (X, Y, {"validation_split": 1 / 64}),
}


@pytest.mark.parametrize("name", POOR)
@pytest.mark.parametrize("make", [model, normalized])
def test_models_train_on_data_with_little_in_them(make: Any, name: str) -> None:
    x, y, given = POOR[name]
    made = make(x.shape[1])
    history = made.fit(x, y, epochs=3, verbose=0, shuffle=False, **given)
    assert all(np.isfinite(values).all() for values in history.history.values())
    assert np.isfinite(made.predict(x, verbose=0)).all()
    if name == "no weight for anything":
        assert history.history["loss"] == [0.0] * 3


def test_constant_features_are_normalized_to_zero() -> None:
    layer = layers.Normalization()
    layer.adapt(np.full((10, 3), 7.0))
    np.testing.assert_array_equal(layer(np.full((2, 3), 7.0)), np.zeros((2, 3)))


@pytest.mark.parametrize("estimator", [pynn.MLPClassifier, pynn.Perceptron])
def test_one_class_is_refused_or_predicted(estimator: Any) -> None:
    """As scikit-learn's: MLPClassifier takes one class, Perceptron wants two."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = estimator(max_iter=2)
        if estimator is pynn.Perceptron:
            with pytest.raises(ValueError, match="class"):
                made.fit(X, np.ones(64))
        else:
            assert (made.fit(X, np.ones(64)).predict(X) == 1).all()


@pytest.mark.parametrize("name", ["constant features", "one row", "two rows", "one column"])
def test_estimators_train_on_data_with_little_in_them(name: str) -> None:
    x, y, _ = POOR[name]
    for estimator in (pynn.MLPRegressor(max_iter=3), pynn.PerceptronRegressor(max_iter=3)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.isfinite(estimator.fit(x, y).predict(x)).all()


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="no rows|no data|0 sample|empty"):
        model().fit(X[:0], Y[:0], verbose=0)
    with pytest.raises(ValueError, match="0 sample|minimum of 1"):
        pynn.MLPRegressor().fit(X[:0], Y[:0])


# ---- forms of the same numbers

# Quarters, which all types hold exactly.
QUARTERS = np.round(X * 4) / 4


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.setflags(write=False)
    return x


def unaligned(x: np.ndarray) -> np.ndarray:
    bytes_ = np.zeros(x.nbytes + 1, np.uint8)
    moved = bytes_[1:].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "float16": lambda x: x.astype("float16"),
    "longdouble": lambda x: x.astype(LONG),
    "big-endian": lambda x: x.astype(">f4"),
    "big-endian float64": lambda x: x.astype(">f8"),
    "objects": lambda x: x.astype(object),
    "read-only": read_only,
    "unaligned": unaligned,
    "Fortran order": np.asfortranarray,
    "every second column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "every third row": lambda x: np.repeat(x, 3, axis=0)[::3],
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "masked, all there": lambda x: np.ma.masked_invalid(x),
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda x: pd.DataFrame(x).astype("Float32"),
    "pandas, by Arrow": lambda x: pd.DataFrame(x).convert_dtypes(),
    "lists": lambda x: x.tolist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_the_same_numbers(form: str) -> None:
    given, plain, made = FORMS[form](QUARTERS), model(), model()
    y = np.round(Y * 4) / 4
    plain.fit(QUARTERS, y, epochs=2, verbose=0, shuffle=False)
    made.fit(given, y, epochs=2, verbose=0, shuffle=False)
    for one, other in zip(plain.get_weights(), made.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    expected = plain.predict(QUARTERS, verbose=0)
    np.testing.assert_array_equal(made.predict(given, verbose=0), expected)
    assert made.evaluate(given, y, verbose=0) == plain.evaluate(QUARTERS, y, verbose=0)


def test_a_row_that_is_repeated_without_a_copy() -> None:
    row = QUARTERS[:1]
    for repeated in (np.broadcast_to(row, (50, 6)), np.broadcast_to(QUARTERS[:50, :1], (50, 6))):
        made, plain = model(), model()
        for each, x in ((made, repeated), (plain, repeated.copy())):
            each.fit(x, Y[:50], epochs=2, verbose=0, shuffle=False)
        found = made.predict(repeated, verbose=0)
        np.testing.assert_array_equal(found, plain.predict(repeated.copy(), verbose=0))


def missing_masked() -> Any:
    return np.ma.masked_array(QUARTERS, mask=np.arange(QUARTERS.size).reshape(64, 6) == 7)


def missing_nullable() -> Any:
    frame = pd.DataFrame(QUARTERS).astype("Float32")
    frame.iloc[1, 1] = pd.NA
    return frame


@pytest.mark.parametrize("make", [missing_masked, missing_nullable])
def test_missing_numbers_are_refused_or_missing(make: Callable[[], Any]) -> None:
    """What a mask hides is no number that anybody may compute with."""
    given = make()
    for use in (
        lambda: model().fit(given, Y, verbose=0),
        lambda: pynn.MLPRegressor(max_iter=1).fit(given, Y),
    ):
        with pytest.raises((ValueError, TypeError), match="missing|NaN|mask|NA"):
            use()
    with pytest.raises((ValueError, TypeError), match="missing|NaN|mask|NA"):
        model().predict(given, verbose=0)


@pytest.mark.parametrize(
    "x",
    [
        np.full((4, 6), "a"),
        np.full((4, 6), 1j),
        np.full((4, 6), np.datetime64("2020-01-01")),
        np.zeros((4, 6), "V4"),
        np.array([[1, 2], [3]] * 2, dtype=object),
        [[1.0] * 6, [1.0] * 5],
    ],
    ids=["texts", "complex", "dates", "bytes", "objects", "ragged lists"],
)
def test_what_is_no_number_is_refused(x: Any) -> None:
    for use in (lambda: model().fit(x, Y[:4], verbose=0), lambda: model().predict(x, verbose=0)):
        with pytest.raises((ValueError, TypeError)):
            use()


def test_a_hundred_thousand_classes_need_no_one_hot_rows() -> None:
    classes = 100_000
    made = pynn.Sequential([pynn.Input((4,)), layers.Dense(classes)])
    made.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    labels = np.array([0, 1, classes - 1, 5])
    history = made.fit(X[:4, :4], labels, verbose=0).history["loss"]
    assert history[0] == pytest.approx(np.log(classes), rel=0.1)
