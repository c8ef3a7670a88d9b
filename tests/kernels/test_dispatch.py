"""The choice of the instruction set at import, and what the module says about the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pynn import _core


def import_with(isa: str, folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from pynn import _core; print(_core.isa())"
    environment = os.environ | {"PYNN_ISA": isa, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("isa", _core.available_isas())
def test_the_environment_chooses(isa: str, tmp_path: Path) -> None:
    assert import_with(isa, tmp_path).stdout.strip() == isa


def test_the_best_is_the_default(tmp_path: Path) -> None:
    assert import_with("", tmp_path).stdout.strip() == _core.available_isas()[-1]


def test_an_unknown_isa_fails_the_import(tmp_path: Path) -> None:
    result = import_with("sse9", tmp_path)
    assert result.returncode != 0
    assert "ImportError: PYNN_ISA must name an instruction set that this machine runs: scalar" in (
        result.stderr
    )
    assert "Received: PYNN_ISA=sse9" in result.stderr
    with pytest.raises(ValueError, match="isa must name an instruction set"):
        _core._set_isa("sse9")


def test_the_scalar_isa_is_everywhere() -> None:
    assert _core.available_isas()[0] == "scalar"
    assert _core.isa() in _core.available_isas()


@pytest.mark.parametrize("name", ["avx2", "avx512"])
def test_availability_is_the_operating_systems_word(name: str) -> None:
    """Linux lists the flags that both the processor and the system support."""
    flags = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f", "avx512dq", "avx512bw", "avx512vl"}}
    try:
        with open("/proc/cpuinfo", encoding="ascii") as file:
            lines = [line for line in file if line.startswith("flags")]
    except OSError:
        lines = []
    if lines:
        assert (name in _core.available_isas()) == (flags[name] <= set(lines[0].split()))


def test_peak_grows_with_the_vector(isa: str) -> None:
    single = _core.measure_peak(0.02, 1)
    double = _core.measure_peak(0.02, 1, "float64")
    assert single > double > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1), "seconds must be positive"),
        ((0.1, 0), "threads must be a positive integer"),
        ((0.1, 1, "float16"), "dtype must be float32 or float64. Received: dtype=float16"),
    ],
)
def test_peak_errors(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.measure_peak(*arguments)


def test_names_and_parameters() -> None:
    assert _core.loss_parameters("huber") == [("delta", 1.0)]
    assert _core.optimizer_parameters("adam") == ["beta_1", "beta_2", "epsilon"]
    assert _core.activation_default("leaky_relu") == pytest.approx(0.2)
    with pytest.raises(ValueError, match="name must be one of linear, heaviside, sign"):
        _core.apply_activation("sin", 0.0, np.ones(3))
