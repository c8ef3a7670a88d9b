"""The command line: its arguments, what it prints, and what it does where something is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pynn
from pynn import _core, cli, datasets


@pytest.fixture
def little_data(monkeypatch: pytest.MonkeyPatch) -> cli.DemoData:
    """Replace Fashion-MNIST by 28 x 28 images of which the first column says the class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 600).astype(np.uint8)
    images = rng.random((600, 28, 28)).astype(np.float32) / 10
    images[np.arange(600), labels, 0] = 1
    parts = [(images[rows], labels[rows]) for rows in np.split(np.arange(600), [400, 500])]
    data = cli.DemoData("made-up images", *parts)
    monkeypatch.setattr(cli, "load_fashion_mnist", lambda: data)
    monkeypatch.setattr(cli, "_PEAK_SECONDS", 0.01)
    return data


def no_data() -> cli.DemoData:
    raise datasets.DatasetNotFoundError("Fashion-MNIST was not found")


def run_demo(folder: Path, *arguments: str) -> int:
    return cli.main(["demo", "--epochs", "2", "--output", str(folder / "curves.png"), *arguments])


@pytest.mark.usefixtures("little_data")
def test_demo_reports_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_demo(tmp_path, "--threads", "1", "--optimizer", "adam") == 0
    printed = capsys.readouterr().out
    assert "266,610" in printed
    assert "val_accuracy" in printed
    assert re.search(r"made-up images, test set: accuracy [01]\.\d{4}, loss \d", printed)
    assert re.search(r"s per epoch, [\d,]+ images/s, [\d.]+ GFLOP/s on 1 thread \(", printed)
    assert re.search(r"FMA peak .* on 1 thread, .*: [\d.]+ GFLOP/s; .* \d+% of it", printed)
    assert f"Learning curves: {tmp_path / 'curves.png'}" in printed
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("little_data")
def test_demo_learns_with_its_learning_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain SGD at 0.01 gets nowhere in two short epochs; ten times the rate and batch 8 do."""
    run_demo(tmp_path, "--learning-rate", "0.1", "--batch-size", "8", "--epochs", "20")
    accuracy = float(re.findall(r"test set: accuracy ([\d.]+)", capsys.readouterr().out)[0])
    assert accuracy > 0.9


@pytest.mark.usefixtures("little_data")
def test_demo_without_matplotlib(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert run_demo(tmp_path) == 0
    assert 'pip install "pynn-mlp[plot]"' in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("little_data")
def test_a_picture_that_cannot_be_drawn_leaves_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(tmp_path, "--output", str(tmp_path / "curves.txt")) == 1
    printed = capsys.readouterr()
    assert "made-up images, test set: accuracy" in printed.out
    assert re.search("No learning curves: .*'txt' is not supported", printed.err)


def test_demo_without_fashion_mnist_takes_digits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "load_fashion_mnist", no_data)
    monkeypatch.setattr(cli, "_PEAK_SECONDS", 0.01)
    assert run_demo(tmp_path, "--optimizer", "adam") == 0
    printed = capsys.readouterr()
    assert "Fashion-MNIST was not found" in printed.err
    assert "scikit-learn's digits, test set: accuracy 0." in printed.out


def test_demo_stops_at_ctrl_c(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> cli.DemoData:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_fashion_mnist", interrupt)
    assert run_demo(tmp_path) == 130
    assert "Stopped." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--epochs", "0"], "must be a positive integer. Received: 0"),
        (["demo", "--batch-size", "many"], "must be a positive integer. Received: many"),
        (["demo", "--epochs", "1.5"], "must be a positive integer. Received: 1.5"),
        (["demo", "--output", "no/such/folder/x.png"], "must be in a folder that exists"),
        (["demo", "--optimizer", "newton"], "newton"),
        (["demo", "--learning-rate", "-1"], "Received: "),
        (["demo", "--threads", "100000"], "Received: threads=100000"),
        (["serve", "m.pynn", "--port", "65536"], "from 1 to 65535. Received: 65536"),
        (["train"], "invalid choice: 'train'"),
        ([], "the following arguments are required: command"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("little_data")
def test_an_error_inside_is_not_taken_for_a_wrong_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("something is wrong inside")

    monkeypatch.setattr(cli, "build_model", broken)
    with pytest.raises(ValueError, match="wrong inside"):
        run_demo(tmp_path)


def test_info(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_PEAK_SECONDS", 0.01)
    assert cli.main(["info"]) == 0
    printed = capsys.readouterr().out
    assert f"pynn     {pynn.__version__}" in printed
    assert f"{_core.isa()} (available: scalar" in printed
    assert f"threads  {_core.num_threads()}" in printed
    assert re.search(r"FMA peak [\d.]+ GFLOP/s, float32, 1 thread\n", printed)
    assert re.search(r"FMA peak [\d.]+ GFLOP/s, float64, 1 thread\n", printed)


def test_flops_are_counted_by_hand() -> None:
    # 2-3-1: forward 2 (6 + 3), gradients of the weights the same, of the hidden layer 2 * 3.
    assert cli.training_flops([(2, 3), (3, 1)]) == 18 + 18 + 6


def test_as_a_module(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pynn", "--version"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"pynn {pynn.__version__}\n"


def test_a_reader_that_ends_early_is_no_error() -> None:
    command = f"{sys.executable} -m pynn --version | true; {sys.executable} -m pynn info | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"pynn     {pynn.__version__}\n"
    assert done.stderr == ""
    assert done.returncode in (0, 141)
