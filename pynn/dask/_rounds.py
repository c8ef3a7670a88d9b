"""Rounds: every replica takes the same number of steps from the common state, and the mean is next.

Zinkevich et al. 2010 ("Parallelized stochastic gradient descent"), Stich 2019 ("Local SGD converges
fast and communicates little") and Lin et al. 2020 ("Don't use large mini-batches, use local SGD").

The tasks of a round are functions of the common state and a shard alone, and the mean is a fixed
tree of sums in float64, so that the result depends neither on the number of workers nor on which
of them does what, and a task of a worker that died is done again by another.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pynn.dask._needed import needed
from pynn.dask._replica import (
    Making,
    Recipe,
    Round,
    add,
    evaluate_shard,
    forget,
    mean,
    read_state,
    train_shard,
    write_state,
)
from pynn.dask._shards import Cut
from pynn.training import Objectives, Totals

LONGEST_ROUND = 65536  # steps
LocalSteps = int | str | Callable[[int], int]


def fit_name() -> str:
    """Return a name for the tasks of one fit."""
    return f"pynn-{uuid.uuid4().hex[:12]}"


def itself(value: Any) -> Any:
    """Return what is given: so it is known to the scheduler, who can send it again."""
    return value


def check_metrics(objectives: Objectives) -> None:
    """Refuse metrics that the engine does not compute.

    Raises
    ------
    ValueError
        If there are any.
    """
    if objectives.python_metrics:
        names = ", ".join(each.name for each in objectives.python_metrics)
        raise ValueError(
            f"the metrics {names} are computed in Python, and cannot be added up over shards"
        )


class Cluster:
    """The shards of one fit, and the tasks on them.

    Parameters
    ----------
    client : distributed.Client
    cut : Cut
    name : str
        See `fit_name`.
    held_out : Cut or None
        Validation rows of their own.
    """

    def __init__(self, client: Any, cut: Cut, name: str, held_out: Cut | None) -> None:
        self.client = client
        self.cut = cut
        self.name = name
        self.held_out = held_out
        self._recipe: Any = None
        self._numbers = itertools.count()

    def set_recipe(self, making: Making, n_jobs: int | None) -> None:
        """Send what replicas are made from, once; see `Recipe`."""
        with needed():
            import cloudpickle
        recipe = Recipe(self.name, cloudpickle.dumps(making), n_jobs)
        self._recipe = self._submit(itself, recipe, key=f"{self.name}-recipe")

    def _submit(self, function: Any, *arguments: Any, key: str) -> Any:
        import dask

        # What is sent is weights: they may be large, and have to reach the workers.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "16GB"}):
            return self.client.submit(function, *arguments, key=key, pure=False)

    def train(self, common: np.ndarray, task: Round) -> Any:
        """Run a round, and return its `Done`."""
        name = f"{self.name}-round-{next(self._numbers)}"
        state = self._submit(itself, common, key=f"{name}-state")
        level = [
            self._submit(train_shard, self._recipe, shard, i, state, task, key=f"{name}-shard-{i}")
            for i, shard in enumerate(self.cut.shards)
        ]
        futures = list(level)
        depth = 0
        while len(level) > 1:
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = [
                pair[0]
                if len(pair) == 1
                else self._submit(add, *pair, key=f"{name}-sum-{depth}-{i}")
                for i, pair in enumerate(pairs)
            ]
            futures += level
            depth += 1
        root = self._submit(mean, level[0], len(self.cut.shards), common.dtype, key=f"{name}-mean")
        return self._result(root, futures)

    def evaluate(self, common: np.ndarray, task: Round) -> list[list[Any]]:
        """Return the figures of the validation rows, by shard and block."""
        name = f"{self.name}-validation-{next(self._numbers)}"
        state = self._submit(itself, common, key=f"{name}-state")
        pairs: list[tuple[Any, Any]] = [(shard, None) for shard in self.cut.shards]
        if self.held_out is not None:  # and what is trained on need not be sent
            pairs = [(None, shard) for shard in self.held_out.shards]
        futures = [
            self._submit(
                evaluate_shard,
                self._recipe,
                shard,
                i,
                state,
                task,
                held_out,
                key=f"{name}-shard-{i}",
            )
            for i, (shard, held_out) in enumerate(pairs)
        ]
        return [self._result(future, futures) for future in futures]

    def _result(self, future: Any, others: Sequence[Any]) -> Any:
        with needed():
            from distributed import KilledWorker
        try:
            return future.result()
        except KilledWorker as error:
            raise RuntimeError(
                f"{_shard_of(str(error))} was given up: several workers died while they computed "
                f"it, of too little memory as a rule. {error}"
            ) from error
        except BaseException:
            self.client.cancel([future, *others], force=True)
            raise

    def close(self) -> None:
        """Let the workers drop the shards, and what they have kept of this fit."""
        for cut in (self.cut, self.held_out):
            for shard in cut.shards if cut is not None else ():
                shard.release()
        try:
            self.client.run(forget, self.name, on_error="ignore")
        except Exception:  # nothing of it is needed, and a worker may be gone
            pass
        self._recipe = None


def _shard_of(text: str) -> str:
    """Return which shard the key of a task names."""
    found = text.split("-shard-")
    digits = "".join(itertools.takewhile(str.isdigit, found[1])) if len(found) > 1 else ""
    return f"shard {digits}" if digits else "a task"


class RoundTrainer:
    """Takes the steps of a loop on a cluster; to the loop it is a `pynn.training.Trainer`.

    The client's own trainer holds weights and optimizer state between the rounds, where callbacks
    find them.

    Parameters
    ----------
    cluster : Cluster
    trainer : object
        The client's.
    weights : list of ndarray
        All weights, as the replicas have them.
    factor : float
        Of the learning rates.
    on_done : callable, default=None
        ``on_done(after)`` is called with where the random numbers of a single replica stand.
    """

    def __init__(
        self,
        cluster: Cluster,
        trainer: Any,
        weights: list[np.ndarray],
        factor: float,
        on_done: Callable[[Any], None] | None = None,
    ) -> None:
        self._cluster = cluster
        self._trainer = trainer
        self._weights = weights
        self._factor = factor
        self._on_done = on_done
        self._order: int | None = None
        self._first_step = 0
        self._results: dict[str, Any] = {}

    @property
    def iterations(self) -> int:
        """How many steps the optimizer has taken."""
        return int(self._trainer.iterations)

    @iterations.setter
    def iterations(self, count: int) -> None:
        self._trainer.iterations = count

    @property
    def seed(self) -> int:
        """What the random numbers of training follow from."""
        return int(self._trainer.seed)

    def start_round(self, order: int | None, first_step: int) -> None:
        """Begin a round at a step of an epoch."""
        self._order, self._first_step = order, first_step
        self._results = {}

    def task(self, numbers: np.ndarray) -> Round:
        """Return what a task is given that takes steps with these numbers."""
        return Round(self._order, self._first_step, numbers, self.iterations, self.seed)

    def state(self) -> np.ndarray:
        """Return the common state."""
        return read_state(self._weights, self._trainer)

    def run(self, rates: np.ndarray, seconds: float) -> int:
        """Run a round of as many steps as there are rates."""
        numbers = np.array(rates, np.float64)
        if self._factor != 1.0:
            rows = numbers if numbers.ndim == 1 else numbers[:, 0]
            rows *= self._factor
        done = self._cluster.train(self.state(), self.task(numbers))
        write_state(self._weights, self._trainer, done.state)
        self._trainer.iterations += len(numbers)
        totals: Totals | None = None
        for each in done.totals:
            totals = Totals(each) if totals is None else totals + Totals(each)
        assert totals is not None
        self._results = totals.results()
        self._first_step += len(numbers)
        if self._on_done is not None and done.after is not None:
            self._on_done(done.after)
        return len(numbers)

    def results(self) -> dict[str, Any]:
        """Return sums and counts of the round."""
        return self._results

    def evaluate(self) -> list[list[Any]]:
        """Return the figures of the validation rows."""
        return self._cluster.evaluate(self.state(), self.task(np.zeros(0)))


class ShardedData:
    """The rows of a loop, in shards: an epoch's rounds are its segments.

    Parameters
    ----------
    cut : Cut
    steps : int
        In an epoch: the batches of the largest shard.
    local_steps : int, "epoch" or callable
        Of a round.
    """

    repeats = True
    drop_remainder = False

    def __init__(self, cut: Cut, steps: int, local_steps: LocalSteps) -> None:
        self.n_rows = cut.n_rows
        self._steps = steps
        self._local_steps = local_steps
        summary = cut.summary
        # All that a warning of divergence looks at.
        self.x_arrays = [np.array([summary.low, summary.high])]
        self.y_arrays: list[Any] = []

    def count_steps(self, batch_size: int) -> int:
        """Return the number of steps in an epoch."""
        return self._steps

    def segments(
        self, trainer: Any, batch_size: int, order: Any, seed: int | None, skip: int
    ) -> Iterator[tuple[Any, int]]:
        """Yield the rounds of an epoch with their steps."""
        epoch = trainer.iterations // self._steps
        wanted = steps_of_round(self._local_steps, epoch, self._steps)
        rounds = -(-self._steps // wanted)
        ends = [self._steps * (i + 1) // rounds for i in range(rounds)]
        for end in ends:
            if end > skip:
                trainer.start_round(seed, skip)
                yield self, end - skip
                skip = end


def steps_of_round(given: LocalSteps, epoch: int, steps: int) -> int:
    """Return how many steps the rounds of an epoch have at most.

    Raises
    ------
    ValueError
        If `given` is neither a positive integer nor "epoch", nor a function that returns one.
    """
    found = given(epoch) if callable(given) else given
    if found == "epoch":
        found = steps
    if isinstance(found, bool) or not hasattr(found, "__index__") or found < 1:  # type: ignore[operator]
        raise ValueError(
            "local_steps must be a positive integer, 'epoch', or a function of the epoch's number "
            f"that returns one. Received: local_steps={found!r}"
        )
    return min(int(found), steps, LONGEST_ROUND)


def rate_factor(given: float | str, n_shards: int) -> float:
    """Return what the learning rates are multiplied by.

    Parameters
    ----------
    given : {"none", "sqrt", "linear"} or float
        The mean of the steps of K replicas is a step on K batches: the linear rule of Goyal et al.
        2017 and Lin et al. 2020, or the square root of Krizhevsky 2014 and, for Adam, Malladi et
        al. 2022.
    n_shards : int

    Raises
    ------
    ValueError
        If it is anything else, or not positive.
    """
    rules = {"none": 1.0, "sqrt": float(n_shards) ** 0.5, "linear": float(n_shards)}
    if isinstance(given, str) and given in rules:
        return rules[given]
    if isinstance(given, (int, float)) and not isinstance(given, bool) and given > 0:
        return float(given)
    raise ValueError(
        f"scale_learning_rate must be a positive number or one of {sorted(rules)}. Received: "
        f"scale_learning_rate={given!r}"
    )
