"""Epochs of the engine's trainer against the same mini-batch loop in NumPy, and its bookkeeping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pynn import _core
from reference.networks import COUPLED_NETWORKS, NETWORKS
from reference.optimizers import HYPER
from reference.random import shuffled
from reference.trainer import Batch, Totals
from reference.twin import Training, Twin, rows

# Hundreds of float64 roundings, carried through a dozen steps.
ALLOWED = 1e-9
FOREVER = 1e9
N = 70  # rows; not a multiple of the batch sizes below


def classifier(twin: Twin) -> tuple[list[int], list]:
    x = twin.add("tanh", [twin.dense(twin.input(6), 9)])
    outputs = [twin.add("softmax", [twin.dense(x, 4)])]
    return outputs, [("sparse_categorical_crossentropy", [np.nan])]


def problem(dtype: str = "float64", n_rows: int = N, **options: Any) -> tuple[Training, Batch]:
    twin = Twin(dtype, seed=1)
    outputs, losses = classifier(twin)
    y = twin.rng.integers(0, 4, (n_rows, 1))
    training = Training(twin, outputs, losses, **options)
    return training, Batch(twin.data(n_rows), [y], [None])


def of_network(
    network: Callable[[Twin, int], list[int]], width: int, **options: Any
) -> tuple[Training, Batch]:
    """A squared error on each output of a network."""
    twin = Twin(seed=width)
    outputs = network(twin, width)
    losses = [("mean_squared_error", [])] * len(outputs)
    y = [twin.rng.normal(size=(N, twin.native.width(o))) for o in outputs]
    weights = [twin.rng.uniform(0, 2, (N, 1)), None, None][: len(outputs)]
    training = Training(twin, outputs, losses, [1.0, 0.5, 2.0][: len(outputs)], **options)
    return training, Batch(twin.data(N), y, weights)


def start(trainer: Any, batch: Batch, batch_size: int, *order: Any) -> None:
    trainer.start(rows(batch.x), rows(batch.y), rows(batch.weights), batch_size, *order)


def values(training: Training, trainer: Any) -> list[np.ndarray]:
    """Copies of all weights and of the optimizer's state."""
    state = [slot.view.copy() for slots in trainer.state for slot in slots]
    return [w.native.view.copy() for w in training.weights] + state


def assert_identical(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def assert_results(got: dict, want: Totals) -> None:
    assert got["loss"] == pytest.approx((want.loss, want.count), rel=ALLOWED)
    for (total, count), truth in zip(got["outputs"], want.outputs, strict=True):
        assert (total, count) == pytest.approx((truth, want.count), rel=ALLOWED)
    for tallies, truths in zip(got["metrics"], want.metrics, strict=True):
        for (total, count), truth in zip(tallies, truths, strict=True):
            assert (total, count) == pytest.approx((truth, want.count), rel=ALLOWED)


def check_epochs(
    training: Training, batch: Batch, batch_size: int = 16, epochs: int = 2, rate: float = 0.05
) -> None:
    """Run epochs in random orders with a rate that changes every step; compare everything."""
    trainer, reference = training.native(), training.reference()
    trainer.seed = reference.seed = 5
    rng = np.random.default_rng(3)
    steps = -(-N // batch_size)
    for epoch in range(epochs):
        order = rng.permutation(N)
        rates = rate * rng.uniform(0.5, 1, steps)
        start(trainer, batch, batch_size, order)
        assert trainer.run(rates, FOREVER) == steps
        assert trainer.run(rates, FOREVER) == 0
        reference.epoch(batch, batch_size, order, rates)
        assert trainer.iterations == reference.iterations == (epoch + 1) * steps
        assert_results(trainer.results(), reference.totals)
    everything = {w.native: w.reference for w in training.weights}
    for native, truth in everything.items():
        np.testing.assert_allclose(native.view, truth.value, rtol=ALLOWED, atol=ALLOWED)
    for slots, truths in zip(trainer.state, reference.state, strict=True):
        for slot, truth in zip(slots, truths, strict=True):
            np.testing.assert_allclose(slot.view, truth, rtol=ALLOWED, atol=ALLOWED)
    if any(node.kind == "batch_sum" for node in training.twin.reference.nodes):
        sources = [rows(arrays) for arrays in (batch.x, batch.y, batch.weights)]
        assert_results(trainer.evaluate(*sources, N), reference.evaluate(batch))
        return  # what looks at all rows is not predicted by pieces
    got = training.twin.predict(training.outputs, batch.x)  # moving statistics among the rest
    want = training.twin.reference_predict(training.outputs, batch.x)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=ALLOWED, atol=ALLOWED)


def test_every_optimizer_is_here() -> None:
    assert set(HYPER) == set(_core.optimizer_names())


@pytest.mark.parametrize("batch_size", [1, 16, 33, 1000])
@pytest.mark.parametrize("optimizer", HYPER.items(), ids=lambda item: item[0])
def test_optimizers(optimizer: tuple[str, list[float]], batch_size: int) -> None:
    training, batch = problem(optimizer=optimizer, metrics=[["sparse_categorical_accuracy"]])
    check_epochs(training, batch, min(batch_size, N), epochs=1 if batch_size == 1 else 2)


OPTIONS = [
    {"weight_decay": 0.3},
    {"weight_decay": 0.3, "decay_factors": [1.0, 0.0, 0.0, 2.0]},
    {"weight_decay": 0.3, "rate_factors": [1.0, 0.5, 2.0, 0.5], "decay_factors": [1.0, 0, 3, 2]},
    {"rate_factors": [1.0, 0.25, 2.0, 0.5], "clipnorm": 0.05},
    {"clipvalue": 0.01},
    {"clipnorm": 0.05},
    {"global_clipnorm": 0.1},
    {"global_clipnorm": 1e6},
    {"global_clipnorm": 0.1, "weight_decay": 0.1, "l2_per_batch": True},
    {"clipnorm": 0.05, "clipvalue": 0.02, "normalize_by_weights": True},
    {"l2_per_batch": True, "normalize_by_weights": True},
]


@pytest.mark.parametrize("penalties", [None, ([0.01, 0, 0.02, 0], [0, 0.03, 0.2, 0.1])])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "+".join(options))
@pytest.mark.parametrize("name", ["sgd", "sgd_nesterov", "adam", "nadam", "ftrl"])
def test_options(name: str, options: dict, penalties: tuple | None) -> None:
    l1, l2 = penalties or (None, None)
    optimizer = (name, HYPER[name])
    training, batch = problem(optimizer=optimizer, options=options, l1=l1, l2=l2)
    batch.weights[0] = np.random.default_rng(0).uniform(0, 2, (N, 1))
    check_epochs(training, batch)


def test_numbers_of_steps() -> None:
    """Learning rates, weight decays and what dropout takes, each from a column of its own."""

    def network(t: Twin, w: int) -> list[int]:
        x = t.add("dropout", [t.input(2 * w)], rate=0.2, column=3)
        x = t.add("tanh", [t.dense(x, w)])
        return [t.dense(t.add("dropout", [x], column=2), 3)]

    training, batch = of_network(
        network, 17, options={"scheduled_decay": True, "decay_factors": [1, 0, 2, 0]}
    )
    numbers = np.random.default_rng(4).uniform(0.0, 0.4, (5, 4)) * [0.1, 1, 1, 2]
    trainer, reference = training.native(), training.reference()
    trainer.seed = reference.seed = 5
    order = np.random.default_rng(3).permutation(N)
    start(trainer, batch, 16, order)
    with pytest.raises(ValueError, match="rates must have 4 columns. Received: 3"):
        trainer.run(numbers[:, :3], FOREVER)
    for column, rate in [(2, -0.5), (3, 1.0), (3, np.nan)]:
        wrong = numbers.copy()
        wrong[4, column] = rate
        with pytest.raises(ValueError, match=r"rate must be in \[0, 1\). Received: rate="):
            trainer.run(wrong, FOREVER)
    assert trainer.run(numbers[:2], FOREVER) == 2
    assert trainer.run(numbers[2:], FOREVER) == 3
    reference.epoch(batch, 16, order, numbers)
    for weight in training.weights:
        np.testing.assert_allclose(weight.native.view, weight.reference.value, rtol=ALLOWED)


def test_the_remainder_is_dropped() -> None:
    training, batch = problem()
    other, _ = problem()
    trainer, reference = training.native(), other.native()
    start(reference, batch, 16, np.arange(64))
    trainer.start(
        rows(batch.x), rows(batch.y), rows(batch.weights), 16, skip=1, drop_remainder=True
    )
    run_in_pieces(reference, [4])
    ended: list[dict] = []
    assert trainer.run_epochs(np.full(20, 0.05), FOREVER, 3, ended, seed=3, next_epoch=1) == 11
    assert len(ended) == 3
    assert [each["loss"][1] for each in ended] == [48, 64, 64]


@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_networks(network: Callable[[Twin, int], list[int]], name: str) -> None:
    for width, batch_size in ((4, 16), (17, 33), (5, N)):
        training, batch = of_network(network, width, optimizer=(name, HYPER[name]))
        check_epochs(training, batch, batch_size, rate=0.01)


@pytest.mark.parametrize("options", [{"clipnorm": 0.1}, {"global_clipnorm": 0.1, "l2": True}])
@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_networks_with_clipping(network: Callable[[Twin, int], list[int]], options: dict) -> None:
    training, _ = of_network(network, 4)
    l2 = [0.01] * len(training.weights) if options.get("l2") else None
    options = {name: value for name, value in options.items() if name != "l2"}
    training, batch = of_network(network, 4, options=options, l2=l2)
    check_epochs(training, batch, rate=0.01)


def test_frozen_variables_do_not_move() -> None:
    twin = Twin()
    outputs, losses = classifier(twin)
    trainable = [twin.weights[0], twin.weights[3]]
    frozen = [twin.weights[1], twin.weights[2]]
    before = [w.native.view.copy() for w in frozen]
    training = Training(twin, outputs, losses, weights=trainable)
    batch = Batch(twin.data(N), [twin.rng.integers(0, 4, (N, 1))], [None])
    check_epochs(training, batch)
    assert_identical([w.native.view for w in frozen], before)


def test_nothing_to_train() -> None:
    training, batch = problem(weights=[], metrics=[["sparse_categorical_accuracy"]])
    check_epochs(training, batch)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_padding_of_weights_stays_zero(dtype: str) -> None:
    """Rows are padded to 16 elements; what is written there must not reach sums over rows."""
    options = {"global_clipnorm": 0.1, "weight_decay": 0.1}
    training, batch = problem(
        dtype, optimizer=("ftrl", HYPER["ftrl"]), options=options, l1=[0.1] * 4, l2=[0.1] * 4
    )
    trainer = training.native()
    start(trainer, batch, 16)
    trainer.run(np.full(9, 0.1), FOREVER)
    for weight in training.weights:
        view = weight.native.view
        n_rows, n_cols = view.shape
        stride = view.strides[0] // view.itemsize if n_rows > 1 else -(-n_cols // 16) * 16
        whole = np.lib.stride_tricks.as_strided(view, (n_rows, stride))
        assert stride % 16 == 0
        assert (whole[:, n_cols:] == 0).all()


# ---- bookkeeping


def run_in_pieces(trainer: Any, pieces: list[int], rate: float = 0.05) -> None:
    for steps in pieces:
        assert trainer.run(np.full(steps, rate), FOREVER) == steps


@pytest.mark.parametrize("pieces", [[1] * 5, [2, 3], [4, 1]])
def test_pieces_of_an_epoch(pieces: list[int]) -> None:
    whole, batch = problem(optimizer=("adam", HYPER["adam"]))
    trainer = whole.native()
    start(trainer, batch, 16)
    run_in_pieces(trainer, [5])
    apart, _ = problem(optimizer=("adam", HYPER["adam"]))
    other = apart.native()
    start(other, batch, 16)
    run_in_pieces(other, pieces)
    assert_identical(values(whole, trainer), values(apart, other))
    assert trainer.results() == other.results()


class Random:
    """The state of a RandomState, as the engine changes it."""

    def __init__(self, seed: int) -> None:
        state = np.random.RandomState(seed).get_state(legacy=False)["state"]
        self.key, self.position = state["key"], state["pos"]


@pytest.mark.parametrize("seconds", [FOREVER, 0.0])
@pytest.mark.parametrize("shuffles", [True, False])
def test_epochs_in_one_call_are_those_of_several(shuffles: bool, seconds: float) -> None:
    """`seconds` of 0 ends every call after a step, and so at every place of an epoch."""
    metrics = [["sparse_categorical_accuracy"]]
    single, batch = problem(optimizer=("adam", HYPER["adam"]), metrics=metrics)
    trainer = single.native()
    rates = np.random.default_rng(0).uniform(0.01, 0.05, 4 * 5)
    shuffler, order = np.random.RandomState(7), np.arange(N)[::-1].copy()
    results = []
    for epoch in range(4):
        if epoch and shuffles:
            shuffler.shuffle(order)
        start(trainer, batch, 16, order)
        assert trainer.run(rates[5 * epoch :][:5], FOREVER) == 5
        results.append(trainer.results())

    together, _ = problem(optimizer=("adam", HYPER["adam"]), metrics=metrics)
    other, ended, random = together.native(), [], Random(7)
    rows_in_order = np.arange(N)[::-1].copy()
    start(other, batch, 16, rows_in_order)
    arguments = {"order": rows_in_order, "random": random} if shuffles else {}
    done = 0
    while done < 20:
        left = 4 - len(ended)
        steps = other.run_epochs(rates[done:], seconds, left, ended, **arguments)
        assert steps == (1 if seconds == 0 else 20)
        done += steps
    assert ended == results
    assert other.iterations == 20
    assert_identical(values(single, trainer), values(together, other))
    np.testing.assert_array_equal(rows_in_order, order)
    assert other.last_batch()[0].tolist() == order[64:].tolist()
    if shuffles:
        state = shuffler.get_state(legacy=False)["state"]
        np.testing.assert_array_equal(random.key, state["key"])
        assert random.position == state["pos"]


def test_epochs_in_one_call_end_with_the_rates() -> None:
    """The next order is made when an epoch ends, whether or not there is a step left to take."""
    training, batch = problem()
    trainer, ended, random, order = training.native(), [], Random(7), np.arange(N)
    with pytest.raises(ValueError, match="no epoch has begun"):
        trainer.run_epochs(np.full(5, 0.1), FOREVER, 2, ended)
    start(trainer, batch, 16, order)
    with pytest.raises(ValueError, match="order must be that of the epoch"):
        trainer.run_epochs(np.full(5, 0.1), FOREVER, 2, ended, order[1:], random)
    assert trainer.run_epochs(np.full(5, 0.1), FOREVER, 2, ended, order, random) == 5
    assert len(ended) == 1
    assert sorted(order) == list(range(N)) != order.tolist()
    with pytest.raises(ValueError, match="no step has been run"):
        trainer.last_batch()
    assert trainer.run_epochs(np.full(9, 0.1), FOREVER, 1, ended, order, random) == 5
    with pytest.raises(ValueError, match="no epoch has begun"):
        trainer.run_epochs(np.full(5, 0.1), FOREVER, 1, ended)


def test_what_happens_between_steps_disturbs_nothing() -> None:
    """Evaluation, gradients and predictions in the middle of an epoch."""
    plain, batch = problem(optimizer=("adam", HYPER["adam"]))
    trainer = plain.native()
    start(trainer, batch, 16)
    run_in_pieces(trainer, [5])
    disturbed, _ = problem(optimizer=("adam", HYPER["adam"]))
    other = disturbed.native()
    start(other, batch, 16)
    more = Batch([np.ones((500, 6))], [np.zeros((500, 1))], [np.full((500, 1), 2.0)])
    for _ in range(5):
        run_in_pieces(other, [1])
        before = other.results()
        other.evaluate(rows(more.x), rows(more.y), rows(more.weights))
        other.gradients(rows(more.x), rows(more.y), rows(more.weights))
        disturbed.twin.predict(disturbed.outputs, more.x)
        other.last_batch()
        assert other.results() == before
    assert_identical(values(plain, trainer), values(disturbed, other))
    assert trainer.results() == other.results()


@pytest.mark.parametrize("n_rows", [1, 32, 70, 256, 257, 600])
def test_evaluate(n_rows: int) -> None:
    metrics = [["sparse_categorical_accuracy", "loss:sparse_categorical_crossentropy"]]
    training, batch = problem(n_rows=n_rows, metrics=metrics, l1=[0.1] * 4, l2=[0.2] * 4)
    batch.weights[0] = np.random.default_rng(0).uniform(0, 2, (n_rows, 1))
    trainer = training.native()
    before = values(training, trainer)
    got = trainer.evaluate(rows(batch.x), rows(batch.y), rows(batch.weights))
    assert_results(got, training.reference().evaluate(batch))
    assert_identical(values(training, trainer), before)


@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_evaluate_networks(network: Callable[[Twin, int], list[int]]) -> None:
    """Inference mode: no dropout, moving statistics."""
    training, batch = of_network(network, 5)
    got = training.native().evaluate(rows(batch.x), rows(batch.y), rows(batch.weights))
    assert_results(got, training.reference().evaluate(batch))


def test_last_batch_is_what_the_step_saw() -> None:
    training, batch = problem()
    trainer = training.native()
    order = np.random.default_rng(0).permutation(N)
    start(trainer, batch, 16, order)
    for step in range(5):
        taken = order[step * 16 : step * 16 + 16]
        (want,) = training.twin.predict(training.outputs, [batch.x[0][taken]])
        run_in_pieces(trainer, [1])
        row_numbers, (got,) = trainer.last_batch()
        np.testing.assert_array_equal(row_numbers, taken)
        assert row_numbers.dtype == np.int64 and got.dtype == np.float64
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "network", NETWORKS + COUPLED_NETWORKS, ids=lambda network: network.__name__
)
def test_last_batch_of_networks(network: Callable[[Twin, int], list[int]]) -> None:
    """Training mode: this step's masks and the batch's own statistics."""
    training, batch = of_network(network, 5)
    trainer, reference = training.native(), training.reference()
    start(trainer, batch, 33)
    run_in_pieces(trainer, [2], rate=0.01)
    _, got = trainer.last_batch()
    for first in (0, 33):
        reference.step(batch.rows(np.arange(first, first + 33)), 0.01)
    for output, values_of_output in zip(training.outputs, got, strict=True):
        want = reference.calls[output].y
        np.testing.assert_allclose(values_of_output, want, rtol=ALLOWED, atol=ALLOWED)


@pytest.mark.parametrize("kind", ["tanh", "relu", "softmax"])
def test_last_batch_of_an_output_without_a_loss(kind: str) -> None:
    """What an activation is made of is an output too."""
    twin = Twin()
    before = twin.dense(twin.add("relu", [twin.dense(twin.input(6), 7)]), 5)
    after = twin.add(kind, [before])
    training = Training(twin, [after, before], [("mean_squared_error", []), None])
    batch = Batch(twin.data(40), [twin.rng.normal(size=(40, 5)), None], [None, None])
    want = twin.reference_predict(training.outputs, batch.x)
    trainer = training.native()
    start(trainer, batch, 40)
    run_in_pieces(trainer, [1])
    for got, truth in zip(trainer.last_batch()[1], want, strict=True):
        np.testing.assert_allclose(got, truth, rtol=ALLOWED, atol=ALLOWED)


def test_last_batch_needs_a_step() -> None:
    training, batch = problem()
    trainer = training.native()
    with pytest.raises(ValueError, match="no step has been run yet"):
        trainer.last_batch()
    start(trainer, batch, 16)
    with pytest.raises(ValueError, match="no step has been run yet"):
        trainer.last_batch()


def test_last_batch_after_the_next_start() -> None:
    """The last step's batch, or a word that there is none: never another epoch's rows."""
    training, batch = problem()
    trainer = training.native()
    start(trainer, batch, 16, np.arange(20, 60))
    run_in_pieces(trainer, [1])
    want_rows, (want,) = trainer.last_batch()
    start(trainer, batch, 70)  # a larger batch than any before, and another order
    try:
        got_rows, (got,) = trainer.last_batch()
    except ValueError as error:
        assert "no step has been run yet" in str(error)
    else:
        np.testing.assert_array_equal(got_rows, want_rows)
        np.testing.assert_array_equal(got, want)


def test_order_is_a_subset_with_repetitions() -> None:
    training, batch = problem()
    trainer, reference = training.native(), training.reference()
    order = np.array([3, 3, 69, 0, 5, 3, 12])
    start(trainer, batch, 4, order)
    rates = np.array([0.1, 0.2])
    assert trainer.run(rates, FOREVER) == 2
    reference.epoch(batch, 4, order, rates)
    assert_results(trainer.results(), reference.totals)
    assert trainer.results()["loss"][1] == 7
    for weight in training.weights:
        np.testing.assert_allclose(
            weight.native.view, weight.reference.value, rtol=ALLOWED, atol=ALLOWED
        )


def epoch_order(n_rows: int, *order: Any, batch_size: int = 1) -> np.ndarray:
    training, batch = problem(n_rows=n_rows)
    trainer = training.native()
    start(trainer, batch, batch_size, *order)
    taken = []
    while trainer.run(np.zeros(1), FOREVER):
        taken.append(trainer.last_batch()[0])
    return np.concatenate(taken)


def test_shuffles() -> None:
    for n_rows in (1, 2, 70):
        for seed in (0, 1, 2**64 - 1):
            got = epoch_order(n_rows, None, seed)
            np.testing.assert_array_equal(got, shuffled(np.arange(n_rows), seed))
    subset = np.array([9, 2, 60, 33])
    np.testing.assert_array_equal(epoch_order(70, subset, 7), shuffled(subset, 7))
    np.testing.assert_array_equal(subset, [9, 2, 60, 33])  # the caller's array is left alone
    assert (epoch_order(70, None, 0) != epoch_order(70, None, 1)).any()


@pytest.mark.parametrize("n_rows", [2**16 - 1, 2**16, 70001])
def test_long_shuffles(n_rows: int) -> None:
    """From 2**16 rows on, partners are drawn before they are exchanged."""
    got = epoch_order(n_rows, None, 3, batch_size=4096)
    np.testing.assert_array_equal(got, shuffled(np.arange(n_rows), 3))


def test_shuffles_are_fair() -> None:
    """Each of 5 rows comes first about equally often in 2000 shuffles."""
    counts = np.bincount([shuffled(np.arange(5), seed)[0] for seed in range(2000)], minlength=5)
    # Five standard deviations of a binomial count.
    assert (np.abs(counts - 400) < 5 * np.sqrt(2000 * 0.2 * 0.8)).all()


def test_iterations_and_state_continue_a_run() -> None:
    """A new trainer with the state and the number of steps of an old one goes on as it would."""
    for optimizer in HYPER.items():
        whole, batch = problem(optimizer=optimizer)
        trainer = whole.native()
        start(trainer, batch, 16)
        run_in_pieces(trainer, [5])
        first, _ = problem(optimizer=optimizer)
        old = first.native()
        start(old, batch, 16)
        run_in_pieces(old, [3])
        new = first.native()
        new.iterations = old.iterations
        assert new.iterations == 3
        for new_slots, old_slots in zip(new.state, old.state, strict=True):
            for new_slot, old_slot in zip(new_slots, old_slots, strict=True):
                new_slot.view[...] = old_slot.view
        start(new, batch, 16, np.arange(48, N))
        run_in_pieces(new, [2])
        assert_identical(values(whole, trainer), values(first, new))


def test_state_starts_where_the_optimizer_says() -> None:
    for name, hyper in HYPER.items():
        training, _ = problem(optimizer=(name, hyper))
        state = training.native().state
        assert len(state) == 4
        for slots, weight in zip(state, training.weights, strict=True):
            assert len(slots) == _core.optimizer_slots(name)
            for i, slot in enumerate(slots):
                assert slot.view.shape == weight.native.view.shape
                first = _core.optimizer_initial(name, hyper) if i == 0 else 0
                assert (slot.view == first).all()


def test_an_epoch_can_be_left_and_begun_again() -> None:
    training, batch = problem()
    trainer, reference = training.native(), training.reference()
    start(trainer, batch, 16)
    run_in_pieces(trainer, [2])
    reference.epoch(batch, 16, np.arange(32), np.full(2, 0.05))
    start(trainer, batch, 33)
    assert trainer.results()["loss"] == (0, 0)
    run_in_pieces(trainer, [3])
    reference.epoch(batch, 33, np.arange(N), np.full(3, 0.05))
    assert_results(trainer.results(), reference.totals)
    for weight in training.weights:
        np.testing.assert_allclose(
            weight.native.view, weight.reference.value, rtol=ALLOWED, atol=ALLOWED
        )


def test_the_data_is_kept_alive() -> None:
    training, batch = problem(n_rows=2000)
    other, _ = problem(n_rows=2000)
    for t in (training, other):
        trainer = t.native()
        sources = [[_core.Rows(np.array(a)) for a in arrays] for arrays in (batch.x, batch.y)]
        trainer.start(*sources, [None], 100)
        if t is other:
            del sources
            np.full((4000, 6), np.nan)  # would take the freed memory
        trainer.run(np.full(20, 0.05), FOREVER)
    assert_identical(
        [w.native.view for w in training.weights], [w.native.view for w in other.weights]
    )
