"""Threads that use pynn at the same time: each gets the bits that it would get alone."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import _core, layers
from reliability.children import PATIENCE

RNG = np.random.default_rng(0)
X = RNG.standard_normal((700, 30)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
SIZES = (1, 2, 31, 32, 33, 700)
MANY = 64


def model(seed: int = 0) -> Any:
    pynn.utils.set_random_seed(seed)
    made = pynn.Sequential(
        [pynn.Input((30,)), layers.Dense(40, "relu"), layers.Dropout(0.1), layers.Dense(1)]
    )
    made.compile(loss="mse", optimizer="adam")
    made.train_on_batch(X[:1], Y[:1])  # which draws the seed of its noise
    return made


def fit(made: Any, epochs: int = 2) -> list[np.ndarray]:
    made.fit(X, Y, epochs=epochs, verbose=0, shuffle=False)
    return made.get_weights()


def together(works: list[Callable[[], None]]) -> None:
    """Run functions in threads of their own that begin at once; raise what they raise."""
    barrier = threading.Barrier(len(works))
    raised: list[BaseException] = []

    def work(function: Callable[[], None]) -> None:
        try:
            barrier.wait(PATIENCE)
            function()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=work, args=(f,), daemon=True) for f in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if raised:
        raise raised[0]


def same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def many_predict_on_one_model(rng: random.Random) -> None:
    made = model()
    expected = made.predict(X, verbose=0)

    def predict(n: int, first: int) -> None:
        rows = slice(first, first + n)
        for _ in range(3):
            np.testing.assert_array_equal(made.predict(X[rows], verbose=0), expected[rows])
            np.testing.assert_array_equal(made(X[rows]), expected[rows])

    sizes = [rng.choice(SIZES) for _ in range(MANY)]
    together([lambda n=n: predict(n, rng.randrange(len(X) - n + 1)) for n in sizes])


def other_models_train(rng: random.Random) -> None:
    several = [model(seed) for seed in range(6)]
    alone = [fit(model(seed)) for seed in range(6)]
    works = [lambda m=m, e=e: same(fit(m), e) for m, e in zip(several, alone, strict=True)]
    together(works)


def estimators_train(rng: random.Random) -> None:
    labels = Y[:, 0] > 0

    def train(seed: int) -> list[np.ndarray]:
        # Ends after three epochs without a warning; filters of warnings are not for threads.
        made = pynn.MLPClassifier((20,), tol=1e9, n_iter_no_change=2, random_state=seed)
        made.fit(X, labels)
        return made.coefs_

    expected = [train(seed) for seed in range(6)]
    together([lambda seed=seed: same(train(seed), expected[seed]) for seed in range(6)])


def one_trains_and_others_predict(rng: random.Random) -> None:
    alone, shared = model(), model()
    expected = fit(alone, epochs=20)
    done = threading.Event()

    def train() -> None:
        try:
            same(fit(shared, epochs=20), expected)
        finally:
            done.set()

    def predict() -> None:
        while not done.is_set():
            found = shared.predict(X, verbose=0)
            assert found.shape == (len(X), 1) and np.isfinite(found).all()

    together([train, predict, predict])
    np.testing.assert_array_equal(shared.predict(X, verbose=0), alone.predict(X, verbose=0))


def the_number_of_threads_changes(rng: random.Random) -> None:
    expected, made = fit(model(), epochs=20), model()
    before, done = _core.num_threads(), threading.Event()

    def train() -> None:
        try:
            same(fit(made, epochs=20), expected)
        finally:
            done.set()

    def change() -> None:
        while not done.is_set():
            pynn.set_num_threads(rng.randint(1, 4))
            done.wait(rng.uniform(0, 0.005))

    try:
        together([train, change])
    finally:
        pynn.set_num_threads(before)


def saved_and_loaded(rng: random.Random) -> None:
    made = model()
    expected = made.predict(X, verbose=0)

    def save_and_load() -> None:
        file = io.BytesIO()
        made.save(file)
        file.seek(0)
        found = pynn.models.load_model(file).predict(X, verbose=0)
        np.testing.assert_array_equal(found, expected)

    together([save_and_load] * 8)


SCENES = [
    many_predict_on_one_model,
    other_models_train,
    estimators_train,
    one_trains_and_others_predict,
    the_number_of_threads_changes,
    saved_and_loaded,
]


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Go `count` times through all that threads do at once."""
    rng = random.Random(seed)
    for done in range(1, count + 1):
        for scene in SCENES:
            scene(rng)
        yield {"rounds": done, "of": [scene.__name__ for scene in SCENES]}
