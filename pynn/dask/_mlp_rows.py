"""The rows of one call to fit in shards on a cluster: `pynn.estimators.mlp.LocalRows` elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn.dask._mlp_replica import (
    Beginning,
    BlockFigures,
    MLPMaking,
    n_trained,
    random_after_split,
)
from pynn.dask._rounds import RoundTrainer, ShardedData, check_metrics, rate_factor
from pynn.dask._shards import Cut
from pynn.estimators.mlp import Figures, FitCall, TrainingData, batch_size_for, check_weights
from pynn.training import EpochOrder, Rates, TrainingLoop


@dataclass(slots=True)
class ClusterData(TrainingData):
    """The rows of a call, on a cluster; its arrays are examples: a row for each class.

    Attributes
    ----------
    cut : Cut
    class_table : ndarray or None
        Factors of the weights of each class.
    """

    cut: Any = None
    class_table: np.ndarray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.cut.n_rows)


class ClusterFigures(Figures):
    """The figures of an epoch, of which those of the validation rows come from the workers."""

    def __init__(self, call: FitCall, rows: ClusterRows, validates: bool) -> None:
        super().__init__(call)
        self.validates = validates
        self._rows_elsewhere = rows
        if self.objectives is not None:
            check_metrics(self.objectives)

    def of_validation(self) -> dict[str, Any]:
        """Return the figures of all validation rows; empty without."""
        if not self.validates:
            return {}
        trainer = self._rows_elsewhere.trainer
        found: list[BlockFigures] = [block for shard in trainer.evaluate() for block in shard]
        if len(found) == 1:
            return found[0].logs
        weights = np.array([each.weight for each in found])
        logs = {
            name: float(np.average([each.logs[name] for each in found], weights=weights))
            for name in found[0].logs
        }
        if found[0].moments is not None:
            total = found[0].moments
            for each in found[1:]:
                assert each.moments is not None
                total = total + each.moments
            logs["val_score"] = total.r2()
        return logs


class _EpochNumbers(EpochOrder):
    """Hands on the number of the epoch, from which shards make orders of their own."""

    def __init__(self, first: int, on_epoch: Callable[[int], None]) -> None:
        super().__init__()
        self._first = first
        self._on_epoch = on_epoch

    def begin(self, epoch: int) -> tuple[np.ndarray | None, int | None]:
        self._on_epoch(epoch - self._first)
        return None, epoch - self._first


class ClusterRows:
    """The rows of one call to fit, in shards; see `pynn.estimators.mlp.LocalRows`."""

    trainer: RoundTrainer

    def __init__(self, call: FitCall, continues: bool, owner: Any) -> None:
        estimator, state, data = call.estimator, call.state, call.data
        assert isinstance(data, ClusterData)
        validation: Any = call.validation
        self._call, self._owner, self._continues = call, owner, continues
        self._splits = estimator.early_stopping and validation is None
        cut = self._cut = data.cut
        sizes = [[n_trained(estimator, n) if self._splits else n for n in own] for own in cut.sizes]
        self.n_rows = sum(map(sum, sizes))
        self.batch_size = batch_size_for(estimator.batch_size, max(map(sum, sizes)))
        self.steps = max(sum(-(-n // self.batch_size) for n in own) for own in sizes)
        self.weighted = cut.summary.weighted or data.class_table is not None
        if cut.summary.weighted:
            check_weights(np.array([cut.summary.heaviest]), "the samples to train on")
        self.figures = ClusterFigures(call, self, bool(self._splits or validation))
        alone = len(sizes) == 1 and len(sizes[0]) == 1
        if owner._resumed is not None:
            self._beginning = owner._resumed["beginning"]
        elif alone:
            self._beginning = Beginning(call.random.copy(), state.row_order, state.split_random)
            if self._splits:
                self._split_here()
        else:
            # Drawn from the generator, so that the next call has other orders.
            base = int(call.random.uniform(0.0, 2.0**53, (1,))[0])
            self._beginning = Beginning(None, base=base)
        self._cluster = owner._cluster_of(cut, None if validation is None else validation.cut)
        self._factor = rate_factor(owner.scale_learning_rate, len(cut.shards))

    def _split_here(self) -> None:
        """Let the client's random numbers go on after those of a single shard's split."""
        after = self._owner.client.submit(
            random_after_split,
            self._owner._without_weights(),
            self._beginning,
            self._continues,
            self._cut.shards[0],
            pure=False,
        ).result()
        self._call.random.key, self._call.random.position = after.key, after.position

    def loop(self, rates: Rates) -> TrainingLoop:
        """Return what goes through the rounds."""
        call, data = self._call, self._call.data
        assert isinstance(data, ClusterData)
        estimator, network = call.estimator, call.network
        making = MLPMaking(
            self._owner._without_weights(),
            network.architecture,
            self.figures.losses,
            self.figures.native_metrics,
            self.steps * max(estimator.max_iter, 1),
            self.batch_size,
            len(self._cut.shards),
            self.weighted,
            data.class_table,
            self._splits,
            self._continues,
            self._beginning,
        )
        self._cluster.set_recipe(making, self._owner.n_jobs)
        self.trainer = RoundTrainer(
            self._cluster, network.trainer, network.weights, self._factor, self._go_on
        )
        rows: Any = ShardedData(self._cut, self.steps, self._owner.local_steps)
        trainer: Any = self.trainer  # which is started by rounds
        return TrainingLoop(trainer, rows, self.batch_size, rates, by_segments=True)

    def _go_on(self, after: Any) -> None:
        """Let the next call go on with the random numbers of a single shard."""
        state, random = self._call.state, self._call.random
        found, state.row_order, state.split_random = after
        random.key, random.position = found.key, found.position

    def orders(self) -> EpochOrder:
        """Return the numbers of the epochs."""
        first = len(self._call.estimator.loss_curve_) - self._call.done
        return _EpochNumbers(first, self._save)

    def _save(self, epoch: int) -> None:
        """Save what a fit can go on from, at the beginning of every epoch but the first."""
        if self._owner.checkpoint is None or epoch == self._call.done:
            return
        begun = vars(self._beginning)
        self._owner._save_checkpoint({"done": epoch, **begun, **identity(self._owner, self._cut)})

    def release(self) -> None:
        """Drop the client's trainer, but keep its state."""
        self._call.network.release_data()


def identity(owner: Any, cut: Cut) -> dict[str, Any]:
    """Return what has to be the same where a fit goes on."""
    return {"sizes": [list(own) for own in cut.sizes], "local_steps": str(owner.local_steps)}
