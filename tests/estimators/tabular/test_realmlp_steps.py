"""RealMLP's steps against pytabkit's: see realmlp_steps.py, which has made the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pynn import backend
from pynn.estimators.tabular._network import TableShape, TabularNetwork
from pynn.estimators.tabular._realmlp import build
from pynn.estimators.tabular._recipes import PRESETS

FILE = Path(__file__).with_name("realmlp_steps.npz")
UNITS, BATCH, EPOCHS = 16, 64, 10
ALLOWED = 1e-6  # relative to the largest number of a weight


@pytest.fixture
def float64() -> Iterator[None]:
    backend.set_floatx("float64")
    yield
    backend.set_floatx("float32")


def network(task: str, rows: int, numbers: int, outputs: int) -> TabularNetwork:
    recipe = replace(
        PRESETS["realmlp-td"][task],
        hidden_layer_sizes=(UNITS,) * 3,
        dropout=0.0,
        batch_size=BATCH,
        epochs=EPOCHS,
    )
    shape = TableShape(numbers, (), (), rows)
    return build(recipe, shape, outputs, task, np.random.default_rng(0))


def as_ours(found: list[np.ndarray], numbers: int) -> list[np.ndarray]:
    """Pytabkit's weights in the order and the shapes of ours."""
    frequency, kernel, phase, bias, scale, *others = found
    layers = [others[i : i + 3] for i in range(0, len(others), 3)]  # kernel, bias, activation
    shapes = [each.reshape(numbers, -1) for each in (frequency, phase)]
    front = [*shapes, kernel.reshape(numbers, -1, 3), bias.reshape(numbers, 3), scale[0]]
    return front + [w if i == 0 else w[0] for layer in layers for i, w in enumerate(layer)]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("native", [True, False], ids=["native", "NumPy"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_steps_agree_with_pytabkit(task: str, native: bool) -> None:
    with np.load(FILE) as file:
        given = {key.split("/")[1]: file[key] for key in file.files if key.startswith(task)}
    x, y = given["x"], given["y"]
    count = sum(key.startswith("before") for key in given)
    before, after = (
        as_ours([given[f"{when}_{i}"] for i in range(count)], x.shape[1])
        for when in ("before", "after")
    )
    if task == "classification":
        targets = np.eye(3)[y[:, 0]]
    else:
        targets = (y - y.mean()) / y.std()
    made = network(task, len(x), x.shape[1], targets.shape[1])
    model = made.model
    assert made.fit_arguments == {"batch_size": BATCH, "drop_remainder": True}
    assert [w.shape for w in model.weights] == [w.shape for w in before]
    model.set_weights(before)
    if not native:
        model.optimizer.use_ema, model.optimizer.ema_momentum = True, 0.0
    losses = [model.train_on_batch(x[rows], targets[rows]) for rows in given["batches"]]
    np.testing.assert_allclose(losses, given["losses"], rtol=ALLOWED)
    for weight, want in zip(model.weights, after, strict=True):
        allowed = ALLOWED * np.abs(want).max()
        np.testing.assert_allclose(weight.numpy(), want, rtol=0, atol=allowed, err_msg=weight.path)
    assert model._plan(training=True).reason is None
