"""Search on a cluster of Dask's: scikit-learn's searches by joblib, and Optuna with Dask's storage.

python examples/dask/search.py
python examples/dask/search.py optuna      # pip install optuna optuna-integration
"""

from __future__ import annotations

import sys

import joblib
from distributed import Client, LocalCluster, wait
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV, cross_val_score

from pynn import MLPClassifier

SPACE = {"alpha": loguniform(1e-6, 1e-1), "learning_rate_init": loguniform(1e-4, 1e-1)}


def with_joblib() -> None:
    """Fit the candidates in the workers' threads, one thread each."""
    x, y = load_digits(return_X_y=True)
    search = RandomizedSearchCV(MLPClassifier(max_iter=20, tol=0.0), SPACE, n_iter=8, cv=3)
    with joblib.parallel_config("dask", scatter=[x, y]):  # sent once, not with each candidate
        search.fit(x, y)
    print(search.best_params_, round(search.best_score_, 3))


def objective(trial: object, x: object, y: object) -> float:
    """Return the score of a trial's parameters."""
    given = {
        "alpha": trial.suggest_float("alpha", 1e-6, 1e-1, log=True),  # type: ignore[attr-defined]
        "learning_rate_init": trial.suggest_float("rate", 1e-4, 1e-1, log=True),  # type: ignore[attr-defined]
    }
    return float(cross_val_score(MLPClassifier(max_iter=20, tol=0.0, **given), x, y, cv=3).mean())


def with_optuna(client: Client) -> None:
    """Let every worker ask the study, which the scheduler keeps, for trials."""
    import optuna
    from optuna_integration import DaskStorage

    x, y = (client.scatter(each, broadcast=True) for each in load_digits(return_X_y=True))
    study = optuna.create_study(direction="maximize", storage=DaskStorage(client=client))

    def trials(study: optuna.Study, x: object, y: object, count: int) -> None:
        study.optimize(lambda trial: objective(trial, x, y), n_trials=count)

    wait([client.submit(trials, study, x, y, 4, pure=False) for _ in range(2)])
    print(study.best_params, round(study.best_value, 3))


if __name__ == "__main__":
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        if "optuna" in sys.argv[1:]:
            with_optuna(client)
        else:
            with_joblib()
