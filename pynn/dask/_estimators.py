"""`MLPClassifier` and `MLPRegressor`: pynn's, fitted to collections of Dask."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier

from pynn import estimators
from pynn.dask._mlp_replica import Beginning
from pynn.dask._mlp_rows import ClusterData, ClusterRows, identity
from pynn.dask._needed import client_or_current
from pynn.dask._parts import BLOCK_BYTES, Wanted, is_distributed, parts_of
from pynn.dask._predict import lazy_score, predict
from pynn.dask._rounds import Cluster, fit_name
from pynn.dask._shards import Cut, cut
from pynn.estimators.mlp import BaseMLP, FitCall, TrainingData

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
            ``validation_data=(X, y)`` or ``(X, y, sample_weight)``, or ``X_val``, ``y_val`` and
            ``sample_weight_val``, of the same kinds.

        Returns
        -------
        self : object

        Raises
        ------
        PartitionError
            If a part of the data cannot be used. As with every other error, the estimator is then
            what it was before.
        """
        with self._shipped(X, y, sample_weight) as given:
            return super().fit(*given, **validation)

    def _fit(
        self, x: Any, y: Any, sample_weight: Any, incremental: bool, validation: Any = None
    ) -> Self:
        if not isinstance(x, Shipped):
            return super()._fit(x, y, sample_weight, incremental, validation)
        if validation is not None:
            validation = (self._ship(*validation, argument="validation_data"), None, None)
        if not incremental:
            self._take_up(x.cut)
        super()._fit(x, y, sample_weight, incremental, validation)
        if not incremental and self.checkpoint is not None and os.path.exists(self.checkpoint):
            os.remove(self.checkpoint)
        return self

    @contextmanager
    def _shipped(self, x: Any, y: Any, sample_weight: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Yield what to fit to; if anything goes wrong, the estimator is what it was before."""
        if not is_distributed(x):
            yield x, y, sample_weight
            return
        self._check_supported()
        before = self._snapshot()
        self._name = fit_name()
        try:
            shipped = self._ship(x, y, sample_weight)
            yield shipped, shipped.labels, None
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

    def _ship(self, x: Any, y: Any, weight: Any = None, *, argument: str = "") -> Shipped:
        classifies = is_classifier(self)
        given = parts_of(x, y, weight, self.block_bytes, self.dtype)
        wanted = Wanted("classes" if classifies else "numbers")
        found = cut(self.client, given, wanted, self.n_shards, self.in_memory, self._name, argument)
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
        return predict(self.to_local(), x, method)

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
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     x = da.random.RandomState(0).normal(size=(400, 3), chunks=(100, 3))
    ...     clf = MLPClassifier((8,), batch_size=20, learning_rate_init=0.02, tol=0.01, n_shards=2)
    ...     clf.fit(x, (x[:, 0] > 0).astype(int)).score(x, (x[:, 0] > 0).astype(int)) > 0.9
    True
    """

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, classes: Any = None):
        """Train for one epoch on collections, carrying on from the last call; see `fit`."""
        with self._shipped(X, y, sample_weight) as given:
            return super().partial_fit(*given, classes)

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
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     x = da.random.RandomState(0).normal(size=(400, 3), chunks=(100, 3))
    ...     reg = MLPRegressor(max_iter=200, n_shards=2, random_state=0).fit(x, x[:, 0])
    ...     reg.score(x, x[:, 0]) > 0.9
    True
    """

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None):
        """Train for one epoch on collections, carrying on from the last call; see `fit`."""
        with self._shipped(X, y, sample_weight) as given:
            return super().partial_fit(*given)
