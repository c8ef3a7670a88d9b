"""Paths, limits, metrics, and how a server starts and stops."""

from __future__ import annotations

import gc
import http.client
import importlib
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import prometheus_client
import pytest

import pynn
from pynn import cli, serving
from serving.client import Answer, Client, running

ROOT = Path(__file__).resolve().parents[2]
ROW = [0.5, -1.0, 2.0, 0.0]


def small_model() -> pynn.Model:
    return pynn.MLP(8, 3, output_activation="softmax", input_shape=4)


class Slow(pynn.Model):
    """Waits for the test before it predicts."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = pynn.layers.Dense(1)
        self.may_go = threading.Event()
        self.may_go.set()

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def predict_step(self, data: Any) -> Any:
        assert self.may_go.wait(10)
        return super().predict_step(data)


@pytest.fixture
def slow() -> Slow:
    model = Slow()
    model.build((None, 4))
    return model


BAD = {
    "no JSON": (b"{", 400),
    "NaN": (b'{"instances": [[NaN, 0, 0, 0]]}', 400),
    "infinity": (b'{"instances": [[1e999, 0, 0, 0]]}', 400),
    "deep": (b'{"instances": ' + b"[" * 9000, 400),
    "no UTF-8": (b'{"instances": "\xff"}', 400),
    "nothing": (b"", 400),
    "list": (b"[[1, 2, 3, 4]]", 422),
    "other key": (b'{"rows": [[1, 2, 3, 4]]}', 422),
    "two keys": (b'{"instances": [[1, 2, 3, 4]], "inputs": {}}', 422),
    "no rows": (b'{"instances": []}', 422),
    "no columns": (b'{"inputs": {}}', 422),
    "no list": (b'{"instances": 4}', 422),
    "one number": (b'{"instances": [4]}', 422),
    "null": (b'{"instances": [[null, 0, 0, 0]]}', 422),
    "text": (b'{"instances": [["1", 0, 0, 0]]}', 422),
    "short row": (b'{"instances": [[0, 0, 0, 0], [0, 0, 0]]}', 422),
    "all short": (b'{"instances": [[0, 0, 0]]}', 422),
    "too deep": (b'{"instances": [[[0, 0], [0, 0]]]}', 422),
    "objects": (b'{"instances": [[{}, 0, 0, 0]]}', 422),
    "mixed rows": (b'{"instances": [{"a": 1}, [0, 0, 0, 0]]}', 422),
    "unknown name": (b'{"inputs": {"a": [[0, 0, 0, 0]]}}', 422),
    "unknown, no list": (b'{"inputs": {"a": 1}}', 422),
    "too many rows": (json.dumps({"instances": [ROW] * 11}).encode(), 413),
    "too many bytes": (b" " * 10_001, 413),
}


@pytest.fixture(scope="module")
def limited() -> Iterator[Client]:
    with running(serving.app(small_model(), max_rows=10, max_body=10_000)) as client:
        yield client


@pytest.mark.parametrize("case", BAD)
def test_a_bad_body_is_refused_in_words(limited: Client, case: str) -> None:
    body, status = BAD[case]
    answer = limited.post(body)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert 10 < len(answer.content["error"]) < 600
    assert limited.post({"instances": [ROW]}).status == 200


def test_a_body_in_parts_is_refused_when_it_is_too_long(limited: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", limited.port, timeout=30)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(11):  # the last is too much; what is sent after it may meet a closed connection
        connection.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    "headers",
    [{"Content_Type": "text/csv"}, {"Content_Encoding": "gzip"}],
    ids=["type", "encoding"],
)
def test_other_types_of_bodies_are_refused(limited: Client, headers: dict[str, str]) -> None:
    assert limited.post({"instances": [ROW]}, **headers).status == 415


def test_other_paths_and_methods(limited: Client) -> None:
    assert limited.get("/predict").status == 405
    assert limited.get("/../etc/passwd").content == {"error": "Not Found"}
    assert limited.post({}, "/v1/models/..%2F..%2Fetc:predict").status == 404


def test_health_and_description(limited: Client) -> None:
    assert limited.get("/healthz").status == limited.get("/readyz").status == 200
    description = limited.get("/openapi.json").content
    assert description["openapi"].startswith("3.")
    content = description["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert limited.post(content["application/json"]["example"]).status == 200
    page = limited.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert b"://" not in page.body  # nothing comes from elsewhere
    for path in description["paths"]:
        assert path.endswith(":predict") or limited.get(path).status in (200, 405)


def test_examples_in_the_description_are_taken() -> None:
    first, second = pynn.Input((2,), name="first"), pynn.Input((1,), name="second")
    several = pynn.Model([first, second], pynn.layers.Concatenate()([first, second]))
    table = [["a", 1.0], ["b", None]] * 20
    tables = pynn.TabularClassifier(preset="mlp", hidden_layer_sizes=4, epochs=2, random_state=0)
    for model in (several, tables.fit(table, [0, 1] * 20)):
        with running(serving.app(model)) as client:
            post = client.get("/openapi.json").content["paths"]["/predict"]["post"]
            example = post["requestBody"]["content"]["application/json"]["example"]
            assert client.post(example).status == 200


def figures(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").body.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_metrics() -> None:
    with running(serving.app(small_model())) as client:
        for _ in range(3):
            client.post({"instances": [ROW, ROW]})
        client.post(b"")
        client.get("/favicon.ico")
        found = figures(client)
        assert client.get("/metrics").headers["Content-Type"].startswith("text/plain; version=")
    assert found['pynn_requests_total{endpoint="predict",status="200"}'] == 3
    assert found['pynn_requests_total{endpoint="predict",status="400"}'] == 1
    assert found['pynn_requests_total{endpoint="unknown",status="404"}'] == 1
    assert found['pynn_request_seconds_bucket{endpoint="predict",le="+Inf"}'] == 4
    assert found["pynn_batch_rows_sum"] == 6
    assert found["pynn_requests_waiting"] == 0
    assert found["process_resident_memory_bytes"] > 1e6


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


def test_a_full_queue_is_503(slow: Slow) -> None:
    with running(serving.app(slow, max_waiting=4)) as client, ThreadPoolExecutor(4) as pool:
        slow.may_go.clear()
        waiting = [pool.submit(client.post, {"instances": [ROW]}) for _ in range(4)]
        eventually(lambda: figures(client)["pynn_requests_waiting"] == 4)
        answer = client.post({"instances": [ROW]})
        assert answer.status == 503 and answer.headers["Retry-After"] == "1"
        assert client.get("/readyz").status == 503
        assert client.get("/healthz").status == 200
        slow.may_go.set()
        assert [each.result().status for each in waiting] == [200] * 4
        assert client.get("/readyz").status == 200


def test_waiting_for_too_long_is_503(slow: Slow) -> None:
    with running(serving.app(slow, max_seconds=0.2)) as client, ThreadPoolExecutor(3) as pool:
        slow.may_go.clear()
        waiting = [pool.submit(client.post, {"instances": [ROW]}) for _ in range(3)]
        assert [each.result().status for each in waiting] == [503] * 3
        slow.may_go.set()
        assert client.post({"instances": [ROW]}).status == 200


def test_a_body_that_does_not_come_is_408() -> None:
    with running(serving.app(small_model(), max_seconds=0.2)) as client:
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_connection_that_is_closed_loses_nothing() -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"
    with running(serving.app(small_model())) as client:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", client.port)) as connection:
                connection.sendall(head)
        name = 'pynn_requests_total{endpoint="predict",status="499"}'
        eventually(lambda: figures(client).get(name) == 20)
        assert figures(client)["pynn_requests_waiting"] == 0
        assert client.post({"instances": [ROW]}).status == 200


class Broken(Slow):
    def predict_step(self, data: Any) -> Any:
        raise RuntimeError("a secret")


def test_a_failure_of_the_server_is_500_without_details() -> None:
    model = Broken()
    model.build((None, 4))
    app = serving.app(small_model())
    with pytest.raises(RuntimeError, match="a secret"):
        serving.app(model)  # when it starts, the error is for who starts it
    service = app.routes[0].endpoint.__self__
    service._batches._served.predict = lambda arrays: 1 / 0
    with running(app) as client:
        answer = client.post({"instances": [ROW]})
        assert answer.status == 500 and "zero" not in answer.content["error"]


@pytest.mark.parametrize(
    ("model", "settings", "error"),
    [
        (3, {}, TypeError),
        (pynn.MLPClassifier(), {}, ValueError),
        ("nowhere.pynn", {}, FileNotFoundError),
        (None, {"max_rows": 0}, ValueError),
        (None, {"max_seconds": float("nan")}, ValueError),
    ],
    ids=["number", "not fitted", "no file", "no rows", "no time"],
)
def test_what_cannot_be_served(model: Any, settings: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        serving.app(small_model() if model is None else model, **settings)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "it.pynn").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(pynn.saving.FileError):
        serving.app(tmp_path / "it.pynn")


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("pynn.serving._http")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    with pytest.raises(ImportError, match=r'pip install "pynn-mlp\[serve\]"'):
        serving.app(small_model())


def test_metrics_of_several_processes_are_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each writes its own files; `run` has told it where."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for process, times in ((1, 3), (2, 4)):
        value = prometheus_client.values.MultiProcessValue(lambda process=process: process)
        counter = ("counter", "pynn_requests", "pynn_requests_total")
        value(*counter, ("endpoint", "status"), ("predict", "200"), "").inc(times)
    with running(serving.app(small_model())) as client:
        found = figures(client)
    assert found == {'pynn_requests_total{endpoint="predict",status="200"}': 7}


@pytest.mark.parametrize("threads", [None, pynn.num_threads()])
@pytest.mark.parametrize("workers", [1, 2])
def test_what_uvicorn_is_told(
    workers: int, threads: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_model().save(tmp_path / "it.pynn")
    given: dict[str, Any] = {}
    statuses = []

    def run(app: Any, *, factory: bool = False, **options: Any) -> None:
        given.update(options, factory=factory)
        if factory:  # in each of its processes
            module, name = app.split(":")
            app = getattr(importlib.import_module(module), name)()
        with running(app) as client:
            statuses.extend(client.post({"instances": [ROW] * n}).status for n in (2, 3))

    monkeypatch.setattr("uvicorn.run", run)
    try:
        serving.run(tmp_path / "it.pynn", port=1234, workers=workers, threads=threads, max_rows=2)
    finally:
        gc.unfreeze()
    assert statuses == [200, 413]
    assert given["factory"] == (workers > 1)
    assert (given["host"], given["port"], given.get("workers", 1)) == ("127.0.0.1", 1234, workers)
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


# ---- the command


@contextmanager
def served(path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from pynn.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, "serve", str(path), "--port", str(port)]
        + list(arguments),
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        stderr=subprocess.DEVNULL,
    )
    client = Client(port)
    try:
        eventually(lambda: process.poll() is not None or answers(client))
        yield process, client
    finally:
        client.close()
        process.terminate()
        process.wait(20)


def answers(client: Client) -> bool:
    try:
        return client.get("/readyz").status == 200
    except OSError:
        client.close()
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_answers_what_waits_before_it_ends(tmp_path: Path, workers: int) -> None:
    model = pynn.MLP([600, 600, 600], 3, input_shape=400)
    model.save(tmp_path / "it.pynn")
    rows = np.random.default_rng(0).standard_normal((2000, 400)).round(3)
    body = json.dumps({"instances": rows.tolist()}).encode()
    expected = model.predict(rows, verbose=0)
    arguments = ("--workers", str(workers), "--threads", "1")
    with served(tmp_path / "it.pynn", *arguments) as (process, client):
        found = [client.post(b"").status for _ in range(20)]
        assert found == [400] * 20
        assert figures(client)['pynn_requests_total{endpoint="predict",status="400"}'] == 20
        with ThreadPoolExecutor(6) as pool:
            waiting = [pool.submit(client.post, body) for _ in range(6)]
            eventually(lambda: process.poll() is not None or begun(waiting))
            process.send_signal(signal.SIGTERM)
            found = [finished(each) for each in waiting]
        assert process.wait(20) in (0, -signal.SIGTERM)
    answered = [each for each in found if isinstance(each, Answer)]
    assert answered and all(each.status == 200 for each in answered)
    for each in answered:
        assert np.array_equal(np.float32(each.content["predictions"]), expected)


def begun(waiting: list[Any]) -> bool:
    return any(each.done() for each in waiting)


def finished(future: Any) -> Any:
    """Return the answer, or the error of a connection that was refused after the signal."""
    try:
        return future.result()
    except (ConnectionRefusedError, ConnectionResetError, http.client.RemoteDisconnected) as error:
        return error


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", str(tmp_path / "nothing.pynn")]) == 1
    assert "nothing.pynn" in capsys.readouterr().err
    small_model().save(tmp_path / "it.pynn")
    assert cli.main(["serve", str(tmp_path / "it.pynn"), "--max-rows", "0"]) == 1
    assert "max_rows must be a positive integer" in capsys.readouterr().err


def test_the_command_s_help_has_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for function in (serving.app, serving.run):
        for name, parameter in inspect.signature(function).parameters.items():
            if isinstance(parameter.default, (int, float, str)):
                option = name.replace("_", "-")
                assert re.search(rf"--{option} \S+ [^-]*\(default: {parameter.default}\)", text)


def test_the_dockerfile_runs_the_command() -> None:
    text = (ROOT / "examples" / "serving" / "Dockerfile").read_text()
    command = re.search(r"exec pynn (serve .*)\"\]", text)
    assert command is not None
    arguments = command[1].replace('\\"$MODEL\\"', "model.pynn").split()
    given = vars(cli.build_parser().parse_args(arguments))
    assert (given["path"], given["host"]) == ("model.pynn", "0.0.0.0")
