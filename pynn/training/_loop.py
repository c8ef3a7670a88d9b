"""The epoch loop: the only one, for models and estimators.

`EpochRunner` drives a trainer through data, in calls short enough that Ctrl-C and callbacks get
their turn. It knows nothing of models, logs or files: what happens on the way is told to a
`Watcher`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pynn import _state
from pynn.training._data import ArrayData

SECONDS = 0.05  # a native call may take so long; Ctrl-C waits for its end
# Learning rates are asked for at most so many steps ahead, and about twice as many as a call takes.
_FEWEST_AHEAD, _MOST_AHEAD = 256, 1 << 16
_UNWATCHED_AHEAD = 4096  # at first, where no code of the user's computes them

Sum = tuple[float, float]  # total and count
Order = Any  # None, an array of row numbers, or a function from the epoch to one
Rates = Callable[[int, int], np.ndarray]


class Watcher:
    """What wants to know how an epoch goes. Subclasses override what they need.

    Attributes
    ----------
    per_step : bool
        Whether every step is reported, and not only what a native call did.
    stop : bool
        Set to True to end the epoch after the current step.
    """

    per_step = False
    stop = False

    def step_begins(self, step: int) -> None:
        """Hear of a step about to be taken, counted from 0; only called if `per_step`."""

    def step_ends(self, step: int, runner: EpochRunner) -> None:
        """Hear of a step just taken, counted from 0; only called if `per_step`."""

    def advanced(self, steps: int, runner: EpochRunner) -> None:
        """Hear how many steps of the epoch are done."""


class Epoch:
    """How an epoch went.

    Attributes
    ----------
    index : int
    steps : int
        Steps taken.
    loss : float
        Mean over the samples, regularization included.
    outputs : list of float
        The loss of each output.
    metrics : list of list of float
        The engine's metrics of each output.
    totals : Totals
        The sums behind these means.
    """

    __slots__ = ("index", "steps", "totals")

    def __init__(self, index: int, steps: int, totals: Totals) -> None:
        self.index = index
        self.steps = steps
        self.totals = totals

    @property
    def loss(self) -> float:
        """The mean loss."""
        return self.totals.losses()[0]

    @property
    def outputs(self) -> list[float]:
        """The mean losses of the outputs."""
        return self.totals.losses()[1]

    @property
    def metrics(self) -> list[list[float]]:
        """The means of the engine's metrics, for each output."""
        return [
            [total / count if count else 0.0 for total, count in group]
            for group in self.totals.metric_sums()
        ]


class Totals:
    """Sums and counts of losses and metrics, which can be added up.

    Parameters
    ----------
    results : dict
        From ``Trainer.results`` or ``Trainer.evaluate``.
    """

    __slots__ = ("_loss", "_metrics", "_outputs")

    def results(self) -> dict[str, Any]:
        """Return what the same totals can be made from."""
        return {"loss": self._loss, "outputs": self._outputs, "metrics": self._metrics}

    # Plain numbers: there are a few, and some callers ask after every step.
    def __init__(self, results: dict[str, Any]) -> None:
        self._loss: Sum = results["loss"]
        self._outputs: list[Sum] = results["outputs"]
        self._metrics: list[list[Sum]] = results["metrics"]

    def _with(self, other: Totals, sign: float) -> Totals:
        def join(ours: list[Sum], theirs: list[Sum]) -> list[Sum]:
            pairs = zip(ours, theirs, strict=True)
            return [(a[0] + sign * b[0], a[1] + sign * b[1]) for a, b in pairs]

        groups = zip(self._metrics, other._metrics, strict=True)
        return Totals(
            {
                "loss": join([self._loss], [other._loss])[0],
                "outputs": join(self._outputs, other._outputs),
                "metrics": [join(ours, theirs) for ours, theirs in groups],
            }
        )

    def __add__(self, other: Totals | None) -> Totals:
        return self if other is None else self._with(other, 1.0)

    def __sub__(self, other: Totals | None) -> Totals:
        return self if other is None else self._with(other, -1.0)

    def metric_sums(self) -> list[list[Sum]]:
        """Return total and count of each metric, output by output."""
        return self._metrics

    def losses(self) -> tuple[float, list[float]]:
        """Return the mean loss, and the mean losses of the outputs."""
        total, count = self._loss
        outputs = [float(total / count) if count else 0.0 for total, count in self._outputs]
        return float(total / count) if count else 0.0, outputs


class EpochRunner:
    """Takes a trainer through epochs.

    Parameters
    ----------
    trainer : _core.Trainer or InterpretingTrainer
        Keeps the optimizer's state, so that runners made one after the other carry on.
    data : ArrayData or BatchData
    batch_size : int
        Rows per step; a `BatchData` has its own.
    rates : callable
        ``rates(first_step, n)`` returns the learning rates, float64, of `n` optimizer steps from
        number `first_step` on. Asked before each native call.
    steps_per_epoch : int, default=None
        None stands for all rows once; otherwise an epoch goes on where the last one ended.
    watcher : Watcher, default=None

    Attributes
    ----------
    steps : int or None
        Steps in an epoch; None if that shows only at its end.
    exhausted : bool
        Whether an epoch ended early for want of data.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import graph, layers
    >>> from pynn.training import ArrayData, EpochRunner
    >>> inputs = layers.Input((1,))
    >>> plan = graph.lower([inputs], [layers.Dense(1, kernel_initializer="zeros")(inputs)])
    >>> trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []))
    >>> x = np.linspace(-1, 1, 64, dtype="float32")
    >>> runner = EpochRunner(
    ...     trainer, ArrayData([x], [3 * x]), 8, lambda first, n: np.full(n, 0.1)
    ... )
    >>> losses = [epoch.loss for epoch in runner.epochs(0, 20, shuffle_seed=1)]
    >>> losses[0] > 1 > 0.01 > losses[-1]
    True
    """

    def __init__(
        self,
        trainer: Any,
        data: Any,
        batch_size: int,
        rates: Rates,
        *,
        steps_per_epoch: int | None = None,
        watcher: Watcher | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.trainer = trainer
        self.data = data
        self.batch_size = int(batch_size)
        self.rates = rates
        self.watcher = watcher
        self.exhausted = False
        self._ahead = 1024
        self._seconds = seconds
        self._steps_per_epoch = steps_per_epoch
        # Whether an epoch ends where the trainer has come to the end of what it was started on.
        self._one_stretch = steps_per_epoch is None and isinstance(data, ArrayData)
        self._stretches: Iterator[tuple[Any, int]] | None = None
        self._left = 0  # steps in the stretch that the trainer is in
        self._earlier: Totals | None = None  # of stretches of this epoch that are over
        self._before: Totals | None = None  # of this stretch, before this epoch
        self.current: Any = None  # the ArrayData that the trainer is in
        self._pass_seed: int | None = None  # what the data are gone through by at present
        self._pass_steps = 0  # taken since that began
        self._done = 0  # steps of this epoch, 0 between epochs
        self._resumed: dict[str, Any] | None = None

    @property
    def steps(self) -> int | None:
        """Steps in an epoch; None if that shows only at its end."""
        return self._steps_per_epoch or self.data.count_steps(self.batch_size)

    def totals(self) -> Totals:
        """Return the sums since the epoch began."""
        totals = Totals(self.trainer.results())
        if self._before is None and self._earlier is None:
            return totals
        return totals - self._before + self._earlier

    def epochs(
        self, first: int, last: int, *, shuffle_seed: int | None = None, order: Order = None
    ) -> Iterator[Epoch]:
        """Run the epochs `first` to ``last - 1``, and yield each when it is over.

        Parameters
        ----------
        first, last : int
        shuffle_seed : int, default=None
            Rows are shuffled by it and the epoch's number; None leaves them in order.
        order : None, array of int, or callable, default=None
            Row numbers to go through, or a function from the epoch's number to them. They are
            shuffled too, if there is a seed.
        """
        for index in range(first, last):
            yield self.run_epoch(index, shuffle_seed=shuffle_seed, order=order)

    def run_epoch(
        self, index: int, *, shuffle_seed: int | None = None, order: Order = None
    ) -> Epoch:
        """Run one epoch; the parameters are those of `epochs`."""
        watcher = self.watcher
        per_step = watcher is not None and watcher.per_step
        limit = self._steps_per_epoch
        self._earlier = None
        self._before = Totals(self.trainer.results()) if self._left else None
        done = 0
        if self._resumed is not None:
            done = self._take_up()
        elif limit is None or self._stretches is None:
            self._begin(index, shuffle_seed, order)
        while limit is None or done < limit:
            if not self._left and (
                (self._one_stretch and done)
                or not self._next_stretch(done, index, shuffle_seed, order)
            ):
                break
            count = self._left if limit is None else min(self._left, limit - done)
            if per_step and watcher is not None:
                watcher.step_begins(done)
                count = 1
            count = self._advance(min(count, self._ahead))
            done += count
            self._left -= count
            self._pass_steps += count
            self._done = done
            if watcher is not None:
                if per_step:
                    watcher.step_ends(done - 1, self)
                watcher.advanced(done, self)
                if watcher.stop:
                    break
        if self.current is None and not done:
            raise ValueError("there is no data to train on: it has no rows")
        self._done = 0
        return Epoch(index, done, self.totals())

    def run_unwatched(
        self,
        count: int,
        found: list[dict[str, Any]],
        advanced: Callable[[], bool | None],
        *,
        order: Any = None,
        random: Any = None,
        seed: int | None = None,
        first: int = 0,
    ) -> None:
        """Run `count` epochs through all data without coming back to Python after each.

        For arrays, the engine's trainers, and no watcher. Nothing in between may look at the
        weights or change how training goes on, the learning rates included.

        Parameters
        ----------
        count : int
            How many epochs.
        found : list of dict
            Gets what the `Totals` of an epoch are made from, for each that has ended, even where an
            interrupt ends the call.
        advanced : callable
            Called without arguments after each call to the engine; it may empty the list. Where it
            returns True, the present epoch is the last.
        order : ndarray of int64, default=None
            Row numbers of the first epoch; None stands for all in order. It is shuffled in place,
            as ``RandomState.shuffle`` does it, where another epoch begins: at the end of every one
            but the last.
        random : LegacyRandom, default=None
            Draws these shuffles.
        seed : int, default=None
            Instead of `order` and `random`: what shuffles all rows, together with the epoch's
            number, as `run_epoch` does it.
        first : int, default=0
            The number of the first epoch.
        """
        self._earlier = self._before = None
        self._begin(first, seed, order)
        if not self._next_stretch(0, first, seed, order):
            raise ValueError("there is no data to train on: it has no rows")
        steps, self._left = self._left, 0
        left = steps * count
        self._ahead = max(self._ahead, _UNWATCHED_AHEAD)
        shuffled: dict[str, Any] = {} if random is None else {"order": order, "random": random}
        while left:
            rates = self.rates(self.trainer.iterations, min(left, self._ahead))
            # One more than the rates suffice for: the engine goes on into the next epoch.
            more = -(-left // steps)
            at_most = min(more, -(-len(rates) // steps) + 1)
            if seed is not None:  # after a stop, there is none to be shuffled
                now = first + count - more
                shuffled["seeds"] = [_state.mix_seed(seed, now + i) for i in range(1, at_most)]
            done = self.trainer.run_epochs(rates, self._seconds, at_most, found, **shuffled)
            self._ahead = min(max(2 * done, _FEWEST_AHEAD), _MOST_AHEAD)
            left -= done
            if advanced():
                left %= steps

    def position(self) -> dict[str, Any] | None:
        """Return where training stands in its data, as plain values for `resume`.

        None stands for the beginning of an epoch that begins with all data.
        """
        if not self._done and (self._steps_per_epoch is None or self._stretches is None):
            return None
        return {
            "batch_size": self.batch_size,
            "pass_seed": None if self._pass_seed is None else str(self._pass_seed),
            "pass_steps": self._pass_steps,
            "epoch_steps": self._done,
            "totals": self.totals().results() if self._done else None,
        }

    def resume(self, position: dict[str, Any]) -> None:
        """Let the next epoch begin where another training, on the same data, stood.

        Raises
        ------
        ValueError
            If that training had batches of another size.
        """
        if position["batch_size"] != self.batch_size:
            raise ValueError(
                f"the training to go on with had batch_size={position['batch_size']}. "
                f"Received: batch_size={self.batch_size}"
            )
        self._resumed = position

    def _take_up(self) -> int:
        """Start the data where another training stood; return the steps of this epoch so far."""
        position, self._resumed = self._resumed, None
        assert position is not None
        seed = position["pass_seed"]
        self._start_pass(None if seed is None else int(seed), None, int(position["pass_steps"]))
        assert self._stretches is not None
        stretch = next(self._stretches, None)
        if stretch is not None:
            self.current, self._left = stretch
        self._done = int(position["epoch_steps"])
        if self._done:
            self._earlier = Totals(position["totals"])
        return self._done

    def _advance(self, count: int) -> int:
        rates = self.rates(self.trainer.iterations, count)
        done: int = self.trainer.run(rates, self._seconds)
        if count > 1:
            self._ahead = min(max(2 * done, _FEWEST_AHEAD), _MOST_AHEAD)
        if done == 0:
            raise RuntimeError("the trainer ended an epoch before its last step")
        return done

    def _begin(self, index: int, seed: int | None, order: Order) -> None:
        if seed is not None:
            seed = _state.mix_seed(seed, index)
        self._start_pass(seed, order(index) if callable(order) else order)

    def _start_pass(self, seed: int | None, rows: Any, skip: int = 0) -> None:
        self._left = 0
        self._pass_seed, self._pass_steps = seed, skip
        self._stretches = self.data.stretches(self.trainer, self.batch_size, rows, seed, skip)

    def _next_stretch(self, done: int, index: int, seed: int | None, order: Order) -> bool:
        """Start the trainer on more data; return False if there is none."""
        so_far = self.totals() if done else None
        assert self._stretches is not None
        stretch = next(self._stretches, None)
        if stretch is None and self._steps_per_epoch is not None:
            if self.data.repeats:
                if seed is not None:
                    seed = _state.mix_seed(seed, self.trainer.iterations)
                self._begin(index, seed, order)
                stretch = next(self._stretches, None)
            else:
                self.exhausted = True
        if stretch is None:
            return False
        self.current, self._left = stretch
        self._earlier, self._before = so_far, None
        return True
