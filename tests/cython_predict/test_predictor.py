"""What `Predictor` takes, and that the C functions predict as the model does: the same bits."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from cython_predict import functions
from cython_predict.functions import predict_row, predict_rows, row_by_row, together
from cython_predict.random_models import check
from pynn import layers, models, ops
from pynn.cython_predict import Predictor, address_of
from pynn.wrappers import KerasRegressor

RNG = np.random.default_rng(0)
OK, ERROR_ARGUMENT, ERROR_VALUE = 0, 1, 2


def network(*sizes: int, dtype: str = "float32") -> Any:
    first, *hidden, last = sizes
    dense = [layers.Dense(n, "relu", dtype=dtype) for n in hidden]
    head = layers.Dense(last, dtype=dtype)
    return models.Sequential([layers.Input((first,), dtype=dtype), *dense, head])


def rows(n: int, width: int, dtype: str = "float32") -> np.ndarray:
    return RNG.normal(size=(n, width)).astype(dtype)


@pytest.mark.parametrize("seed", range(12))
def test_random_models_give_the_same_bits(seed: int) -> None:
    check(seed)  # of which random_models.py tries 200


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_a_predictor_says_of_itself(dtype: str) -> None:
    predictor = Predictor(network(8, 30, 2, dtype=dtype))
    handle = address_of(predictor)
    assert (predictor.n_inputs, predictor.n_outputs, predictor.dtype) == (8, 2, dtype)
    assert (functions.n_inputs(handle), functions.n_outputs(handle)) == (8, 2)
    assert functions.is_float64(handle) == (dtype == "float64")


def test_rows_may_lie_apart_and_backwards() -> None:
    model = network(5, 7, 3)
    predictor = Predictor(model)
    x = rows(300, 11)[::-2, 3:8]
    expected = model.predict(np.ascontiguousarray(x), verbose=0)
    np.testing.assert_array_equal(together(predictor, x), expected)


def test_inputs_that_are_whole_numbers() -> None:
    inputs = layers.Input((3,), dtype="int32")
    x = layers.Flatten()(layers.Embedding(20, 4)(inputs))
    model = models.Model(inputs, layers.Dense(2)(x))
    predictor = Predictor(model)
    codes = RNG.integers(0, 20, (50, 3))
    expected = model.predict(codes, verbose=0)
    for dtype in ("float32", "float64"):
        x = codes.astype(dtype)
        np.testing.assert_array_equal(row_by_row(predictor, x), expected.astype(dtype))
    wrong = np.array([[1, 20, 3]], "float32")
    y = np.zeros((1, 2), "float32")
    status = predict_row["float32"](address_of(predictor), wrong.ctypes.data, y.ctypes.data)
    assert status == ERROR_VALUE and b"Embedding" in functions.message(status)
    np.testing.assert_array_equal(row_by_row(predictor, codes[:1].astype("float32")), expected[:1])


def test_what_is_drawn_is_drawn_anew() -> None:
    inputs = layers.Input((200,))
    noisy = models.Model(inputs, layers.GaussianNoise(1.0)(inputs, training=True))
    predictor = Predictor(noisy)
    x = np.zeros((3, 200), "float32")
    found = row_by_row(predictor, x)
    assert not np.array_equal(found[0], found[1])
    assert 0.8 < found.std() < 1.2


ESTIMATORS: dict[str, tuple[Any, Any, str]] = {
    "two classes": (pynn.MLPClassifier(5), lambda y: y > 0, "predict_proba"),
    "three classes": (pynn.MLPClassifier(5), lambda y: np.digitize(y, [-1, 1]), "predict_proba"),
    "several labels": (
        pynn.MLPClassifier(5, batch_norm=True),
        lambda y: np.column_stack([y > 0, y > 1]).astype(int),
        "predict_proba",
    ),
    "regressor": (pynn.MLPRegressor(hidden_layer_sizes=5, dropout=0.1), lambda y: y, "predict"),
    "two targets": (
        pynn.MLPRegressor(hidden_layer_sizes=5),
        lambda y: np.column_stack([y, -y]),
        "predict",
    ),
    "perceptron": (pynn.Perceptron(), lambda y: y > 0, "decision_function"),
    "three units": (pynn.Perceptron(), lambda y: np.digitize(y, [-1, 1]), "decision_function"),
    "perceptron regressor": (pynn.PerceptronRegressor(eta0=0.01), lambda y: y, "predict"),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_estimators(name: str, dtype: str) -> None:
    estimator, targets, method = ESTIMATORS[name]
    x = rows(60, 4, dtype)
    estimator.set_params(max_iter=5).fit(x, targets(x.sum(axis=1).astype(float)))
    expected = getattr(estimator, method)(x)
    if name == "two classes":
        expected = expected[:, 1]
    found = row_by_row(Predictor(estimator), x).reshape(expected.shape)
    if "perceptron" in name or name == "three units":  # NumPy multiplies in another order
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(found, expected)


def test_a_sparsified_perceptron() -> None:
    x = rows(60, 4, "float64")
    estimator = pynn.Perceptron().fit(x, x[:, 0] > 0).sparsify()
    found = row_by_row(Predictor(estimator), x)[:, 0]
    np.testing.assert_allclose(found, estimator.decision_function(x), rtol=1e-12, atol=1e-12)


def test_a_wrapper() -> None:
    def build() -> Any:
        return network(4, 6, 1)

    x = rows(40, 4)
    wrapper = KerasRegressor(build, loss="mse", epochs=1, verbose=0).fit(x, x[:, 0])
    found = row_by_row(Predictor(wrapper), x)[:, 0]
    np.testing.assert_array_equal(found, wrapper.predict(x))


def two_inputs() -> Any:
    both = [layers.Input((2,)), layers.Input((2,))]
    return models.Model(both, layers.Add()(both))


def two_outputs() -> Any:
    inputs = layers.Input((2,))
    return models.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])


def in_numpy() -> Any:
    inputs = layers.Input((4,))
    return models.Model(inputs, ops.sort(inputs))


def by_batch() -> Any:
    inputs = layers.Input((4,))
    return models.Model(inputs, inputs - ops.mean(inputs, axis=0, keepdims=True))


class LooksAtValues(models.Model):
    def call(self, x: Any) -> Any:
        return x if float(ops.sum(x)) > 0 else -x


def by_value() -> Any:
    model = LooksAtValues()
    model(rows(3, 2))
    return model


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (two_inputs, ValueError, "must have one input. Received: 2"),
        (two_outputs, ValueError, "must have one output. Received: 2"),
        (in_numpy, ValueError, "engine, which does not have sort"),
        (by_value, ValueError, "engine, which does not have code that looks at values"),
        (by_batch, ValueError, "must not depend on other rows, as they do by mean"),
        (lambda: models.Sequential([layers.Dense(2)]), ValueError, "before it is built"),
        (pynn.MLPClassifier, NotFittedError, "not fitted"),
        (pynn.Perceptron, NotFittedError, "not fitted"),
        (lambda: KerasRegressor(network), NotFittedError, "not fitted"),
        (pynn.TabularClassifier, TypeError, "Received: TabularClassifier"),
        (lambda: make_pipeline(StandardScaler(), pynn.Perceptron()), TypeError, "Received: Pipe"),
        (lambda: "model.pynn", TypeError, "Received: str"),
    ],
)
def test_what_is_refused(make: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        Predictor(make())


@pytest.mark.parametrize("threads", [0, 257, True, 1.5, "2"])
def test_a_wrong_number_of_threads(threads: Any) -> None:
    with pytest.raises(ValueError, match="threads must be an integer from 1 to 256"):
        Predictor(network(2, 1), threads=threads)


def test_no_predictor_has_no_address() -> None:
    with pytest.raises(TypeError, match="must be a pynn.cython_predict.Predictor"):
        address_of(network(2, 1))


def test_wrong_arguments_are_statuses() -> None:
    predictor = Predictor(network(3, 2))
    handle, x = address_of(predictor), rows(4, 3)
    y = np.zeros((4, 2), "float32")
    row, block = predict_row["float32"], predict_rows["float32"]
    for given in ((None, x.ctypes.data, y.ctypes.data), (handle, None, y.ctypes.data)):
        assert row(*given) == ERROR_ARGUMENT
    assert row(handle, x.ctypes.data, None) == ERROR_ARGUMENT
    assert block(handle, -1, x.ctypes.data, 3, y.ctypes.data, 2) == ERROR_ARGUMENT
    assert block(None, 0, x.ctypes.data, 3, y.ctypes.data, 2) == ERROR_ARGUMENT
    assert block(handle, 0, None, 3, None, 2) == OK
    assert not y.any()
    assert functions.reserve(handle, -1) == functions.reserve(None, 1) == ERROR_ARGUMENT
    assert functions.reserve(handle, 1000) == OK
    assert len({functions.message(status) for status in range(6)}) == 5


def test_training_does_not_change_what_is_predicted() -> None:
    model, x = network(6, 20, 2), rows(200, 6)
    model.compile("sgd", "mse")
    before = model.predict(x, verbose=0)
    predictor = Predictor(model)
    stop, wrong = threading.Event(), []

    def predict() -> None:
        while not stop.is_set():
            if not np.array_equal(row_by_row(predictor, x), before):
                wrong.append(1)

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(predict) for _ in range(2)]
        model.fit(x, x[:, :2], epochs=30, verbose=0)
        stop.set()
        for each in done:
            each.result()
    assert not wrong
    after = model.predict(x, verbose=0)
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(row_by_row(Predictor(model), x), after)


def test_threads_share_a_predictor() -> None:
    model, x = network(9, 40, 3), rows(500, 9)
    expected = model.predict(x, verbose=0)
    predictor = Predictor(model, threads=2)
    start = threading.Barrier(8)

    def predict(kind: int) -> bool:
        start.wait()
        one = together if kind % 2 else row_by_row
        return all(np.array_equal(one(predictor, x), expected) for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(predict, range(8)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_predicts() -> None:
    model, x = network(4, 5, 1), rows(20, 4)
    expected, predictor = model.predict(x, verbose=0), Predictor(model)
    child = os.fork()
    if child == 0:
        try:
            np.testing.assert_array_equal(row_by_row(predictor, x), expected)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_who_keeps_a_predictor() -> None:
    model, x = network(4, 5, 1), rows(20, 4)
    expected = model.predict(x, verbose=0)
    predictor = Predictor(model)
    del model
    capsule, handle = predictor.capsule, address_of(predictor)
    kept = Predictor.__new__(Predictor)
    kept.__dict__.update(vars(predictor))
    del predictor
    gc.collect()
    np.testing.assert_array_equal(row_by_row(kept, x, handle), expected)
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    assert get(capsule, b"pynn_predictor") == handle
