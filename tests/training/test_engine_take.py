"""Rows of a table by number: the bits of a dense layer without bias on rows of one 1 each."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.optimizers import HYPER
from reference.tolerances import DTYPES
from training.two_epochs import EXTRAS, FOREVER, Network, assert_same, bits


class Net(Network):
    """A table, looked up by `places` numbers a row or multiplied by one-hot rows, and a layer."""

    def __init__(
        self,
        size: int,
        width: int,
        dtype: str,
        in_out: bool,
        places: int = 1,
        dense: bool = False,
        computed: bool = False,
    ) -> None:
        rng = np.random.default_rng(0)
        self.graph = _core.Graph(dtype)
        table = _core.Variable(width, size, dtype, in_out)
        table.view[...] = rng.normal(0, 0.1, (width, size))
        kernel = _core.Variable(2, places * width, dtype, False)
        kernel.view[...] = rng.normal(0, 0.1, (2, places * width))
        self.variables = [table, kernel]
        self.graph.add("input", [], [], {"features": size if dense else places})
        last = self.graph.add("linear", [0]) if computed else 0
        last = self.graph.add("dense" if dense else "take", [last], [table])
        self.output = self.graph.add("dense", [last], [kernel])


def numbers(n_rows: int, size: int, places: int = 1) -> np.ndarray:
    """Half of them a few, so that batches have them several times."""
    rng = np.random.default_rng(n_rows + size)
    few = rng.integers(0, min(size, 4), (n_rows, places))
    return np.where(rng.random((n_rows, places)) < 0.5, few, rng.integers(0, size, few.shape))


def assert_as_product(
    size: int, width: int, dtype: str, in_out: bool, n_rows: int = 130, **how: Any
) -> None:
    x = numbers(n_rows, size)
    hot = np.equal(x, np.arange(size)).astype(dtype)
    want = bits(Net(size, width, dtype, in_out, dense=True), _core.Rows(hot), **how)
    assert_same(bits(Net(size, width, dtype, in_out), _core.Rows(x), **how), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", HYPER)
def test_optimizers(optimizer: str, dtype: str) -> None:
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for in_out in (True, False):
            assert_as_product(150, 20, dtype, in_out, optimizer=optimizer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extra", EXTRAS)
def test_penalties_decay_and_clipping(extra: str, dtype: str) -> None:
    for optimizer in ("sgd", "adagrad", "adam"):
        for in_out in (True, False):
            how = {"optimizer": optimizer, "extra": EXTRAS[extra]}
            assert_as_product(150, 20, dtype, in_out, **how)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 15, 16, 17, 33, 100, 1030])
@pytest.mark.parametrize("size", [1, 2, 33])
def test_sizes(size: int, width: int, dtype: str) -> None:
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for optimizer in ("sgd", "adam"):
            for in_out in (True, False):
                assert_as_product(size, width, dtype, in_out, 70, optimizer=optimizer)


@pytest.mark.parametrize("in_out", [True, False])
def test_a_table_longer_than_what_is_stepped_at_once(in_out: bool) -> None:
    assert_as_product(2500, 3, "float32", in_out, optimizer="adam")


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch", [1, 5, 64, 300])
def test_threads(batch: int, optimizer: str) -> None:
    """Wide enough to be divided: by blocks, by rows of the table, and both."""
    x = numbers(300, 1000, 7)
    with_fma = [isa for isa in _core.available_isas() if isa != "scalar"]
    for in_out in (True, False):
        results = []
        for isa in with_fma or ["scalar"]:
            _core._set_isa(isa)
            for threads in (1, 2, 4):
                _core.set_num_threads(threads)
                net = Net(1000, 40, "float32", in_out, 7)
                results.append(bits(net, _core.Rows(x), optimizer, {}, batch))
        for other in results[1:]:
            assert_same(other, results[0])


@pytest.mark.parametrize("places", [1, 3, 20])
@pytest.mark.parametrize("width", [1, 5, 16])
def test_several_places_against_numpy(width: int, places: int) -> None:
    """Over the end of a block's features, too, where lanes of the next block begin."""
    x = numbers(70, 50, places)
    for in_out in (True, False):
        net = Net(50, width, "float64", in_out, places)
        table, kernel = (v.view.T.copy() for v in net.variables)
        hidden = table[x].reshape(70, -1)
        y = np.ones((70, 2))
        (found,) = _core.Executor(net.graph, [0], [net.output]).predict([_core.Rows(x)])
        np.testing.assert_allclose(found, hidden @ kernel, rtol=1e-12, atol=1e-12)
        rows = [[_core.Rows(x)], [_core.Rows(y)], [None]]
        _, gradients = net.trainer("sgd", {}).gradients(*rows)
        grad_y = 2 * (hidden @ kernel - y) / (2 * 70)
        want = np.zeros_like(table)
        np.add.at(want, x, (grad_y @ kernel.T).reshape(70, places, width))
        np.testing.assert_allclose(gradients[0].T, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_are_exact(dtype: str) -> None:
    size = 1 << 24
    graph = _core.Graph(dtype)
    table = _core.Variable(1, size, dtype, False)
    table.view[0, [size - 1, size - 2]] = 1, 2
    graph.add("input", [], [], {"features": 2})
    graph.add("take", [0], [table])
    executor = _core.Executor(graph, [0], [1])
    for kind in (np.int64, np.uint32, np.int32, np.float64):
        x = np.array([[size - 1, size - 2], [0, 1]], kind)
        assert executor.predict([_core.Rows(x)])[0].tolist() == [[1, 2], [0, 0]]
    table = _core.Variable(1, size + 1, dtype, False)
    if dtype == "float64":
        graph.add("take", [0], [table])
    else:
        with pytest.raises(ValueError, match="not exact in float32. Received: 16777217 rows"):
            graph.add("take", [0], [table])


@pytest.mark.parametrize("wrong", [-1, 50, 0.5, np.nan, np.inf, -np.inf, 2.0**40])
def test_other_numbers_change_nothing(wrong: float) -> None:
    """Whichever worker finds them; on the lanes that are not there they may be anything."""
    match = re.escape(f"whole numbers in [0, 50). Received: {wrong:.17g}")
    x = numbers(100, 50, 3).astype(np.float64)
    x[77, 1] = wrong
    rows, y = _core.Rows(x), _core.Rows(np.zeros((100, 2)))
    for threads in (1, 2):
        _core.set_num_threads(threads)
        net = Net(50, 600, "float32", True, 3)
        before = [v.view.copy() for v in net.variables]
        trainer = net.trainer("adam", {})
        for use in (trainer.evaluate, trainer.gradients, trainer.start):
            with pytest.raises(IndexError, match=match):
                use([rows], [y], [None], *([100] if use == trainer.start else []))
        with pytest.raises(IndexError, match=match):
            _core.Executor(net.graph, [0], [net.output]).predict([rows])
        assert_same([v.view for v in net.variables], before)
        trainer.start([rows], [y], [None], 100, np.delete(np.arange(100), 77))
        assert trainer.run(np.full(1, 0.1), FOREVER) == 1


def test_computed_numbers_are_checked_before_a_batch_changes_anything() -> None:
    for threads in (1, 2):
        _core.set_num_threads(threads)
        net = Net(50, 600, "float32", True, 3, computed=True)
        before = [v.view.copy() for v in net.variables]
        trainer = net.trainer("adam", {})
        x = numbers(100, 50, 3)
        x[77, 1] = 50
        trainer.start([_core.Rows(x)], [_core.Rows(np.zeros((100, 2)))], [None], 100)
        with pytest.raises(IndexError, match=r"in \[0, 50\)\. Received: 50"):
            trainer.run(np.full(1, 0.1), FOREVER)
        assert_same([v.view for v in net.variables], before)


def test_columns_of_an_input_are_checked() -> None:
    """The others need not be numbers of the table."""
    graph = _core.Graph("float32")
    table, kernel = _core.Variable(2, 5, "float32", True), _core.Variable(1, 4, "float32")
    graph.add("input", [], [], {"features": 3})
    graph.add("select_features", [0], indices=[2, 0])
    graph.add("take", [1], [table])
    graph.add("dense", [2], [kernel])
    trainer = _core.Trainer(
        graph, [0], [3], [("mean_squared_error", [])], [1.0], [[]], [table], [0], [0], ("sgd", []),
    )  # fmt: skip
    x, y = np.tile([[4.0, -7.5, 0.0]], (40, 1)), _core.Rows(np.zeros((40, 1)))
    trainer.start([_core.Rows(x)], [y], [None], 8)
    x[39, 2] = 5
    with pytest.raises(IndexError, match="Received: 5"):
        trainer.start([_core.Rows(x)], [y], [None], 8)


def test_numbers_from_the_end() -> None:
    graph = _core.Graph("float32")
    table = _core.Variable(2, 3, "float32", True)
    table.view[...] = np.arange(6).reshape(3, 2).T
    graph.add("input", [], [], {"features": 1})
    graph.add("take", [0], [table], {"wraps": 1})
    executor = _core.Executor(graph, [0], [1])
    found = executor.predict([_core.Rows(np.array([[-1], [2], [-3]]))])[0]
    assert found.tolist() == [[4, 5], [4, 5], [0, 1]]
    with pytest.raises(IndexError, match=r"in \[-3, 3\). Received: -4"):
        executor.predict([_core.Rows(np.array([[-4]]))])


def test_plain_steps_touch_only_rows_in_use() -> None:
    """The others may hold anything, even what a step of 0 would not leave alone."""
    for in_out in (True, False):
        net = Net(50, 6, "float32", in_out, 2)
        net.variables[0].view[:, 9] = np.nan
        x = np.full((40, 2), 3)
        trainer = net.trainer("sgd", {})
        trainer.start([_core.Rows(x)], [_core.Rows(np.ones((40, 2)))], [None], 8)
        before = net.variables[0].view.copy()
        trainer.run(np.full(5, 0.1), FOREVER)
        changed = (net.variables[0].view != before).any(axis=0)
        assert np.flatnonzero(changed & ~np.isnan(before).any(axis=0)).tolist() == [3]


def lazy_step(
    name: str, step: int, variable: Any, slots: list[Any], gradient: np.ndarray
) -> list[np.ndarray]:
    """What a lazy optimizer makes of a table and of its state: of rows with a gradient, a step."""
    arrays = [a.view.copy() for a in (variable, *slots)]
    used = gradient.any(axis=0)
    w, *state = (np.ascontiguousarray(a[:, used]) for a in arrays)
    grad = np.ascontiguousarray(gradient[:, used])
    _core.optimizer_steps(name, HYPER[name], 0.01, step, [w], [state], [grad], {})
    for whole, part in zip(arrays, [w, *state], strict=True):
        whole[:, used] = part
    return arrays


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", HYPER)
def test_lazy_steps(optimizer: str, dtype: str) -> None:
    """Of the rows in use, to the bit; the others and their state stay as they are."""
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for in_out, width, places in ((True, 20, 1), (False, 20, 3), (True, 5, 3)):
            net = Net(150, width, dtype, in_out, places)
            x, y = numbers(90, 150, places), np.random.default_rng(1).normal(size=(90, 2))
            trainer = net.trainer(optimizer, {}, lazy=[True, False])
            for step in range(3):
                rows = slice(30 * step, 30 * step + 30)
                data = [[_core.Rows(x[rows])], [_core.Rows(y[rows].astype(dtype))], [None]]
                _, gradients = trainer.gradients(*data)
                slots = trainer.state[0]
                want = lazy_step(optimizer, step + 1, net.variables[0], slots, gradients[0])
                trainer.start(*data, 30)
                trainer.run(np.full(1, 0.01), FOREVER)
                assert_same([net.variables[0].view, *(s.view for s in slots)], want)


@pytest.mark.parametrize("extra", EXTRAS)
def test_lazy_steps_with_penalties_decay_and_clipping(extra: str) -> None:
    """With a penalty or decay all rows have a gradient: the steps are those of the optimizer."""
    settings = EXTRAS[extra]
    lazy = not {"penalty", "weight_decay"} & set(settings)
    x, y = numbers(40, 150), _core.Rows(np.ones((40, 2), np.float32))
    for in_out in (True, False):
        made = []
        for asked in (True, False):
            net = Net(150, 20, "float32", in_out)
            trainer = net.trainer("adam", settings, lazy=[asked, False])
            for slot in trainer.state[0]:
                slot.view[...] = 0.125
            before = net.variables[0].view.copy()
            trainer.start([_core.Rows(x)], [y], [None], 40)
            trainer.run(np.full(1, 0.01), FOREVER)
            made.append([net.variables[0].view.copy(), *(s.view for s in trainer.state[0])])
        used = np.isin(np.arange(150), x)
        for a, b in zip(*made, strict=True):
            np.testing.assert_array_equal(a[:, used], b[:, used])
            assert (a[:, ~used] == b[:, ~used]).all() != lazy
        if lazy:
            np.testing.assert_array_equal(made[0][0][:, ~used], before[:, ~used])


@pytest.mark.parametrize("batch", [1, 64, 300])
def test_lazy_threads(batch: int) -> None:
    x = numbers(300, 1000, 7)
    y = _core.Rows(np.ones((300, 2), np.float32))
    for in_out in (True, False):
        for options in ({}, {"clipnorm": 0.1}):
            results = []
            for threads in (1, 2, 4):
                _core.set_num_threads(threads)
                net = Net(1000, 40, "float32", in_out, 7)
                trainer = net.trainer("adam", options, lazy=[True, False])
                trainer.start([_core.Rows(x)], [y], [None], batch)
                trainer.run(np.full(300, 0.01), FOREVER)
                results.append([v.view for v in net.variables])
            for other in results[1:]:
                assert_same(results[0], other)


@pytest.mark.parametrize("in_out", [True, False])
def test_a_table_that_several_nodes_read_is_stepped_lazily(in_out: bool) -> None:
    """By two lookups, and by a lookup and a layer; or by a layer alone, with rows of zeros."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.choice([0, 2, 3], (30, 2)), rng.normal(size=(30, 12))], axis=1)
    x[:, [3, 7]] = 0
    for nodes in ("take take", "take dense", "dense"):
        graph, table = _core.Graph("float64"), _core.Variable(2, 12, "float64", in_out)
        table.view[...] = rng.normal(size=(2, 12))
        graph.add("input", [], [], {"features": 14})
        read = []
        for i, kind in enumerate(nodes.split()):
            columns = [i] if kind == "take" else list(range(2, 14))
            some = graph.add("select_features", [0], indices=columns)
            read.append(graph.add(kind, [some], [table]))
        output = graph.add("add", read) if len(read) > 1 else read[0]
        trainer = _core.Trainer(
            graph, [0], [output], [("mean_squared_error", [])], [1.0], [[]], [table], [0], [0],
            ("adam", HYPER["adam"]), {"lazy": [True]},
        )  # fmt: skip
        for slot in trainer.state[0]:
            slot.view[...] = 0.125
        data = [[_core.Rows(x)], [_core.Rows(np.ones((30, 2)))], [None]]
        _, gradients = trainer.gradients(*data)
        want = lazy_step("adam", 1, table, trainer.state[0], gradients[0])
        assert not gradients[0].any(axis=0).all()
        trainer.start(*data, 30)
        trainer.run(np.full(1, 0.01), FOREVER)
        for got, each in zip([table, *trainer.state[0]], want, strict=True):
            np.testing.assert_allclose(got.view, each, rtol=1e-12, atol=1e-14)
