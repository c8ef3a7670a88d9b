"""A random search for the layers and learning rate of a small network: pynn, scikit-learn, Keras.

Everybody gets the same candidates and folds of California housing, as float32, and the textbook's
recipe: plain SGD, batches of 32, stopped when five epochs brought the score of a held-out tenth no
further, or after 50. With all candidates scikit-learn takes minutes, and Keras wrapped by SciKeras
an hour: each may be given the first few of them, on all folds, and pynn's time beside it is for the
same ones. What runs in two jobs uses joblib's threads.

usage: python bench/search.py [--candidates N] [--sklearn-candidates N] [--keras-candidates N]
                              [--rounds N]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
import sklearn
from scipy.stats import loguniform, randint
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, ParameterSampler, RandomizedSearchCV
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import pynn
from pynn import _core, datasets, wrappers

_EPOCHS, _BATCH, _PATIENCE, _TOLERANCE, _HELD_OUT = 50, 32, 5, 1e-4, 0.1
_FOLDS = 3
_PEAK_SECONDS = 0.5
_REPRESENTABLE = (-1e9, 1e9)  # whose squares do not overflow float32 either

Candidate = dict[str, Any]


def candidates(n: int) -> list[Candidate]:
    """Return n of the candidates, always the same ones."""
    space = {
        "layers": randint(1, 4),
        "units": randint(1, 101),
        "learning_rate": loguniform(3e-4, 3e-2),
    }
    return list(ParameterSampler(space, n, random_state=42))


@dataclass
class Contender:
    """An estimator, how it takes a candidate, and the seconds that its searches took."""

    name: str
    estimator: Any
    parameters: Callable[[Candidate], dict[str, Any]]
    jobs: int = 1
    seconds: list[float] = field(default_factory=list)
    epochs: float = 0.0
    best: float = 0.0

    def search(self, tried: list[Candidate], x: np.ndarray, y: np.ndarray) -> float:
        """Search among these candidates, in random order; return the seconds that it took."""
        search = RandomizedSearchCV(
            self.estimator,
            [{key: [value] for key, value in self.parameters(c).items()} for c in tried],
            n_iter=len(tried),
            scoring=score_and_epochs,
            refit=False,
            cv=KFold(_FOLDS),
            random_state=42,
            error_score="raise",
        )
        with (
            warnings.catch_warnings(),
            threadpool_limits(1, user_api="blas"),  # two only slow such small products down
            joblib.parallel_backend("threading", n_jobs=self.jobs),
        ):
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            search.fit(x, y)
            seconds = time.perf_counter() - start
        self.epochs = float(search.cv_results_["mean_test_epochs"].mean())
        self.best = float(search.cv_results_["mean_test_score"].max())
        return seconds

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def score_and_epochs(estimator: Any, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    epochs = getattr(estimator, "n_iter_", None) or len(estimator.history_["loss"])
    # At the highest learning rates plain SGD diverges on some folds.
    predicted = np.clip(estimator.predict(x), *_REPRESENTABLE)
    score = r2_score(y, predicted) if np.isfinite(predicted).all() else -np.inf
    return {"score": score, "epochs": epochs}


def of_scikit_learn(name: str, module: Any, jobs: int = 1) -> Contender:
    """Return the `MLPRegressor` of a module."""
    estimator = module.MLPRegressor(
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        batch_size=_BATCH,
        max_iter=_EPOCHS,
        early_stopping=True,
        validation_fraction=_HELD_OUT,
        n_iter_no_change=_PATIENCE,
        tol=_TOLERANCE,
        random_state=42,
    )

    def parameters(c: Candidate) -> dict[str, Any]:
        sizes = (c["units"],) * c["layers"]
        return {"hidden_layer_sizes": sizes, "learning_rate_init": c["learning_rate"]}

    return Contender(name, estimator, parameters, jobs)


def of_keras(name: str, keras: Any, wrapper: type) -> Contender:
    """Return a wrapped model of Keras, or of what stands in for it."""

    def build(layers: int, units: int, learning_rate: float) -> Any:
        model = keras.Sequential([keras.layers.Input((8,))])
        for _ in range(layers):
            model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dense(1))
        model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate))
        return model

    estimator = wrapper(
        build,
        layers=1,
        units=1,
        learning_rate=0.01,
        batch_size=_BATCH,
        epochs=_EPOCHS,
        validation_split=_HELD_OUT,
        callbacks=keras.callbacks.EarlyStopping,
        callbacks__monitor="val_loss",
        callbacks__patience=_PATIENCE,
        callbacks__min_delta=_TOLERANCE,
        callbacks__restore_best_weights=True,
        random_state=42,
        verbose=0,
    )
    return Contender(name, estimator, dict)


def housing() -> tuple[np.ndarray, np.ndarray]:
    """The textbook's 11,610 training rows, standardised."""
    (x, y), _ = datasets.california_housing.load_data()
    x = StandardScaler().fit_transform(x[:11610]).astype(np.float32)
    return x, y[:11610].astype(np.float32)


def compare(rows: list[Contender], tried: list[Candidate], x: np.ndarray, y: np.ndarray) -> None:
    """Let everybody search, and print a table; its last column is in times of the first row."""
    for row in rows:
        row.search(tried[:1], x[:100], y[:100])  # imports
        row.seconds.append(row.search(tried, x, y))
    fits = _FOLDS * len(tried)
    print(f"\nThe first {len(tried)} candidates × {_FOLDS} folds:\n")
    print("| | s | epochs a fit | ms an epoch | best R² | × pynn's time |\n" + "|---" * 6 + "|")
    for row in rows:
        print(
            f"| {row.name} | {row.median:.2f} | {row.epochs:.1f} "
            f"| {1e3 * row.median / (fits * row.epochs):.2f} | {row.best:.3f} "
            f"| {row.median / rows[0].median:.1f} |",
            flush=True,
        )


def whole_search(tried: list[Candidate], x: np.ndarray, y: np.ndarray, rounds: int) -> None:
    """Let pynn search among all candidates, in one job and in two."""
    one, two = (of_scikit_learn("pynn.MLPRegressor", pynn, jobs) for jobs in (1, 2))
    peaks: list[float] = []
    for row in (one, two):
        row.search(tried[:1], x[:100], y[:100])  # imports
    for _ in range(rounds):
        for row in (one, two):
            row.seconds.append(row.search(tried, x, y))
        single, both = (_core.measure_peak(_PEAK_SECONDS, n) for n in (1, 2))
        peaks.append(both / single)
    print(
        f"All {len(tried)} candidates × {_FOLDS} folds, medians of {rounds} rounds: "
        f"{one.median:.2f} s in one job, {two.median:.2f} s in two: "
        f"{one.median / two.median:.2f} × as fast, where two threads of FMA are "
        f"{statistics.median(peaks):.2f} ×.",
        flush=True,
    )


def keras_rows() -> list[Contender]:
    """Return the wrapped models: pynn's, and Keras's."""
    import keras
    from scikeras.wrappers import KerasRegressor

    name = f"Keras {keras.__version__} on {keras.backend.backend()}, SciKeras"
    return [
        of_keras("pynn model, pynn.wrappers.KerasRegressor", pynn, wrappers.KerasRegressor),
        of_keras(name, keras, KerasRegressor),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument(
        "--sklearn-candidates", type=int, default=30, help="0: without scikit-learn's"
    )
    parser.add_argument("--keras-candidates", type=int, default=2, help="0: without Keras")
    parser.add_argument("--rounds", type=int, default=3, help="of pynn's searches among all")
    args = parser.parse_args()
    x, y = housing()
    tried = candidates(args.candidates)
    print(
        f"pynn {pynn.__version__} ({_core.isa()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}. "
        f"{len(x):,} × {x.shape[1]} rows of California housing.\n"
    )
    whole_search(tried, x, y, args.rounds)
    if args.sklearn_candidates:
        mine = of_scikit_learn("pynn.MLPRegressor", pynn)
        theirs = of_scikit_learn("sklearn.neural_network.MLPRegressor", neural_network)
        compare([mine, theirs], tried[: args.sklearn_candidates], x, y)
    if args.keras_candidates:
        mine = of_scikit_learn("pynn.MLPRegressor", pynn)
        compare([mine, *keras_rows()], tried[: args.keras_candidates], x, y)


if __name__ == "__main__":
    main()
