"""The engine in a process that ends while threads compute, and in a second interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DAEMON = """
import threading
import time

import numpy as np

import pynn
from pynn import layers

pynn.set_num_threads(2)
model = pynn.Sequential([pynn.Input((64,)), layers.Dense(300, "relu"), layers.Dense(10)])
model.compile("sgd", "mse")
x, y = np.ones((4096, 64), np.float32), np.zeros((4096, 10), np.float32)
model.{call}
begun = threading.Event()


def work():
    begun.set()
    while True:
        model.{call}


threading.Thread(target=work, daemon=True).start()
begun.wait()
time.sleep({seconds})
print("end")
"""

SECOND_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

other = interpreters.create()
code = f"import sys; sys.path[:] = {sys.path!r}; import pynn._core"
try:
    failure = interpreters.run_string(other, code)
except Exception as error:
    failure = error
print(failure)
"""


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("call", ["fit(x, y, epochs=20, verbose=0)", "predict(x, verbose=0)"])
def test_a_process_ends_quietly_while_a_daemon_thread_computes(call: str, tmp_path: Path) -> None:
    for i in range(10):
        result = run(tmp_path, DAEMON.format(call=call, seconds=0.003 * i))
        assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")


def test_a_second_interpreter_is_refused_in_words(tmp_path: Path) -> None:
    """It waited for itself for ever."""
    result = run(tmp_path, "import sys\n" + SECOND_INTERPRETER)
    assert result.returncode == 0, result.stderr
    # From 3.12 on Python itself may say so.
    assert "ImportError" in result.stdout
    assert "interpreter" in result.stdout
