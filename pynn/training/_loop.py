"""The epoch loop: the only one, for models and estimators.

`TrainingLoop` takes a trainer through epochs, in calls short enough that Ctrl-C and callbacks get
their turn. Where nobody wants to be notified between epochs, the engine runs many of them in one
call. It knows nothing of models, logs or files: a `Listener` is notified of what happens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np

from pynn.training._batches import BatchData
from pynn.training._data import ArrayData
from pynn.training._epoch_order import EpochOrder
from pynn.training._totals import Totals

SECONDS = 0.05  # a native call may take so long; Ctrl-C waits for its end
# Learning rates are asked for at most so many steps ahead, and about twice as many as a call takes.
_FEWEST_AHEAD, _MOST_AHEAD = 256, 1 << 16
_MANY_EPOCHS_AHEAD = 4096  # at first, where the engine runs many epochs in one call

_WITHOUT_UNDOING = nullcontext()

Rates = Callable[[int, int], np.ndarray]


class Trainer(Protocol):
    """What takes the steps of a pass that the data began: the engine's, or one like it."""

    @property
    def iterations(self) -> int:
        """How many steps the optimizer has taken."""

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Take at most ``len(rates)`` steps for about `seconds`; return how many."""

    def results(self) -> dict[str, Any]:
        """Return sums and counts since the pass began."""


class Listener:
    """What is notified of a training. Subclasses override what they need.

    Attributes
    ----------
    wants_steps : bool
        Whether each single step is notified, and not only what a call of the trainer did.
    stop : bool
        Set to True to end the epoch after the current step. Where epochs run ahead, the present
        one is gone through and is the last.
    """

    wants_steps = False
    stop = False

    def epochs_ahead(self, most: int) -> int:
        """Return how many epochs may run one after the other before the first is notified.

        Only the last of them may end training, and nothing in between may look at the weights or
        change how training goes on, the learning rates included. 0 stands for none: each epoch is
        notified of as it goes on. Whoever returns more than 0 defines `epochs_noted`.
        """
        return 0

    @property
    def epochs_noted(self) -> int:
        """How many epochs `on_epoch_end` has noted completely.

        After an interrupt within `on_epoch_end` it is called again for what is not noted.
        """
        raise NotImplementedError

    def noting(self) -> AbstractContextManager[Any]:
        """Return the context in which epochs that ran ahead are noted.

        An interrupt in it must leave no epoch noted in part.
        """
        return _WITHOUT_UNDOING

    def on_epoch_begin(self, epoch: int) -> None:
        """Note that an epoch is about to begin; of epochs that run ahead, only the first."""

    def on_step_begin(self, step: int) -> None:
        """Note that a step, counted from 0, is about to be taken; only called if `wants_steps`."""

    def on_step_end(self, step: int, loop: TrainingLoop) -> None:
        """Note that a step, counted from 0, was taken; only called if `wants_steps`."""

    def on_steps(self, steps: int, loop: TrainingLoop) -> None:
        """Note that a call of the trainer is over, and `steps` of the epoch are done.

        Where epochs run ahead, the steps of all of them are counted.
        """

    def on_divergence(
        self, loss: float, epoch: int, steps: tuple[int, int], loop: TrainingLoop
    ) -> None:
        """Note that the loss of an epoch has become infinite or NaN; called once for a loop.

        It happened between these `steps`, counted from 1.
        """

    def on_epoch_end(self, epoch: int, steps: int, totals: Totals) -> bool:
        """Note how an epoch of so many steps went; return whether training ends with it."""
        return False


class TrainingLoop:
    """Takes a trainer through epochs.

    Parameters
    ----------
    trainer : Trainer
        Keeps the optimizer's state, so that loops made one after the other carry on.
    data : ArrayData or BatchData
    batch_size : int
        Rows per step; a `BatchData` has its own.
    rates : callable
        ``rates(first_step, n)`` returns the learning rates, float64, of `n` optimizer steps from
        number `first_step` on. Asked before each call of the trainer. A 2-D array has further
        columns: the weight decay, and what else of the graph depends on the step.
    steps_per_epoch : int, default=None
        None stands for all rows once. Otherwise an epoch goes on where the last one ended, ends
        where the data do, and the next one begins with all of them again.
    listener : Listener, default=None
    by_segments : bool, default=False
        Whether the trainer takes all steps of a segment of the data in one call, which is as one
        step to listeners that want steps.

    Attributes
    ----------
    listener : Listener
    steps : int or None
        Steps in an epoch; None if that shows only at its end.
    exhausted : bool
        Whether an epoch ended early for want of data.
    current : ArrayData or None
        What the trainer is going through.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import graph, layers
    >>> from pynn.training import ArrayData, EpochOrder, TrainingLoop
    >>> inputs = layers.Input((1,))
    >>> plan = graph.Plan([inputs], [layers.Dense(1, kernel_initializer="zeros")(inputs)])
    >>> trainer = plan.trainer([("mean_squared_error", [])], ("sgd", []))
    >>> x = np.linspace(-1, 1, 64, dtype="float32")
    >>> data = ArrayData([x], [3 * x])
    >>> loop = TrainingLoop(trainer, data, 8, lambda first, n: np.full(n, 0.1))
    >>> loop.run(0, 20, EpochOrder(seed=1))
    False
    >>> loop.totals().losses()[0] < 0.01
    True
    """

    def __init__(
        self,
        trainer: Trainer,
        data: ArrayData | BatchData,
        batch_size: int,
        rates: Rates,
        *,
        steps_per_epoch: int | None = None,
        listener: Listener | None = None,
        seconds: float = SECONDS,
        by_segments: bool = False,
    ) -> None:
        self.trainer: Any = trainer
        self.data = data
        self.batch_size = int(batch_size)
        self.rates = rates
        self.listener = Listener() if listener is None else listener
        self.exhausted = False
        self.current: ArrayData | None = None
        self._order = EpochOrder()
        self._ahead = 1024
        self._seconds = seconds
        self.by_segments = by_segments
        self._steps_per_epoch = steps_per_epoch
        # Whether an epoch ends where the trainer has come to the end of what it was started on.
        self._one_segment = steps_per_epoch is None and isinstance(data, ArrayData)
        self._segments: Iterator[tuple[ArrayData, int]] | None = None
        self._left = 0  # steps in the segment that the trainer is in
        self._earlier: Totals | None = None  # of segments of this epoch that are over
        self._before: Totals | None = None  # of this segment, before this epoch
        self._pass_seed: int | None = None  # what the data are gone through by at present
        self._pass_steps = 0  # taken since that began
        self._done = 0  # steps of this epoch, 0 between epochs
        self._resumed: dict[str, Any] | None = None
        self._has_diverged = False
        self._finite_steps = 0  # steps of this epoch after which the loss was seen to be finite
        # Results of epochs that the engine has run ahead, and how many were noted before these.
        self._ended: list[dict[str, Any]] = []
        self._noted = 0

    @property
    def steps(self) -> int | None:
        """Steps in an epoch; None if that shows only at its end."""
        return self._steps_per_epoch or self.data.count_steps(self.batch_size)

    @property
    def runs_in_engine(self) -> bool:
        """Whether data and steps need no Python code."""
        return (
            isinstance(self.data, ArrayData)
            and hasattr(self.trainer, "run_epochs")
            and not self.listener.wants_steps
        )

    @property
    def can_run_ahead(self) -> bool:
        """Whether the engine can run many epochs in one call, if the listener lets it."""
        return self.runs_in_engine and self._one_segment and self._resumed is None

    def totals(self) -> Totals:
        """Return the sums since the epoch began."""
        totals = Totals(self.trainer.results())
        if self._before is None and self._earlier is None:
            return totals
        return totals - self._before + self._earlier

    def run(self, first: int, last: int, order: EpochOrder | None = None) -> bool:
        """Run the epochs `first` to ``last - 1``, unless the listener or the data end it before.

        Parameters
        ----------
        first, last : int
        order : EpochOrder, default=None
            None leaves the rows in order.

        Returns
        -------
        bool
            Whether the listener ended it.

        Raises
        ------
        ValueError
            If there is no data.
        """
        if order is not None:
            self._order = order
        runs_ahead = self.can_run_ahead and last - first > 1
        stops = False
        while first < last and not (stops or (self.exhausted and not self.data.repeats)):
            count = self.listener.epochs_ahead(last - first) if runs_ahead else 0
            stops = self._run_ahead(first, count) if count else self._run_epoch(first)
            first += max(count, 1)
        return stops

    def epochs(self, first: int, last: int, order: EpochOrder | None = None) -> Iterator[Totals]:
        """Run epochs one at a time, and yield the sums of each when it is over; see `run`."""
        for epoch in range(first, last):
            self.run(epoch, epoch + 1, order)
            yield self.totals()

    def _run_epoch(self, epoch: int) -> bool:
        """Run one epoch and notify the listener of it; return whether training ends."""
        listener = self.listener
        wants_steps = listener.wants_steps
        limit = self._steps_per_epoch
        listener.on_epoch_begin(epoch)
        self._earlier = None
        self._before = Totals(self.trainer.results()) if self._left else None
        done = self._finite_steps = 0
        if self._resumed is not None:
            done = self._take_up()
        elif limit is None or self._segments is None:
            self._start_pass(*self._order.begin(epoch))
        while limit is None or done < limit:
            if not self._left and (
                (self._one_segment and done) or not self._next_segment(done, epoch)
            ):
                break
            count = self._left if limit is None else min(self._left, limit - done)
            if wants_steps:
                listener.on_step_begin(done)
            if not self.by_segments:
                count = 1 if wants_steps or listener.stop else min(count, self._ahead)
            count = self._advance(count)
            done += count
            self._left -= count
            self._pass_steps += count
            self._done = done
            if wants_steps:
                listener.on_step_end(done - 1, self)
            elif self._left:  # time was over, and there is more to come
                self._check_loss(self.trainer.results()["loss"], epoch, done)
            listener.on_steps(done, self)
            if listener.stop:
                break
        if self.current is None and not done:
            raise ValueError("there is no data to train on: it has no rows")
        self._done = 0
        if not done:
            self.exhausted = True
            return False
        totals = self.totals()
        self._check_loss(totals.results()["loss"], epoch, done)
        return listener.on_epoch_end(epoch, done, totals)

    def _check_loss(self, loss: tuple[float, float], epoch: int, done: int) -> None:
        """Look whether the sum of the losses of an epoch's first `done` steps is finite."""
        total, count = loss
        if math.isfinite(total):
            self._finite_steps = done
        elif not self._has_diverged:
            self._has_diverged = True
            steps = self._finite_steps + 1, done
            self.listener.on_divergence(total / max(count, 1), epoch, steps, self)

    def _advance(self, count: int) -> int:
        rates = self.rates(self.trainer.iterations, count)
        done: int = self.trainer.run(rates, self._seconds)
        if count > 1:
            self._ahead = min(max(2 * done, _FEWEST_AHEAD), _MOST_AHEAD)
        if done == 0:
            raise RuntimeError(
                "the data of this epoch are gone: in the middle of it, a callback or a step of the "
                "user's has trained the same model by fit() or train_on_batch()"
            )
        return done

    # ---- many epochs in one call

    def _run_ahead(self, first: int, count: int) -> bool:
        """Run epochs without coming back to Python after each; return whether training ends.

        What has ended before an error or an interrupt is notified, each epoch once.
        """
        trainer, listener, order = self.trainer, self.listener, self._order
        listener.on_epoch_begin(first)
        self._earlier = self._before = None
        self._start_pass(*order.begin(first))
        if not self._next_segment(0, first):
            raise ValueError("there is no data to train on: it has no rows")
        steps, self._left = self._left, 0
        left = steps * count
        began = trainer.iterations
        noted = self._noted = listener.epochs_noted
        self._ahead = max(self._ahead, _MANY_EPOCHS_AHEAD)
        stops = False
        try:
            while left:
                rates = self.rates(trainer.iterations, min(left, self._ahead))
                # One more than the rates suffice for: the engine goes on into the next epoch.
                more = -(-left // steps)
                at_most = min(more, -(-len(rates) // steps) + 1)
                shuffled = order.ahead(first + count - more + 1)
                done = trainer.run_epochs(rates, self._seconds, at_most, self._ended, **shuffled)
                self._ahead = min(max(2 * done, _FEWEST_AHEAD), _MOST_AHEAD)
                left -= done
                stops = self._notify_ended(first - noted, steps) or stops
                listener.on_steps(trainer.iterations - began, self)
                if stops or listener.stop:
                    left %= steps
        except BaseException:
            self._notify_ended(first - noted, steps)
            raise
        finally:
            order.went_on(min((trainer.iterations - began) // steps, count - 1))
        return stops

    def _notify_ended(self, offset: int, steps: int) -> bool:
        """Notify the listener of epochs that have ended; return whether training ends with them.

        Its own record says which are noted, wherever an interrupt has come. The number of an epoch
        is `offset` and its place in that record.
        """
        listener, stops = self.listener, False
        at = listener.epochs_noted
        with listener.noting():
            for results in self._ended[at - self._noted :]:
                stops = listener.on_epoch_end(offset + at, steps, Totals(results))
                if not math.isfinite(results["loss"][0]):
                    self._finite_steps = 0
                    self._check_loss(results["loss"], offset + at, steps)
                at += 1
        self._ended.clear()
        self._noted = at
        return stops

    # ---- where training stands

    def position(self) -> dict[str, Any] | None:
        """Return where training stands in its data, as plain values for `resume`.

        None stands for the beginning of an epoch that begins with all data.
        """
        if not self._done and (self._steps_per_epoch is None or self._segments is None):
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
        self._start_pass(None, None if seed is None else int(seed), int(position["pass_steps"]))
        assert self._segments is not None
        segment = next(self._segments, None)
        if segment is not None:
            self.current, self._left = segment
        self._done = int(position["epoch_steps"])
        if self._done:
            self._earlier = Totals(position["totals"])
        return self._done

    # ---- segments: what the trainer is started on, one after the other

    def _start_pass(self, rows: np.ndarray | None, seed: int | None, skip: int = 0) -> None:
        self._left = 0
        self._pass_seed, self._pass_steps = seed, skip
        self._segments = self.data.segments(self.trainer, self.batch_size, rows, seed, skip)

    def _next_segment(self, done: int, epoch: int) -> bool:
        """Start the trainer on more data; return False if there is none."""
        so_far = self.totals() if done else None
        assert self._segments is not None
        segment = next(self._segments, None)
        if segment is None and self._steps_per_epoch is not None:
            self.exhausted = self.exhausted or done > 0
            if not done and self.data.repeats:
                self._start_pass(*self._order.begin(epoch))
                segment = next(self._segments, None)
        if segment is None:
            return False
        self.current, self._left = segment
        self._earlier, self._before = so_far, None
        return True
