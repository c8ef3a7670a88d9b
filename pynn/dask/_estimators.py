"""`MLPClassifier` and `MLPRegressor`: pynn's, fitted to collections of Dask."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pynn import estimators
from pynn.dask._mlp_replica import (
    Beginning,
    BlockFigures,
    MLPMaking,
    n_trained,
    random_after_split,
)
from pynn.dask._needed import client_or_current, needed
from pynn.dask._parts import Wanted, is_distributed, parts_of
from pynn.dask._predict import lazily
from pynn.dask._replica import Recipe
from pynn.dask._rounds import Cluster, RoundTrainer, ShardedData, fit_name, rate_factor
from pynn.dask._shards import Cut, cut
from pynn.estimators.mlp import (
    BaseMLP,
    Figures,
    FitCall,
    TrainingData,
    batch_size_for,
    check_weights,
)
from pynn.training import EpochOrder, Rates, TrainingLoop

BLOCK_BYTES = 64 * 2**20
_OWN: dict[str, Any] = {
    "n_shards": None,
    "local_steps": "epoch",
    "scale_learning_rate": "none",
    "in_memory": True,
    "block_bytes": BLOCK_BYTES,
    "checkpoint": None,
}
# Parameters that a training that was broken off may go on with, changed.
_FREE = {"max_iter", "verbose", "callbacks", "n_jobs"}
_LOCAL: dict[str, Any] = {
    "MLPClassifier": estimators.MLPClassifier,
    "MLPRegressor": estimators.MLPRegressor,
}


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


@dataclass
class Shipped:
    """What a call to fit has in place of X: the data, cut already."""

    cut: Cut
    labels: np.ndarray  # one for each class, or a row of targets
    __len__ = None  # so that nobody takes it for rows

    @property
    def sample(self) -> Any:
        """Rows of zeros, one for each of the labels, as checks take them."""
        summary = self.cut.summary
        x = np.zeros((len(self.labels), *summary.widths[0]), summary.dtypes[0])
        if self.cut.features is None:
            return x
        import pandas as pd

        return pd.DataFrame(x, columns=self.cut.features)


class ClusterFigures(Figures):
    """The figures of an epoch, of which those of the validation rows come from the workers."""

    def __init__(self, call: FitCall, rows: ClusterRows, validates: bool) -> None:
        super().__init__(call)
        self.validates = validates
        self._rows_elsewhere = rows
        if self.objectives is not None and self.objectives.python_metrics:
            names = ", ".join(each.name for each in self.objectives.python_metrics)
            raise ValueError(
                f"the metrics {names} are computed in Python, and cannot be added up over shards"
            )

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
        with needed():
            import cloudpickle
        recipe = Recipe(self._cluster.name, cloudpickle.dumps(making), self._owner.n_jobs)
        self._cluster.set_recipe(recipe)
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


class ClusterMLP(BaseMLP):
    """What the two estimators add to those that they derive from; not for direct use."""

    n_shards: int | None
    local_steps: Any
    scale_learning_rate: Any
    in_memory: bool
    block_bytes: int
    checkpoint: Any

    _client: Any = None
    _cluster: Any = None
    _resumed: dict[str, Any] | None = None
    _name = ""

    @property
    def client(self) -> Any:
        """The `distributed.Client` to train with; the one made last unless it has been set."""
        return client_or_current(self._client)

    @client.setter
    def client(self, client: Any) -> None:
        self._client = client

    # ---- training

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, **validation: Any) -> Self:
        """Fit the network to collections.

        Parameters
        ----------
        X : dask.array, dask.dataframe, list of delayed blocks, or path of Parquet files
            Blocks are arrays or DataFrames, or ``(x, y)`` or ``(x, y, sample_weight)`` where y is
            None. Arrays that are not Dask's are fitted here, as the local estimator does.
        y : the same, or the name of a column of X
        sample_weight : the same, default=None
        **validation
            ``validation_data=(X, y)`` or ``(X, y, sample_weight)``, of the same kinds.

        Returns
        -------
        self : object

        Raises
        ------
        PartitionError
            If a part of the data cannot be used. As with every other error, the estimator is then
            what it was before.
        """
        if not is_distributed(X):
            return super().fit(X, y, sample_weight, **validation)
        return self._fit_shards(
            lambda: self._ship(X, y, sample_weight), validation.pop("validation_data", None)
        )

    def _fit_shards(self, ship: Callable[[], Shipped], validation: Any) -> Self:
        self._check_supported()
        with self._training():
            shipped = ship()
            held_out = None
            if validation is not None:
                if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
                    raise ValueError(
                        "validation_data must be a tuple (X, y) or (X, y, sample_weight). "
                        f"Got {type(validation).__name__} instead."
                    )
                held_out = (self._ship(*validation, of="validation"), None)
            self._take_up(shipped.cut)
            super().fit(shipped, shipped.labels, validation_data=held_out)
        if self.checkpoint is not None and os.path.exists(self.checkpoint):
            os.remove(self.checkpoint)
        return self

    @contextmanager
    def _training(self) -> Iterator[None]:
        """Let the estimator be what it was before, if anything goes wrong."""
        before = self._snapshot()
        self._name = fit_name()
        try:
            yield
        except Exception:
            kept = {"callbacks": self.callbacks, "_client": self._client}
            self.__dict__.clear()
            self.__setstate__(before)
            self.__dict__.update(kept)
            raise
        finally:
            if self._cluster is not None:
                self._cluster.close()
            self._cluster = self._resumed = None

    def _snapshot(self) -> dict[str, Any]:
        state = {**BaseMLP.__getstate__(self), "callbacks": None}
        state.pop("_client", None)
        return copy.deepcopy(state)

    def _check_supported(self) -> None:
        if self.solver == "lbfgs":
            raise ValueError("solver='lbfgs' goes through all rows at once, and not in rounds")
        if getattr(self.solver, "_stepwise", False) or self.ema_momentum is not None:
            raise ValueError(
                "pynn.dask averages what the engine's optimizers keep: neither an optimizer "
                "written in Python nor ema_momentum is supported"
            )

    def _ship(self, x: Any, y: Any, weight: Any = None, *, of: str = "") -> Shipped:
        classifies = hasattr(self, "_class_factors_of") or "class_weight" in self.get_params()
        given = parts_of(x, y, weight, self.block_bytes, self.dtype)
        wanted = Wanted("classes" if classifies else "numbers")
        name = f"{self._name}-{of}" if of else self._name
        found = cut(self.client, given, wanted, self.n_shards, self.in_memory, name)
        summary = found.summary
        width = (1, *summary.target_shapes[0])
        if not classifies:
            labels: np.ndarray = np.ones(width, summary.target_dtype)
        elif summary.is_indicator:
            k = width[1]
            labels = np.vstack([np.eye(k, dtype=int), np.ones((1, k), int)])
        else:
            labels = np.tile(summary.labels, 3)  # of fewer rows scikit-learn warns
        return Shipped(found, labels)

    def _check_data(self, x: Any, y: Any, incremental: bool, reset: bool) -> TrainingData:
        if not isinstance(x, Shipped):
            return super()._check_data(x, y, incremental, reset)  # type: ignore[safe-super]
        data = super()._check_data(x.sample, y, incremental, reset)  # type: ignore[safe-super]
        return ClusterData(data.x, data.targets, data.y, cut=x.cut)

    def _checked(self, x: Any, y: Any, sample_weight: Any) -> TrainingData:
        if not isinstance(x, Shipped):
            return super()._checked(x, y, sample_weight)
        data = super()._checked(x.sample, x.labels, None)
        return ClusterData(data.x, data.targets, data.y, cut=x.cut)

    def _class_factors(self, data: TrainingData, incremental: bool) -> np.ndarray | None:
        if isinstance(data, ClusterData):
            totals = data.cut.summary.totals
            if totals is None and getattr(self, "class_weight", None) is not None:
                raise ValueError("class_weight needs y of one column")
            if totals is not None:
                # Of the examples, the first ones stand for all of their classes.
                weights = np.zeros(len(data.targets))
                weights[: len(totals)] = totals
                example = TrainingData(data.x, data.targets, data.y, weights)
                table = super()._class_factors(example, incremental)
                data.class_table = None if table is None else table[: len(totals)]
            return None
        return super()._class_factors(data, incremental)

    def _call(self, network: Any, random: Any, heads: Any, data: Any, incremental: bool) -> FitCall:
        call = super()._call(network, random, heads, data, incremental)
        if isinstance(data, ClusterData):
            call.make_rows = lambda call, continues: ClusterRows(call, continues, self)
            call.done = 0 if self._resumed is None else self._resumed["done"]
        return call

    def _cluster_of(self, cut: Cut, held_out: Cut | None) -> Cluster:
        self._cluster = Cluster(self.client, cut, self._name, held_out)
        return self._cluster

    # ---- going on

    def _starts_anew(self, incremental: bool) -> bool:
        return super()._starts_anew(incremental) and self._resumed is None

    def _save_checkpoint(self, state: dict[str, Any]) -> None:
        local = self.to_local()
        local._checkpoint = state
        local.save(self.checkpoint)

    def _take_up(self, cut: Cut) -> None:
        """Become what the checkpoint holds, if there is one."""
        if self.checkpoint is None or not os.path.exists(self.checkpoint):
            return
        found = estimators.load(self.checkpoint)
        state = vars(found).pop("_checkpoint", None)
        local = self.to_local() if hasattr(self, "coefs_") else self._without_weights()
        changed = [
            name
            for name, value in local.get_params().items()
            if name not in _FREE and repr(value) != repr(found.get_params().get(name))
        ]
        if state is None or type(found) is not type(local):
            raise ValueError(f"{self.checkpoint} is no checkpoint of a {type(self).__name__}")
        if changed or any(state[key] != value for key, value in identity(self, cut).items()):
            raise ValueError(
                f"{self.checkpoint} is of a fit of other parameters or data"
                + (f": {', '.join(changed)} differ" if changed else "")
                + ". Remove it to begin anew"
            )
        names = ("random", "row_order", "split_random", "base")
        self._resumed = {
            "done": state["done"],
            "beginning": Beginning(**{name: state[name] for name in names}),
        }
        params = set(found.get_params())
        self.__dict__.update({k: v for k, v in vars(found).items() if k not in params})

    # ---- copies

    def to_local(self) -> Any:
        """Return an ordinary pynn estimator of the same parameters and weights.

        Returns
        -------
        pynn.MLPClassifier or pynn.MLPRegressor
        """
        state = {k: v for k, v in self.__getstate__().items() if k not in _OWN}
        local: Any = object.__new__(_LOCAL[type(self).__name__])
        local.__setstate__(state)
        return local

    def _without_weights(self) -> Any:
        """Return an ordinary pynn estimator of the same parameters and labels alone."""
        names = [*_LOCAL[type(self).__name__]().get_params(), "_labels", "classes_", "n_outputs_"]
        local: Any = object.__new__(_LOCAL[type(self).__name__])
        known = {n: vars(self)[n] for n in (*names, "n_features_in_") if n in vars(self)}
        vars(local).update(known, callbacks=None, n_jobs=None)
        return local

    def save(self, filepath: Any) -> None:
        """Save the local estimator, for `pynn.load`; see `to_local`."""
        self.to_local().save(filepath)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        for name in ("_client", "_cluster", "_resumed", "_name"):
            state.pop(name, None)
        return state

    # ---- prediction

    def predict(self, X: Any) -> Any:
        """Predict for samples; of a collection lazily, by partition."""
        return self._lazily("predict", X)

    def _lazily(self, method: str, x: Any) -> Any:
        if not is_distributed(x):
            return getattr(super(), method)(x)
        return lazily(self.to_local(), method, x)

    def score(self, X: Any, y: Any, sample_weight: Any = None, compute: bool = True) -> Any:
        """Return the accuracy, or R2 of a regressor.

        Parameters
        ----------
        X, y, sample_weight
            See `fit`. Of collections only sums leave the workers.
        compute : bool, default=True
            Of collections: False returns a delayed number.

        Returns
        -------
        float or Delayed
        """
        if not is_distributed(X):
            return super().score(X, y, sample_weight)
        from pynn.dask._predict import lazy_score

        given = parts_of(X, y, sample_weight, self.block_bytes, self.dtype)
        score = lazy_score(self.to_local(), given)
        return score.compute() if compute else score


def _with_own_parameters(cls: type) -> Any:
    """Let a class take the parameters of the estimator that it derives from, and its own."""
    inherited = inspect.signature(_LOCAL[cls.__name__].__init__)
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in _OWN.items()
    ]
    signature = inherited.replace(parameters=[*inherited.parameters.values(), *own])

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        self._store(dict(given.arguments))

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    cls.__init__ = __init__  # type: ignore[misc]
    return cls


@_with_own_parameters
class MLPClassifier(ClusterMLP, estimators.MLPClassifier):
    """Multilayer perceptron that predicts classes, fitted to collections of Dask.

    It has the parameters and attributes of `pynn.MLPClassifier`, and a few more.

    Parameters
    ----------
    n_shards : int, default=None
        Into how many parts the rows are cut; each has a replica of the network. None stands for
        the largest power of two, at most 16, that leaves a shard 8192 rows. The result depends on
        it, and neither on the number of workers nor on their threads. One shard gives the bits of
        the local fit.
    local_steps : int, "epoch" or callable, default="epoch"
        How many steps the replicas take before they are averaged; "epoch" stands for all batches of
        a shard. A function of the epoch's number, counted from 0, makes post-local SGD (Lin et
        al. 2020): few at first, many later.
    scale_learning_rate : {"none", "sqrt", "linear"} or float, default="none"
        What the learning rate is multiplied by: 1, or as `n_shards` replicas see as many batches in
        a step, the square root of that, or that number itself.
    in_memory : bool, default=True
        Whether the workers keep the rows. Otherwise partitions are computed whenever they are
        needed, and go round the shards as they are. Parquet files given by their path are always
        read so.
    block_bytes : int, default=67108864
        How many bytes of features of Parquet files are in memory at once, for each thread.
    checkpoint : path-like, default=None
        A file that is written after every epoch and removed at the end. A fit that finds one goes
        on from there, with the bits of an unbroken one.

    Attributes
    ----------
    client : distributed.Client
        May be set; by default the one that was made last.

    Examples
    --------
    >>> from distributed import Client
    >>> import dask.array as da
    >>> from pynn.dask import MLPClassifier
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     x = da.random.RandomState(0).normal(size=(400, 3), chunks=(100, 3))
    ...     clf = MLPClassifier((8,), batch_size=20, learning_rate_init=0.02, tol=0.01, n_shards=2)
    ...     clf.fit(x, (x[:, 0] > 0).astype(int)).score(x, (x[:, 0] > 0).astype(int)) > 0.9
    True
    """

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, classes: Any = None):
        """Train for one epoch on collections, carrying on from the last call; see `fit`."""
        if not is_distributed(X):
            return super().partial_fit(X, y, sample_weight, classes)
        self._check_supported()
        with self._training():
            shipped = self._ship(X, y, sample_weight)
            return super().partial_fit(shipped, shipped.labels, None, classes)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probabilities of the classes; of a collection lazily, by partition."""
        return self._lazily("predict_proba", X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithms of the probabilities; of a collection lazily, by partition."""
        return self._lazily("predict_log_proba", X)


@_with_own_parameters
class MLPRegressor(ClusterMLP, estimators.MLPRegressor):
    """Multilayer perceptron that predicts numbers, fitted to collections of Dask.

    It has the parameters and attributes of `pynn.MLPRegressor`, and those of
    `pynn.dask.MLPClassifier`.

    Examples
    --------
    >>> from distributed import Client
    >>> import dask.array as da
    >>> from pynn.dask import MLPRegressor
    >>> with Client(processes=False, dashboard_address=None) as client:
    ...     x = da.random.RandomState(0).normal(size=(400, 3), chunks=(100, 3))
    ...     reg = MLPRegressor(max_iter=200, n_shards=2, random_state=0).fit(x, x[:, 0])
    ...     reg.score(x, x[:, 0]) > 0.9
    True
    """

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None):
        """Train for one epoch on collections, carrying on from the last call; see `fit`."""
        if not is_distributed(X):
            return super().partial_fit(X, y, sample_weight)
        self._check_supported()
        with self._training():
            shipped = self._ship(X, y, sample_weight)
            return super().partial_fit(shipped, shipped.labels, None)
