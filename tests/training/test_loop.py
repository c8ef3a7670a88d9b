"""`TrainingLoop`: orders, seeds, rates and listeners, for models and estimators alike."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import graph, layers
from pynn.training import (
    ArrayData,
    EpochOrder,
    Listener,
    Totals,
    TrainingLoop,
    collect,
    parts_of,
    rows_per_call,
)

N = 50
X = np.random.default_rng(0).standard_normal((N, 3)).astype("float32")
Y = X.sum(axis=1)


class Spy:
    """A trainer that only records its calls."""

    takes_arrays = True

    def __init__(self) -> None:
        self.iterations = 0
        self.starts: list[tuple] = []
        self.rates: list[float] = []
        self.calls: list[int] = []
        self.seconds: list[float] = []
        self._left = 0

    def start(self, x, y, weights, batch_size, order, shuffle_seed) -> None:
        rows = x[0].shape[0] if order is None else len(order)
        self._left = -(-rows // batch_size)
        self._done = 0
        self.starts.append((batch_size, None if order is None else list(order), shuffle_seed))

    def run(self, rates: np.ndarray, seconds: float) -> int:
        steps = min(len(rates), self._left, 3)  # as if time were over after three steps
        self.rates += list(rates[:steps])
        self.calls.append(steps)
        self.seconds.append(seconds)
        self._left -= steps
        self._done += steps
        self.iterations += steps
        return steps

    def results(self) -> dict:
        return {"loss": (2.0 * self._done, self._done), "outputs": [], "metrics": []}


class Notes(Listener):
    """Keeps what it is notified of; lets epochs run ahead if asked to, many at a time."""

    def __init__(self, ahead: int = 0) -> None:
        self.ahead = ahead
        self.epochs: list[tuple[int, int, float]] = []
        self.results: list[dict] = []
        self.begun: list[int] = []

    def epochs_ahead(self, most: int) -> int:
        return min(self.ahead, most)

    @property
    def epochs_noted(self) -> int:
        return len(self.epochs)

    def on_epoch_begin(self, epoch: int) -> None:
        self.begun.append(epoch)

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        self.results.append(totals.results())
        self.epochs.append((epoch, steps, totals.losses()[0]))
        return False


class Rows(EpochOrder):
    """Row numbers from a function of the epoch."""

    def __init__(self, rows: object) -> None:
        super().__init__()
        self._rows = rows

    def begin(self, epoch: int) -> tuple[np.ndarray, None]:
        return self._rows(epoch), None


def loop(trainer: object, data: object = None, **arguments: object) -> TrainingLoop:
    arguments.setdefault("rates", lambda first, n: np.arange(first, first + n) / 10)
    return TrainingLoop(trainer, data or ArrayData([X], [Y]), 10, **arguments)


def test_an_epoch_takes_every_step_in_calls_of_any_length() -> None:
    spy, notes = Spy(), Notes()
    assert not loop(spy, listener=notes).run(2, 4)
    assert notes.epochs == [(2, 5, 2.0), (3, 5, 2.0)]
    assert notes.begun == [2, 3]
    assert spy.calls == [3, 2, 3, 2]
    assert spy.seconds == [0.05] * 4  # Ctrl-C waits for the end of a call
    np.testing.assert_allclose(spy.rates, np.arange(10) / 10)


def test_epochs_are_shuffled_by_seed_and_number() -> None:
    spy = Spy()
    for epochs in (range(2), range(2)):
        loop(spy).run(epochs[0], epochs[-1] + 1, EpochOrder(7))
    seeds = [start[2] for start in spy.starts]
    assert seeds[:2] == seeds[2:]
    assert seeds[0] != seeds[1]
    loop(spy).run(0, 1)
    assert spy.starts[-1][2] is None


def test_an_order_may_be_given_for_all_epochs_or_each() -> None:
    spy = Spy()
    rows = np.arange(20)
    notes = Notes()
    loop(spy, listener=notes).run(0, 1, Rows(lambda epoch: rows))
    assert notes.epochs == [(0, 2, 2.0)]
    assert spy.starts[-1][1] == list(rows)
    loop(spy).run(0, 2, Rows(lambda epoch: rows[: 10 + 10 * epoch]))
    assert [len(start[1]) for start in spy.starts[-2:]] == [10, 20]


def test_a_listener_is_notified_of_steps_and_may_stop() -> None:
    class Three(Notes):
        wants_steps = True

        def __init__(self) -> None:
            super().__init__()
            self.steps: list[str] = []

        def on_step_begin(self, step: int) -> None:
            self.steps.append(f"begin {step}")

        def on_step_end(self, step: int, loop: TrainingLoop) -> None:
            self.steps.append(f"end {step}")
            assert loop.totals().losses()[0] == 2.0
            self.stop = step == 1

    spy, listener = Spy(), Three()
    loop(spy, listener=listener).run(0, 1)
    assert listener.steps == ["begin 0", "end 0", "begin 1", "end 1"]
    assert listener.epochs == [(0, 2, 2.0)]
    assert spy.calls == [1, 1]


def test_the_listener_ends_training_after_an_epoch() -> None:
    class Second(Notes):
        def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
            super().on_epoch_end(epoch, steps, totals)
            return epoch == 1

    second = Second()
    assert loop(Spy(), listener=second).run(0, 5)
    assert second.begun == [0, 1]


def test_rates_are_asked_for_before_every_call() -> None:
    spy = Spy()
    now = [0.5]

    class Change(Listener):
        def on_steps(self, steps: int, loop: TrainingLoop) -> None:
            now[0] = 0.25

    loop(spy, rates=lambda first, n: np.full(n, now[0]), listener=Change()).run(0, 1)
    assert spy.rates == [0.5] * 3 + [0.25] * 2


def test_no_rows_are_refused_and_a_stuck_trainer_is_noticed() -> None:
    with pytest.raises(ValueError, match="no rows"):
        loop(Spy(), ArrayData([X[:0]], [Y[:0]])).run(0, 1)

    class Stuck(Spy):
        def run(self, rates: np.ndarray, seconds: float) -> int:
            return 0

    with pytest.raises(RuntimeError, match="the data of this epoch are gone"):
        loop(Stuck()).run(0, 1)


def test_epochs_that_run_ahead_are_those_one_by_one() -> None:
    def rates(first: int, n: int) -> np.ndarray:
        return 0.05 / np.arange(first + 1, first + n + 1)

    data = ArrayData([X], [Y])
    (plan, trainer), (other_plan, other) = trained(), trained()
    for a, b in zip(plan.weights, other_plan.weights, strict=True):
        b.assign(a.numpy())
    one_by_one, ahead = Notes(), Notes(ahead=2)
    singly = loop(trainer, data, rates=rates, listener=one_by_one)
    together = loop(other, data, rates=rates, listener=ahead)
    order = Rows(lambda epoch: np.arange(N)[::-1].copy())
    singly.run(3, 8, order)
    together.run(3, 8, order)
    assert ahead.results == one_by_one.results
    assert ahead.epochs == one_by_one.epochs
    assert ahead.begun == [3, 5, 7]
    np.testing.assert_array_equal(plan.predict([X])[0], other_plan.predict([X])[0])


class Slow(Spy):
    """Comes back from the engine after three steps."""

    def run_epochs(self, rates: np.ndarray, seconds: float, epochs: int, ended: list) -> int:
        self.calls.append((len(rates), epochs))
        steps = min(len(rates), 3)
        self.iterations += steps
        if self.iterations // 5 > (self.iterations - steps) // 5:
            self._done = self.iterations // 5
            ended.append(self.results())
        return steps


def test_calls_of_epochs_that_run_ahead_go_on_where_the_last_one_ended() -> None:
    class Calls(Notes):
        def on_steps(self, steps: int, loop: TrainingLoop) -> None:
            done.append((steps, len(self.epochs)))

    spy, done = Slow(), []
    calls = Calls(ahead=3)
    loop(spy, listener=calls).run(0, 3)
    assert spy.calls == [(15, 3), (12, 3), (9, 2), (6, 2), (3, 1)]
    assert done == [(3, 0), (6, 1), (9, 1), (12, 2), (15, 3)]
    assert [results["loss"][1] for results in calls.results] == [1, 2, 3]


def test_epochs_that_run_ahead_end_with_the_present_one() -> None:
    class Stopped(Notes):
        def on_steps(self, steps: int, loop: TrainingLoop) -> None:
            self.stop = self.stop or steps > 5

    stopped = Stopped(ahead=9)
    loop(Slow(), listener=stopped).run(0, 9)
    assert [epoch for epoch, _, _ in stopped.epochs] == [0, 1]


def test_an_interrupt_leaves_each_epoch_that_has_ended_noted_once() -> None:
    class Interrupted(Spy):
        def run_epochs(self, rates: np.ndarray, seconds: float, epochs: int, ended: list) -> int:
            assert len(rates) == 25 and epochs == 5
            self._done = 5
            ended += [self.results()] * 2
            raise KeyboardInterrupt

    notes = Notes(ahead=5)
    with pytest.raises(KeyboardInterrupt):
        loop(Interrupted(), listener=notes).run(0, 5)
    assert notes.epochs == [(0, 5, 2.0), (1, 5, 2.0)]
    with pytest.raises(ValueError, match="no rows"):
        loop(Slow(), ArrayData([X[:0]], [Y[:0]]), listener=Notes(ahead=2)).run(0, 2)


@pytest.mark.parametrize("late", [False, True])
def test_an_error_of_the_listener_leaves_each_epoch_noted_once(late: bool) -> None:
    class Fails(Notes):
        failed = False

        def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
            fails = epoch == 1 and not self.failed
            if late or not fails:
                super().on_epoch_end(epoch, steps, totals)
            if fails:
                self.failed = True
                raise TimeoutError
            return False

    notes = Fails(ahead=5)
    with pytest.raises(TimeoutError):
        loop(Slow(), listener=notes).run(0, 5)
    assert [epoch for epoch, _, _ in notes.epochs] == [0, 1]


def trained() -> tuple[graph.Plan, object]:
    inputs = layers.Input((3,))
    plan = graph.Plan([inputs], [layers.Dense(1)(inputs)])
    trainer = plan.trainer(
        [("mean_squared_error", [])], ("sgd", []), metrics=[["loss:mean_absolute_error"]]
    )
    return plan, trainer


def test_a_real_trainer_learns() -> None:
    plan, trainer = trained()
    data = ArrayData([X], [Y])
    notes = Notes()
    rates = lambda first, n: np.full(n, 0.05)  # noqa: E731
    loop(trainer, data, rates=rates, listener=notes).run(0, 60, EpochOrder(0))
    losses = [loss for _, _, loss in notes.epochs]
    assert losses[-1] < 1e-4 < losses[0]
    result = Totals(trainer.evaluate(*data.sources(trainer), 32))
    error = (plan.predict([X])[0][:, 0] - Y).astype("float64")
    assert result.losses()[0] == pytest.approx((error**2).mean(), rel=1e-4)
    ((total, count),) = result.metric_sums()[0]
    assert total / count == pytest.approx(np.abs(error).mean(), rel=1e-4)


def test_evaluation_does_not_disturb_an_epoch() -> None:
    _, trainer = trained()
    data = ArrayData([X], [Y])
    part = data.take(slice(0, 7))

    class Evaluating(Notes):
        wants_steps = True

        def on_step_end(self, step: int, loop: TrainingLoop) -> None:
            before = loop.totals().losses()
            trainer.evaluate(*part.sources(trainer), 32)
            assert loop.totals().losses() == before

    evaluating = Evaluating()
    loop(trainer, data, listener=evaluating).run(0, 1)
    assert evaluating.epochs[0][1] == 5


def test_parts_are_collected() -> None:
    plan, _ = trained()
    whole = plan.predict([X])[0]
    data = ArrayData([X])
    for rows, steps, sizes in ((16, None, [16, 16, 16, 2]), (50, None, [50]), (16, 2, [16, 4])):
        parts = list(parts_of(data, rows, steps, 10))
        assert [part.n_rows for part in parts] == sizes
        for n_rows in (sum(sizes), None):
            found = collect((plan.predict(part.x_arrays) for part in parts), n_rows)
            np.testing.assert_array_equal(found[0], whole[: sum(sizes)])
    assert [part.n_rows for part in parts_of(ArrayData([X[:0]]), 16)] == [0]
    with pytest.raises(ValueError, match="no rows"):
        collect([])


def test_large_networks_take_fewer_rows_per_call() -> None:
    assert rows_per_call(10**9) == 1024
    assert rows_per_call(266_610) == 3072
    assert rows_per_call(0) > 10**6
