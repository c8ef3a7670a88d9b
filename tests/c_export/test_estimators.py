"""C files of estimators: probabilities, classes, and for tables the columns as they are."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pynn
from c_export.compiled import call, compile_files, pointer
from estimators.problems import IRIS
from pynn import layers, models
from pynn.export import c
from pynn.wrappers import KerasClassifier, KerasRegressor, SKLearnClassifier

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS[0].astype(np.float32) / 8, IRIS[1]
WORDS = np.array(["setosa", 'versi"color\\', "virgînica"])[Y]
BOTH = np.stack([Y == 1, Y > 0], axis=1).astype(int)
CLOSE = 1e-6


def exported(estimator: Any, path: Path, rows: np.ndarray) -> tuple[ctypes.CDLL, list[np.ndarray]]:
    c(estimator, path)
    library = compile_files(path)
    return library, call(path, library, [rows])


def classes_of(path: Path, library: ctypes.CDLL, outputs: np.ndarray) -> list[str]:
    """What the file's function and its names make of probabilities."""
    known = (ctypes.c_char_p * 9).in_dll(library, f"{path.stem}_classes")
    name_of = getattr(library, f"{path.stem}_class")
    return [known[name_of(pointer(row))].decode() for row in outputs]


@pytest.mark.parametrize(
    "y", [Y, Y == 1, WORDS, np.where(Y > 1, "b", "a"), np.zeros(len(Y), int)],
    ids=["three", "bool", "words", "two words", "one"],
)  # fmt: skip
def test_classifiers(y: np.ndarray, tmp_path: Path) -> None:
    model = pynn.MLPClassifier((7,), max_iter=20, batch_norm=True, dropout=0.1).fit(X, y)
    library, (found,) = exported(model, tmp_path / "m.c", X)
    np.testing.assert_allclose(found, model.predict_proba(X), atol=CLOSE)
    assert classes_of(tmp_path / "m.c", library, found) == [*map(str, model.predict(X).tolist())]


def test_several_labels_and_columns(tmp_path: Path) -> None:
    model = pynn.MLPClassifier((7,), max_iter=20).fit(X, BOTH)
    _, (found,) = exported(model, tmp_path / "m.c", X)
    np.testing.assert_allclose(found, model.predict_proba(X), atol=CLOSE)
    columns = pynn.MLPClassifier((7,), max_iter=20).fit(X, np.stack([Y, Y % 2], axis=1))
    _, heads = exported(columns, tmp_path / "n.c", X)
    for ours, other in zip(columns.predict_proba(X), heads, strict=True):
        np.testing.assert_allclose(other, ours, atol=CLOSE)


@pytest.mark.parametrize("y", [X[:, 0], X[:, :2]], ids=["one", "two"])
def test_regressors(y: np.ndarray, tmp_path: Path) -> None:
    for i, cls in enumerate((pynn.MLPRegressor, pynn.PerceptronRegressor)):
        model = cls(max_iter=20).fit(X.astype(float), y)
        _, (found,) = exported(model, tmp_path / f"m{i}.c", X)
        np.testing.assert_allclose(found.reshape(y.shape), model.predict(X), atol=CLOSE)


@pytest.mark.parametrize("y", [Y, Y == 1, BOTH], ids=["three", "two", "labels"])
def test_perceptrons(y: np.ndarray, tmp_path: Path) -> None:
    model = pynn.Perceptron(random_state=0).fit(X, y)
    library, (found,) = exported(model, tmp_path / "m.c", X)
    np.testing.assert_allclose(np.squeeze(found), model.decision_function(X), atol=1e-5)
    if y.ndim == 1:
        labels = [*map(str, model.predict(X).tolist())]
        assert classes_of(tmp_path / "m.c", library, found) == labels


def build(units: int, activation: str, loss: str) -> Any:
    model = models.Sequential([layers.Input((4,)), layers.Dense(units, activation)])
    model.compile("adam", loss)
    return model


@pytest.mark.parametrize(
    ("network", "y"),
    [
        ((1, "sigmoid", "binary_crossentropy"), WORDS == "setosa"),
        ((3, "softmax", "sparse_categorical_crossentropy"), WORDS),
        ((5, "softmax", "sparse_categorical_crossentropy"), WORDS),
    ],
    ids=["two", "three", "more outputs than classes"],
)
def test_wrapped_models(network: Any, y: np.ndarray, tmp_path: Path) -> None:
    model = KerasClassifier(build(*network), epochs=2, verbose=0).fit(X, y)
    library, (found,) = exported(model, tmp_path / "m.c", X)
    np.testing.assert_allclose(found, model.predict_proba(X), atol=CLOSE)
    assert classes_of(tmp_path / "m.c", library, found) == [*map(str, model.predict(X).tolist())]


def test_wrapped_models_of_numbers_and_several_labels(tmp_path: Path) -> None:
    regressor = KerasRegressor(build(1, "linear", "mse"), epochs=2, verbose=0).fit(X, X[:, 0])
    _, (found,) = exported(regressor, tmp_path / "m.c", X)
    np.testing.assert_allclose(found[:, 0], regressor.predict(X), atol=CLOSE)
    network = build(2, "sigmoid", "binary_crossentropy")
    labels = SKLearnClassifier(network, fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, BOTH)
    _, (found,) = exported(labels, tmp_path / "n.c", X)
    np.testing.assert_allclose(found, labels.predict_proba(X), atol=CLOSE)
    assert "n_class" not in (tmp_path / "n.c").read_text()


# ---- tables


def table(n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    start = pd.Timestamp("1985-01-01")
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "city": rng.choice(["Rome", "Oslo", 'Pa"ris', "Zürich"], n),
            "is new": rng.choice([True, False], n),
            "when": start + pd.to_timedelta(rng.integers(-(10**7), 10**8, n), "min"),
            "day": start + pd.to_timedelta(rng.integers(-9000, 20000, n), "D"),
            "many": [f"level {i}" for i in rng.integers(0, 25, n)],
            "nothing": [None] * n,
            "small": rng.normal(0, 1e-6, n),
            "constant": 7.0,
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "city"] = None
    frame.loc[::11, "when"] = pd.NaT
    return frame


def coded(frame: pd.DataFrame, path: Path, library: ctypes.CDLL) -> np.ndarray:
    """The rows of a table as the file takes them."""
    rows = np.full(frame.shape, np.nan)
    rows[:, 0] = frame["age"]
    rows[:, 7:] = frame[["small", "constant"]]
    for i, name in ((3, "when"), (4, "day")):
        rows[:, i] = (frame[name] - pd.Timestamp("1970-01-01")) / pd.Timedelta("1D")
    for i, name in ((1, "city"), (2, "is_new"), (5, "many")):
        code = getattr(library, f"{path.stem}_code_{name}")
        code.restype = ctypes.c_double
        rows[:, i] = [code(str(value).encode()) for value in frame.iloc[:, i]]
    return rows


@pytest.mark.filterwarnings("ignore:column 'nothing'", "ignore:the networks predict")
@pytest.mark.parametrize("preset", ["mlp", "realmlp", "tabm"])
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_tables_are_prepared(preset: str, kind: str, tmp_path: Path) -> None:
    frame = table()
    age = frame["age"].fillna(40)
    path = tmp_path / "m.c"
    options = {"preset": preset, "hidden_layer_sizes": 16, "epochs": 2, "n_ensemble": 2}
    cls = pynn.TabularClassifier if kind == "classes" else pynn.TabularRegressor
    y = np.where(age > 40, "old", "young") if kind == "classes" else 3 * age + 1000
    model = cls(strategy="holdout", random_state=0, **options).fit(frame, y)
    c(model, path)
    library = compile_files(path)
    later = table(200)
    later.loc[5, "city"], later.loc[6, "age"], later.loc[7, "age"] = "Bern", 1e5, -1e5
    (found,) = call(path, library, [coded(later, path, library)])
    if kind == "numbers":
        ours = model.predict(later)
        np.testing.assert_allclose(found[:, 0], ours, atol=CLOSE * np.abs(ours).max())
        return
    np.testing.assert_allclose(found, model.predict_proba(later), atol=CLOSE)
    far = later.assign(age=np.tile([1e300, -1e300], 100))
    (of_far,) = call(path, library, [coded(far, path, library)])
    np.testing.assert_allclose(of_far, model.predict_proba(far), atol=CLOSE)
    assert classes_of(path, library, found) == model.predict(later).tolist()


@pytest.mark.filterwarnings("ignore:column 'nothing'")
def test_a_table_in_int8_and_what_its_file_says(tmp_path: Path) -> None:
    frame = table()
    y = np.where(frame["age"].fillna(40) > 40, "old", "young")
    model = pynn.TabularClassifier("mlp", hidden_layer_sizes=16, epochs=9, random_state=0)
    model.fit(frame, y)
    path = tmp_path / "m.c"
    report = c(model, path, quantize="int8", calibration=frame, labels=y, verbose=False)
    assert report is not None and report.accuracy == model.score(frame, y)
    library = compile_files(path)
    (found,) = call(path, library, [coded(frame, path, library)])
    apart = np.abs(found - model.predict_proba(frame)).max()
    assert apart == pytest.approx(report.max_difference, abs=1e-5)
    text = path.read_text()
    for said in ("[0] age: a number", "Zürich", "[6] nothing: not read", "[3] when: days since"):
        assert said in text


@pytest.mark.filterwarnings("ignore:the networks predict")
def test_numbers_without_names(tmp_path: Path) -> None:
    model = pynn.TabularRegressor("mlp", hidden_layer_sizes=8, epochs=3, random_state=0)
    x = X.astype(float)
    model.fit(x, 2 * X[:, 0] + X[:, 1])
    _, (found,) = exported(model, tmp_path / "m.c", x)
    np.testing.assert_allclose(found[:, 0], model.predict(x), atol=CLOSE)


@pytest.mark.filterwarnings("ignore:the networks predict")
@pytest.mark.parametrize("preset", ["mlp", "realmlp"])
def test_categories_alone(preset: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["x", "y", "z"] * 20, "b": ["p", "q"] * 30})
    model = pynn.TabularClassifier(preset, hidden_layer_sizes=4, epochs=2, random_state=0)
    model.fit(frame, frame["a"] == "x")
    path = tmp_path / "m.c"
    c(model, path)
    library = compile_files(path)
    rows = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
    (found,) = call(path, library, [rows])
    np.testing.assert_allclose(found, model.predict_proba(frame[:3]), atol=CLOSE)


@pytest.mark.filterwarnings("ignore:the networks predict")
def test_a_table_of_one_class(tmp_path: Path) -> None:
    model = pynn.TabularClassifier("mlp", hidden_layer_sizes=4, epochs=1, random_state=0)
    model.fit(X, ["all"] * len(X))
    library, (found,) = exported(model, tmp_path / "m.c", X.astype(float))
    np.testing.assert_array_equal(found, np.ones((len(X), 1)))
    assert classes_of(tmp_path / "m.c", library, found) == ["all"] * len(X)


@pytest.mark.filterwarnings("ignore:the networks predict")
def test_names_that_would_be_code(tmp_path: Path) -> None:
    name, level = '*/ #error "??/\\', '/* "\n\\ ??/'
    frame = pd.DataFrame({name: [level, "b"] * 20, "double": [*map(float, range(40))]})
    model = pynn.TabularClassifier("mlp", hidden_layer_sizes=4, epochs=2, random_state=0)
    model.fit(frame, [level, "??="] * 20)
    path = tmp_path / "m.c"
    c(model, path)
    library = compile_files(path)
    code = library.m_code_error
    code.restype = ctypes.c_double
    assert [code(text.encode()) for text in (level, "b", "c", "")] == [1, 2, 0, 0]
    rows = np.array([[1.0, 0.0], [2.0, 1.0]])
    (found,) = call(path, library, [rows])
    np.testing.assert_allclose(found, model.predict_proba(frame[:2]), atol=CLOSE)
    assert set(classes_of(path, library, np.eye(2, dtype=np.float32))) == {level, "??="}


# ---- what is refused


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.c"
    with pytest.raises(NotFittedError):
        c(pynn.MLPClassifier(), path)
    fitted = make_pipeline(StandardScaler(), pynn.MLPClassifier(max_iter=2)).fit(X, Y)
    with pytest.raises(TypeError, match="of a pipeline, export its last step"):
        c(fitted, path)
    with pytest.raises(ValueError, match="labels must be among the classes. Received: 7"):
        c(fitted[-1], path, quantize="int8", calibration=X, labels=[7] * len(X))
    with pytest.raises(ValueError, match="calibration and labels are for quantize='int8'"):
        c(fitted[-1], path, calibration=X)
    assert not list(tmp_path.iterdir())


def test_models_too(tmp_path: Path) -> None:
    model = models.Sequential([layers.Input((4,)), layers.Dense(2)])
    assert c(model, tmp_path / "any", name="net") is None
    assert "void net_predict(" in (tmp_path / "any").read_text()
