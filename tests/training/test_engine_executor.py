"""Prediction: equal to the trainer's forward pass, for any rows, from several threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import _core
from pynn._array_result import ArrayResult
from reference.networks import NETWORKS, layers, two_inputs_two_outputs
from reference.tolerances import DTYPES
from reference.twin import Training, Twin, rows

Network = Callable[[Twin, int], list[int]]
FOREVER = 1e9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_every_number_of_rows(network: Network, dtype: str) -> None:
    """A row's prediction does not depend on the rows around it."""
    twin = Twin(dtype)
    outputs = network(twin, 9)
    executor = _core.Executor(twin.native, twin.inputs, outputs)
    x = twin.data(300)
    all_rows = executor.predict(rows(x))
    for n_rows in (1, 2, 31, 32, 33, 127, 128, 129, 257):
        some = executor.predict(rows([a[300 - n_rows :] for a in x]))
        for whole, part in zip(all_rows, some, strict=True):
            assert part.shape == (n_rows, whole.shape[1]) and part.flags.c_contiguous
            np.testing.assert_array_equal(part, whole[300 - n_rows :])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_equals_the_trainer(network: Network, dtype: str) -> None:
    """To the bit, where training's forward pass is inference's: no dropout, no batch statistics."""
    twin = Twin(dtype)
    outputs = network(twin, 9)
    kinds = {node.kind for node in twin.reference.nodes}
    if network.__name__ in ("factors_and_shifts", "normalized", "dropped", "noisy"):
        assert kinds & {"dropout", "gaussian_dropout", "batch_normalization"}
        return
    training = Training(twin, outputs, [("mean_squared_error", [])] * len(outputs))
    x = twin.data(100)
    y = [twin.rng.normal(size=(100, twin.native.width(o))) for o in outputs]
    trainer = training.native()
    trainer.start(rows(x), rows(y), [None] * len(y), 100)
    want = twin.predict(outputs, x)
    trainer.run(np.zeros(1), FOREVER)
    for a, b in zip(trainer.last_batch()[1], want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_outputs_may_be_any_nodes() -> None:
    twin = Twin()
    x = twin.input(5)
    h = twin.add("relu", [twin.dense(x, 7)])
    z = twin.dense(h, 3)
    out = twin.add("tanh", [z])  # could work in place on z, were it not for somebody who asks
    data = twin.data(40)
    for outputs in ([x], [h, out], [out, x, h], [out, out], [h], [out, z], [z, h, out]):
        got = twin.predict(outputs, data)
        want = twin.reference_predict(outputs, data)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_predict_array() -> None:
    twin = Twin("float32")
    executor = _core.Executor(twin.native, [twin.input(5)], [twin.dense(0, 3)])
    (x,) = twin.data(40)
    np.testing.assert_array_equal(executor.predict_array(x), executor.predict(rows([x]))[0])
    np.testing.assert_array_equal(
        executor.predict_array(x.astype(np.float64)), executor.predict_array(x)
    )
    assert type(executor.predict_array(x, 40, ArrayResult)) is ArrayResult
    with pytest.raises(ValueError, match="type must be a subclass of ndarray"):
        executor.predict_array(x, 40, dict)


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        (lambda x: x[::2], True),
        (lambda x: x[:0], True),
        (lambda x: x.astype(np.float16), True),
        (lambda x: x.astype(bool), True),
        (lambda x: x[::-1], True),
        (lambda x: np.asfortranarray(x), False),
        (lambda x: x[:, :4], False),
        (lambda x: x[0], False),
        (lambda x: x[None], False),
        (lambda x: np.vstack([x, x]), False),
        (lambda x: x.astype(x.dtype.newbyteorder()), False),
        (lambda x: x.astype(np.longdouble), False),
        (lambda x: x.astype(object), False),
        (lambda x: x.astype(str), False),
        (lambda x: x.view(ArrayResult), False),
        (lambda x: np.ma.masked_array(x), False),
        (lambda x: x.tolist(), False),
        (lambda x: None, False),
    ],
)
def test_predict_array_takes_rows_where_they_are_or_nothing(change: Any, taken: bool) -> None:
    twin = Twin("float32")
    executor = _core.Executor(twin.native, [twin.input(5)], [twin.dense(0, 3)])
    x = change(twin.data(40)[0])
    found = executor.predict_array(x, 40)
    assert (found is not None) == taken
    if taken:
        expected = executor.predict(rows([np.ascontiguousarray(x)]))[0]
        np.testing.assert_array_equal(found, expected)


def test_predict_array_is_for_one_input_and_one_output() -> None:
    twin = Twin("float32")
    a, b = twin.input(5), twin.input(5)
    both = twin.add("add", [a, b])
    (x, _) = twin.data(4)
    assert _core.Executor(twin.native, [a, b], [both]).predict_array(x) is None
    assert _core.Executor(twin.native, [a], [a, a]).predict_array(x) is None


def test_the_graph_may_grow() -> None:
    """Nodes added later change nothing for who was made before; who is made after sees them."""
    twin = Twin()
    h = twin.add("relu", [twin.dense(twin.input(5), 7)])
    executor = _core.Executor(twin.native, twin.inputs, [h])
    trainer = Training(twin, [h], [("huber", [1.0])]).native()
    data = rows(twin.data(300))
    y = rows([np.ones((300, 7))])
    (before,) = executor.predict(data)
    loss, _ = trainer.gradients(data, y, [None])
    output = twin.dense(twin.add("tanh", [h]), 3)
    np.testing.assert_array_equal(executor.predict(data)[0], before)
    trainer.start(data, y, [None], 300)  # larger than any batch before: a new plan
    trainer.run(np.ones(1), FOREVER)
    assert trainer.results()["loss"] == (pytest.approx(300 * loss, rel=1e-12), 300)
    assert twin.predict([output], twin.data(4))[0].shape == (4, 3)


def test_sees_new_weights() -> None:
    twin = Twin()
    output = twin.dense(twin.input(5), 3)
    executor = _core.Executor(twin.native, twin.inputs, [output])
    data = twin.data(40)
    for n_rows in (1, 40):
        executor.predict(rows([data[0][:n_rows]]))
        for weight in twin.weights:
            weight.assign(twin.rng.normal(size=weight.native.view.shape))
        got = executor.predict(rows([data[0][:n_rows]]))
        want = twin.reference_predict([output], [data[0][:n_rows]])
        np.testing.assert_allclose(got[0], want[0], rtol=1e-12, atol=1e-12)


def test_threads_do_not_matter() -> None:
    twin = Twin("float32")
    outputs = two_inputs_two_outputs(twin, 60)
    executor = _core.Executor(twin.native, twin.inputs, outputs)
    x = twin.data(3000)
    _core.set_num_threads(1)
    want = executor.predict(rows(x))
    for threads in (2, 3, 4):
        _core.set_num_threads(threads)
        for a, b in zip(executor.predict(rows(x)), want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_several_python_threads_at_once() -> None:
    """One executor, calls of different sizes; who finds the workers busy works alone."""
    twin = Twin("float32")
    outputs = layers(twin, 40)
    executor = _core.Executor(twin.native, twin.inputs, outputs)
    (x,) = twin.data(2000)
    (want,) = executor.predict(rows([x]))
    wrong: list[str] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(30):
            first, last = sorted(rng.integers(0, 2001, 2))
            if first == last:
                continue
            (got,) = executor.predict(rows([x[first:last]]))
            if not np.array_equal(got, want[first:last]):
                wrong.append(f"rows {first} to {last}")

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_small_numbers_are_left_to_the_caller() -> None:
    """Native code flushes denormal numbers to zero; on return the caller's arithmetic has them."""
    twin = Twin("float64")
    output = twin.add("dense", [twin.input(1)], [twin.weight(np.full((1, 1), 0.5))])
    executor = _core.Executor(twin.native, twin.inputs, [output])
    trainer = Training(twin, [output], [None]).native()
    smallest = np.array([2.2250738585072014e-308])  # half of it is denormal
    source = rows([np.full((4, 1), smallest)])
    trainer.start(source, [None], [None], 2)
    calls = (
        lambda: executor.predict(source),
        lambda: trainer.run(np.zeros(2), FOREVER),
        lambda: trainer.evaluate(source, [None], [None]),
        lambda: trainer.gradients(source, [None], [None]),
        trainer.last_batch,
    )
    for call in calls:
        call()
        assert (smallest / 2)[0] > 0
    assert (executor.predict(source)[0] == 0).all()
    assert (trainer.last_batch()[1][0] == 0).all()


def assert_leaves_the_interpreter_free(call: Callable[[], object]) -> None:
    """While a thread makes calls, a loop in this one must turn more than ten times per call.

    A call that held the interpreter would let it turn about once.
    """
    enough = threading.Event()
    calls = 0

    def work() -> None:
        nonlocal calls
        while calls < 100 and not enough.is_set():
            call()
            calls += 1

    worker = threading.Thread(target=work)
    worker.start()
    ticks = 0
    while worker.is_alive() and ticks < 1000:
        ticks += 1
        time.sleep(0)
    enough.set()
    worker.join()
    assert ticks > 10 * calls - 10  # the last call was not watched to its end


def test_other_threads_run_during_a_prediction() -> None:
    twin = Twin("float32")
    outputs = layers(twin, 100)
    executor = _core.Executor(twin.native, twin.inputs, outputs)
    source = rows(twin.data(3000))
    assert_leaves_the_interpreter_free(lambda: executor.predict(source))


def test_run_respects_seconds() -> None:
    twin = Twin("float32")
    output = twin.dense(twin.input(8), 4)
    training = Training(twin, [output], [("mean_squared_error", [])])
    trainer = training.native()
    n_rows = 2_000_000  # steps of a microsecond: far more than fit
    x = np.broadcast_to(np.ones(8, np.float32), (n_rows, 8))
    y = np.broadcast_to(np.ones(4, np.float32), (n_rows, 4))
    trainer.start(rows([x]), rows([y]), [None], 1)
    for seconds in (0.05, 0.0, -1.0):
        # Without time one chunk of steps: never nothing, never all.
        assert 0 < trainer.run(np.zeros(n_rows), seconds) < n_rows


def test_other_threads_run_during_training() -> None:
    twin = Twin("float32")
    outputs = layers(twin, 60)
    training = Training(twin, outputs, [("mean_squared_error", [])])
    (x,) = twin.data(4000)
    trainer = training.native()
    y = np.zeros((4000, 3), np.float32)

    def train() -> None:
        trainer.start(rows([x]), rows([y]), [None], 32)
        assert trainer.run(np.zeros(125), FOREVER) == 125

    assert_leaves_the_interpreter_free(train)
    assert trainer.iterations % 125 == 0
