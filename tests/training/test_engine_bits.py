"""Training gives the same bits for every number of threads and every instruction set with FMA."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.networks import NETWORKS, layers, normalized
from reference.trainer import Batch
from reference.twin import Training, Twin, rows

Network = Callable[[Twin, int], list[int]]
FMA_ISAS = [isa for isa in _core.available_isas() if isa != "scalar"]
MOST_THREADS = 4
FOREVER = 1e9
# csrc/graph/schedule.cpp gives a step one worker for this many floating-point operations.
OPERATIONS_PER_WORKER = 1.2e6
# Below, at and above a block of 32 rows; 256 rows are divided by blocks even between 4 workers.
RUNS: dict[int, dict[str, Any]] = {
    7: {"optimizer": ("sgd", [])},
    32: {"optimizer": ("adam", [0.9, 0.999, 1e-7])},
    64: {"optimizer": ("sgd_momentum", [0.9]), "options": {"clipnorm": 0.1}},
    100: {"optimizer": ("nadam", [0.9, 0.999, 1e-7]), "options": {"weight_decay": 0.1}},
    256: {"optimizer": ("rmsprop", [0.9, 1e-7]), "options": {"global_clipnorm": 0.1}},
}
PENALTY = 1e-3
# Up to so many rows, the gradient of the input runs along the weights in in_out layout, in
# sums of another order (csrc/kernels/small_batch_gradient-inl.hpp).
SMALL_BATCH = 8


def operations(twin: Twin, batch_size: int) -> int:
    """Of a step's dense layers: 2 a weight and row forward, and twice as many backward."""
    nodes = twin.reference.nodes
    return sum(6 * n.variables[0].value.size * batch_size for n in nodes if n.kind == "dense")


def wide_enough(network: Network, batch_size: int) -> int:
    """The smallest width at which a step is worth MOST_THREADS workers."""
    width = 16
    while True:
        twin = Twin()
        network(twin, width)
        if operations(twin, batch_size) > MOST_THREADS * OPERATIONS_PER_WORKER:
            return width
        width += 1 + width // 4


def problem(
    network: Network,
    width: int,
    dtype: str,
    n_rows: int,
    optimizer: tuple,
    options: dict,
    in_out: bool = False,
) -> tuple[Training, Batch]:
    twin = Twin(dtype, seed=1, in_out=in_out)
    outputs = network(twin, width)
    penalties = [PENALTY] * len(twin.weights) if options else None
    losses = [("mean_squared_error", [])] * len(outputs)
    training = Training(
        twin, outputs, losses, l1=penalties, l2=penalties, optimizer=optimizer, options=options
    )
    y = [twin.rng.normal(size=(n_rows, twin.native.width(o))).astype(dtype) for o in outputs]
    return training, Batch(twin.data(n_rows), y, [None] * len(outputs))


def everything(training: Training, trainer: Any) -> list[np.ndarray]:
    """Copies of all numbers that training changes: weights, statistics, state, sums."""
    arrays = [w.native.view.copy() for w in training.twin.all_weights]
    arrays += [slot.view.copy() for slots in trainer.state for slot in slots]
    results = trainer.results()
    return [*arrays, np.array([results["loss"], *results["outputs"]])]


def sources(batch: Batch) -> tuple[list, list, list]:
    return rows(batch.x), rows(batch.y), rows(batch.weights)


def train(training: Training, batch: Batch, batch_size: int, threads: int) -> list[np.ndarray]:
    """Steps of which each is the first of a trainer, for that is one that uses all workers.

    A trainer measures whether fewer are faster, and goes on with those.
    """
    _core.set_num_threads(threads)
    numbers: list[np.ndarray] = []
    trainer = None
    for first in range(0, len(batch), batch_size):
        previous, trainer = trainer, training.native()
        if previous is not None:
            trainer.iterations = previous.iterations
            for new, old in zip(trainer.state, previous.state, strict=True):
                for new_slot, old_slot in zip(new, old, strict=True):
                    new_slot.view[...] = old_slot.view
        order = np.arange(len(batch))[::-1][first : first + batch_size]
        trainer.start(*sources(batch), batch_size, order)
        assert trainer.run(np.array([0.01]), FOREVER) == 1
        numbers += everything(training, trainer) + trainer.last_batch()[1]
    evaluation = trainer.evaluate(*sources(batch))
    loss, gradients = trainer.gradients(*sources(batch))
    predictions = training.twin.predict(training.outputs, batch.x)
    return [*numbers, *gradients, *predictions, np.array([loss, *evaluation["loss"]])]


def assert_identical(first: list[np.ndarray], other: list[np.ndarray]) -> None:
    for a, b in zip(first, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(a).all() for a in first)


@pytest.mark.parametrize("batch_size", RUNS)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_threads(network: Network, batch_size: int) -> None:
    width = wide_enough(network, batch_size)
    run = {"options": {}} | RUNS[batch_size]
    n_rows = 2 * batch_size + batch_size // 2  # the last batch is short
    for dtype in ("float32", "float64"):
        by_layout = []
        for in_out in (False, True):
            results = []
            for threads in range(1, MOST_THREADS + 1):
                training, batch = problem(network, width, dtype, n_rows, in_out=in_out, **run)
                results.append(train(training, batch, batch_size, threads))
            for other in results[1:]:
                assert_identical(results[0], other)
            by_layout.append(results[0])
        if batch_size // 2 > SMALL_BATCH:
            assert_identical(*by_layout)


def narrow_layers(twin: Twin, features: int) -> list[int]:
    """As many inputs and outputs, around the numbers of lines that have a gradient of their own."""
    hidden = twin.add("relu", [twin.dense(twin.input(features), 37)])
    return [twin.dense(hidden, features), twin.dense(hidden, features, bias=False)]


@pytest.mark.parametrize("optimizer", [("sgd", []), ("adam", [0.9, 0.999, 1e-7])], ids=str)
@pytest.mark.parametrize("features", [1, 2, 3, 4, 5, 8, 12, 13])
def test_weights_of_narrow_layers(features: int, optimizer: tuple) -> None:
    """Squares transposed in registers, or rows: in either layout of weights the bits are those.

    At sizes of batches around the squares, of 2 to 16 rows; the lanes that are not there hold what
    a longer batch has left.
    """
    _core.set_num_threads(1)
    for dtype in ("float32", "float64"):
        for n_rows in (1, 7, 8, 9, 16, 17, 31, 33, 50):
            results = []
            for in_out in (False, True):
                training, batch = problem(
                    narrow_layers, features, dtype, 64 + n_rows, optimizer, {}, in_out=in_out
                )
                trainer = training.native()
                trainer.start(*sources(batch), 64, None)
                assert trainer.run(np.full(2, 0.01), FOREVER) == 2
                results.append(everything(training, trainer))
            assert_identical(*results)
            assert all(np.isfinite(numbers).all() for numbers in results[0])


def sparse_rows(dense: np.ndarray) -> Any:
    indptr = np.concatenate([[0], np.cumsum((dense != 0).sum(axis=1))])
    indices = np.ascontiguousarray(np.nonzero(dense)[1])
    return _core.Rows.csr(dense[dense != 0], indices, indptr, dense.shape[1])


def many_features(twin: Twin, features: int) -> list[int]:
    """So many that workers share the reading of even one block of rows."""
    return [twin.dense(twin.add("relu", [twin.dense(twin.input(features), 40)]), 3)]


@pytest.mark.parametrize("batch_size", [32, 256])
def test_threads_share_the_conversion_of_rows(batch_size: int) -> None:
    """Each worker converts its columns, or its rows; rows used as they are give the truth."""
    training, batch = problem(many_features, 1024, "float32", 2 * batch_size, ("sgd", []), {})
    assert operations(training.twin, batch_size) > MOST_THREADS * OPERATIONS_PER_WORKER
    (x,) = batch.x
    x[np.abs(x) < 1] = 0
    x[...] = np.round(x)
    forms = [_core.Rows(x), *(_core.Rows(x.astype(t)) for t in ("float64", "int8", "float16"))]
    results = []
    for threads in (1, 2, 3, MOST_THREADS):
        _core.set_num_threads(threads)
        for source in [*forms, sparse_rows(x)]:
            training, _ = problem(many_features, 1024, "float32", 1, ("sgd", []), {})
            trainer = training.native()
            trainer.start([source], rows(batch.y), [None], batch_size, None, 0)
            assert trainer.run(np.full(2, 0.01), FOREVER) == 2
            results.append(everything(training, trainer))
    for other in results[1:]:
        assert_identical(results[0], other)


def test_there_were_threads() -> None:
    """The workers of the tests above; Linux lists a process's threads."""
    network, batch_size = layers, 32
    width = wide_enough(network, batch_size)
    training, batch = problem(network, width, "float32", batch_size, ("sgd", []), {})
    train(training, batch, batch_size, MOST_THREADS)
    if os.path.isdir("/proc/self/task"):
        assert len(os.listdir("/proc/self/task")) >= MOST_THREADS


@pytest.mark.parametrize("network", [layers, normalized], ids=lambda network: network.__name__)
def test_whole_epochs(network: Network) -> None:
    """With the trainer's own choice of workers, which changes while it runs."""
    width = wide_enough(network, 32)
    optimizer = ("adam", [0.9, 0.999, 1e-7])
    results = []
    for threads in range(1, MOST_THREADS + 1):
        _core.set_num_threads(threads)
        training, batch = problem(network, width, "float32", 500, optimizer, {})
        trainer = training.native()
        for epoch in range(3):
            trainer.start(*sources(batch), 32, None, epoch)
            assert trainer.run(np.full(99, 0.001), FOREVER) == 16
        results.append(everything(training, trainer))
    for other in results[1:]:
        assert_identical(results[0], other)


def test_two_trainings_at_once() -> None:
    """Python threads compete for the workers; who gets none works alone."""
    width = wide_enough(layers, 32)
    _core.set_num_threads(3)
    results: list[list[np.ndarray]] = []

    def work() -> None:
        training, batch = problem(layers, width, "float32", 500, ("sgd", []), {})
        trainer = training.native()
        for epoch in range(2):
            trainer.start(*sources(batch), 32, None, epoch)
            while trainer.run(np.full(3, 0.01), FOREVER):
                pass
        results.append(everything(training, trainer))

    work()
    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 4
    for other in results[1:]:
        assert_identical(results[0], other)


def on_isa(isa: str, network: Network, dtype: str, batch_size: int) -> list[np.ndarray]:
    _core._set_isa(isa)
    run = {"options": {}} | RUNS[batch_size]
    training, batch = problem(network, 17, dtype, 2 * batch_size + 3, **run)
    return train(training, batch, batch_size, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_instruction_sets(network: Network, dtype: str) -> None:
    for batch_size in RUNS:
        results = [on_isa(isa, network, dtype, batch_size) for isa in FMA_ISAS]
        for other in results[1:]:
            assert_identical(results[0], other)


# Without FMA each product is rounded before it is added: sums of a hundred terms near 1 differ in
# their last two or three digits, after three steps and clipping by norms a little more.
@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 2e-4), ("float64", 2e-13)])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_scalar_is_near(network: Network, dtype: str, allowed: float) -> None:
    for batch_size in (7, 64):
        for isa in FMA_ISAS:
            scalar = on_isa("scalar", network, dtype, batch_size)
            for a, b in zip(scalar, on_isa(isa, network, dtype, batch_size), strict=True):
                np.testing.assert_allclose(a, b, rtol=allowed, atol=allowed)
