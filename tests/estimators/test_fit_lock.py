"""Several threads that train one estimator, or predict with one."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import pynn
from estimators.problems import IRIS
from pynn import callbacks
from pynn.estimators import (
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    PerceptronRegressor,
)
from pynn.estimators._fit_lock import lock_of
from pynn.estimators.mlp import _base
from pynn.estimators.mlp._network import Network

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
WIDE = np.hstack([X, X])
ESTIMATORS = {
    "classifier": MLPClassifier((6,), max_iter=20, random_state=0),
    "regressor": MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, random_state=0),
    "lbfgs": MLPClassifier((6,), solver="lbfgs", max_iter=20, random_state=0),
    "perceptron": Perceptron(random_state=0),
    "perceptron regressor": PerceptronRegressor(random_state=0),
}
N_CALLS = 24


def together(*calls: Any) -> list[Any]:
    """Make all calls, each in a thread of its own, and return what they return."""
    barrier = threading.Barrier(len(calls))

    def one(call: Any) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(one, call) for call in calls]]


def weights_of(estimator: Any) -> list[np.ndarray]:
    if hasattr(estimator, "coef_"):
        return [estimator.coef_, estimator.intercept_]
    return [*estimator.coefs_, *estimator.intercepts_]


def same(a: Any, b: Any) -> bool:
    return all(map(np.array_equal, weights_of(a), weights_of(b)))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fits_of_one_estimator_wait_for_one_another(name: str) -> None:
    """Data of different widths: two fits that met would have weights of both."""
    estimator = clone(ESTIMATORS[name])
    narrow, wide = (clone(estimator).fit(x, Y) for x in (X, WIDE))
    for _ in range(10):
        together(*[lambda x=x: estimator.fit(x, Y) for x in (X, WIDE) * 2])
        expected = narrow if estimator.n_features_in_ == X.shape[1] else wide
        assert same(estimator, expected)


@pytest.mark.parametrize("name", ["classifier", "regressor", "lbfgs"])
def test_no_callback_takes_the_weights_away(name: str) -> None:
    class Anew(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                estimator.fit(WIDE, Y)

    class Tries(Anew):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with pytest.raises(RuntimeError) if epoch == 2 else nullcontext():
                super().on_epoch_end(epoch, logs)

    plain = clone(ESTIMATORS[name]).fit(X, Y)
    estimator = clone(ESTIMATORS[name]).set_params(callbacks=[Anew()])
    with pytest.raises(RuntimeError, match=r"fit\(\) was called from within fit\(\)"):
        estimator.fit(X, Y)
    assert estimator.n_features_in_ == X.shape[1]
    assert np.isfinite(estimator.predict(X)).all()
    estimator.set_params(callbacks=[Tries()])
    assert same(estimator.fit(X, Y), plain)  # what was refused has left no trace


@pytest.mark.parametrize("name", ["classifier", "regressor", "perceptron", "perceptron regressor"])
def test_no_epoch_is_lost(name: str) -> None:
    given = {"classes": [0, 1, 2]} if "regressor" not in name else {}
    alone, shared = clone(ESTIMATORS[name]), clone(ESTIMATORS[name])
    for _ in range(N_CALLS):
        alone.partial_fit(X, Y, **given)
    together(*[lambda: shared.partial_fit(X, Y, **given)] * N_CALLS)
    assert same(alone, shared)
    assert alone.t_ == shared.t_


def test_a_callback_may_fit_the_estimator_again() -> None:
    calls = []

    class Again(callbacks.Callback):
        def on_train_end(self, logs: Any = None) -> None:
            if not calls:
                calls.append(estimator.set_params(callbacks=None).fit(WIDE, Y).n_features_in_)

    estimator = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, callbacks=[Again()])
    estimator.fit(X, Y)
    assert calls == [WIDE.shape[1]]


@pytest.mark.parametrize("name", ["classifier", "perceptron"])
def test_copies_and_files_leave_the_lock_out(name: str, tmp_path: Path) -> None:
    estimator = clone(ESTIMATORS[name]).fit(X, Y)
    estimator.save(tmp_path / "file.pynn")
    copies = [
        pickle.loads(pickle.dumps(estimator)),
        copy.deepcopy(estimator),
        pynn.load(tmp_path / "file.pynn"),
    ]
    for each in copies:
        np.testing.assert_array_equal(each.predict(X), estimator.predict(X))
        assert same(each.fit(X, Y), estimator.fit(X, Y))


def _fit_in_child(estimator: Any, results: Any) -> None:
    results.put(estimator.fit(X, Y).n_features_in_)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_the_parent_s_threads() -> None:
    started, go_on = threading.Event(), threading.Event()

    class Wait(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            started.set()
            go_on.wait(60)

    estimator = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, callbacks=[Wait()])
    training = threading.Thread(target=estimator.fit, args=(X, Y))
    training.start()
    assert started.wait(60)
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    estimator.callbacks = None  # the parent's training has its list already
    child = fork.Process(target=_fit_in_child, args=(estimator, results))
    child.start()
    try:
        assert results.get(timeout=30) == X.shape[1]
    finally:
        child.kill()
        go_on.set()
        training.join()


def test_a_lock_is_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = MLPRegressor()
    lock = lock_of(estimator)
    assert lock_of(estimator) is lock
    monkeypatch.setattr("os.getpid", lambda: lock.process + 1)
    with lock, ThreadPoolExecutor() as pool:
        other = pool.submit(lock_of, estimator).result()
        assert other is not lock and lock_of(estimator) is other
        assert pool.submit(lambda: other.__enter__().__exit__()).exception(timeout=30) is None


def test_threads_may_predict_with_a_fresh_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first prediction makes its network, of normalizations with moments of their own."""

    def make_slowly(*given: Any) -> Any:
        time.sleep(0.02)
        return Network(*given)

    model = MLPClassifier((8, 8), batch_norm=True, max_iter=5, random_state=0).fit(X, Y)
    expected = model.predict_proba(X)
    twin = pickle.loads(pickle.dumps(model))
    monkeypatch.setattr(_base, "Network", make_slowly)
    for predicted in together(*[lambda: twin.predict_proba(X)] * 4):
        np.testing.assert_array_equal(predicted, expected)
