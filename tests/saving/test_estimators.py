"""Estimators in files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pynn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
TEXTS = np.where(X[:, 0] > 0, "yes", "no")
MANY = np.digitize(X[:, 0], [-0.5, 0.5])

FITTED = {
    "texts": lambda: pynn.MLPClassifier((5,), max_iter=200, random_state=1).fit(X, TEXTS),
    "classes": lambda: pynn.MLPClassifier(
        (5, 3),
        solver="sgd",
        learning_rate="adaptive",
        early_stopping=True,
        random_state=np.int64(1),
    ).fit(X, MANY),
    "multilabel": lambda: pynn.MLPClassifier((5,), random_state=1).fit(X, X[:, :2] > 0),
    "lbfgs": lambda: pynn.MLPRegressor(hidden_layer_sizes=[4], solver="lbfgs").fit(X, X[:, 0]),
    "targets": lambda: pynn.MLPRegressor(random_state=1).fit(X.astype("float32"), X[:, :2]),
    "perceptron": lambda: pynn.Perceptron(class_weight={"yes": 2.0, "no": 1.0}).fit(X, TEXTS),
    "three": lambda: pynn.Perceptron(penalty="l2").fit(X, MANY),
    "regressor": lambda: pynn.PerceptronRegressor().fit(X, X[:, 0]),
}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")
@pytest.mark.parametrize("name", FITTED)
def test_a_loaded_estimator_is_the_same(name: str, tmp_path: Path) -> None:
    model = FITTED[name]()
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(str(tmp_path / "model.pynn"))
    assert type(copy) is type(model)
    assert copy.get_params() == model.get_params()
    np.testing.assert_array_equal(copy.predict(X), model.predict(X), strict=True)
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(copy.classes_, model.classes_, strict=True)
    assert vars(copy).keys() >= {key for key in vars(model) if key.endswith("_")}


def test_training_goes_on(tmp_path: Path) -> None:
    model = pynn.MLPClassifier((5,), random_state=1)
    for _ in range(3):
        model.partial_fit(X, TEXTS, classes=["no", "yes"])
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    for each in (model, copy):
        each.partial_fit(X, TEXTS)
    for a, b in zip(model.coefs_, copy.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.dtype("float32")])
def test_a_type_is_kept_by_its_name(dtype: Any, tmp_path: Path) -> None:
    model = pynn.MLPClassifier((3,), dtype=dtype, random_state=0).partial_fit(
        X, MANY, classes=[0, 1, 2]
    )
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    assert copy.dtype == np.dtype(dtype).name and copy.coefs_[0].dtype == dtype
    for each in (model, copy):
        each.partial_fit(X, MANY)
    np.testing.assert_array_equal(copy.coefs_[0], model.coefs_[0], strict=True)


def test_functions_of_pynn_need_no_custom_objects(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "activation": pynn.activations.swish,
        "loss": pynn.losses.mean_absolute_error,
        "metrics": [pynn.metrics.mean_squared_error],
    }
    pynn.MLPRegressor(**given).save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    assert {name: getattr(copy, name) for name in given} == given


def relu(x: Any) -> Any:
    """Not pynn's."""
    return pynn.ops.maximum(x, 0.0)


@pytest.mark.parametrize("function", [relu, pynn.ops.cbrt])
def test_other_functions_need_them(function: Any, tmp_path: Path) -> None:
    name = function.__name__
    pynn.MLPRegressor(activation=function).save(tmp_path / "model.pynn")
    with pytest.raises(ValueError, match=f"was made with '{name}'. Give load.. custom_objects"):
        pynn.load(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn", custom_objects={name: function})
    assert copy.activation is function


def test_names_of_features_are_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = pynn.Perceptron().fit(frame, TEXTS)
    model.save(tmp_path / "model.pynn")
    copy = pynn.load(tmp_path / "model.pynn")
    np.testing.assert_array_equal(copy.feature_names_in_, model.feature_names_in_, strict=True)
    assert (copy.predict(frame) == model.predict(frame)).all()


def test_an_estimator_that_is_not_fitted(tmp_path: Path) -> None:
    pynn.MLPRegressor(alpha=0.5).save(tmp_path / "model.pynn")
    assert pynn.load(tmp_path / "model.pynn").alpha == 0.5


def test_names_of_columns_may_be_an_index(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2, 3] * 4, "b": range(12)})
    model = pynn.TabularRegressor("mlp", epochs=1, categorical_features=table.columns[:1])
    model.fit(table, table["b"]).save(tmp_path / "m.pynn")
    loaded = pynn.load(tmp_path / "m.pynn")
    np.testing.assert_array_equal(loaded.predict(table), model.predict(table))
    assert list(loaded.categorical_features) == ["a"]


@pytest.mark.parametrize("code", ["M8[D]", ">M8[ns]", "m8[h]", "m8[us]"])
def test_dates_and_durations_may_be_labels(tmp_path: Path, code: str) -> None:
    labels = np.array([8760, 9000], code)
    model = pynn.Perceptron(random_state=0).fit([[0.0], [1.0]], labels)
    model.save(tmp_path / "m.pynn")
    found = pynn.load(tmp_path / "m.pynn")
    for read, known in ((found.classes_, model.classes_), (found.predict([[1.0]]), labels[1:])):
        assert read.dtype == known.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read, known)


def test_labels_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    model = pynn.Perceptron().fit([[0.0], [1.0]], np.arange(2, dtype=np.longdouble))
    with pytest.raises(ValueError, match="the attribute '.*classes.*' must be a number, a text"):
        model.save(tmp_path / "m.pynn")


def test_values_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    model = pynn.Perceptron(random_state=np.random.RandomState(0))
    with pytest.raises(ValueError, match="the attribute 'random_state' must be a number"):
        model.save(tmp_path / "model.pynn")
    assert list(tmp_path.iterdir()) == []


def rewritten(path: Path, change: Any) -> Path:
    content = path.read_bytes()
    length = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:length])
    described = json.loads(header["__metadata__"]["estimator"])
    change(described)
    header["__metadata__"]["estimator"] = json.dumps(described)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[length:])
    return path


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"list": [value]}
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(class_name="os.system"), "unknown estimator: 'os.system'"),
        (lambda d: d.update(class_name="load"), "unknown estimator: 'load'"),
        (lambda d: d.update(class_name=["Perceptron"]), "unknown estimator"),
        (lambda d: d.update(state=[]), "unknown estimator"),
        (lambda d: d["state"].update(x={"part": "Popen", "state": {}}), "no usable estimator"),
        (lambda d: d["state"].update(x={"set": [1]}), "no usable estimator"),
        (lambda d: d["state"].update(x={"array": "none"}), "the array 'none' is missing"),
        (
            lambda d: d["state"].update(x={"scalar": 1, "type": "object"}),
            "a type must be one of bool",
        ),
        (lambda d: d["state"]["coefs_"]["list"][0].update(unit="M8[D]"), "no usable estimator"),
        (lambda d: d["state"].update(x=nested(30)), "nested too deeply"),
        (lambda d: d["state"].update(coefs_={"list": []}), "coefs_ must be matrices"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "model.pynn"
    pynn.MLPClassifier((2,), solver="lbfgs", random_state=1).fit(X, TEXTS).save(path)
    with pytest.raises(ValueError, match=message):
        pynn.load(rewritten(path, change))


def test_models_and_estimators_are_told_apart(tmp_path: Path) -> None:
    pynn.Perceptron().save(tmp_path / "estimator")
    pynn.MLP(2, 1, input_shape=2).save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"holds an estimator. Use pynn.load\(\)"):
        pynn.models.load_model(tmp_path / "estimator")


def test_load_gives_back_whichever_was_saved(tmp_path: Path) -> None:
    model = pynn.MLP(2, 1, input_shape=2)
    expected = model.predict([[1.0, 2.0]], verbose=0)
    for name in ("model", "model.pynn", "model.keras", "model.h5"):
        model.save(tmp_path / name)
        np.testing.assert_array_equal(
            pynn.load(tmp_path / name).predict([[1.0, 2.0]], verbose=0), expected
        )
    with open(tmp_path / "both", "wb") as both:
        both.write(b"before")
        model.save(both)
    with open(tmp_path / "both", "rb") as both:
        both.seek(6)
        assert isinstance(pynn.load(both), pynn.Model)
    pynn.Perceptron().save(tmp_path / "estimator")
    assert isinstance(pynn.load(tmp_path / "estimator"), pynn.Perceptron)
    model.save_weights(tmp_path / "weights.pynn")
    with pytest.raises(ValueError, match="holds weights without a model"):
        pynn.load(tmp_path / "weights.pynn")


def types_in(value: Any) -> set[type]:
    if type(value) in (list, tuple):
        return set().union(*map(types_in, value))
    if type(value) is dict:
        return types_in([*value.keys(), *value.values()])
    return {type(value)}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        pynn.MLPClassifier((3,), max_iter=2, solver=pynn.optimizers.SGD(0.1)),
        pynn.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, early_stopping=True),
        pynn.Perceptron(max_iter=2),
    ],
    ids=str,
)
def test_the_state_is_plain(estimator: Any) -> None:
    x = np.random.default_rng(0).standard_normal((40, 3))
    estimator.fit(x, x[:, 0] > 0)
    found = {each.__module__ for each in types_in(estimator.__getstate__())}
    assert found <= {"builtins", "numpy"}


def test_what_is_not_pynns_stays_what_it_is() -> None:
    class Slow(pynn.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: int) -> float:
            return 0.1 / (1 + step)

    rate = Slow()
    model = pynn.MLPClassifier(solver=pynn.optimizers.SGD(rate), class_weight={0: 1.0, 1: 2.0})
    state = model.__getstate__()
    assert state["solver"] is model.solver and state["class_weight"] is model.class_weight


@pytest.mark.parametrize(
    "part",
    [
        {"__pynn__": "Unknown", "state": {}},
        {"__pynn__": "MLPClassifier", "state": {}},
        {"__pynn__": "Labels"},
        {"__pynn__": ["Labels"], "state": {}},
        {"__pynn__": "optimizer", "state": {"class_name": "os.system", "config": {}}},
    ],
)
def test_parts_that_are_unknown_are_refused(part: Any) -> None:
    model = object.__new__(pynn.MLPClassifier)
    with pytest.raises(ValueError, match="unknown"):
        model.__setstate__({"max_iter": [part]})


def test_the_ending_of_another_format_is_refused(tmp_path: Path) -> None:
    model = pynn.Perceptron().fit(X, TEXTS)
    for name in ("model.pickle", "model.joblib", "model.keras"):
        with pytest.raises(ValueError, match=rf"filepath must end in .pynn. Received: '.*{name}'"):
            model.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    model.save(tmp_path / "model")
    assert pynn.load(tmp_path / "model").predict(X[:1]) == model.predict(X[:1])


def test_a_function_without_a_name_is_refused(tmp_path: Path) -> None:
    model = pynn.MLPClassifier(loss=lambda y_true, y_pred: y_pred)
    with pytest.raises(ValueError, match="'loss' must be .* a function that def has named"):
        model.save(tmp_path / "model.pynn")
