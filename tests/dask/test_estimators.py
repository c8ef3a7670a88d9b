"""Estimators on collections: the bits of the local fit, of any workers, and what goes with them."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from scipy.sparse import csr_matrix
from sklearn.base import clone

import dask
import pynn
from pynn.callbacks import Callback
from pynn.dask import MLPClassifier, MLPRegressor, PartitionError, predict

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 5)).astype(np.float32)
Y = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
NUMBERS = X[:, 0] * 2 + X[:, 1]
WEIGHTS = RNG.uniform(0.5, 2.0, 700)
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "max_iter": 4,
    "batch_size": 32,
    "random_state": 3,
}


def arrays(chunk: int = 100) -> tuple[Any, Any]:
    return da.from_array(X, (chunk, 5)), da.from_array(Y, chunk)


@contextmanager
def one_thread() -> Iterator[None]:
    settings = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(processes=False, **settings) as workers, Client(workers):
        yield


def weights_of(estimator: Any) -> list[np.ndarray]:
    return [np.array(w) for w in (*estimator.coefs_, *estimator.intercepts_)]


def assert_same_bits(one: Any, other: Any) -> None:
    for a, b in zip(weights_of(one), weights_of(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.history_ == other.history_


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True, "dropout": 0.2},
        {"solver": "sgd", "class_weight": "balanced", "learning_rate": "invscaling"},
        {"batch_norm": True, "metrics": ["accuracy"], "learning_rate": "cosine"},
    ],
    ids=["plain", "early_stopping", "balanced", "batch_norm"],
)
def test_one_shard_has_the_bits_of_the_local_fit(client: Client, settings: Any) -> None:
    local = pynn.MLPClassifier(**SETTINGS, **settings).fit(X, Y)
    found = MLPClassifier(**SETTINGS, **settings, n_shards=1).fit(*arrays())
    assert_same_bits(local, found)
    assert found.classes_.tolist() == ["a", "b", "c"]
    assert found.t_ == local.t_ and found.n_iter_ == local.n_iter_


def test_one_shard_of_numbers(client: Client) -> None:
    settings = {**SETTINGS, "early_stopping": True}
    local = pynn.MLPRegressor(**settings).fit(X, NUMBERS, WEIGHTS)
    found = MLPRegressor(**settings, n_shards=1)
    found.fit(arrays()[0], da.from_array(NUMBERS, 100), da.from_array(WEIGHTS, 100))
    assert_same_bits(local, found)


def test_short_rounds_of_one_shard_change_nothing(client: Client) -> None:
    local = pynn.MLPClassifier(**SETTINGS).fit(X, Y)
    assert_same_bits(local, MLPClassifier(**SETTINGS, n_shards=1, local_steps=5).fit(*arrays()))


def test_calls_of_partial_fit_carry_on(client: Client) -> None:
    local, found = pynn.MLPClassifier(**SETTINGS), MLPClassifier(**SETTINGS, n_shards=1)
    for _ in range(3):
        local.partial_fit(X, Y, classes=["a", "b", "c"])
        found.partial_fit(*arrays(), classes=["a", "b", "c"])
    assert_same_bits(local, found)


def test_bits_depend_neither_on_workers_nor_on_chunks(client: Client) -> None:
    settings = {**SETTINGS, "n_shards": 3, "early_stopping": True}
    first = MLPClassifier(**settings).fit(*arrays())
    with one_thread():
        other = MLPClassifier(**settings).fit(*arrays(chunk=333))
    assert_same_bits(first, other)
    assert not np.array_equal(first.coefs_[0], pynn.MLPClassifier(**SETTINGS).fit(X, Y).coefs_[0])


def test_a_worker_that_dies_changes_nothing(client: Client) -> None:
    settings = {**SETTINGS, "n_shards": 3, "max_iter": 6}
    whole = MLPClassifier(**settings).fit(*arrays())

    class Kill(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    found = MLPClassifier(**settings, callbacks=[Kill()]).fit(*arrays())
    assert_same_bits(whole, found)


def test_a_bad_partition_is_named_and_leaves_the_estimator(client: Client) -> None:
    bad = X.copy()
    bad[450, 1] = np.nan
    estimator = MLPClassifier(**SETTINGS)
    with pytest.raises(PartitionError, match="partition 4 cannot be used: Input X contains NaN"):
        estimator.fit(da.from_array(bad, (100, 5)), arrays()[1])
    with pytest.raises(PartitionError, match="partition 4 of validation_data cannot be used"):
        estimator.fit(*arrays(), validation_data=(da.from_array(bad, (100, 5)), arrays()[1]))
    assert not hasattr(estimator, "coefs_") and not hasattr(estimator, "classes_")
    estimator.fit(*arrays())
    before = weights_of(estimator)

    @dask.delayed
    def block(i: int) -> Any:
        if i == 2:
            raise OSError("the disk is gone")
        return X[i::3], Y[i::3]

    with pytest.raises(PartitionError, match="partition 2 cannot be used.*the disk is gone"):
        estimator.fit([block(i) for i in range(3)])
    for a, b in zip(weights_of(estimator), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (estimator.predict(X) == estimator.to_local().predict(X)).all()


def test_an_error_within_training_leaves_the_estimator(client: Client) -> None:
    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise RuntimeError("enough")

    estimator = MLPClassifier(**SETTINGS).fit(*arrays())
    before, history = weights_of(estimator), dict(estimator.history_)
    estimator.set_params(callbacks=[Stop()])
    with pytest.raises(RuntimeError, match="enough"):
        estimator.partial_fit(*arrays())
    for a, b in zip(weights_of(estimator), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert estimator.history_ == history


@pytest.mark.parametrize("n_shards", [1, 3])
def test_a_lost_client_goes_on_from_its_checkpoint(
    client: Client, n_shards: int, tmp_path: Path
) -> None:
    class Lose(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise ConnectionError("lost")

    settings = {**SETTINGS, "n_shards": n_shards, "early_stopping": True, "dropout": 0.1}
    path = tmp_path / "fit.pynn"
    with pytest.raises(ConnectionError):
        MLPClassifier(**settings, checkpoint=path, callbacks=[Lose()]).fit(*arrays())
    assert path.exists()
    with pytest.raises(ValueError, match="other parameters or data: alpha differ"):
        MLPClassifier(**settings, checkpoint=path, alpha=1.0).fit(*arrays())
    found = MLPClassifier(**settings, checkpoint=path).fit(*arrays())
    assert_same_bits(MLPClassifier(**settings).fit(*arrays()), found)
    assert not path.exists()


def test_frames_and_parquet(client: Client, tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=list("abcde")).assign(label=Y, weight=WEIGHTS)
    collection = dd.from_pandas(frame, npartitions=4)
    local = pynn.MLPClassifier(**SETTINGS).fit(frame[list("abcde")], Y, WEIGHTS)
    found = MLPClassifier(**SETTINGS, n_shards=1).fit(collection, "label", "weight")
    assert_same_bits(local, found)
    assert found.feature_names_in_.tolist() == list("abcde")
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    read = MLPClassifier(**SETTINGS, n_shards=1).fit(tmp_path / "*.parquet", "label", "weight")
    assert_same_bits(local, read)
    # Of the same rows in blocks, orders are others, and do not depend on the workers.
    blocks = {"n_shards": 2, "block_bytes": 100 * 5 * 4}
    one = MLPClassifier(**SETTINGS, **blocks).fit(tmp_path / "*.parquet", "label", "weight")
    with one_thread():
        other = MLPClassifier(**SETTINGS, **blocks).fit(tmp_path / "*.parquet", "label", "weight")
    assert_same_bits(one, other)


def test_partitions_that_are_not_kept(client: Client) -> None:
    x, y = arrays()
    whole = x.rechunk((700, 5)), y.rechunk(700)
    local = pynn.MLPClassifier(**SETTINGS, early_stopping=True).fit(X, Y)
    found = MLPClassifier(**SETTINGS, early_stopping=True, in_memory=False, n_shards=1)
    assert_same_bits(local, found.fit(*whole))
    several = MLPClassifier(**SETTINGS, early_stopping=True, in_memory=False, n_shards=2)
    assert several.fit(x, y).n_iter_ == 4
    bad = x.map_blocks(lambda a, block_id=None: a * np.nan if block_id[0] == 5 else a, dtype="f4")
    with pytest.raises(PartitionError, match="partition 5 cannot be used: Input X contains NaN"):
        several.fit(bad, y)
    with pytest.raises(ValueError, match="n_shards=8 are more than the 7 parts"):
        several.set_params(n_shards=8).fit(x, y)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_filter_may_leave_a_partition_without_rows(client: Client, in_memory: bool) -> None:
    frame = pd.DataFrame(X, columns=list("abcde")).assign(y=Y, row=np.arange(700))
    whole = dd.from_pandas(frame, npartitions=7)
    given = whole[(whole["row"] < 200) | (whole["row"] >= 300)].drop(columns="row")
    assert given.map_partitions(len).compute().tolist() == [100, 100, 0, 100, 100, 100, 100]
    found = MLPClassifier(**SETTINGS, n_shards=1, in_memory=in_memory).fit(given, "y")
    kept = frame.drop(index=range(200, 300), columns="row")
    assert_same_bits(found, clone(found).fit(dd.from_pandas(kept, npartitions=6), "y"))
    local = found.score(kept.drop(columns="y"), kept["y"])
    assert found.score(given.drop(columns="y"), given["y"]) == pytest.approx(local)


def test_validation_rows_of_their_own(client: Client) -> None:
    x, y = arrays()
    local = pynn.MLPClassifier(**SETTINGS, early_stopping=True)
    local.fit(X, Y, validation_data=(X[:200], Y[:200]))
    found = MLPClassifier(**SETTINGS, early_stopping=True, n_shards=1)
    found.fit(x, y, validation_data=(x[:200], y[:200]))
    assert_same_bits(local, found)
    assert_same_bits(local, found.fit(x, y, X_val=x[:200], y_val=y[:200]))
    several = MLPRegressor(**SETTINGS, n_shards=3).fit(
        x, da.from_array(NUMBERS, 100), validation_data=(x, da.from_array(NUMBERS, 100))
    )
    assert several.history_["val_score"][-1] == pytest.approx(several.score(X, NUMBERS), rel=1e-6)


def test_prediction_is_lazy(client: Client) -> None:
    x, y = arrays()
    found = MLPClassifier(**SETTINGS).fit(x, y)
    labels = found.predict(x)
    assert isinstance(labels, da.Array) and labels.shape == (700,)
    np.testing.assert_array_equal(labels.compute(), found.predict(X))
    np.testing.assert_array_equal(found.predict_proba(x).compute(), found.predict_proba(X))
    assert found.score(x, y) == pytest.approx(found.score(X, Y))
    assert found.score(x, y, compute=False).compute() == found.score(x, y)
    np.testing.assert_array_equal(predict(found.model_, x).compute(), found.predict_proba(X))
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=3)
    np.testing.assert_array_equal(predict(found.to_local(), frame).compute(), found.predict(X))


def test_copies(client: Client) -> None:
    found = MLPClassifier(**SETTINGS, n_shards=2, local_steps=7)
    assert clone(found).get_params() == found.get_params()
    found.fit(*arrays())
    local = found.to_local()
    assert type(local) is pynn.MLPClassifier
    for copy in (local, pickle.loads(pickle.dumps(found)), pickle.loads(pickle.dumps(local))):
        np.testing.assert_array_equal(copy.predict_proba(X), found.predict_proba(X))


def test_data_in_memory_are_fitted_here() -> None:
    local = pynn.MLPClassifier(**SETTINGS, class_weight={"a": 2.0})
    found = MLPClassifier(**SETTINGS, class_weight={"a": 2.0})  # which needs no client
    assert_same_bits(found.fit(X, Y), local.fit(X, Y))
    assert_same_bits(found.partial_fit(X, Y), local.partial_fit(X, Y))
    np.testing.assert_array_equal(found.predict(X), local.predict(X))


def test_several_labels_of_a_row(client: Client) -> None:
    labels = np.stack([X[:, 0] > 0, X[:, 1] > 0.5, X[:, 2] > 1], axis=1).astype(int)
    given = da.from_array(X, (100, 5)), da.from_array(labels, (100, 3))
    found = MLPClassifier(**SETTINGS, n_shards=1).fit(*given)
    assert_same_bits(found, pynn.MLPClassifier(**SETTINGS).fit(X, labels))
    np.testing.assert_array_equal(found.predict(given[0]).compute(), found.predict(X))
    assert found.score(*given) == pytest.approx(found.score(X, labels))
    before = weights_of(found)
    with pytest.raises(ValueError, match="class_weight needs y of one column"):
        found.set_params(class_weight="balanced").fit(*given)
    for a, b in zip(weights_of(found), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_that_is_no_checkpoint_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "fit.pynn"
    pynn.MLPClassifier(**SETTINGS).fit(X, Y).save(path)
    kept = path.read_bytes()
    with pytest.raises(ValueError, match="fit.pynn is no checkpoint of a MLPClassifier"):
        MLPClassifier(**SETTINGS, checkpoint=str(path)).fit(*arrays())
    assert path.read_bytes() == kept


def test_what_is_not_supported_is_said(client: Client) -> None:
    x, y = arrays()
    with pytest.raises(ValueError, match="lbfgs"):
        MLPClassifier(solver="lbfgs").fit(x, y)
    with pytest.raises(ValueError, match="ema_momentum"):
        MLPClassifier(ema_momentum=0.9).fit(x, y)
    with pytest.raises(ValueError, match="n_shards must be between 1 and the number of rows, 700"):
        MLPClassifier(n_shards=701).fit(x, y)
    with pytest.raises(ValueError, match="local_steps must be a positive integer"):
        MLPClassifier(local_steps=0).fit(x, y)
    with pytest.raises(ValueError, match="scale_learning_rate must be"):
        MLPClassifier(scale_learning_rate="cubic").fit(x, y)
    with pytest.raises(ValueError, match="as many rows"):
        MLPClassifier().fit(x, y[:650])


def test_sparse_blocks_are_predicted(client: Client) -> None:
    local = pynn.MLPClassifier(**SETTINGS).fit(X, Y)
    dense = arrays()[0]
    for sparse in (dense.map_blocks(csr_matrix), [csr_matrix(X[:40]), csr_matrix(X[40:])]):
        found = predict(local, sparse, method="predict_proba")
        parts = found if isinstance(found, list) else [found]
        values = np.concatenate(client.compute(parts, sync=True))
        np.testing.assert_array_equal(values, local.predict_proba(csr_matrix(X)))
