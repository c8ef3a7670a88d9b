"""How many threads there are is said by the environment at first, and by a function later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pynn


def threads_with(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, "-c", "import pynn; print(pynn.num_threads())"],
        cwd=folder,
        env={**inherited, **variables, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PYNN_NUM_THREADS": "3"}, 3),
        ({"PYNN_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"PYNN_NUM_THREADS": "", "OMP_NUM_THREADS": "5"}, 5),
        ({"PYNN_NUM_THREADS": "1000"}, 256),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
    ],
)
def test_the_environment_says_how_many(
    variables: dict[str, str], expected: int, tmp_path: Path
) -> None:
    result = threads_with(tmp_path, **variables)
    assert result.stdout.strip() == str(expected), result.stderr


@pytest.mark.parametrize("value", ["many", "0", "-1", ""])
def test_what_others_mean_by_omp_num_threads_is_no_error(value: str, tmp_path: Path) -> None:
    default = threads_with(tmp_path).stdout
    assert default
    assert threads_with(tmp_path, OMP_NUM_THREADS=value).stdout == default


@pytest.mark.parametrize("value", ["abc", "0", "-1", "1.5", "4,2", "4 ", "99999999999", "2x"])
def test_anything_but_a_positive_integer_fails_the_import(value: str, tmp_path: Path) -> None:
    result = threads_with(tmp_path, PYNN_NUM_THREADS=value)
    assert result.returncode != 0
    assert (
        "ImportError: PYNN_NUM_THREADS must be a positive integer. "
        f"Received: PYNN_NUM_THREADS={value}\n"
    ) in result.stderr


@pytest.mark.parametrize("threads", [1, 3, 256, np.int64(2)])
def test_the_function_sets_how_many(threads: Any) -> None:
    pynn.set_num_threads(threads)
    assert pynn.num_threads() == threads
    assert type(pynn.num_threads()) is int


@pytest.mark.parametrize("threads", ["a", "2", 0, -1, 257, 2**70, 1.5, 2.0, True, None, [2]])
def test_the_function_says_what_it_takes(threads: Any) -> None:
    before = pynn.num_threads()
    with pytest.raises(ValueError, match="threads must be an integer between 1 and 256") as raised:
        pynn.set_num_threads(threads)
    assert f"Received: threads={threads!r}" in str(raised.value)
    assert pynn.num_threads() == before
