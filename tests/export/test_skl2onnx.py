"""Estimators as ONNX graphs: ONNX Runtime computes what pynn does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier, VotingClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from estimators.problems import IRIS
from pynn import _core, layers, models, ops, wrappers
from pynn.estimators import (
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    PerceptronRegressor,
    TabularClassifier,
)

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS[0] / 8, IRIS[1]
Y_BOTH = np.stack([Y == 1, Y > 0], axis=1).astype(int)
# Two ways to add up three layers of some products each, in float32 and in float64.
TOLERANCE = {np.dtype(np.float32): 2e-6, np.dtype(np.float64): 1e-13}
IN_FLOAT = {"gelu"}  # ONNX Runtime's error function is


def run(estimator: Any, x: np.ndarray, **options: Any) -> list[np.ndarray]:
    graph = to_onnx(estimator, x[:1], **options)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    found: list[np.ndarray] = session.run(None, {"X": x})
    return found


def classify(estimator: Any, x: np.ndarray) -> list[np.ndarray]:
    return run(estimator, x, options={"zipmap": False})


def quick(cls: Any, **parameters: Any) -> Any:
    return cls(**{"hidden_layer_sizes": (7, 5), "max_iter": 30, "random_state": 0, **parameters})


NAMES = sorted({*_core.activation_names(), "softmax", "log_softmax"} - {"gelu_tanh", "threshold"})


def wave(x: Any) -> Any:
    y = ops.clip(ops.sin(x) * 2.0 + x / 3.0 - 1.0, -1.5, 4.0)
    y = ops.where(x > 0.5, y, ops.maximum(-x, ops.sqrt(ops.square(x) + 1e-3)))
    return ops.minimum(y, 3.0) + ops.log1p(ops.exp(-ops.absolute(x))) + ops.cast(y <= x, "float64")


def gelu_tanh(x: Any) -> Any:
    return pynn.activations.gelu(x, approximate=True)


def threshold(x: Any) -> Any:
    return pynn.activations.relu(x, threshold=0.3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [*NAMES, wave, gelu_tanh, threshold])
def test_activations(activation: str | Callable[..., Any], dtype: Any) -> None:
    x = X.astype(dtype)
    model = quick(MLPRegressor, activation=activation, dtype=np.dtype(dtype).name).fit(x, X[:, :2])
    (found,) = run(model, x)
    assert found.dtype == dtype
    tolerance = TOLERANCE[np.dtype(np.float32) if activation in IN_FLOAT else x.dtype]
    np.testing.assert_allclose(found, model.predict(x), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "y",
    [Y, Y == 1, np.array(["setosa", "versi", "virginica"])[Y], Y[Y < 2], Y - 1, Y_BOTH],
    ids=["three", "bool", "words", "two", "negative", "multilabel"],
)
def test_classifiers(y: Any, dtype: Any) -> None:
    x = X[: len(y)].astype(dtype)
    model = quick(
        MLPClassifier,
        dropout=0.2,
        batch_norm=True,
        activation=["selu", "mish"],
        dtype=np.dtype(dtype).name,
    ).fit(x, y)
    labels, probabilities = classify(model, x)
    np.testing.assert_array_equal(labels, model.predict(x))
    expected = model.predict_proba(x)
    assert probabilities.dtype == dtype
    np.testing.assert_allclose(probabilities, expected, atol=TOLERANCE[x.dtype])


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("targets", [X[:, 0], X[:, :1].repeat(2, axis=1)], ids=["one", "two"])
def test_regressors(loss: str, targets: np.ndarray) -> None:
    model = quick(MLPRegressor, loss=loss, batch_norm=True, dropout=0.1).fit(X, targets)
    (found,) = run(model, X)
    np.testing.assert_allclose(found.reshape(targets.shape), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("y", [Y, Y == 1, Y_BOTH], ids=["three", "two", "multilabel"])
def test_perceptrons(y: Any) -> None:
    model = Perceptron(random_state=0).fit(X, y)
    labels, scores = classify(model, X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(np.squeeze(scores), model.decision_function(X), rtol=1e-10)


@pytest.mark.parametrize("targets", [X[:, 0], X[:, :2]], ids=["one", "two"])
def test_linear_regressors(targets: np.ndarray) -> None:
    model = PerceptronRegressor(random_state=0).fit(X, targets)
    (found,) = run(model, X)
    np.testing.assert_allclose(found.reshape(targets.shape), model.predict(X), rtol=1e-10)


def test_pipelines_and_ensembles() -> None:
    one = make_pipeline(StandardScaler(), quick(MLPClassifier))
    both = VotingClassifier([("a", one), ("b", clone(one))], voting="soft", flatten_transform=False)
    for model in (one, both):
        labels, probabilities = classify(model.fit(X, Y), X)
        np.testing.assert_array_equal(labels, model.predict(X))
        np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("y", [Y % 2, Y], ids=["two", "three"])
@pytest.mark.parametrize(
    "ensemble",
    [
        lambda unit: CalibratedClassifierCV(unit, cv=3),
        lambda unit: CalibratedClassifierCV(unit, cv=3, ensemble=False),
        OneVsRestClassifier,
        OneVsOneClassifier,
        lambda unit: AdaBoostClassifier(unit, n_estimators=3),
        lambda unit: VotingClassifier([("a", unit), ("b", clone(unit))], flatten_transform=False),
        lambda unit: StackingClassifier([("a", unit)], cv=3),
    ],
    ids=["calibrated", "calibrated_once", "rest", "one", "boosted", "voting", "stacked"],
)
def test_ensembles_of_perceptrons(ensemble: Callable[[Any], Any], y: Any) -> None:
    x = X.astype(np.float32)  # skl2onnx boosts in nothing else
    model = ensemble(Perceptron(random_state=0)).fit(x, y)
    labels, probabilities = classify(model, x)
    np.testing.assert_array_equal(labels.ravel(), model.predict(x))
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(probabilities, model.predict_proba(x), atol=1e-5)


def test_perceptrons_one_against_the_rest_for_labels_that_may_hold_together() -> None:
    model = OneVsRestClassifier(Perceptron(random_state=0)).fit(X, Y_BOTH)
    np.testing.assert_array_equal(classify(model, X)[0], model.predict(X))


def test_an_ensemble_of_pipelines_with_a_perceptron_is_refused() -> None:
    one = make_pipeline(StandardScaler(), Perceptron(random_state=0))
    with pytest.raises(NotImplementedError, match="in front of the CalibratedClassifierCV"):
        classify(CalibratedClassifierCV(one, cv=3).fit(X, Y % 2), X)
    model = make_pipeline(StandardScaler(), CalibratedClassifierCV(one[-1], cv=3)).fit(X, Y % 2)
    np.testing.assert_array_equal(classify(model, X)[0], model.predict(X))


def test_options_and_inputs() -> None:
    model = quick(MLPClassifier).fit(X, Y)
    _, maps = run(model, X.astype(np.float32))  # ONNX has no maps to doubles
    assert list(maps[0]) == [0, 1, 2]
    assert len(run(model, X, options={"zipmap": False, "output_class_labels": True})) == 3
    whole = np.round(8 * X).astype(np.int64)
    labels, probabilities = classify(model, whole)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, model.predict_proba(whole), atol=1e-5)


def test_weights_that_were_assigned_are_written() -> None:
    model = quick(MLPRegressor).fit(X, X[:, 0])
    model.coefs_ = [np.zeros_like(c) for c in model.coefs_]
    (found,) = run(model, X)
    np.testing.assert_allclose(found[:, 0], model.intercepts_[-1][0])


def test_what_has_no_twin_is_refused_by_name() -> None:
    mixed = quick(MLPClassifier).fit(X, np.stack([Y, Y % 2], axis=1))
    with pytest.raises(NotImplementedError, match="several columns"):
        classify(mixed, X)
    dates = quick(MLPClassifier).fit(X, np.datetime64("2024") + Y)
    with pytest.raises(NotImplementedError, match="labels must be integers of 64 bits, strings"):
        classify(dates, X)
    summed = quick(MLPRegressor, activation=lambda x: ops.erfinv(ops.tanh(x)))
    with pytest.raises(NotImplementedError, match="the op 'erfinv' has no ONNX twin"):
        run(summed.fit(X, X[:, 0]), X)


@pytest.mark.parametrize("first", ["pynn.estimators", "skl2onnx"])
def test_importing_both_is_enough(first: str) -> None:
    program = f"""
import sys, {first}
from pynn.estimators import MLPRegressor, TabularRegressor
assert "{first}".startswith("skl2onnx") or "skl2onnx" not in sys.modules
import skl2onnx
from skl2onnx._supported_operators import sklearn_operator_name_map as known
assert {{MLPRegressor, TabularRegressor}} <= known.keys()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


def test_tables_in_pipelines() -> None:
    model = make_pipeline(StandardScaler(), TabularClassifier("mlp", epochs=1, random_state=0))
    labels, probabilities = classify(model.fit(X, Y), X.astype(np.float32))
    np.testing.assert_array_equal(labels, model.predict(X.astype(np.float32)))
    np.testing.assert_allclose(probabilities, model.predict_proba(X.astype("f")), atol=1e-6)


def test_a_table_with_an_input_for_each_column() -> None:
    model = TabularClassifier("mlp", hidden_layer_sizes=4, epochs=1, random_state=0).fit(X, Y)
    names = [f"x{i}" for i in range(4)]

    def converted(names: list[str]) -> Any:
        types = [(name, FloatTensorType([None, 1])) for name in names]
        return to_onnx(model, initial_types=types, options={"zipmap": False})

    session = onnxruntime.InferenceSession(converted(names).SerializeToString())
    x = X.astype(np.float32)
    labels, probabilities = session.run(None, {n: x[:, i : i + 1] for i, n in enumerate(names)})
    np.testing.assert_array_equal(labels, model.predict(x))
    np.testing.assert_allclose(probabilities, model.predict_proba(x), atol=1e-6)
    with pytest.raises(ValueError, match="each of its 4 columns, or one matrix .*: 3 inputs"):
        converted(names[:3])


def test_a_wrapped_regressor_in_a_pipeline() -> None:
    network = models.Sequential([layers.Input((4,)), layers.Dense(2)])
    network.compile("adam", "mse")
    last = wrappers.KerasRegressor(network, epochs=1, verbose=0)
    model = make_pipeline(StandardScaler(), last).fit(X, X[:, :2])
    (found,) = run(model, X.astype(np.float32))
    np.testing.assert_allclose(found, model.predict(X.astype(np.float32)), rtol=1e-6, atol=1e-6)


def test_wrappers_in_pipelines() -> None:
    network = models.Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    network.compile("adam", "sparse_categorical_crossentropy")
    last = wrappers.KerasClassifier(network, epochs=1, verbose=0)
    model = make_pipeline(StandardScaler(), last).fit(X, Y)
    labels, probabilities = classify(model, X.astype(np.float32))
    np.testing.assert_array_equal(labels, model.predict(X.astype(np.float32)))
    np.testing.assert_allclose(probabilities, model.predict_proba(X.astype("f")), atol=1e-6)
