"""CSR rows go through the first layer by their entries, with the bits that dense rows give."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from pynn import _core
from reference.optimizers import HYPER
from reference.tolerances import DTYPES
from training.two_epochs import EXTRAS, FOREVER, Network, assert_same, bits

COLS = 700


def csr_rows(x: Any) -> Any:
    return _core.Rows.csr(x.data, x.indices, x.indptr, x.shape[1])


def matrix(n_rows: int, cols: int, dtype: str = "float32", index: str = "int32") -> Any:
    """About 2% of the elements, more in the first columns; rows and columns without entries."""
    rng = np.random.default_rng(n_rows + cols)
    share = np.where(np.arange(cols) < 20, 0.3, 0.015)
    dense = np.where(rng.random((n_rows, cols)) < share, rng.normal(size=(n_rows, cols)), 0)
    dense[[0, n_rows // 2, n_rows - 1]] = 0
    dense[:, [3, 64, cols - 1]] = 0
    x = sparse.csr_matrix(dense.astype(dtype))
    x.indices, x.indptr = x.indices.astype(index), x.indptr.astype(index)
    return x


class Net(Network):
    """Dense layers on one input, relu between them; the first is `units` wide."""

    def __init__(
        self, units: int, dtype: str, in_out: bool, cols: int = COLS, bias: bool = True
    ) -> None:
        rng = np.random.default_rng(0)
        self.graph, self.variables, self.output = _core.Graph(dtype), [], 0
        self.graph.add("input", [], [], {"features": cols})
        for fan_in, width, kept in ((cols, units, in_out), (units, 2, False)):
            kernel = _core.Variable(width, fan_in, dtype, kept)
            kernel.view[...] = rng.normal(0, 0.1, (width, fan_in))
            own = [kernel]
            if bias:
                own.append(_core.Variable(1, width, dtype))
                own[1].view[...] = rng.normal(0, 0.2, (1, width))
            self.variables += own
            self.output = self.graph.add("dense", [self.output], own)
            if fan_in == cols:
                self.output = self.graph.add("relu", [self.output])


def assert_as_dense(x: Any, units: int, dtype: str, in_out: bool, **how: Any) -> None:
    dense = _core.Rows(x.toarray().astype(dtype))
    want = bits(Net(units, dtype, in_out, x.shape[1]), dense, **how)
    got = bits(Net(units, dtype, in_out, x.shape[1]), csr_rows(x), **how)
    assert_same(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", HYPER)
def test_optimizers(optimizer: str, dtype: str) -> None:
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for in_out in (True, False):
            assert_as_dense(matrix(130, COLS), 20, dtype, in_out, optimizer=optimizer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extra", EXTRAS)
def test_penalties_decay_and_clipping(extra: str, dtype: str) -> None:
    for optimizer in ("sgd", "adam"):
        for in_out in (True, False):
            how = {"optimizer": optimizer, "extra": EXTRAS[extra]}
            assert_as_dense(matrix(130, COLS), 20, dtype, in_out, **how)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("units", [1, 2, 5, 7, 16, 17, 64, 100, 129, 256, 513, 1100])
def test_widths(units: int, dtype: str) -> None:
    """Below and above a vector, the vectors that are summed at a time, and a group's outputs."""
    for isa in _core.available_isas():
        _core._set_isa(isa)
        for optimizer in ("sgd", "adam"):
            for in_out in (True, False):
                assert_as_dense(matrix(70, 130), units, dtype, in_out, optimizer=optimizer)


@pytest.mark.parametrize("batch", [1, 5, 32, 64, 130, 300])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_threads(optimizer: str, batch: int) -> None:
    """Wide enough to be divided: by blocks, by columns, and both."""
    x, cols = matrix(300, 3000), 3000
    for in_out in (True, False):
        _core.set_num_threads(1)
        dense = _core.Rows(x.toarray())
        want = bits(Net(300, "float32", in_out, cols), dense, optimizer, {"penalty": 1e-4}, batch)
        for threads in (1, 2, 3, 4):
            _core.set_num_threads(threads)
            net = Net(300, "float32", in_out, cols)
            assert_same(bits(net, csr_rows(x), optimizer, {"penalty": 1e-4}, batch), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", ["float32", "float64"])
@pytest.mark.parametrize("index", ["int32", "int64"])
def test_number_types(index: str, value: str, dtype: str) -> None:
    for in_out in (True, False):
        assert_as_dense(matrix(80, COLS, value, index), 24, dtype, in_out)


def test_entries_of_one_place_are_added() -> None:
    rng = np.random.default_rng(0)
    indices = np.sort(rng.integers(0, COLS, (60, 9)), axis=1)
    indices[:, 4] = indices[:, 5] = indices[:, 3]
    indices.sort(axis=1)
    indptr = np.arange(61) * 9
    values = rng.normal(size=540).astype(np.float32)
    source = _core.Rows.csr(values, indices.ravel(), indptr, COLS)
    dense = np.zeros((60, COLS), np.float32)
    for row, (columns, own) in enumerate(zip(indices, values.reshape(60, 9), strict=True)):
        for column, number in zip(columns, own, strict=True):
            dense[row, column] += number
    want = bits(Net(24, "float32", True), _core.Rows(dense), "adam", {}, 16)
    assert_same(bits(Net(24, "float32", True), source, "adam", {}, 16), want)


@pytest.mark.parametrize("in_out", [True, False])
def test_few_entries(in_out: bool) -> None:
    """One entry in all, and none."""
    for data in ([2.0], []):
        n = len(data)
        x = sparse.csr_matrix((data, ([33] * n, [COLS - 2] * n)), shape=(70, COLS))
        for optimizer in ("sgd", "adam"):
            assert_as_dense(x, 24, "float32", in_out, optimizer=optimizer)


def test_rows_of_very_different_lengths() -> None:
    """Room is made for the longest rows of a batch, whatever batch they are in."""
    rng = np.random.default_rng(0)
    dense = np.zeros((200, 2000), np.float32)
    for row in range(200):
        n = 2000 if row % 67 == 0 else row % 5
        dense[row, rng.choice(2000, n, replace=False)] = rng.normal(size=n)
    assert_as_dense(sparse.csr_matrix(dense), 24, "float32", True, batch=16)


@pytest.mark.parametrize("n", [40, 300])
def test_an_order_that_repeats_the_longest_row(n: int) -> None:
    """A batch may then have more entries than any rows of the data together."""
    rng = np.random.default_rng(0)
    dense = np.zeros((120, 2000), np.float32)
    dense[:, :3] = rng.normal(size=(120, 3))
    dense[7] = rng.normal(size=2000)
    x = sparse.csr_matrix(dense)
    y = _core.Rows(rng.normal(size=(120, 2)).astype("float32"))
    results = []
    for source in (csr_rows(x), _core.Rows(dense)):
        net = Net(24, "float32", True, 2000)
        trainer = net.trainer("sgd", {})
        # The first order leaves room for less.
        for order in (np.arange(120), np.full(n, 7)):
            trainer.start([source], [y], [None], 40, order, None)
            trainer.run(np.full(n, 1e-5), FOREVER)
        results.append([v.view.copy() for v in net.variables])
    assert_same(*results)


def test_without_bias_and_frozen() -> None:
    x = matrix(80, COLS)
    results = []
    for source in (csr_rows(x), _core.Rows(x.toarray())):
        net = Net(24, "float32", True, bias=False)
        arrays = bits(net, source, "adam", {}, 16)
        net.variables = net.variables[1:]  # the first kernel stays
        results.append(arrays + bits(net, source, "adam", {}, 16))
    assert_same(*results)


@pytest.mark.parametrize("in_out", [True, False])
def test_kernel_used_backwards(in_out: bool) -> None:
    """The layer's kernel is another one's transpose: its lines change roles."""
    x, results = matrix(90, COLS), []
    for source in (csr_rows(x), _core.Rows(x.toarray())):
        graph = _core.Graph("float32")
        node = graph.add("input", [], [], {"features": COLS})
        kernel = _core.Variable(COLS, 24, "float32", in_out)
        kernel.view[...] = np.random.default_rng(0).normal(0, 0.1, (COLS, 24))
        output = graph.add("tanh", [graph.add("dense", [node], [kernel], {"transposed": 1})])
        for optimizer in ("sgd", "adam"):
            trainer = _core.Trainer(
                graph, [0], [output], [("mean_squared_error", [])], [1.0], [[]],
                [kernel], [1e-3], [1e-3], (optimizer, HYPER[optimizer]), {},
            )  # fmt: skip
            y = _core.Rows(np.zeros((90, 24), np.float32))
            trainer.start([source], [y], [None], 40, None, 0)
            trainer.run(np.full(3, 0.01), FOREVER)
            results.append([kernel.view.copy(), np.array(trainer.results()["loss"])])
    assert_same(results[0] + results[1], results[2] + results[3])


def test_two_inputs_and_two_layers_on_one() -> None:
    """Of two inputs one may be sparse; several layers may read it."""
    x, other = matrix(90, COLS), np.random.default_rng(3).normal(size=(90, 5)).astype("float32")
    results = []
    for source in (csr_rows(x), _core.Rows(x.toarray())):
        rng = np.random.default_rng(0)
        graph = _core.Graph("float32")
        wide = graph.add("input", [], [], {"features": COLS})
        narrow = graph.add("input", [], [], {"features": 5})
        kernels, nodes = [], []
        for node, fan_in, in_out in ((wide, COLS, True), (wide, COLS, False), (narrow, 5, False)):
            kernels.append(_core.Variable(24, fan_in, "float32", in_out))
            kernels[-1].view[...] = rng.normal(0, 0.1, (24, fan_in))
            nodes.append(graph.add("dense", [node], [kernels[-1]]))
        output = graph.add("tanh", [graph.add("add", nodes)])
        trainer = _core.Trainer(
            graph, [wide, narrow], [output], [("mean_squared_error", [])], [1.0], [[]],
            kernels, [0.0] * 3, [0.0] * 3, ("adam", HYPER["adam"]), {},
        )  # fmt: skip
        y = _core.Rows(np.zeros((90, 24), np.float32))
        trainer.start([source, _core.Rows(other)], [y], [None], 20, None, 0)
        trainer.run(np.full(5, 0.01), FOREVER)
        results.append([v.view.copy() for v in kernels])
    assert_same(*results)


def test_sparse_and_dense_by_turns() -> None:
    """A trainer and an executor change over between rows of both kinds, and of any density."""
    x = matrix(120, COLS)
    thick = sparse.random(120, COLS, 0.6, "csr", "float32", 0)
    dense = _core.Rows(x.toarray()), _core.Rows(thick.toarray())
    turns = [csr_rows(x), dense[1], csr_rows(thick), csr_rows(x)]
    results = []
    for sources in (turns, [dense[0], dense[1], dense[1], dense[0]]):
        net = Net(24, "float32", True)
        trainer, executor = (
            net.trainer("adam", {}),
            _core.Executor(net.graph, [0], [net.output]),
        )
        y = _core.Rows(np.ones((120, 2), np.float32))
        made = []
        for source in sources:
            trainer.start([source], [y], [None], 30, None, 0)
            trainer.run(np.full(4, 0.01), FOREVER)
            made += [
                executor.predict([source])[0],
                np.array(trainer.evaluate([source], [y], [None])["loss"]),
            ]
        results.append(made + [v.view.copy() for v in net.variables])
    assert_same(*results)


@pytest.mark.parametrize("first", ["tanh", "dense"])
def test_rows_without_entries(first: str) -> None:
    """Where something else than a dense layer reads the rows, they are made dense, empty or not."""
    x = sparse.csr_matrix((40, COLS), dtype=np.float32)
    results = []
    for source in (csr_rows(x), _core.Rows(x.toarray())):
        graph = _core.Graph("float32")
        node = graph.add("input", params={"features": COLS})
        if first == "tanh":
            node = graph.add("tanh", [node])
        kernel, bias = _core.Variable(3, COLS), _core.Variable(1, 3)
        kernel.view[:], bias.view[:] = 0.5, [[1, 2, 3]]
        node = graph.add("dense", [node], [kernel, bias])
        results.append(_core.Executor(graph, [0], [node]).predict([source]))
    assert_same(*results)
    assert (results[0][0] == [1, 2, 3]).all()


MEMORY = """
import re
import numpy as np
from scipy import sparse
import pynn
from pynn.estimators import MLPClassifier

def kilobytes(name):
    # Of this program alone: getrusage() remembers the process that started it.
    with open("/proc/self/status") as file:
        return int(re.search(rf"^{{name}}:\\s+(\\d+) kB", file.read(), re.MULTILINE)[1])

cols = 400_000  # a batch of 200 dense rows of them takes 320 MB, all rows 3.2 GB
rng = np.random.default_rng(0)
x = sparse.csr_matrix(
    (np.ones(80_000, np.float32), rng.integers(0, cols, 80_000), np.arange(0, 80_001, 40)),
    shape=(2000, cols),
)
y = np.arange(2000) % 2
before = kilobytes("VmRSS")
{fit}
print((kilobytes("VmHWM") - before) * 1024)
"""
FITS = {
    "estimator": """
model = MLPClassifier((8,), solver="adam", max_iter=1, early_stopping=True, n_iter_no_change=1)
import warnings
warnings.simplefilter("ignore")
model.fit(x, y)
model.predict(x)
""",
    "model": """
model = pynn.Sequential([pynn.Input((cols,)), pynn.layers.Dense(8), pynn.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, y, batch_size=200, epochs=1, verbose=0, validation_split=0.1)
model.evaluate(x, y, verbose=0)
model.predict(x, verbose=0)
""",
}


@pytest.mark.parametrize("fit", FITS)
def test_no_batch_is_made_dense(fit: str) -> None:
    """Weights and their state, some copies of them, and room for the entries; no more."""
    code = MEMORY.format(fit=FITS[fit])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    weights = 400_000 * 16 * 4
    assert int(run.stdout) < 8 * weights
