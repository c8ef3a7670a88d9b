"""`pynn.export.onnx`: estimators, tables, lookups and pipelines as ONNX files."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from estimators.problems import IRIS
from pynn import (
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    TabularClassifier,
    TabularRegressor,
    layers,
    models,
    wrappers,
)
from pynn.estimators import PerceptronRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = (IRIS[0] / 8).astype("float32"), IRIS[1]
WORDS = np.array(["a", "b", "c"])[Y]
ALLOWED = 1e-6  # of the largest number, as between two ways to add up in float32


def export(model: Any, **options: Any) -> tuple[Any, onnxruntime.InferenceSession]:
    file = io.BytesIO()
    pynn.export.onnx(model, file, **options)
    return onnx.load_from_string(file.getvalue()), onnxruntime.InferenceSession(file.getvalue())


def run(session: Any, given: dict[str, Any]) -> dict[str, np.ndarray]:
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def said(made: Any) -> dict[str, str]:
    return {each.key: each.value for each in made.metadata_props}


def assert_close(found: np.ndarray, expected: Any) -> None:
    expected = np.asarray(expected)
    scale = max(1.0, float(np.max(np.abs(expected))))
    np.testing.assert_allclose(found, expected, rtol=0, atol=ALLOWED * scale)


def quick(cls: Any, **parameters: Any) -> Any:
    return cls(**{"hidden_layer_sizes": (7, 5), "max_iter": 20, "random_state": 0, **parameters})


@pytest.mark.parametrize("y", [Y, WORDS, Y > 0, np.stack([Y > 0, Y > 1], 1).astype(int)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classifiers(y: np.ndarray, dtype: str) -> None:
    x = X.astype(dtype)
    for model in (quick(MLPClassifier, dtype=dtype).fit(x, y), Perceptron().fit(x, y)):
        made, session = export(model)
        scores = isinstance(model, Perceptron)
        found = run(session, {"X": x.astype("float64") if scores else x})
        np.testing.assert_array_equal(found["label"], model.predict(x))
        if scores:
            decided = model.decision_function(x)
            assert_close(found["scores"], decided.reshape(len(x), -1))
        else:
            assert_close(found["probabilities"], model.predict_proba(x))
        assert json.loads(said(made)["classes"]) == model.classes_.tolist()
        assert said(made)["class"] == type(model).__name__


def test_regressors() -> None:
    for model in (quick(MLPRegressor).fit(X, X[:, :2]), PerceptronRegressor().fit(X, X[:, :2])):
        dtype = "float32" if isinstance(model, MLPRegressor) else "float64"
        found = run(export(model)[1], {"X": X.astype(dtype)})
        assert_close(found["prediction"], model.predict(X))


def build(units: int, activation: str, loss: str) -> Any:
    model = models.Sequential([layers.Input((4,)), layers.Dense(5, "tanh")])
    model.add(layers.Dense(units, activation))
    model.compile("adam", loss)
    return model


WRAPPED = {
    "three": lambda: wrappers.KerasClassifier(
        build(3, "softmax", "sparse_categorical_crossentropy"), epochs=2, verbose=0
    ).fit(X, WORDS),
    "two": lambda: wrappers.KerasClassifier(
        build(1, "sigmoid", "binary_crossentropy"), epochs=2, verbose=0
    ).fit(X, Y > 0),
    "one-hot": lambda: wrappers.SKLearnClassifier(
        build(3, "softmax", "categorical_crossentropy"), fit_kwargs={"epochs": 2, "verbose": 0}
    ).fit(X, np.eye(3)[Y]),
    "more outputs than classes": lambda: wrappers.KerasClassifier(
        build(5, "softmax", "sparse_categorical_crossentropy"), epochs=2, verbose=0
    ).fit(X, WORDS),
    "several": lambda: wrappers.SKLearnClassifier(
        build(2, "sigmoid", "binary_crossentropy"), fit_kwargs={"epochs": 2, "verbose": 0}
    ).fit(X, np.stack([Y > 0, Y > 1], axis=1).astype(int)),
    "built by a function": lambda: fitted_by_a_function(),
}


def fitted_by_a_function() -> Any:
    model = wrappers.scikit_learn.KerasClassifier(
        lambda: build(3, "softmax", "sparse_categorical_crossentropy"), epochs=1, verbose=0
    )
    model.fit(X, Y)  # which returns the history
    return model


def test_labels_of_whole_numbers() -> None:
    """As floats too, which pandas makes of numbers with gaps."""
    model = quick(MLPClassifier).fit(X, Y.astype(float))
    made, session = export(model)
    np.testing.assert_array_equal(run(session, {"X": X})["label"], model.predict(X))
    assert said(made)["classes"] == "[0.0, 1.0, 2.0]"
    for labels in (Y.astype("uint64") + 2**63, np.datetime64("2024") + Y):
        with pytest.raises(NotImplementedError, match="labels must be integers of 64 bits"):
            export(quick(MLPClassifier).fit(X, labels))


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_classifiers(name: str) -> None:
    model = WRAPPED[name]()
    found = run(export(model)[1], {"X": X})
    np.testing.assert_array_equal(found["label"], model.predict(X))
    assert_close(found["probabilities"], model.predict_proba(X))


def test_a_wrapped_regressor() -> None:
    model = wrappers.SKLearnRegressor(build(1, "linear", "mse"), fit_kwargs={"verbose": 0})
    model.fit(X, X[:, 0])
    assert_close(run(export(model)[1], {"X": X})["prediction"][:, 0], model.predict(X))


def table(n: int = 90) -> np.ndarray:
    """Numbers, with gaps in one column; texts and booleans, dates, with gaps; small numbers."""
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((n, 2)) * [1.0, 50.0] + [0.0, 1000.0]
    numbers[::7, 1] = np.nan
    texts = rng.choice(["north", "south", "west", "east", "up", "down", "in", "out", "by"], n)
    days = np.datetime64("1962-03-01T05:30", "us") + rng.integers(0, 10**10, n) * 300_000
    columns = [*numbers.T, texts.astype(object), rng.random(n) > 0.5, days.astype(object)]
    columns.append(rng.standard_normal(n) * 1e-6)
    made = np.empty((n, len(columns)), object)
    for i, column in enumerate(columns):
        made[:, i] = column
    made[3::11, 2] = None
    made[5::13, 4] = None
    return made


def inputs_of(rows: np.ndarray) -> dict[str, np.ndarray]:
    dates = np.array([np.datetime64("NaT") if d is None else d for d in rows[:, 4]])
    return {
        "x0": rows[:, :1].astype("float64"),
        "x1": rows[:, 1:2].astype("float64"),
        "x2": np.array([["" if text is None else text] for text in rows[:, 2]], object),
        "x3": rows[:, 3:4].astype(str).astype(object),
        "x4": dates.astype("datetime64[us]").astype("int64")[:, None],
        "x5": rows[:, 5:6].astype("float64"),
    }


@pytest.mark.filterwarnings("ignore:the networks predict the rows")
@pytest.mark.parametrize("preset", ["realmlp", "tabm", "mlp"])
@pytest.mark.parametrize("networks", [1, 2])
def test_tables(preset: str, networks: int) -> None:
    x = table()
    y = np.where(x[:, 3].astype(bool), "yes", "no")
    common: dict[str, Any] = {"preset": preset, "epochs": 2, "random_state": 0}
    common |= {"n_ensemble": networks, "n_folds": 2, "hidden_layer_sizes": (16, 8)}
    if preset == "tabm":
        common |= {"n_members": 4, "n_bins": 6, "bin_embedding_size": 3}
    seen = np.concatenate([x, x[:1]])
    seen[-1, 2] = "not in fit"
    given = inputs_of(seen)
    model = TabularClassifier(**common).fit(x, y)
    made, session = export(model)
    found = run(session, given)
    np.testing.assert_array_equal(found["label"], model.predict(seen))
    assert_close(found["probabilities"], model.predict_proba(seen))
    far = seen.copy()
    far[::2, 0], far[1::2, 0] = 1e300, -1e300
    assert_close(run(session, inputs_of(far))["probabilities"], model.predict_proba(far))
    assert list(json.loads(said(made)["columns"]).values()) == [
        *("number", "number", "category", "category", "date", "number")
    ]
    reg = TabularRegressor(**common).fit(x, 1000 + 30 * x[:, 0].astype(float))
    found = run(export(reg)[1], given)
    assert_close(found["prediction"][:, 0], reg.predict(seen))


def test_a_table_of_numbers_and_of_one_class() -> None:
    model = TabularClassifier("mlp", epochs=1, random_state=0).fit(X, np.zeros(len(X), int))
    found = run(export(model)[1], {f"x{i}": X[:, i : i + 1].astype("float64") for i in range(4)})
    np.testing.assert_array_equal(found["probabilities"], np.ones((len(X), 1)))
    np.testing.assert_array_equal(found["label"], np.zeros(len(X)))


@pytest.mark.filterwarnings("ignore:the networks predict")
@pytest.mark.parametrize("preset", ["mlp", "realmlp"])
def test_a_table_of_categories_and_one_of_days(preset: str) -> None:
    options: dict[str, Any] = {"epochs": 2, "hidden_layer_sizes": 4, "random_state": 0}
    frame = pd.DataFrame({"a": ["x", "y", "z"] * 20, "b": ["p", "q"] * 30})
    model = TabularClassifier(preset, **options).fit(frame, frame["a"] == "x")
    made, session = export(model)
    found = run(session, {name: frame[[name]].to_numpy(object) for name in frame})
    assert_close(found["probabilities"], model.predict_proba(frame))
    assert json.loads(said(made)["feature_names"]) == ["a", "b"]
    assert json.loads(said(made)["columns"]) == {"a": "category", "b": "category"}
    days = pd.DataFrame({"day": np.datetime64("1969-12-01") + np.arange(60)})
    reg = TabularRegressor(preset, **options).fit(days, np.arange(60.0))
    given = days.to_numpy("datetime64[us]").astype("int64")
    assert_close(run(export(reg)[1], {"day": given})["prediction"][:, 0], reg.predict(days))


# ---- lookups


@pytest.mark.parametrize(
    ("layer", "given"),
    [
        (layers.StringLookup(vocabulary=["cat", "dog"]), [["dog", "fish", "cat"]]),
        (layers.StringLookup(vocabulary=["cat", "dog"], mask_token=""), [["dog", "", "fish"]]),
        (layers.StringLookup(vocabulary=["cat"], output_mode="one_hot"), [["cat"], ["fish"]]),
        (layers.StringLookup(vocabulary=["cat"], output_mode="count"), [["cat", "cat", "x"]]),
        (layers.StringLookup(vocabulary=["cat", "dog"], invert=True), [[0, 1, 2, 9]]),
        (layers.IntegerLookup(vocabulary=[12, 36]), [[12, 7, 36]]),
        (layers.IntegerLookup(vocabulary=[12], mask_token=-1, num_oov_indices=3), [[12, -1, -8]]),
        (
            layers.IntegerLookup(
                vocabulary=[12], output_mode="multi_hot", max_tokens=5, pad_to_max_tokens=True
            ),
            [[12, 3]],
        ),
        (layers.IntegerLookup(vocabulary=[12, 2**40]), [[2**40, 2**40 + 1]]),
    ],
)
def test_lookups(layer: Any, given: list[Any]) -> None:
    array = np.array(given, object if isinstance(given[0][0], str) else "int64")
    (found,) = export(layer)[1].run(None, {"input": array})
    np.testing.assert_array_equal(found, layer(array))


def test_a_lookup_before_a_model() -> None:
    lookup = layers.StringLookup(vocabulary=["Rome", "Oslo"])
    city, age = layers.Input((1,), dtype="int64", name="city"), layers.Input((1,), name="age")
    joined = layers.Concatenate()([layers.Flatten()(layers.Embedding(3, 4)(city)), age])
    model = models.Model([city, age], layers.Dense(2)(joined))
    _, session = export(model, preprocessing={"city": lookup})
    texts = np.array([["Oslo"], ["Rome"], ["Paris"]], object)
    ages = np.array([[1.0], [2.0], [3.0]], "float32")
    (found,) = session.run(None, {"city": texts, "age": ages})
    assert_close(found, model.predict([lookup(texts), ages], verbose=0))


def test_what_hashes_has_no_form() -> None:
    layer = layers.StringLookup(vocabulary=["cat"], num_oov_indices=2)
    with pytest.raises(NotImplementedError, match="hashes what is unknown"):
        export(layer)
    with pytest.raises(ValueError, match="has no vocabulary"):
        export(layers.StringLookup())


# ---- wrong use


def test_wrong_use() -> None:
    with pytest.raises(NotFittedError):
        export(MLPClassifier())
    with pytest.raises(TypeError, match="onnx takes a pynn.Model"):
        export(layers.Dense(3))
    with pytest.raises(ValueError, match="opset_version must be an integer from 13 on"):
        export(quick(MLPRegressor).fit(X, X[:, 0]), opset_version=7)
    model = models.Sequential([layers.Input((4,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="must have names of inputs"):
        export(model, preprocessing={"other": layers.StringLookup(vocabulary=["a"])})
    with pytest.raises(TypeError, match="must be a StringLookup or an IntegerLookup"):
        export(model, preprocessing=layers.Dense(1))
    lookup = layers.StringLookup(vocabulary=["a"])
    with pytest.raises(ValueError, match="preprocessing is for a pynn.Model. Received: MLPRegr"):
        export(quick(MLPRegressor).fit(X, X[:, 0]), preprocessing=lookup)
    inputs = [layers.Input((1,), name="a"), layers.Input((1,), name="b")]
    model = models.Model(inputs, layers.Concatenate()(inputs))
    with pytest.raises(ValueError, match="a dict with names among a, b: the model has several"):
        export(model, preprocessing=lookup)


def test_a_threshold_that_skl2onnx_forgets_is_refused() -> None:
    model = TunedThresholdClassifierCV(quick(MLPClassifier), cv=2).fit(X, Y > 0)
    with pytest.raises(NotImplementedError, match="forgets the threshold"):
        export(model)
    with pytest.raises(NotImplementedError, match="forgets the threshold"):
        export(make_pipeline(StandardScaler(), model).fit(X, Y > 0))


def test_pipelines() -> None:
    model = make_pipeline(StandardScaler(), quick(MLPClassifier)).fit(X, WORDS)
    made, session = export(model)
    found = list(run(session, {"X": X}).values())
    np.testing.assert_array_equal(found[0], model.predict(X))
    assert_close(found[1], model.predict_proba(X))
    assert json.loads(said(made)["classes"]) == ["a", "b", "c"]
    _, session = export(model, X=X.astype(float))
    assert session.get_inputs()[0].type == "tensor(double)"
    found = list(run(session, {"X": X.astype(float)}).values())
    assert_close(found[1], model.predict_proba(X.astype(float)))
