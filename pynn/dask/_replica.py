"""`Replica`: one shard's copy of a network, on a worker.

All that a task computes is a function of its arguments: weights, optimizer state, count of steps,
orders and seeds are set at its beginning. What stays on a worker from task to task saves time
only, so that any worker can take over any shard.
"""

from __future__ import annotations

import pickle
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pynn import _state
from pynn._task_threads import limited_threads
from pynn.dask._parts import naming
from pynn.dask._shards import Shard
from pynn.training import ArrayData, Totals

_SECONDS = 0.5  # of a call of the engine: between two of them a worker answers
_MOST_KEPT = 64


class Recipe(NamedTuple):
    """What replicas are made from.

    Attributes
    ----------
    fit : str
        Names the fit, among all that a worker has seen.
    made_from : bytes
        A pickled `Making`.
    n_jobs : int or None
        Threads of a task; None stands for one.
    """

    fit: str
    made_from: bytes
    n_jobs: int | None


class Making(ABC):
    """Makes the replicas of one fit."""

    @abstractmethod
    def replica(self, number: int) -> Replica:
        """Return the replica of shard `number`."""


class Round(NamedTuple):
    """What a round's task is given, beside the common state.

    Attributes
    ----------
    order : int or None
        What the order of the rows in this epoch follows from.
    first_step : int
        Of the epoch, counted from 0.
    numbers : ndarray
        The learning rates, and what else has a schedule, of the steps to take.
    iterations : int
        Steps that were taken before.
    seed : int
        What dropout and noise follow from.
    """

    order: int | None
    first_step: int
    numbers: np.ndarray
    iterations: int
    seed: int


class Done(NamedTuple):
    """What a round has come to.

    Attributes
    ----------
    state : ndarray
        Weights and optimizer state: of one replica as they are, of several their sum in float64.
    totals : list of dict
        Sums of losses and metrics of each.
    after : object
        Where the random numbers of a single replica stand.
    """

    state: np.ndarray
    totals: list[dict[str, Any]]
    after: Any = None


class Start(NamedTuple):
    """What a trainer is started on: a block's data, and the order of its rows."""

    data: ArrayData
    order: np.ndarray | None
    seed: int | None


def views_of(weights: Sequence[np.ndarray], trainer: Any) -> list[np.ndarray]:
    """Return the arrays that are averaged: the weights, and what the optimizer keeps of each."""
    return [*weights, *(slot.view for slots in trainer.state for slot in slots)]


def read_state(weights: Sequence[np.ndarray], trainer: Any) -> np.ndarray:
    """Return a copy of all of them in one flat array."""
    return np.concatenate([view.ravel() for view in views_of(weights, trainer)])


def write_state(weights: Sequence[np.ndarray], trainer: Any, state: np.ndarray) -> None:
    """Take up what `read_state` returned."""
    at = 0
    for view in views_of(weights, trainer):
        view[...] = state[at : at + view.size].reshape(view.shape)
        at += view.size


class Replica(ABC):
    """A network that is trained on one shard.

    Parameters
    ----------
    number : int
    n_shards : int
    batch_size : int
    weights : list of ndarray
    trainer : object
    constrained : list of Weight, default=()
        Weights whose constraint is applied after each step.
    """

    shuffles = True

    def __init__(
        self,
        number: int,
        n_shards: int,
        batch_size: int,
        weights: list[np.ndarray],
        trainer: Any,
        constrained: Sequence[Any] = (),
    ) -> None:
        self.number = number
        self.n_shards = n_shards
        self._batch_size = batch_size
        self._weights = weights
        self._trainer = trainer
        self._constrained = constrained

    @abstractmethod
    def start(self, shard: Shard, block: int, order: int | None) -> Start:
        """Return what to train on, of a block, in an epoch of such an order."""

    @abstractmethod
    def n_trained(self, size: int) -> int:
        """Return how many rows of a block of so many are trained on."""

    @abstractmethod
    def figures(self, shard: Shard, block: int, held_out: Shard | None) -> Any:
        """Return the figures of a block's validation rows, or of those of `held_out`."""

    def after(self) -> Any:
        """Return where random numbers stand that go on in the next call."""
        return None

    def take(self, common: np.ndarray, iterations: int, seed: int) -> None:
        """Set the common state."""
        write_state(self._weights, self._trainer, common)
        self._trainer.iterations = iterations
        self._trainer.seed = self.seed_of(seed)

    def seed_of(self, seed: int, *others: int) -> int:
        """Return the seed of this shard: with a single one the seed itself."""
        if self.n_shards > 1:
            seed = _state.mix_seed(seed, self.number + 1)
        for index in others:
            seed = _state.mix_seed(seed, index + 1)
        return seed

    def train(self, shard: Shard, common: np.ndarray, task: Round) -> Done:
        """Take the steps of a round; a shard that ends before begins again."""
        trainer, size = self._trainer, self._batch_size
        self.take(common, task.iterations, task.seed)
        steps = [-(-self.n_trained(n) // size) for n in shard.sizes]
        at, left = task.first_step % sum(steps), len(task.numbers)
        totals: Totals | None = None
        blocks = self._block_order(len(steps), task.order if self.shuffles else None)
        while left:
            for block in blocks:
                if at >= steps[block]:
                    at -= steps[block]
                    continue
                count = min(steps[block] - at, left)
                start = self.start(shard, block, task.order)
                x, y, weights = start.data.sources(trainer)
                given = {"skip": at} if at else {}
                trainer.start(x, y, weights, size, start.order, start.seed, **given)
                self._steps(task.numbers[len(task.numbers) - left :][:count])
                totals = Totals(trainer.results()) + totals
                at, left = 0, left - count
                if not left:
                    break
        assert totals is not None
        state = read_state(self._weights, trainer)
        return Done(state, [totals.results()], self.after())

    def _block_order(self, count: int, order: int | None) -> list[int]:
        blocks = np.arange(count)
        if order is not None and count > 1:
            np.random.default_rng(self.seed_of(order)).shuffle(blocks)
        return [int(block) for block in blocks]

    def _steps(self, numbers: np.ndarray) -> None:
        done = 0
        most = 1 if self._constrained else len(numbers)
        while done < len(numbers):
            done += self._trainer.run(numbers[done : done + most], _SECONDS)
            for weight in self._constrained:
                weight.assign(weight.constraint(weight.view))


# ---- what workers keep, to save time

_kept: OrderedDict[tuple[str, int], Replica] = OrderedDict()
_lock = threading.Lock()


def _borrowed(recipe: Recipe, number: int) -> Replica:
    """Return a replica that nobody else has at present."""
    with _lock:
        found = _kept.pop((recipe.fit, number), None)
    if found is None:
        # What it would draw from the process's seeds is set before it is used.
        with _state.temporary_seed(0):
            making: Making = pickle.loads(recipe.made_from)
            found = making.replica(number)
    return found


def _given_back(recipe: Recipe, number: int, replica: Replica) -> None:
    with _lock:
        _kept[recipe.fit, number] = replica
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)


def forget(fit: str) -> None:
    """Drop the replicas of a fit, and with them the data that they trained on."""
    with _lock:
        for key in [key for key in _kept if key[0] == fit]:
            del _kept[key]


# ---- tasks


def train_shard(recipe: Recipe, shard: Shard, number: int, common: Any, task: Round) -> Done:
    """Train one replica from the common state."""
    with limited_threads(recipe.n_jobs), naming(f"shard {number}"):
        replica = _borrowed(recipe, number)
        done = replica.train(shard, common, task)
        _given_back(recipe, number, replica)
    return done


def evaluate_shard(
    recipe: Recipe, shard: Shard, number: int, common: Any, task: Round, held_out: Any
) -> list[Any]:
    """Return the figures of the validation rows of one shard, block by block."""
    with limited_threads(recipe.n_jobs), naming(f"shard {number}"):
        replica = _borrowed(recipe, number)
        replica.take(common, task.iterations, task.seed)
        count = len((held_out or shard).sizes)
        found = [replica.figures(shard, block, held_out) for block in range(count)]
        _given_back(recipe, number, replica)
    return found


def add(left: Done, right: Done) -> Done:
    """Return the sum of two: a node of the tree."""
    state = np.add(left.state, right.state, dtype=np.float64)
    return Done(state, left.totals + right.totals)


def mean(total: Done, count: int, dtype: Any) -> Done:
    """Return the mean, in the type of the common state: the root of the tree."""
    if count == 1:
        return total
    return total._replace(state=(total.state / count).astype(dtype))
