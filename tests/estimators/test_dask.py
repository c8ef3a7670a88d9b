"""Searches by joblib's Dask backend, with workers in threads and in processes."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import pynn
from estimators.problems import IRIS
from pynn._task_threads import thread_limit
from pynn.callbacks import Callback
from pynn.estimators import MLPClassifier
from pynn.wrappers.scikit_learn import KerasClassifier

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS


@pytest.fixture(params=[False, True], ids=["threads", "processes"])
def cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(processes=request.param, **settings) as workers, Client(workers):
        yield


def test_a_search(cluster: None) -> None:
    search = GridSearchCV(
        MLPClassifier(random_state=0, max_iter=40),
        {"hidden_layer_sizes": [(4,), (8, 4)], "learning_rate_init": [0.01, 0.1]},
        cv=3,
    )
    with joblib.parallel_config("dask"):
        search.fit(X, Y)
        limits = joblib.Parallel()(joblib.delayed(thread_limit)(n) for n in (None, None, 3))
    serial = clone(search).fit(X, Y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
    )
    assert limits == [1, 1, 3]
    assert thread_limit(None) == 0


def test_data_are_sent_once(cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    scatter = Client.scatter

    def noting(self: Client, data: object, *args: object, **kwargs: object) -> object:
        sent.extend(id(each) for each in (data if isinstance(data, list) else [data]))
        return scatter(self, data, *args, **kwargs)

    monkeypatch.setattr(Client, "scatter", noting)
    search = GridSearchCV(
        MLPClassifier((4,), random_state=0, max_iter=5),
        {"alpha": [1e-5, 1e-4, 1e-3], "learning_rate_init": [0.01, 0.1]},
        cv=2,
        refit=False,
    )
    with joblib.parallel_config("dask", scatter=[X, Y]):
        search.fit(X, Y)
    assert sent.count(id(X)) == 1 and sent.count(id(Y)) == 1


class NoteThreads(Callback):
    found: list[int] = []

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.found.append(pynn.num_threads())


def classifier() -> object:
    model = pynn.Sequential([pynn.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def fit_wrapper(_: int) -> list[int]:
    NoteThreads.found.clear()
    KerasClassifier(classifier, epochs=1, verbose=0).fit(X, Y, callbacks=[NoteThreads()])
    return list(NoteThreads.found)


def test_wrappers_take_one_thread_of_a_worker(cluster: None) -> None:
    with joblib.parallel_config("dask"):
        found = joblib.Parallel()(joblib.delayed(fit_wrapper)(i) for i in range(2))
    assert {threads for each in found for threads in each} == {1}
