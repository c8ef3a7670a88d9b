"""Requests that `pynn serve` cannot answer: each gets a 4xx in words, and others get their answers.

Two servers, of a model and of an estimator for tables, get JSON and (where pyarrow is installed)
Arrow with something changed by chance, wrong names, shapes, sizes, headers and no HTTP at all, and
connections that are closed halfway; among them requests whose answers are known to the bit.
"""

from __future__ import annotations

import http.client
import importlib.util
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import pynn

ARROW = "application/vnd.apache.arrow.stream"
HAS_ARROW = importlib.util.find_spec("pyarrow") is not None
MAX_ROWS, MAX_BODY = 50, 50_000
CLIENTS = 8
# Beyond what the first half of the requests took: what the allocator keeps.
MOST_MEGABYTES = 4.0
TOKENS = [b"NaN", b"Infinity", b"-1e999", b"null", b'"x"', b"[", b"]", b"{}", b"1e308", b"\xff"]
TOKENS += [b"9" * 400, b'"' + b"a" * 2000 + b'"', b"[" * 600, b"\\u0000", b"\\ud800", b"-", b","]
TOKENS += [b"true", b""]


class Server(NamedTuple):
    """A server, and what it is known to answer."""

    process: subprocess.Popen[bytes]
    port: int
    content: dict[str, Any]
    table: Any
    answer: list[Any]


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Send requests to both servers, half of the count each."""
    figures: dict[str, Any] = {"arrow": HAS_ARROW}
    for name, prepare in {"model": a_model, "table": a_table}.items():
        with serving(folder / f"{name}.pynn", prepare) as server:
            halves = [Tally(), Tally()]
            sizes = []
            for i, tally in enumerate(halves):
                send_all(server, count // 4, seed + i, tally)
                sizes.append(megabytes(server))
            figures[name] = summary(server, halves, sizes)
            growth = sizes[1] - sizes[0]
            assert growth < MOST_MEGABYTES or count < 1000, figures[name]
        # What was sent has been answered, or counted, before the process ended.
        assert server.process.returncode in (0, -signal.SIGTERM)
        yield dict(figures)


def a_model() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    model = pynn.MLP([16], 3, output_activation="softmax", input_shape=4)
    x = np.random.default_rng(0).standard_normal((5, 4)).round(4)
    content = {"instances": x.tolist()}
    columns = {f"x{i}": x[:, i] for i in range(4)}
    return model, content, columns


def a_table() -> tuple[Any, dict[str, Any], dict[str, Any]]:
    columns = {
        "city": ["Rome", "Oslo", None, "Lima"] * 10,
        "age": [float(i) if i % 7 else None for i in range(40)],
        "member": [i % 3 == 0 for i in range(40)],
    }
    rows = np.array(list(zip(*columns.values(), strict=True)), object)
    classifier = pynn.TabularClassifier(
        preset="mlp", hidden_layer_sizes=4, epochs=2, random_state=0
    )
    classifier.fit(rows, [0, 1] * 20)
    first = {name: values[:5] for name, values in columns.items()}
    return classifier, {"instances": rows[:5].tolist()}, first


@contextmanager
def serving(path: Path, prepare: Callable[[], Any]) -> Iterator[Server]:
    model, content, columns = prepare()
    model.save(path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = "import sys; from pynn.cli import main; sys.exit(main())"
    limits = ["--max-rows", str(MAX_ROWS), "--max-body", str(MAX_BODY), "--max-seconds", "5"]
    process = subprocess.Popen(
        [sys.executable, "-c", command, "serve", str(path), "--port", str(port), *limits],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            with suppress(OSError):
                status, body = post(port, json.dumps(content).encode())
                break
            assert time.monotonic() < deadline and process.poll() is None, "no server"
            time.sleep(0.05)
        assert status == 200, body
        yield Server(process, port, content, columns, json.loads(body)["predictions"])
    finally:
        process.terminate()
        process.wait(60)


# ---- requests


def post(port: int, body: Any, kind: str = "application/json", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/predict", body, {"Content-Type": kind} | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def raw(port: int, sent: bytes, answered: bool = True) -> tuple[int, bytes]:
    """Send bytes; return what comes back, or 0 if the connection is closed without waiting."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        if not answered:
            return 0, b""
        connection.shutdown(socket.SHUT_WR)
        found = b""
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0, body


def changed(rng: random.Random, body: bytes) -> bytes:
    """Return a body with a few things changed."""
    found = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(found) + 1)
        length = rng.choice([0, 1, 1, 2, 5, 40])
        way = rng.randrange(4)
        if way == 0:
            found[at : at + length] = rng.choice(TOKENS)
        elif way == 1:
            found[at : at + length] = rng.randbytes(length)
        elif way == 2:
            del found[at:]
        else:
            found[at:at] = found[rng.randrange(len(found) + 1) :][: length * 10]
    return bytes(found)


def wrong_json(rng: random.Random, server: Server) -> bytes:
    """Return JSON of another form than the model's."""
    rows = [list(row) for row in server.content["instances"]]
    value = rng.choice([None, [], {}, [[1]], "1", {"a": 1}, [float(1)] * 9, [[[]]], "\x00", 10**30])
    cell = rng.choice([[], {}, [1.0], {"x": None}, [[[]]]])
    rows[rng.randrange(5)][rng.randrange(len(rows[0]))] = cell
    wrong: list[Any] = [
        {"instances": rows},
        {"instances": [row[:-1] for row in rows]},
        {"instances": [*rows, rows[0] * 2]},
        {"instances": rows * (MAX_ROWS // 5 + 1)},
        {"inputs": {"nobody": [1.0]}},
        {"inputs": {name: value for name in server.table}},
        {"instances": [dict(zip(server.table, row, strict=True)) | {"more": 1} for row in rows]},
        {"rows": rows},
        {"instances": value},
        value,
        [rows],
    ]
    return json.dumps(rng.choice(wrong)).encode()


def arrow(rng: random.Random, server: Server) -> bytes:
    """Return a stream of Arrow that is of another form, or changed."""
    import pyarrow as pa

    columns = dict(server.table)
    name = rng.choice(list(columns))
    way = rng.randrange(7)
    if way == 0:
        del columns[name]
    elif way == 1:
        columns[name] = [{"a": 1}] * 5
    elif way == 2:
        columns[name] = [[1.0], [], None, [2.0], []]
    elif way == 3:
        columns[name] = [float("inf")] * 5
    table = pa.table(columns)
    if way == 4:
        table = pa.concat_tables([table] * (MAX_ROWS // 5 + 1))
    options = pa.ipc.IpcWriteOptions(compression="zstd" if way == 5 else None)
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema, options=options) as stream:
        stream.write(table)
    return file.getvalue() if way < 6 else changed(rng, file.getvalue())


HEAD = b"POST /predict HTTP/1.1\r\nHost: a\r\n"


def without_http(rng: random.Random, server: Server) -> tuple[int, bytes]:
    """Send what is not quite HTTP, or leave before the end."""
    body = json.dumps(server.content).encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    ways: list[tuple[bytes, bool]] = [
        (rng.randbytes(rng.randint(1, 300)) + b"\r\n\r\n", True),
        (HEAD + b"Content-Length: x\r\n\r\n", True),
        (HEAD + b"Content-Length: -5\r\n\r\n", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", True),
        (HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n", True),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n{", True),
        (
            b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            % rng.randbytes(9).hex().encode(),
            True,
        ),
        (HEAD[: rng.randrange(1, len(HEAD))], False),
        (HEAD + length, False),
        (HEAD + length + body[: rng.randrange(len(body))], False),
        (HEAD + length + body, False),
    ]
    return raw(server.port, *rng.choice(ways))


class Tally:
    """What came of requests; threads count in it."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.lock = threading.Lock()

    def note(self, kind: str, status: int) -> None:
        with self.lock:
            self.statuses[f"{kind} {status or 'closed'}"] += 1


def send_all(server: Server, count: int, seed: int, tally: Tally) -> None:
    good = json.dumps(server.content).encode()

    def send(i: int) -> None:
        rng = random.Random(f"{seed} {i}")
        way = rng.randrange(10)
        if way == 0:
            status, body = post(server.port, good)
            assert (status, json.loads(body)["predictions"]) == (200, server.answer), body
            tally.note("good", status)
            return
        if way <= 3:
            kind, (status, body) = "changed JSON", post(server.port, changed(rng, good))
        elif way <= 5:
            kind, (status, body) = "wrong JSON", post(server.port, wrong_json(rng, server))
        elif way <= 7 and HAS_ARROW:
            kind, (status, body) = "Arrow", post(server.port, arrow(rng, server), ARROW)
        elif way == 8:
            size = rng.choice([0, MAX_BODY + 1, MAX_BODY * 10])
            parts: Any = (b" " * 1000 for _ in range(size // 1000 + 1))
            sent = rng.choice([b" " * size, parts])
            try:
                kind, (status, body) = "size", post(server.port, sent)
            except (BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
                tally.note("size", 0)
                return
        else:
            kind, (status, body) = "no HTTP", without_http(rng, server)
        tally.note(kind, status)
        if status == 0:
            return
        # What was changed may still be what it was: another number, a blank.
        assert status == 200 or 400 <= status < 500, (kind, status, body)
        assert status != 200 or kind in ("changed JSON", "Arrow"), (kind, body)
        if kind != "no HTTP" and status != 200:
            assert 10 < len(json.loads(body)["error"]) < 1000, body

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, range(count)))


# ---- what is left


def megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


def metric(server: Server, name: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def summary(server: Server, halves: list[Tally], sizes: list[float]) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while metric(server, "pynn_requests_waiting") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metric(server, "pynn_requests_waiting") == 0
    failed = 'pynn_requests_total{endpoint="predict",status="5'
    assert metric(server, failed) == 0
    statuses = sum((half.statuses for half in halves), Counter())
    return {
        **{name: number for name, number in sorted(statuses.items())},
        "megabytes after half, after all": [round(size, 1) for size in sizes],
    }
