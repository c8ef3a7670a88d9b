"""How many threads the engine gets: by n_jobs, and within pools of joblib's."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from estimators.problems import IRIS
from pynn import _core, _task_threads
from pynn._task_threads import limited_threads, thread_limit
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS


def test_n_jobs_counts_as_scikit_learn_s_does() -> None:
    processors = os.cpu_count() or 1
    assert thread_limit(None) == 0
    assert [thread_limit(n) for n in (1, 2, 7)] == [1, 2, 7]
    assert thread_limit(-1) == processors
    assert thread_limit(-2) == max(1, processors - 1)
    assert thread_limit(-1000) == 1


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_a_task_of_a_pool_gets_one_thread(backend: str) -> None:
    with joblib.parallel_backend(backend, n_jobs=2):
        limits = joblib.Parallel()(joblib.delayed(thread_limit)(n) for n in (None, None, 3))
    assert limits == [1, 1, 3]
    assert thread_limit(None) == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux does")
@pytest.mark.parametrize(("n_jobs", "more"), [(None, 0), (2, 1)])
def test_fits_of_a_search_start_no_threads_unless_asked(n_jobs: int | None, more: int) -> None:
    x = np.random.default_rng(0).standard_normal((3000, 100)).astype("float32")
    y = (x[:, 0] > 0).astype(int)

    class Counting(MLPClassifier):
        def fit(self, x: Any, y: Any) -> Counting:
            def threads() -> int:
                return len(list(Path("/proc/self/task").iterdir()))

            before = threads()
            super().fit(x, y).predict_proba(x)
            self.more_ = threads() - before
            return self

    search = GridSearchCV(
        Counting(hidden_layer_sizes=(200, 200), max_iter=2, n_jobs=n_jobs),
        {"alpha": [0.0, 1.0]},
        scoring=lambda model, x, y: model.more_,
        cv=2,
        n_jobs=2,
        refit=False,
    )
    # Of joblib's own accord, its workers' environment says one thread, and so they would.
    with joblib.parallel_config("loky", inner_max_num_threads=2):
        search.fit(x, y)
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    counts = [search.cv_results_[f"split{i}_test_score"] for i in range(2)]
    # The threads of a worker stay, so that its first fit alone starts them.
    assert np.max(counts) == more


def test_a_single_job_is_no_pool() -> None:
    assert joblib.Parallel(n_jobs=1)([joblib.delayed(thread_limit)(None)]) == [0]


def test_limits_hold_in_a_block_and_in_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def note(limit: int) -> None:
        asked.append((threading.get_ident(), limit))

    monkeypatch.setattr(_core, "set_local_thread_limit", note)

    def elsewhere() -> None:
        with limited_threads(2):
            pass

    with limited_threads(3), limited_threads(None), ThreadPoolExecutor(1) as pool:
        pool.submit(elsewhere).result()
    here = [limit for thread, limit in asked if thread == threading.get_ident()]
    assert here == [3, 3, 3, 0]
    assert [limit for thread, limit in asked if thread != threading.get_ident()] == [2, 0]


def test_limits_end_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), limited_threads(1):
        raise ZeroDivisionError
    assert _task_threads._current.limit == 0


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_results_do_not_depend_on_n_jobs(cls: Any) -> None:
    models = [
        cls(hidden_layer_sizes=(200, 100), n_jobs=n, random_state=0, max_iter=2).fit(X, Y)
        for n in (None, 1, 2, -1)
    ]
    for other in models[1:]:
        np.testing.assert_array_equal(models[0].coefs_[0], other.coefs_[0])


def test_fits_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(_core, "set_local_thread_limit", asked.append)
    model = MLPRegressor(hidden_layer_sizes=(4,), n_jobs=2, max_iter=1).fit(X, Y)
    model.predict(np.zeros((5000, 4)))
    assert asked == [2, 0, 2, 0]
    asked.clear()
    model.predict(X)
    assert asked == []


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all"])
def test_wrong_numbers_are_refused(n_jobs: Any) -> None:
    with pytest.raises(ValueError, match="The 'n_jobs' parameter of MLPClassifier must be"):
        MLPClassifier(n_jobs=n_jobs).fit(X, Y)
