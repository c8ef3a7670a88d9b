"""Every example, and the README's code, runs quickly, without a warning, and says what it should.

An example that needs data which is neither here nor downloadable must end with the error that says
what to install.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pynn import datasets

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"

# What each prints, with --quick, where all goes well.
EXPECTED = {
    "auxiliary_output": r"main_loss [01]\.\d+, aux_loss [01]\.\d+, main_root_mean.*in truth 3\.98",
    "california_housing": r"Sequential: test MSE [01]\.\d+\n.*R2 0\.[67]",
    "early_stopping": r"test accuracy 0\.9",
    "fashion_mnist": r"266,610.*test accuracy 0\.[678].*in truth: Ankle boot",
    "gradient_penalty": r"penalty 0\.0: test MSE 0\.[1-3]\d+\npenalty 0\.02: test MSE 0\.0\d",
    "halving_search": r"round 1: 6 candidates, 5 epochs.*round 2: 2 .*test accuracy 0\.9",
    "harmonic_oscillator": r"u\(2\.0\) = -0\.\d+, exactly -0\.4983.*largest error 0\.0[01]\d\d",
    "learning_rate_finder": r"learning rate 0\.\d+\n5 epochs, validation accuracy 0\.[89]",
    "learning_rate_schedules": r"exponential, by the step +last rate 0\.0100.*one cycle.*y 0\.[89]",
    "perceptron_iris": r"setosa\? \[ True False\]\naccuracy 1\.000",
    "pipeline_grid_search": r"cross-validated accuracy 0\.9.*test accuracy 0\.9",
    "random_search": r"n_neurons.*cross-validated accuracy 0\.9.*test accuracy 0\.9",
    "regularization": r"max-norm +accuracy: training 1\.000, test 0\.8.*wrong 0\.[23]",
    "saving_and_callbacks": (
        r"epoch 10: val/train = [01]\.\d+\n10 epochs, 11 lines\n.*ended with: True\n"
        r"steps 110 -> 121\n.*predicts the same: True"
    ),
    "subclassed_model": r"wide_and_deep.*test MSE [01]\.\d+, of the auxiliary output [01]\.\d+",
    "tensorboard_logs": r"rate 0\.1: validation accuracy 0\.[89].*run_1_rate_0\.1\n    train",
    "tlu_logic": (
        r"0 XOR 0 = 0\n0 XOR 1 = 1\n1 XOR 0 = 1\n1 XOR 1 = 0\nNOT 0 = 1\nNOT 1 = 0\n"
        r"AND, OR and NAND learned: True\nXOR learned by one unit: False"
    ),
    "wide_and_deep": r"wide_input.*test MSE [01]\.\d+",
    "xor_mlp": r"0 0 -> 0\.[0-2].*0 1 -> (0\.[7-9]|1).*1 0 -> (0\.[7-9]|1).*1 1 -> 0\.[0-2]",
}
DATA = {
    "auxiliary_output": datasets.california_housing,
    "california_housing": datasets.california_housing,
    "fashion_mnist": datasets.fashion_mnist,
    "subclassed_model": datasets.california_housing,
    "wide_and_deep": datasets.california_housing,
}


def data_error(name: str) -> str | None:
    """What the loader of the example's data says, or None if it finds them."""
    try:
        if name in DATA:
            DATA[name].load_data()
    except datasets.DatasetNotFoundError as error:
        return str(error)
    return None


def test_no_example_is_forgotten() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(EXPECTED)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name: str, tmp_path: Path) -> None:
    result = run(tmp_path, str(EXAMPLES / f"{name}.py"), "--quick")
    if (missing := data_error(name)) is not None:
        assert missing in result.stderr
        return
    assert result.returncode == 0, result.stderr
    assert re.search(EXPECTED[name], result.stdout, re.DOTALL), result.stdout
    assert list(tmp_path.iterdir()) == []


def code_of(document: str) -> str:
    """Return the blocks of Python of a document."""
    text = (ROOT / document).read_text()
    return "".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("README.md", r"0\.\d+\n.*val_accuracy: 0\.9.*\n \[.*\]\] [01]\.\d+\n$"),
        (
            "docs/guide.md",
            r"estimator 0\.9\d+\nmodel .*'accuracy': 0\.9\d+}\nfigures .*\nsearch .*\nepoch 0 .*"
            r"\noutputs {'price': \(256, 1\), 'kind': \(256, 2\)}\n$",
        ),
        ("docs/serving.md", r"\['/predict', '/v1/models/{name}:predict', .*'/docs'\]\n$"),
        ("docs/tables.md", r"[01]\.\d+\nrefit \[\d+\] [01]\.\d+\n.*'city': 0\.\d.*\]\]\n$"),
    ],
)
def test_the_code_of_documents(document: str, expected: str, tmp_path: Path) -> None:
    result = run(tmp_path, "-c", code_of(document))
    assert result.returncode == 0, result.stderr
    assert re.match(expected, result.stdout, re.DOTALL), result.stdout
