"""Searches by joblib's Dask backend, with workers in threads and in processes."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from estimators.problems import IRIS
from pynn._task_threads import thread_limit
from pynn.estimators import MLPClassifier

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS


@pytest.fixture(params=[False, True], ids=["threads", "processes"])
def cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
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
