"""A study of Optuna's on Dask's scheduler, whose trials are fits of pynn's on the workers."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from distributed import Client, LocalCluster
from optuna_integration import DaskStorage
from sklearn.datasets import load_iris

from pynn import MLPClassifier


def trials(study: Any, count: int) -> None:
    x, y = load_iris(return_X_y=True)

    def objective(trial: Any) -> float:
        rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
        fit = MLPClassifier((4,), learning_rate_init=rate, max_iter=5, random_state=0).fit(x, y)
        return float(fit.score(x, y))

    study.optimize(objective, n_trials=count)


@pytest.mark.filterwarnings("ignore")
def test_workers_ask_for_trials() -> None:
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(processes=False, **settings) as cluster, Client(cluster) as client:
        study = optuna.create_study(direction="maximize", storage=DaskStorage(client=client))
        client.gather([client.submit(trials, study, 3, pure=False) for _ in range(2)])
        assert len(study.trials) == 6
        assert study.best_value == max(trial.value for trial in study.trials)
