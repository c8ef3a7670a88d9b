"""Kernels in in_out layout give the same bits as in out_in layout, but for small batches.

In a batch of up to eight rows the gradient of the input runs along the lines of weights in in_out
layout, in sums of another order. Its bits are then a layout's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.tolerances import DTYPES

FOREVER = 1e9
# Units of the layers: below, at and above a vector, with and without ld's extra padding (256).
WIDTHS = (70, 9, 256, 33, 16, 1)
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": ("sgd", [])},
    "clipvalue": {"optimizer": ("sgd", []), "options": {"clipvalue": 0.01}},
    "momentum": {"optimizer": ("sgd_momentum", [0.9]), "options": {"clipnorm": 0.1}},
    "adam": {"optimizer": ("adam", [0.9, 0.999, 1e-7]), "penalty": 1e-3},
    "rmsprop": {"optimizer": ("rmsprop", [0.9, 1e-7]), "options": {"global_clipnorm": 0.1}},
    "nadam": {"optimizer": ("nadam", [0.9, 0.999, 1e-7]), "options": {"weight_decay": 0.1}},
}


def network(dtype: str, in_out: bool, widths: tuple[int, ...] = WIDTHS) -> tuple[Any, list, int]:
    """A chain of dense layers with relu between them: graph, variables, output."""
    rng = np.random.default_rng(0)
    graph, variables = _core.Graph(dtype), []
    node = graph.add("input", [], [], {"features": widths[0]})
    for fan_in, units in zip(widths, widths[1:], strict=False):
        kernel = _core.Variable(units, fan_in, dtype, in_out)
        kernel.view[...] = rng.normal(0, fan_in**-0.5, (units, fan_in))
        bias = _core.Variable(1, units, dtype)
        bias.view[...] = rng.normal(0, 0.3, (1, units))
        variables += [kernel, bias]
        node = graph.add("dense", [node], [kernel, bias])
        if len(variables) < 2 * len(widths) - 2:
            node = graph.add("relu", [node])
    return graph, variables, node


def trainer_of(made: tuple[Any, list, int], spec: dict[str, Any]) -> Any:
    graph, variables, output = made
    penalties = [spec.get("penalty", 0.0)] * len(variables)
    return _core.Trainer(
        graph, [0], [output], [("mean_squared_error", [])], [1.0], [[]], variables,
        penalties, penalties, spec["optimizer"], spec.get("options", {}),
    )  # fmt: skip


def bits(dtype: str, in_out: bool, spec: dict[str, Any], batch: int) -> list[np.ndarray]:
    """All that three epochs leave, a gradient, and predictions."""
    rng = np.random.default_rng(1)
    made = network(dtype, in_out)
    x = rng.normal(size=(300, WIDTHS[0])).astype(dtype)
    y = rng.normal(size=(300, WIDTHS[-1])).astype(dtype)
    sources, targets = [_core.Rows(x)], [_core.Rows(y)]
    trainer = trainer_of(made, spec)
    sums = []
    for epoch in range(3):
        trainer.start(sources, targets, [None], batch, None, epoch)
        trainer.run(np.full(300, 1e-3), FOREVER)
        sums.append(trainer.results()["loss"])
    sums.append(trainer.evaluate(sources, targets, [None])["loss"])
    loss, gradients = trainer.gradients(sources, targets, [None])
    executor = _core.Executor(made[0], [0], [made[2]])
    predicted = [executor.predict([_core.Rows(x[:n])])[0] for n in (1, 31, 300)]
    kept = [v.view.copy() for v in made[1]]
    kept += [slot.view.copy() for slots in trainer.state for slot in slots]
    return [*kept, np.array(sums), np.array([loss]), *(g.copy() for g in gradients), *predicted]


def assert_same(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    assert len(a) == len(b)
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_same_bits_as_by_output(optimizer: str, dtype: str) -> None:
    spec = OPTIMIZERS[optimizer]
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for batch in (10, 20, 64, 300):
            want = bits(dtype, False, spec, batch)
            for threads in (1, 2, 3):
                _core.set_num_threads(threads)
                assert_same(bits(dtype, True, spec, batch), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["sgd", "nadam"])
def test_small_batches_have_bits_of_their_own(optimizer: str, dtype: str) -> None:
    """The same for threads and instruction sets with FMA; out_in layout differs in rounding."""
    spec = OPTIMIZERS[optimizer]
    for batch in (1, 4, 8):
        results = []
        for isa in _core.available_isas():
            _core._set_isa(isa)
            want = bits(dtype, True, spec, batch)
            for threads in (2, 3):
                _core.set_num_threads(threads)
                assert_same(bits(dtype, True, spec, batch), want)
            _core.set_num_threads(1)
            if isa != "scalar":
                results.append(want)
            out_in = bits(dtype, False, spec, batch)
            assert any((a != b).any() for a, b in zip(out_in, want, strict=True))
            # A thousand roundings of numbers of about 1, and as much again for what they lead to.
            for a, b in zip(out_in, want, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=2000 * np.finfo(dtype).eps)
        for other in results[1:]:
            assert_same(other, results[0])


def test_view_and_state_have_the_shape_of_the_matrix() -> None:
    variable = _core.Variable(3, 40, "float32", True)
    assert variable.in_out and not _core.Variable(3, 40).in_out
    assert variable.view.shape == (3, 40) and (variable.rows, variable.cols) == (3, 40)
    variable.view[...] = np.arange(120).reshape(3, 40)
    assert variable.view.T.strides == (64, 4)  # an input's weights side by side, padded to 16
    np.testing.assert_array_equal(variable.view, np.arange(120).reshape(3, 40))
    trainer = trainer_of(network("float32", True), OPTIMIZERS["adam"])
    assert [slot.view.shape for slot in trainer.state[0]] == [(9, 70)] * 2


def test_shared_and_frozen_kernels() -> None:
    """A kernel that two layers share keeps its gradient; one that is frozen has none."""

    def train(in_out: bool) -> list[np.ndarray]:
        rng = np.random.default_rng(2)
        graph = _core.Graph("float32")
        node = graph.add("input", [], [], {"features": 20})
        kernel, frozen = (_core.Variable(20, 20, "float32", in_out) for _ in range(2))
        for variable in (kernel, frozen):
            variable.view[...] = rng.normal(0, 0.2, (20, 20))
        for variable in (kernel, frozen, kernel):
            node = graph.add("tanh", [graph.add("dense", [node], [variable])])
        trainer = trainer_of((graph, [kernel], node), OPTIMIZERS["adam"])
        x, y = (_core.Rows(rng.normal(size=(90, 20)).astype("float32")) for _ in range(2))
        trainer.start([x], [y], [None], 40, None, None)
        trainer.run(np.full(3, 0.01), FOREVER)
        return [kernel.view.copy(), frozen.view.copy()]

    assert_same(train(True), train(False))
