"""`EpochRunner`: orders, seeds, rates and watchers, for models and estimators alike."""

from __future__ import annotations

import numpy as np
import pytest

from pynn import graph, layers
from pynn.training import ArrayData, EpochRunner, Watcher, evaluate, predict, rows_per_call

N = 50
X = np.random.default_rng(0).standard_normal((N, 3)).astype("float32")
Y = X.sum(axis=1)


class Spy:
    """A trainer that only notes what it is told."""

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


def runner(trainer: object, data: object = None, **arguments: object) -> EpochRunner:
    arguments.setdefault("rates", lambda first, n: np.arange(first, first + n) / 10)
    return EpochRunner(trainer, data or ArrayData([X], [Y]), 10, **arguments)


def test_an_epoch_takes_every_step_in_calls_of_any_length() -> None:
    spy = Spy()
    epochs = list(runner(spy).epochs(2, 4))
    assert [(e.index, e.steps, e.loss) for e in epochs] == [(2, 5, 2.0), (3, 5, 2.0)]
    assert spy.calls == [3, 2, 3, 2]
    assert spy.seconds == [0.05] * 4  # Ctrl-C waits for the end of a call
    np.testing.assert_allclose(spy.rates, np.arange(10) / 10)


def test_epochs_are_shuffled_by_seed_and_number() -> None:
    spy = Spy()
    for epochs in (range(2), range(2)):
        list(runner(spy).epochs(epochs[0], epochs[-1] + 1, shuffle_seed=7))
    seeds = [start[2] for start in spy.starts]
    assert seeds[:2] == seeds[2:]
    assert seeds[0] != seeds[1]
    list(runner(spy).epochs(0, 1, shuffle_seed=None))
    assert spy.starts[-1][2] is None


def test_an_order_may_be_given_for_all_epochs_or_each() -> None:
    spy = Spy()
    rows = np.arange(20)
    (epoch,) = runner(spy).epochs(0, 1, order=rows)
    assert epoch.steps == 2
    assert spy.starts[-1][1] == list(rows)
    list(runner(spy).epochs(0, 2, order=lambda index: rows[: 10 + 10 * index]))
    assert [len(start[1]) for start in spy.starts[-2:]] == [10, 20]


def test_a_watcher_hears_steps_and_may_stop() -> None:
    class Three(Watcher):
        per_step = True

        def __init__(self) -> None:
            self.heard: list[str] = []

        def step_begins(self, step: int) -> None:
            self.heard.append(f"begin {step}")

        def step_ends(self, step: int, runner: EpochRunner) -> None:
            self.heard.append(f"end {step}")
            assert runner.totals().losses()[0] == 2.0
            self.stop = step == 1

    spy, watcher = Spy(), Three()
    (epoch,) = runner(spy, watcher=watcher).epochs(0, 1)
    assert watcher.heard == ["begin 0", "end 0", "begin 1", "end 1"]
    assert epoch.steps == 2
    assert spy.calls == [1, 1]


def test_rates_are_asked_for_before_every_call() -> None:
    spy = Spy()
    now = [0.5]

    class Change(Watcher):
        def advanced(self, steps: int, runner: EpochRunner) -> None:
            now[0] = 0.25

    list(runner(spy, rates=lambda first, n: np.full(n, now[0]), watcher=Change()).epochs(0, 1))
    assert spy.rates == [0.5] * 3 + [0.25] * 2


def test_no_rows_are_refused_and_a_stuck_trainer_is_noticed() -> None:
    with pytest.raises(ValueError, match="no rows"):
        runner(Spy(), ArrayData([X[:0]], [Y[:0]])).run_epoch(0)

    class Stuck(Spy):
        def run(self, rates: np.ndarray, seconds: float) -> int:
            return 0

    with pytest.raises(RuntimeError, match="before its last step"):
        runner(Stuck()).run_epoch(0)


def test_epochs_that_nobody_watches_are_those_one_by_one() -> None:
    def rates(first: int, n: int) -> np.ndarray:
        return 0.05 / np.arange(first + 1, first + n + 1)

    data = ArrayData([X], [Y])
    (plan, trainer), (other_plan, other) = trained(), trained()
    for a, b in zip(plan.weights, other_plan.weights, strict=True):
        b.assign(a.numpy())
    singly, together = runner(trainer, data, rates=rates), runner(other, data, rates=rates)
    order = np.arange(N)[::-1].copy()
    expected = [epoch.totals.results() for epoch in singly.epochs(3, 7, order=order)]
    found: list = []
    heard: list[int] = []
    together.run_unwatched(4, found, lambda: heard.append(len(found)), order=order)
    assert found == expected
    assert heard[-1] == 4
    np.testing.assert_array_equal(plan.predict([X])[0], other_plan.predict([X])[0])
    assert singly.run_epoch(7).loss == together.run_epoch(7).loss


def test_calls_of_unwatched_epochs_go_on_where_the_last_one_ended() -> None:
    class Slow(Spy):
        def run_epochs(self, rates: np.ndarray, seconds: float, epochs: int, found: list) -> int:
            self.calls.append((len(rates), epochs))
            self.iterations += 3
            if self.iterations // 5 > (self.iterations - 3) // 5:
                found.append(self.iterations // 5)
            return 3

    spy, found, heard = Slow(), [], []

    def advanced() -> None:
        heard.append(list(found))
        found.clear()

    runner(spy).run_unwatched(3, found, advanced)
    assert spy.calls == [(15, 3), (12, 3), (9, 2), (6, 2), (3, 1)]
    assert heard == [[], [1], [], [2], [3]]


def test_an_interrupt_leaves_the_epochs_that_have_ended() -> None:
    class Interrupted(Spy):
        def run_epochs(self, rates: np.ndarray, seconds: float, epochs: int, ended: list) -> int:
            assert len(rates) == 25 and epochs == 5
            self._done = 5
            ended += [self.results()] * 2
            raise KeyboardInterrupt

    found: list = []
    with pytest.raises(KeyboardInterrupt):
        runner(Interrupted()).run_unwatched(5, found, list)
    assert [results["loss"] for results in found] == [(10.0, 5)] * 2
    with pytest.raises(ValueError, match="no rows"):
        runner(Spy(), ArrayData([X[:0]], [Y[:0]])).run_unwatched(2, [], list)


def trained() -> tuple[graph.Plan, object]:
    inputs = layers.Input((3,))
    plan = graph.lower([inputs], [layers.Dense(1)(inputs)])
    trainer = plan.trainer(
        [("mean_squared_error", [])], ("sgd", []), metrics=[["loss:mean_absolute_error"]]
    )
    return plan, trainer


def test_a_real_trainer_learns_and_is_judged() -> None:
    plan, trainer = trained()
    data = ArrayData([X], [Y])
    run = runner(trainer, data, rates=lambda first, n: np.full(n, 0.05))
    losses = [epoch.loss for epoch in run.epochs(0, 60, shuffle_seed=0)]
    assert losses[-1] < 1e-4 < losses[0]
    result = evaluate(trainer, data)
    error = (plan.predict([X])[0][:, 0] - Y).astype("float64")
    assert result.loss == pytest.approx((error**2).mean(), rel=1e-4)
    assert result.metrics[0][0] == pytest.approx(np.abs(error).mean(), rel=1e-4)
    parts = []
    chunked = evaluate(trainer, data, chunk=16, report=parts.append)
    assert parts == [16, 32, 48, 50]
    assert chunked.loss == pytest.approx(result.loss, rel=1e-12)
    np.testing.assert_array_equal(predict(plan, [X], chunk=16)[0], plan.predict([X])[0])


def test_evaluation_does_not_disturb_an_epoch() -> None:
    _, trainer = trained()
    data = ArrayData([X], [Y])

    class Judge(Watcher):
        per_step = True

        def step_ends(self, step: int, runner: EpochRunner) -> None:
            before = runner.totals().losses()
            evaluate(trainer, data.take(slice(0, 7)))
            assert runner.totals().losses() == before

    (epoch,) = runner(trainer, data, watcher=Judge()).epochs(0, 1)
    assert epoch.steps == 5


def test_large_networks_take_fewer_rows_per_call() -> None:
    assert rows_per_call(10**9) == 1024
    assert rows_per_call(266_610) == 3072
    assert rows_per_call(0) > 10**6
