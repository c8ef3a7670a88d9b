"""Replicas of MLP estimators: a shard's rows are gone through as a local fit goes through its own.

A single shard in memory has the local fit's orders, split and seeds, and so its bits.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pynn import _state
from pynn.dask._replica import Making, Replica, Start
from pynn.dask._shards import Shard
from pynn.estimators.mlp import (
    FitCall,
    LegacyRandom,
    LocalRows,
    MLPState,
    Network,
    SolverSettings,
    TrainingData,
)


class Moments(NamedTuple):
    """What a coefficient of determination follows from, and can be added up: one of each output."""

    weight: float
    mean: np.ndarray
    scatter: np.ndarray
    residual: np.ndarray

    @classmethod
    def of(cls, outputs: Any, targets: np.ndarray, row_weight: np.ndarray | None) -> Moments:
        """Return those of rows."""
        t = targets.reshape(len(targets), -1).astype(np.float64)
        y = outputs.reshape(len(outputs), -1).astype(np.float64)
        weight = np.ones(len(t)) if row_weight is None else row_weight
        middle = np.average(t, axis=0, weights=weight)
        return cls(float(weight.sum()), middle, weight @ (t - middle) ** 2, weight @ (t - y) ** 2)

    def __add__(self, other: Moments) -> Moments:  # type: ignore[override]
        # Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".
        weight = self.weight + other.weight
        step = other.mean - self.mean
        scatter = self.scatter + other.scatter + step**2 * (self.weight * other.weight / weight)
        middle = self.mean + step * (other.weight / weight)
        return Moments(weight, middle, scatter, self.residual + other.residual)

    def r2(self) -> float:
        """Return the mean over outputs, as `pynn.estimators` has it."""
        constant = self.scatter == 0
        scores = 1 - self.residual / np.where(constant, 1, self.scatter)
        return float(np.where(constant, self.residual == 0, scores).mean())


class BlockFigures(NamedTuple):
    """Figures of a block's validation rows, their weight, and a regressor's `Moments`."""

    logs: dict[str, float]
    weight: float
    moments: Moments | None


@dataclass
class Beginning:
    """Where the random numbers of a fit begin.

    Attributes
    ----------
    random : LegacyRandom
    row_order, split_random : object or None
        Those of the call before that this one carries on.
    base : int or None
        What the orders and splits of several shards follow from; None for a single one in memory,
        which goes on with the numbers of `random`.
    """

    random: Any
    row_order: Any = None
    split_random: Any = None
    base: int | None = None


@dataclass
class MLPMaking(Making):
    """What the replicas of an MLP estimator are made from.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
        pynn's local one: parameters and labels, no weights.
    """

    estimator: Any
    architecture: Any
    losses: list[Any]
    native_metrics: Any
    steps: int
    batch_size: int
    n_shards: int
    weighted: bool
    class_table: np.ndarray | None
    splits: bool
    continues: bool
    beginning: Beginning

    def replica(self, number: int) -> Replica:
        """Return the replica of shard `number`."""
        return MLPReplica(self, number)


class MLPReplica(Replica):
    """A network of an MLP estimator that is trained on one shard."""

    def __init__(self, making: MLPMaking, number: int) -> None:
        self._making = making
        estimator = self._estimator = copy.copy(making.estimator)
        network = self._network = Network(making.architecture)
        network.prepare_trainer(
            making.losses,
            SolverSettings.of(estimator).make_optimizer(making.steps),
            l2=estimator.alpha / 2,
            weighted=making.weighted,
            metrics=making.native_metrics,
        )
        super().__init__(
            number, making.n_shards, making.batch_size, network.weights, network.trainer
        )
        self.shuffles = bool(estimator.shuffle)
        # As a scorer of the user's may predict with it.
        estimator._start(network)
        self._rows: LocalRows | None = None
        self._shard: Shard | None = None
        self._begun: tuple[int, Any] = (-1, None)  # the last order of a single shard
        self._moments: Moments | None = None

    def n_trained(self, size: int) -> int:
        """Return how many rows are left by the validation split."""
        return n_trained(self._estimator, size) if self._making.splits else size

    def start(self, shard: Shard, block: int, order: int | None) -> Start:
        """Return a block's rows in the order of epoch number `order`."""
        rows = self._rows_of(shard, block)
        epoch = order or 0
        if self._making.beginning.base is None:
            if epoch < self._begun[0]:
                rows = self._rows_of(shard, block, anew=True)
            orders = self._orders
            while self._begun[0] < epoch:
                self._begun = (self._begun[0] + 1, orders.begin(epoch)[0])
            return Start(rows.figures.training_rows(), self._begun[1], None)
        found = rows.chosen
        if self._estimator.shuffle:
            found = np.arange(rows.n_rows) if found is None else found.astype(np.int64)
            self._random(block, 1 + epoch).shuffle(found)
        return Start(rows.figures.training_rows(), found, None)

    def figures(self, shard: Shard, block: int, held_out: Shard | None) -> BlockFigures:
        """Return the figures of the block's validation rows."""
        if held_out is not None:
            data = self._data(held_out, block)
            rows = LocalRows(self._call(data, data), False)
        else:
            data, rows = None, self._rows_of(shard, block)
        self._moments = None
        logs = rows.figures.of_validation()
        weights = rows.figures.validation_weight()
        return BlockFigures(logs, weights, self._moments)

    def after(self) -> Any:
        """Return generator, row order and the split's generator, of a single shard."""
        if self._making.beginning.base is not None:
            return None
        return self._state.random, self._state.row_order, self._state.split_random

    def _rows_of(self, shard: Shard, block: int, anew: bool = False) -> LocalRows:
        """Return a block's rows; those of a shard in memory are kept."""
        if shard is self._shard and self._rows is not None and not anew:
            return self._rows
        call = self._call(self._data(shard, block), None, block)
        rows = LocalRows(call, self._making.continues)
        if shard.is_in_memory:
            self._shard, self._rows = shard, rows
        if self._making.beginning.base is None:
            self._state, self._orders, self._begun = call.state, rows.orders(), (-1, None)
        return rows

    def _data(self, shard: Shard, block: int) -> TrainingData:
        making = self._making
        rows = shard.rows(block)
        data: TrainingData = self._estimator._coded(rows.x[0], rows.y[0])
        data.row_weight = rows.weight
        table = making.class_table
        data.weigh(None if table is None else table[data.targets.astype(np.int64)])
        return data

    def _call(self, data: TrainingData, validation: TrainingData | None, block: int = 0) -> FitCall:
        making, estimator = self._making, self._estimator
        beginning = making.beginning
        if beginning.base is None:
            random = beginning.random.copy()
            order, split = copy.copy(beginning.row_order), copy.copy(beginning.split_random)
        else:
            random, order, split = self._random(block), None, None
        state = MLPState(self._network, random, row_order=order, split_random=split)
        if validation is None and not making.splits:
            validation = data.take(np.arange(1)) if estimator.early_stopping else None
        return FitCall(
            estimator,
            state,
            self._network,
            random,
            estimator._heads(),
            self._score,
            data,
            False,
            LocalRows,
            validation,
        )

    def _random(self, *indices: int) -> LegacyRandom:
        base = self._making.beginning.base
        assert base is not None
        return LegacyRandom(self.seed_of(_state.mix_seed(base, 1), *indices) % 2**32)

    def _score(self, outputs: Any, targets: np.ndarray, row_weight: np.ndarray | None) -> float:
        if not hasattr(self._estimator, "classes_"):
            self._moments = Moments.of(outputs, targets, row_weight)
        return self._estimator._output_score(outputs, targets, row_weight)


def n_trained(estimator: Any, size: int) -> int:
    """Return how many of so many rows early stopping leaves to train on."""
    return size - math.ceil(estimator.validation_fraction * size)


def random_after_split(
    estimator: Any, beginning: Beginning, continues: bool, shard: Shard
) -> LegacyRandom:
    """Return the generator of a single shard as its validation split leaves it."""
    random: LegacyRandom = beginning.random.copy()
    if not (continues and beginning.split_random is not None):
        rows = shard.rows(0)
        data = estimator._coded(rows.x[0], rows.y[0])
        random_state = random.as_random_state()
        data.split(estimator.validation_fraction, random_state)
        random.follow(random_state)
    return random
