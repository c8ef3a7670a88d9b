"""Streams of Arrow in and out, and those that are refused before anything is made of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pynn
from pynn import serving
from serving.client import Answer, Client, running

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 4))
KIND = "application/vnd.apache.arrow.stream"


def stream(table: Any, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write(table)
    return sink.getvalue().to_pybytes()


def send(client: Client, table: Any, **options: Any) -> Answer:
    return client.post(stream(table, **options), Content_Type=KIND, Accept=KIND)


def received(answer: Answer) -> Any:
    assert (answer.status, answer.headers["Content-Type"]) == (200, KIND)
    return pa.ipc.open_stream(answer.body).read_all()


def lists(x: np.ndarray) -> Any:
    column = pa.array(x.reshape(-1))
    for size in reversed(x.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, size)
    return column


def matrix(column: Any) -> np.ndarray:
    return np.array(column.to_pylist(), np.float32)


@pytest.fixture(scope="module")
def model() -> Any:
    return pynn.MLP(8, 3, output_activation="softmax", input_shape=4)


@pytest.fixture(scope="module")
def client(model: Any) -> Iterator[Client]:
    with running(serving.app(model, max_rows=100)) as found:
        yield found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lists_or_columns_of_numbers(client: Client, model: Any, dtype: Any) -> None:
    x = X.astype(dtype)
    expected = model.predict(x, verbose=0)
    for table in (
        pa.table({"anything": lists(x)}),
        pa.table({f"x{i}": x[:, i] for i in range(4)}),
    ):
        assert np.array_equal(matrix(received(send(client, table))["predictions"]), expected)


def test_several_inputs_and_outputs() -> None:
    first, second = pynn.Input((2, 3), name="first"), pynn.Input((1,), name="second")
    flat = pynn.layers.Flatten()(first)
    outputs = {"one": pynn.layers.Concatenate()([flat, second]), "two": first * 2.0}
    model = pynn.Model([first, second], outputs)
    x = [RNG.random((5, 2, 3)), RNG.random(5)]
    with running(serving.app(model)) as client:
        found = received(send(client, pa.table({"second": x[1], "first": lists(x[0])})))
    for name, expected in model.predict(x, verbose=0).items():
        assert np.array_equal(matrix(found[name]), expected)


@pytest.mark.parametrize("code", ["M8[D]", "M8[ns]", "m8[h]"])
def test_dates_and_durations_as_labels(code: str) -> None:
    model = pynn.Perceptron(random_state=0).fit(X, np.array([1000, 2000], code)[(X[:, 0] > 0) + 0])
    with running(serving.app(model)) as client:
        found = received(send(client, pa.table({f"x{i}": X[:, i] for i in range(4)})))
    expected = model.predict(X).astype(f"{code[:2]}[us]")
    np.testing.assert_array_equal(found["predictions"].to_numpy(), expected)


def table_of_all_types() -> Any:
    n = 40
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(int(i)) for i in range(n)]
    return pa.table(
        {
            "city": pa.array(["Rome", "Oslo", None, "Lima"] * 10).dictionary_encode(),
            "name": pa.array([f"n{i % 5}" for i in range(n)], pa.large_string()),
            "age": pa.array([None if i % 7 == 0 else i for i in range(n)], pa.int32()),
            "member": pa.array([i % 3 == 0 for i in range(n)]),
            "since": pa.array(days),
            "seen": pa.array([datetime.datetime(2024, 1, 1, i % 24) for i in range(n)]),
        }
    )


def test_tables_by_name() -> None:
    table = table_of_all_types()
    y = np.array([0, 1] * 20)
    classifier = pynn.TabularClassifier(
        preset="mlp", hidden_layer_sizes=4, epochs=2, random_state=0
    ).fit(table, y)
    with running(serving.app(classifier)) as client:
        for rows in (table, table.slice(3, 1), table.select(table.column_names[::-1])):
            found = received(send(client, rows))
            own = rows.select(table.column_names)
            assert np.array_equal(matrix(found["probabilities"]), classifier.predict_proba(own))
            assert found["predictions"].to_pylist() == classifier.predict(own).tolist()
        assert found.schema.metadata[b"classes"] == b"[0, 1]"
        # pandas's own way of writing has metadata that nobody needs
        frame = pa.Table.from_pandas(table.to_pandas())
        assert send(client, frame).status == 200
        assert send(client, table.drop_columns(["age"])).status == 422
        at = table.column_names.index("age")
        answer = send(client, table.set_column(at, "age", lists(np.zeros((40, 2)))))
        assert answer.status == 422
        assert answer.content["error"] == "column 'age' must hold one value a row"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_that_was_fitted_on_a_frame() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    labels = np.where(X[:, 0] > 0, "up", "down")
    estimator = pynn.MLPClassifier((5,), max_iter=3, random_state=0).fit(frame, labels)
    with running(serving.app(estimator)) as client:
        found = received(send(client, pa.table(frame[list("dcba")])))
        expected = estimator.predict_proba(frame)
        given = np.array(found["probabilities"].to_pylist(), expected.dtype)
        assert np.array_equal(given, expected)
        assert found["predictions"].to_pylist() == estimator.predict(frame).tolist()


def bomb(n: int = 50) -> Any:
    """Rows that all refer to the same long text."""
    text = pa.array(["a" * 100_000])
    return pa.DictionaryArray.from_arrays(pa.array([0] * n), text)


NUMBERS = pa.table({f"x{i}": X[:, i] for i in range(4)})
REFUSED = {
    "nothing": (b"", 400),
    "noise": (bytes(range(256)), 400),
    "cut": (stream(NUMBERS)[:-200], 400),
    "no UTF-8": (stream(pa.table({"name": X[:, 0]})).replace(b"name", b"na\x9ee"), 400),
    "too many rows": (stream(pa.table({"x": lists(np.zeros((101, 4)))})), 413),
    "no rows": (stream(NUMBERS.slice(0, 0)), 422),
    "too few columns": (stream(NUMBERS.select(["x0"])), 422),
    "null": (stream(NUMBERS.set_column(0, "x0", pa.array([None] * 30, pa.float64()))), 422),
    "NaN": (stream(NUMBERS.set_column(0, "x0", pa.array([np.nan] * 30))), 422),
    "texts": (stream(NUMBERS.set_column(0, "x0", pa.array(["1"] * 30))), 422),
    "twice": (stream(pa.table([X[:, 0]] * 4, list("abca"))), 422),
    "lists": (stream(pa.table({"x": pa.array([[1.0] * 4] * 3)})), 422),
    "lists beside numbers": (stream(NUMBERS.set_column(0, "x0", lists(X[:, :2]))), 422),
    "null lists": (stream(pa.table({"x": pa.array([None], pa.list_(pa.float64(), 4))})), 422),
    "structs": (stream(pa.table({"x": pa.array([{"a": 1.0}] * 3)})), 422),
    "views": (stream(pa.table({"x": pa.array(["a"] * 3, pa.string_view())})), 422),
    "runs": (
        stream(pa.table({"x": pa.RunEndEncodedArray.from_arrays([30], pa.array([1.0]))})),
        422,
    ),
    "one text for all rows": (stream(pa.table({"x": bomb()})), 422),
    "compressed": (stream(NUMBERS, compression="zstd"), 422),
    "compressed lists": (stream(pa.table({"x": lists(X)}), compression="lz4"), 422),
    "compressed dictionary": (stream(pa.table({"x": bomb(2)}), compression="zstd"), 422),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_stream_is_refused_in_words(client: Client, case: str) -> None:
    body, status = REFUSED[case]
    answer = client.post(body, Content_Type=KIND)
    assert answer.status == status
    assert 10 < len(answer.content["error"]) < 600
    if case.startswith("compressed"):
        assert "compressed" in answer.content["error"]


def test_without_pyarrow(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pa, "__version__", "14.0.0")
    assert "pyarrow>=15" in send(client, NUMBERS).content["error"]
