"""`fit_model`: a compiled model trained on a cluster, by the loop and callbacks of its `fit`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn.callbacks import BackupAndRestore, CallbackList, History
from pynn.dask._needed import client_or_current
from pynn.dask._parts import BLOCK_BYTES, Rows, Wanted, parts_of
from pynn.dask._replica import Making, Replica, Start
from pynn.dask._rounds import (
    Cluster,
    LocalSteps,
    RoundTrainer,
    ShardedData,
    check_metrics,
    fit_name,
    rate_factor,
)
from pynn.dask._shards import Cut, Shard, cut
from pynn.models import Model, run_epochs
from pynn.training import ArrayData, Objectives, Totals, adapt, class_weighted


@dataclass
class ModelMaking(Making):
    """What the replicas of a model are made from."""

    model: Any
    batch_size: int
    n_shards: int
    weighted: bool
    class_weight: Any
    validation_split: float
    target_shapes: list[tuple[int, ...]]

    def replica(self, number: int) -> Replica:
        """Return the replica of shard `number`."""
        return ModelReplica(self, number)


class ModelReplica(Replica):
    """A model that is trained on one shard."""

    def __init__(self, making: ModelMaking, number: int) -> None:
        model = making.model
        self._making, self._model = making, model
        self._objectives = objectives_of(model, making.target_shapes, making.weighted)
        trainer = model._trainers.trainer(model, self._objectives)
        super().__init__(
            number,
            making.n_shards,
            making.batch_size,
            [weight.view for weight in model.weights],
            trainer,
            [weight for weight in model._trainers.weights if weight.constraint is not None],
        )
        self._kept: tuple[Shard, tuple[ArrayData, ArrayData | None]] | None = None

    def n_trained(self, size: int) -> int:
        """Return how many rows are left by the validation split."""
        return n_trained(self._making.validation_split, size)

    def start(self, shard: Shard, block: int, order: int | None) -> Start:
        """Return a block's rows, to be shuffled by the seed `order`."""
        seed = order
        if order is not None and (self.n_shards > 1 or len(shard.sizes) > 1):
            seed = self.seed_of(order, block)
        return Start(self._data(shard, block)[0], None, seed)

    def figures(self, shard: Shard, block: int, held_out: Shard | None) -> dict[str, Any]:
        """Return the sums of losses and metrics of the block's validation rows."""
        if held_out is not None:
            data: ArrayData | None = self._adapted(held_out, block)
        else:
            data = self._data(shard, block)[1]
        assert data is not None
        model = self._model
        objectives = model._objectives(
            data.y_arrays, any(each is not None for each in data.weight_arrays)
        )
        evaluator = model._trainers.evaluator(model, objectives)
        size = self._batch_size
        totals: Totals | None = None
        rows = max(model._rows_per_call() // size, 1) * size
        for first in range(0, data.n_rows, rows):
            part = data.take(slice(first, first + rows))
            totals = Totals(evaluator.evaluate(*part.sources(evaluator), size)) + totals
        assert totals is not None
        return totals.results()

    def _data(self, shard: Shard, block: int) -> tuple[ArrayData, ArrayData | None]:
        if self._kept is not None and self._kept[0] is shard:
            return self._kept[1]
        data, held_out = self._adapted(shard, block), None
        if self._making.validation_split:
            data, held_out = data.split(self._making.validation_split)
        signature = self._model._signature()
        found = class_weighted(data, self._making.class_weight, signature), held_out
        if shard.is_in_memory:
            self._kept = (shard, found)
        return found

    def _adapted(self, shard: Shard, block: int) -> ArrayData:
        def adapted(rows: Rows) -> ArrayData:
            x = rows.x if len(rows.x) > 1 else rows.x[0]
            y = rows.y if len(rows.y) > 1 else rows.y[0]
            data = adapt(self._model._signature(), x, y, rows.weight)
            self._objectives.check(data)
            return data

        rows = shard.rows(block)
        try:
            return adapted(rows)
        except Exception:
            shard.blame(block, rows, adapted)
            raise


def n_trained(validation_split: float, size: int) -> int:
    """Return how many of so many rows the split leaves to train on."""
    return math.floor(size * (1.0 - validation_split)) if validation_split else size


def objectives_of(model: Any, target_shapes: list[tuple[int, ...]], weighted: bool) -> Objectives:
    """Return losses and metrics of a model, for rows of targets of these shapes.

    Raises
    ------
    ValueError
        If a metric is not the engine's: what is computed in Python cannot be added up.
    """
    targets = [np.zeros((1, *shape), np.float32) for shape in target_shapes]
    objectives: Objectives = model._objectives(targets, weighted)
    check_metrics(objectives)
    return objectives


class ClusterEvaluation:
    """The evaluation of validation rows on the workers, as `Model.fit` runs it.

    Parameters
    ----------
    trainer : RoundTrainer
    objectives : Objectives
    """

    is_silent = True

    def __init__(self, trainer: RoundTrainer, objectives: Objectives) -> None:
        self._trainer = trainer
        self._objectives = objectives

    def run(self, callbacks: CallbackList) -> dict[str, Any]:
        """Return the figures."""
        callbacks.on_test_begin()
        self._objectives.reset()
        totals: Totals | None = None
        for shard in self._trainer.evaluate():
            for block in shard:
                totals = Totals(block) + totals
        assert totals is not None
        logs = self._objectives.logs(totals)
        callbacks.on_test_end(logs)
        return logs


def fit_model(
    client: Any,
    model: Model,
    data: Any,
    *,
    batch_size: int = 32,
    epochs: int = 1,
    verbose: int | str = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Mapping[Any, float] | None = None,
    initial_epoch: int = 0,
    n_shards: int | None = None,
    local_steps: LocalSteps = "epoch",
    scale_learning_rate: float | str = "none",
    in_memory: bool = True,
    block_bytes: int = BLOCK_BYTES,
    checkpoint: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
) -> History:
    """Train a compiled model on a cluster.

    Parameters
    ----------
    client : distributed.Client or None
        None stands for the one that was made last.
    model : pynn.Model
        Compiled. It holds the common weights and optimizer state after every round, and is what
        callbacks see.
    data : tuple (x, y) or (x, y, sample_weight)
        Arrays or dataframes of Dask, lists of delayed blocks, or the path of Parquet files and the
        names of their columns. Of several inputs or outputs x or y is a list or dict of them.
    batch_size, epochs, verbose, callbacks, shuffle, class_weight, initial_epoch
        See `pynn.Model.fit`. Callbacks that listen to batches are called after each round.
    validation_split : float, default=0.0
        The last part of each shard's rows, which is evaluated where it is.
    validation_data : like `data`, default=None
    n_shards, local_steps, scale_learning_rate, in_memory, block_bytes
        See `MLPClassifier`.
    checkpoint : path-like, default=None
        A directory that is written to after every epoch, and removed at the end: see
        `pynn.callbacks.BackupAndRestore`. A call that finds one goes on from there.
    n_jobs : int, default=None
        Threads of each replica; None stands for one.

    Returns
    -------
    History

    Raises
    ------
    PartitionError
        If a part of the data cannot be used. As with every other error, the model is then what it
        was before.
    ValueError
        If the model has a `train_step` of its own, an optimizer written in Python, or metrics that
        are computed in Python.

    Examples
    --------
    >>> from distributed import Client
    >>> import dask.array as da
    >>> import pynn
    >>> from pynn.dask import fit_model
    >>> model = pynn.MLP(8, 1, input_shape=3)
    >>> model.compile(pynn.optimizers.Adam(0.03), "mse")
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     x = da.random.RandomState(0).normal(size=(400, 3), chunks=(100, 3))
    ...     history = fit_model(client, model, (x, x[:, 0]), epochs=30, n_shards=2, verbose=0)
    >>> history.history["loss"][-1] < history.history["loss"][0] / 4
    True
    """
    client = client_or_current(client)
    model._compiled_or_fail("fit_model")
    if model._has_own("train_step"):
        raise ValueError(
            f"{type(model).__name__} has its own train_step(), which replicas do not call"
        )
    if model.optimizer is None or model.optimizer._stepwise:
        raise ValueError(
            "pynn.dask averages what the engine's optimizers keep, and the model has "
            f"{model.optimizer!r}"
        )
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(
            f"validation_split must be in (0, 1). Received: validation_split={validation_split!r}"
        )
    name = fit_name()
    given = _cut(client, model, data, n_shards, in_memory, block_bytes, name)
    held_out = None
    if validation_data is not None:
        held_out = _cut(
            client,
            model,
            validation_data,
            n_shards,
            in_memory,
            block_bytes,
            name,
            "validation_data",
        )
        validation_split = 0.0
    with _unchanged_by_errors(model):
        return _trained(
            Cluster(client, given, name, held_out),
            ModelMaking(
                model,
                int(batch_size),
                len(given.shards),
                given.summary.weighted or class_weight is not None,
                class_weight,
                validation_split,
                given.summary.target_shapes,
            ),
            n_jobs=n_jobs,
            local_steps=local_steps,
            factor=rate_factor(scale_learning_rate, len(given.shards)),
            batch_size=int(batch_size),
            epochs=int(epochs),
            verbose=1 if verbose == "auto" else int(verbose),
            callbacks=[callbacks, BackupAndRestore(checkpoint)] if checkpoint else callbacks,
            shuffle=shuffle,
            initial_epoch=int(initial_epoch),
        )


def _cut(
    client: Any,
    model: Any,
    data: Any,
    n_shards: int | None,
    in_memory: bool,
    block_bytes: int,
    name: str,
    argument: str = "",
) -> Cut:
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ValueError(
            f"{argument or 'data'} must be (x, y) or (x, y, sample_weight). Received: "
            f"{type(data).__name__}"
        )
    x, y, weight = (*data, None)[:3]
    if isinstance(x, Mapping) or isinstance(y, Mapping):
        signature = model._interface_or_fail().signature
        x = [x[each] for each in signature.input_names] if isinstance(x, Mapping) else x
        y = [y[each] for each in signature.output_names] if isinstance(y, Mapping) else y
    parts = parts_of(x, y, weight, block_bytes, "float32")
    return cut(client, parts, Wanted("model"), n_shards, in_memory, name, argument)


def _trained(
    cluster: Cluster,
    making: ModelMaking,
    *,
    n_jobs: int | None,
    local_steps: LocalSteps,
    factor: float,
    **arguments: Any,
) -> History:
    model, summary = making.model, cluster.cut.summary
    rows = [
        np.zeros((1, *width), dtype)
        for width, dtype in zip(summary.widths, summary.dtypes, strict=True)
    ]
    model._ensure_built(rows if len(rows) > 1 else rows[0])
    objectives = objectives_of(model, making.target_shapes, making.weighted)
    inner = model._trainers.trainer(model, objectives)
    cluster.set_recipe(making, n_jobs)
    trainer = RoundTrainer(cluster, inner, [weight.view for weight in model.weights], factor)
    validation: Any = None
    if cluster.held_out is not None:
        other = cluster.held_out.summary
        of = objectives_of(model, other.target_shapes, other.weighted)
        validation = ClusterEvaluation(trainer, of)
    elif making.validation_split:
        validation = ClusterEvaluation(trainer, objectives)
    steps = max(
        sum(-(-n_trained(making.validation_split, n) // making.batch_size) for n in own)
        for own in cluster.cut.sizes
    )
    data: Any = ShardedData(cluster.cut, steps, local_steps)
    try:
        return run_epochs(
            model, data, objectives, trainer, validation=validation, by_segments=True, **arguments
        )
    finally:
        cluster.close()


@contextmanager
def _unchanged_by_errors(model: Any) -> Iterator[None]:
    """Let a model be what it was before, if anything goes wrong."""
    optimizer, trainable = model.optimizer, model.trainable_weights
    weights = [weight.numpy() for weight in model.weights]
    iterations, seed = optimizer._iterations, model._trainers.seed
    rate = optimizer._learning_rate
    slots = model._trainers.state(trainable)
    try:
        yield
    except Exception:
        if len(model.weights) == len(weights):
            for weight, value in zip(model.weights, weights, strict=True):
                weight.assign(value)
            model._trainers = type(model._trainers)()
            model._trainers.restore(optimizer, trainable, slots, seed)
        optimizer._learning_rate = rate
        optimizer._set_iterations(iterations)
        raise
