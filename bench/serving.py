"""`pynn serve` beside FastAPI with scikit-learn and with ONNX Runtime, under 64 clients.

Everybody has the same weights and answers the same requests, of one row: uvicorn with uvloop and
httptools, one or two processes, libraries on one thread each. The peers' handlers are what is
fastest of the usual ways: pydantic reads the body, the network is computed in place, orjson writes
NumPy's arrays. The load comes from wrk (``apt install wrk``), which costs everybody the same.

usage: python bench/serving.py [--rounds N] [--seconds N] [--clients N]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = "PYNN_BENCH_FOLDER"  # where the peers find their networks
NETWORKS = {"8-30-1": (8, (30,), 2), "784-300-100-10": (784, (300, 100), 10)}
SERVERS = ("pynn serve", "FastAPI + ONNX Runtime", "FastAPI + scikit-learn")
ROOT = Path(__file__).resolve().parents[1]


# ---- the peers, in processes of their own


def _application(predict: Any) -> Any:
    import orjson
    from fastapi import FastAPI, Response
    from pydantic import BaseModel

    app = FastAPI()

    class Request(BaseModel):
        instances: list[list[float]]

    async def handle(request: Request) -> Response:
        found = {"probabilities": predict(np.array(request.instances, np.float32))}
        body = orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")

    handle.__annotations__["request"] = Request
    app.post("/predict")(handle)
    return app


def scikit_learn_app() -> Any:
    import joblib

    classifier = joblib.load(Path(os.environ[FOLDER], "network.joblib"))
    return _application(classifier.predict_proba)


def onnx_runtime_app() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(Path(os.environ[FOLDER], "network.onnx"), options)
    name = session.get_inputs()[0].name

    def predict(x: np.ndarray) -> np.ndarray:
        (found,) = session.run(None, {name: x})
        return found if found.shape[1] > 1 else np.hstack([1 - found, found])

    return _application(predict)


# ---- one network in the three forms


def write_networks(folder: Path, name: str) -> bytes:
    """Write a network for everybody, and return the body of a request."""
    import joblib
    from sklearn.neural_network import MLPClassifier

    import pynn

    width, hidden, classes = NETWORKS[name]
    rng = np.random.default_rng(0)
    x = rng.random((200, width)).astype(np.float32).round(4)
    y = np.arange(200) % classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = pynn.MLPClassifier(hidden, max_iter=2, random_state=0).fit(x, y)
        theirs = MLPClassifier(hidden, max_iter=1, random_state=0).fit(x, y)
    theirs.coefs_ = [np.array(each) for each in ours.coefs_]
    theirs.intercepts_ = [np.array(each) for each in ours.intercepts_]
    ours.save(folder / "network.pynn")
    ours.model_.export(folder / "network.onnx", format="onnx")
    joblib.dump(theirs, folder / "network.joblib")
    return json.dumps({"instances": [[float(f"{value:.4f}") for value in x[0]]]}).encode()


def command(server: str, folder: Path, port: int, workers: int) -> list[str]:
    own = ["--port", str(port), "--workers", str(workers)]
    if server == "pynn serve":
        code = "import sys; from pynn.cli import main; sys.exit(main())"
        return [sys.executable, "-c", code, "serve", str(folder / "network.pynn"), *own]
    app = "onnx_runtime_app" if "ONNX" in server else "scikit_learn_app"
    quiet = ["--factory", "--no-access-log", "--log-level", "warning"]
    where = ["--app-dir", str(Path(__file__).parent)]
    return [sys.executable, "-m", "uvicorn", f"serving:{app}", *where, *quiet, *own]


@contextmanager
def running(server: str, folder: Path, workers: int, body: bytes) -> Iterator[tuple[str, Any]]:
    """Start a server; yield its address and what it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYNN_NUM_THREADS"), "1")
    process = subprocess.Popen(
        command(server, folder, port, workers),
        env=os.environ | limits | {FOLDER: str(folder), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/predict"
        yield address, first_answer(process, address, body)
    finally:
        process.terminate()
        process.wait(60)


def first_answer(process: Any, address: str, body: bytes) -> Any:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return np.array(json.load(answer)["probabilities"])
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# ---- the load


@dataclass
class Load:
    """What wrk measured, round by round."""

    rates: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)

    def measure(self, address: str, script: Path, clients: int, seconds: int) -> None:
        asked = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
        text = subprocess.run(
            [*asked, "-s", str(script), address], capture_output=True, text=True, check=True
        ).stdout
        assert "Non-2xx" not in text and "Socket errors" not in text, text
        self.rates.append(float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]))
        self.median.append(milliseconds(text, 50))
        self.slowest.append(milliseconds(text, 99))


def milliseconds(text: str, percent: int) -> float:
    value, unit = re.findall(rf"{percent}%\s+([\d.]+)(us|ms|s)", text)[0]
    return float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def compare(name: str, workers: int, given: argparse.Namespace) -> dict[str, Load]:
    """Measure all servers with one network, one after the other, in every round."""
    loads = {server: Load() for server in SERVERS}
    with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
        folder = Path(path)
        body = write_networks(folder, name)
        script = folder / "post.lua"
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = [==[{body.decode()}]==]\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
        )
        started = {
            each: stack.enter_context(running(each, folder, workers, body)) for each in SERVERS
        }
        for _, answer in started.values():
            np.testing.assert_allclose(answer, started["pynn serve"][1], atol=1e-6)
        for each in SERVERS:
            Load().measure(started[each][0], script, given.clients, 1)
        for i in range(given.rounds):
            for each in SERVERS[i % 3 :] + SERVERS[: i % 3]:
                loads[each].measure(started[each][0], script, given.clients, given.seconds)
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=64)
    given = parser.parse_args()
    print(f"{given.clients} clients, medians of {given.rounds} rounds of {given.seconds} s\n")
    print("| network, processes | server | requests/s | p50, ms | p99, ms |")
    print("|---|---|---|---|---|")
    for name in NETWORKS:
        for workers in (1, 2):
            for server, load in compare(name, workers, given).items():
                rate, p50, p99 = map(statistics.median, (load.rates, load.median, load.slowest))
                row = f"| {name}, {workers} | {server} | {rate:,.0f} | {p50:.2f} | {p99:.2f} |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
