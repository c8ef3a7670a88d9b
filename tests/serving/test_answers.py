"""Answers for each kind of model: predictions with the bits of `predict`, or what is wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pynn
from pynn import layers, ops, serving
from serving.client import Client, running

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 5))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


def small_model() -> pynn.Model:
    return pynn.MLP([16, 8], 3, output_activation="softmax", input_shape=5)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "city": RNG.choice(["Rome", "Oslo", "Lima", None], 120),
            "age": np.where(RNG.random(120) < 0.1, np.nan, RNG.integers(18, 90, 120)),
            "member": RNG.random(120) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 999, 120), "D"),
        }
    )


def as_json(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as a client would write them."""
    rows = table.assign(since=table["since"].dt.strftime("%Y-%m-%d")).to_dict("records")
    return [{k: None if v != v else v for k, v in row.items()} for row in rows]


ESTIMATORS = {
    "binary": lambda: pynn.MLPClassifier((7,), max_iter=5, random_state=0).fit(X, Y),
    "texts": lambda: pynn.MLPClassifier((7,), max_iter=5, random_state=0).fit(
        X.astype(np.float32), np.array(["no", "yes", "maybe"])[Y + (X[:, 2] > 1)]
    ),
    "multilabel": lambda: pynn.MLPClassifier((7,), max_iter=5, random_state=0).fit(
        X, np.column_stack([Y, 1 - Y, X[:, 3] > 0]).astype(int)
    ),
    "regressor": lambda: pynn.MLPRegressor(hidden_layer_sizes=(7,), max_iter=5, random_state=0).fit(
        X, X @ X[0]
    ),
    "two numbers": lambda: pynn.MLPRegressor(
        hidden_layer_sizes=(7,), max_iter=5, random_state=0
    ).fit(X, X[:, :2]),
    "perceptron": lambda: pynn.Perceptron(random_state=0).fit(X, Y),
    "linear": lambda: pynn.PerceptronRegressor(random_state=0).fit(X, X[:, 0]),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_estimators_from_a_file(kind: str, tmp_path: Path) -> None:
    estimator = ESTIMATORS[kind]()
    estimator.save(tmp_path / "it.pynn")
    with running(serving.app(tmp_path / "it.pynn")) as client:
        found = client.post({"instances": X[:20].tolist()}).content
        assert found["predictions"] == estimator.predict(X[:20]).tolist()
        assert ("probabilities" in found) == hasattr(estimator, "predict_proba")
        if "probabilities" in found:
            assert same(found["probabilities"], estimator.predict_proba(X[:20]))
        if hasattr(estimator, "classes_"):
            assert found["classes"] == estimator.classes_.tolist()


@pytest.mark.parametrize("make", [pynn.Perceptron, lambda: pynn.TabularClassifier("mlp", epochs=1)])
@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("M8[D]", ["1970-01-02", "1970-01-03"]),
        ("M8[ns]", ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000000002"]),
        ("m8[h]", [1 / 24, 2 / 24]),
    ],
)
def test_dates_and_durations_as_labels(make: Any, code: str, written: list[Any]) -> None:
    labels = np.array([1, 2], code)
    with running(serving.app(make().fit(X, labels[Y]))) as client:
        found = client.post({"instances": X[:20].tolist()}).content
        assert found["classes"] == written
        assert set(found["predictions"]) <= set(written)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_several_columns_of_classes() -> None:
    y = np.array([["a", "x"], ["b", "y"], ["c", "x"]])[Y + (X[:, 2] > 1)]
    estimator = pynn.MLPClassifier((7,), max_iter=5, random_state=0).fit(X, y)
    with running(serving.app(estimator)) as client:
        found = client.post({"instances": X[:9].tolist()}).content
    assert found["predictions"] == estimator.predict(X[:9]).tolist()
    for i, expected in enumerate(estimator.predict_proba(X[:9])):
        assert same(found[f"probabilities_{i}"], expected)
    assert found["classes"] == [["a", "b", "c"], ["x", "y"]]


def same(found: Any, expected: np.ndarray) -> bool:
    """Whether numbers in JSON are those, to the bit."""
    return np.array_equal(np.array(found, expected.dtype), expected)


@pytest.mark.parametrize("ending", ["pynn", "keras"])
def test_a_model_from_a_file(ending: str, tmp_path: Path) -> None:
    model = small_model()
    if ending == "keras":
        pytest.importorskip("h5py")
    model.save(tmp_path / f"flowers.{ending}")
    with running(serving.app(tmp_path / f"flowers.{ending}")) as client:
        expected = model.predict(X, verbose=0)
        for content in (
            {"instances": X.tolist()},
            {"inputs": X.tolist()},
            {"inputs": {model.input_names[0]: X.tolist()}},
            {"instances": [{model.input_names[0]: row} for row in X.tolist()]},
        ):
            assert same(client.post(content).content["predictions"], expected)
        found = client.post({"instances": X.tolist()}, "/v1/models/flowers:predict")
        assert same(found.content["predictions"], expected)
        assert client.get("/v1/models/flowers").content == {"name": "flowers", "ready": True}
        assert client.get("/v1/models/other").status == 404


def test_several_inputs_and_outputs_by_name() -> None:
    wide, deep = pynn.Input((2,), name="wide"), pynn.Input((2, 3), name="deep")
    hidden = layers.Dense(4, "relu")(layers.Flatten()(deep))
    outputs = {
        "price": layers.Dense(1)(layers.Concatenate()([wide, hidden])),
        "kind": layers.Dense(3, "softmax")(hidden),
    }
    model = pynn.Model([wide, deep], outputs)
    x = {"wide": RNG.random((4, 2)), "deep": RNG.random((4, 2, 3))}
    expected = model.predict(list(x.values()), verbose=0)
    with running(serving.app(model)) as client:
        columns = {name: value.tolist() for name, value in x.items()}
        rows = [{name: value[i] for name, value in columns.items()} for i in range(4)]
        for content in ({"inputs": columns}, {"instances": rows}):
            found = client.post(content).content["predictions"]
            assert found.keys() == {"price", "kind"}
            assert all(same(found[name], expected[name]) for name in found)
        assert "several inputs" in client.post({"instances": [[1.0]]}).content["error"]
        columns["deep"].pop()
        assert "as many rows" in client.post({"inputs": columns}).content["error"]


def test_a_list_of_outputs_has_the_names_of_their_layers() -> None:
    inputs = pynn.Input((5,))
    outputs = [layers.Dense(1, name="price")(inputs), layers.Dense(3, name="kind")(inputs)]
    model = pynn.Model(inputs, outputs)
    with running(serving.app(model)) as client:
        found = client.post({"instances": X[:4].tolist()}).content["predictions"]
    assert list(found) == ["price", "kind"]
    for name, expected in zip(found, model.predict(X[:4], verbose=0), strict=True):
        assert same(found[name], expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_of_an_estimator_that_was_fitted_without_names() -> None:
    with running(serving.app(ESTIMATORS["binary"]())) as client:
        for content, message in (
            ({"instances": [[1.0, 2.0]]}, r"rows must have 5 numbers"),
            ({"instances": [1.0, 2.0, 3.0]}, r"rows must have 5 numbers"),
            ({"inputs": {f"x{i}": [1.0] for i in range(5)}}, "without names: give rows of 5 val"),
        ):
            answer = client.post(content)
            assert answer.status == 422 and message in answer.content["error"]


def test_whole_numbers_for_an_embedding() -> None:
    words = pynn.Input((3,), dtype="int32")
    model = pynn.Model(words, layers.Flatten()(layers.Embedding(10, 2)(words)))
    with running(serving.app(model)) as client:
        x = np.array([[1, 2, 9], [0, 0, 4]])
        found = client.post({"instances": x.tolist()}).content["predictions"]
        assert same(found, model.predict(x, verbose=0))
        assert client.post({"instances": [[1, 2.5, 3]]}).status == 422
        assert client.post({"instances": [[1, 2, 10]]}).status == 422  # there is no such row


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_by_name_of_an_estimator_that_was_fitted_on_a_frame() -> None:
    names = ["a", "b", "c", "d", "e"]
    table = pd.DataFrame(X, columns=names)
    estimator = pynn.MLPClassifier((7,), max_iter=5, random_state=0).fit(table, Y)
    expected = estimator.predict_proba(table)
    with running(serving.app(estimator)) as client:
        backwards = {name: table[name].tolist() for name in reversed(names)}
        rows = table[names[::-1]].to_dict("records")
        for content in (
            {"inputs": backwards},
            {"instances": rows},
            {"instances": X.tolist()},
        ):
            assert same(client.post(content).content["probabilities"], expected)
        del backwards["c"], backwards["d"]
        error = client.post({"inputs": {**backwards, "z": [1]}}).content["error"]
        assert "'c', 'd' missing" in error and "'z' unknown" in error
    assert hasattr(estimator, "feature_names_in_")  # the one that was given is as it was


@pytest.fixture(scope="module")
def table_classifier() -> Any:
    table = frame()
    y = np.where(table["city"] == "Rome", "south", "north")
    classifier = pynn.TabularClassifier(
        preset="mlp", hidden_layer_sizes=8, epochs=3, random_state=0
    )
    return classifier.fit(table, y), table


def test_tables(table_classifier: Any) -> None:
    classifier, table = table_classifier
    expected = classifier.predict_proba(table)
    with running(serving.app(classifier)) as client:
        rows = as_json(table)
        columns = {name: [row[name] for row in rows] for name in table.columns}
        lists = [list(row.values()) for row in rows]
        for content in ({"instances": rows}, {"inputs": columns}, {"instances": lists}):
            found = client.post(content).content
            assert same(found["probabilities"], expected)
            assert found["predictions"] == classifier.predict(table).tolist()
        assert client.post({"instances": [rows[0] | {"age": "old"}]}).status == 422
        assert client.post({"instances": [rows[0] | {"age": [1]}]}).status == 422
        assert client.post({"instances": [lists[0][:3]]}).status == 422


MODELS = {
    "model": lambda: (small_model(), X),
    "classifier": lambda: (ESTIMATORS["binary"](), X),
}


def answers_at_once(client: Client, bodies: list[Any]) -> list[Any]:
    """Ask for all at the same time, as far as that can be."""
    start = threading.Barrier(32)

    def ask(part: list[Any]) -> list[Any]:
        start.wait()
        return [client.post(body) for body in part]

    with ThreadPoolExecutor(32) as pool:
        parts = pool.map(ask, [bodies[i::32] for i in range(32)])
    found = [None] * len(bodies)
    for i, part in enumerate(parts):
        found[i::32] = part
    return found


def requests_per_batch(client: Client) -> float:
    lines = client.get("/metrics").body.decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("pynn_batch_requests_"))
    return float(values["pynn_batch_requests_sum"]) / float(values["pynn_batch_requests_count"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", MODELS)
def test_batches_do_not_change_the_bits(kind: str) -> None:
    model, x = MODELS[kind]()
    sizes = RNG.integers(1, 9, 320)
    parts = [x[RNG.integers(0, len(x), size)] for size in sizes]
    with running(serving.app(model)) as client:
        found = answers_at_once(client, [{"instances": part.tolist()} for part in parts])
        assert requests_per_batch(client) > 1.2
    estimator = not isinstance(model, pynn.Model)
    with_probabilities = hasattr(model, "predict_proba") and estimator
    key = "probabilities" if with_probabilities else "predictions"
    for answer, part in zip(found, parts, strict=True):
        alone = (model.predict_proba if with_probabilities else model.predict)(part)
        assert same(answer.content[key], np.asarray(alone))


def test_batches_of_tables_do_not_change_the_bits(table_classifier: Any) -> None:
    classifier, table = table_classifier
    rows = as_json(table)
    rows[3]["member"] = rows[4]["city"] = None
    rows[5]["age"] = "41"
    rows[6]["member"] = 1.5
    rows[7]["age"] = "none"  # no number
    parts = [[rows[i]] for i in RNG.integers(0, 12, 320)]
    with running(serving.app(classifier)) as client:
        found = answers_at_once(client, [{"instances": part} for part in parts])
        single = {i: client.post({"instances": [rows[i]]}) for i in range(12)}
        assert requests_per_batch(client) > 1.2
    assert single[7].status == 422
    for answer, part in zip(found, parts, strict=True):
        assert answer[::2] == single[rows.index(part[0])][::2]


class Centred(layers.Layer):
    def call(self, x: Any) -> Any:
        return x - ops.mean(x, axis=0)


def centred() -> pynn.Model:
    x = pynn.Input((5,))
    return pynn.Model(x, Centred()(layers.Dense(3)(x)))


@pytest.mark.parametrize("make", [centred, ESTIMATORS["linear"]], ids=["mean of batch", "linear"])
def test_what_depends_on_the_batch_is_not_batched(make: Any) -> None:
    model = make()
    parts = [X[i : i + 3] for i in range(96)]
    with running(serving.app(model)) as client:
        found = answers_at_once(client, [{"instances": part.tolist()} for part in parts])
        assert requests_per_batch(client) == 1
    for answer, part in zip(found, parts, strict=True):
        assert same(answer.content["predictions"], model.predict(part))


def test_one_that_is_refused_spoils_no_batch() -> None:
    words = pynn.Input((1,), dtype="int32")
    model = pynn.Model(words, layers.Flatten()(layers.Embedding(10, 2)(words)))
    values = RNG.integers(0, 12, 320).tolist()
    with running(serving.app(model)) as client:
        found = answers_at_once(client, [{"instances": [[value]]} for value in values])
        assert requests_per_batch(client) > 1.2
    assert [answer.status for answer in found] == [422 if v >= 10 else 200 for v in values]


def test_nan_is_null() -> None:
    x = pynn.Input((1,))
    model = pynn.Model(x, ops.log(x))
    with running(serving.app(model)) as client:
        assert client.post({"instances": [[-1.0]]}).content == {"predictions": [[None]]}
