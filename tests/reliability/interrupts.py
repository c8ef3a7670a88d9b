"""Interrupts at random moments of whatever pynn does: what is left is whole and can be used.

The interrupt is a timer's signal with the handler of Ctrl-C, so that its moment does not depend on
another thread's turn.
"""

from __future__ import annotations

import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pynn
from pynn import callbacks, layers, metrics, ops
from pynn.models import load_model

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2000, 20)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
BATCH = 50
STEPS = len(X) // BATCH
MOST_EPOCHS = 10_000


def model(*more: Any, metric: Any = "mae") -> Any:
    pynn.utils.set_random_seed(0)
    hidden = [layers.Dense(64, "relu"), layers.BatchNormalization()]
    made = pynn.Sequential([pynn.Input((20,)), *hidden, *more, layers.Dense(1)])
    made.compile(loss="mse", optimizer="adam", metrics=[metric])
    return made


def busy(seconds: float) -> None:
    """Compute in Python for so long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(100))


def batches() -> Iterator[Any]:
    while True:
        for i in range(STEPS):
            busy(0.0005)
            yield X[BATCH * i : BATCH * (i + 1)], Y[BATCH * i : BATCH * (i + 1)]


def native(folder: Path) -> Any:
    return model(), {"x": X, "y": Y, "batch_size": BATCH}


def long_steps(folder: Path) -> Any:
    return model(layers.Dense(1500, "relu")), {"x": X, "y": Y, "batch_size": BATCH}


def in_callbacks(folder: Path) -> Any:
    listener = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: busy(0.0005),
        on_epoch_end=lambda epoch, logs: busy(0.005),
    )
    return model(), {"x": X, "y": Y, "batch_size": BATCH, "callbacks": [listener]}


def validation(folder: Path) -> Any:
    held_out = (np.tile(X, (20, 1)), np.tile(Y, (20, 1)))
    return model(), {"x": X, "y": Y, "batch_size": BATCH, "validation_data": held_out}


def saving(folder: Path) -> Any:
    listeners = [
        callbacks.ModelCheckpoint(folder / "last.pynn"),
        callbacks.ModelCheckpoint(folder / "last.keras", save_freq=7),
        callbacks.CSVLogger(folder / "log.csv"),
    ]
    return model(), {"x": X, "y": Y, "batch_size": BATCH, "callbacks": listeners}


def generator(folder: Path) -> Any:
    return model(), {"x": batches(), "steps_per_epoch": STEPS}


def interpreted(folder: Path) -> Any:
    made = model(layers.Lambda(ops.sin), metric=metrics.R2Score())
    return made, {"x": X, "y": Y, "batch_size": BATCH}


FITS: list[Callable[[Path], tuple[Any, dict[str, Any]]]] = [
    native,
    long_steps,
    in_callbacks,
    validation,
    saving,
    generator,
    interpreted,
]


class Interrupt:
    """A signal that comes after so many seconds.

    Python itself loses one that comes in a weak reference's callback or a `__del__`; there is
    another one later, as users press the keys again.

    Attributes
    ----------
    delay : float or None
        Seconds from when it was due to when KeyboardInterrupt had come out; None if it was lost.
    """

    _again = 2.0

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.delay: float | None = None

    def __enter__(self) -> Interrupt:
        self._hook, sys.unraisablehook = sys.unraisablehook, lambda lost: None
        self._handler = signal.signal(signal.SIGALRM, signal.default_int_handler)
        self._due = time.perf_counter() + self._seconds
        signal.setitimer(signal.ITIMER_REAL, self._seconds, self._again)
        return self

    def __exit__(self, kind: Any, *_: Any) -> bool:
        came = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)
        sys.unraisablehook = self._hook
        if came - self._due < self._again:
            self.delay = came - self._due
        return kind is KeyboardInterrupt


def interrupted_fit(scene: Any, seconds: float, folder: Path) -> float | None:
    """Interrupt a `fit`, and check what it left."""
    made, given = scene(folder)
    earlier = made.fit(X[:BATCH], Y[:BATCH], verbose=0)
    before = int(made.optimizer.iterations)
    ended: list[int] = []
    counter = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(epoch))
    if "callbacks" in given:
        given["callbacks"].append(counter)
    with Interrupt(seconds) as interrupt:
        made.fit(**given, epochs=MOST_EPOCHS, verbose=0)
    history = made.history
    lengths = {len(values) for values in history.history.values()}
    assert lengths <= {len(history.epoch)}, f"a history of {lengths} and {history.epoch[-3:]}"
    assert history.epoch == list(range(len(history.epoch)))
    assert len(ended) <= len(history.epoch)  # which is notified first
    steps = int(made.optimizer.iterations) - before
    # The interrupt may have come while the epoch that is over was being noted.
    noted = 0 if history is earlier else STEPS * len(history.epoch)
    assert noted <= steps <= noted + STEPS, f"{steps} steps in {len(history.epoch)} epochs"
    for path in folder.glob("last.*"):
        load_model(path)
    for line in "".join(p.read_text() for p in folder.glob("log.csv")).splitlines():
        assert line.count(",") == 4, line
    assert np.isfinite(made.predict(X, verbose=0)).all()
    again = made.fit(X, Y, batch_size=BATCH, epochs=2, verbose=0)
    assert len(again.history["loss"]) == 2 and np.isfinite(again.history["loss"]).all()
    assert int(made.optimizer.iterations) == before + steps + 2 * STEPS
    return interrupt.delay


def interrupted_call(name: str, seconds: float) -> float | None:
    """Interrupt a prediction or an evaluation, which then gives what it gave before."""
    made = model(layers.Dense(300, "relu"))
    x, y = np.tile(X, (20, 1)), np.tile(Y, (20, 1))
    expected = made.predict(x, verbose=0)
    with Interrupt(seconds) as interrupt:
        while True:
            made.predict(x, verbose=0) if name == "predict" else made.evaluate(x, y, verbose=0)
    np.testing.assert_array_equal(made.predict(x, verbose=0), expected)
    return interrupt.delay


def interrupted_estimator(made: Any, seconds: float) -> float | None:
    """Interrupt an estimator's `fit`, after which it predicts and can be fitted."""
    labels = Y[:, 0] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of training that ends early
        with Interrupt(seconds) as interrupt:
            made.fit(X, labels)
        # Stochastic solvers end with a warning, as in scikit-learn.
        delay = interrupt.delay
        if hasattr(made, "n_iter_") and hasattr(made, "loss_curve_"):
            assert len(made.loss_curve_) in (made.n_iter_, made.n_iter_ + 1)
        made.set_params(max_iter=2).fit(X, labels)
    assert made.predict(X).shape == (len(X),)
    return delay


def run(count: int, seed: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Interrupt `count` calls of all kinds in turn."""
    rng = random.Random(seed)
    endless: dict[str, Any] = {"max_iter": 10**6, "tol": 0.0}
    estimators: list[Callable[[], Any]] = [
        lambda: pynn.MLPClassifier((50,), n_iter_no_change=10**6, **endless),
        lambda: pynn.MLPClassifier((50,), solver="lbfgs", max_fun=10**9, **endless),
        lambda: pynn.Perceptron(max_iter=10**6, tol=None),
    ]
    scenes: list[tuple[str, Callable[[float, Path], float | None]]] = [
        (fit.__name__, lambda seconds, place, fit=fit: interrupted_fit(fit, seconds, place))
        for fit in FITS
    ]
    for name in ("predict", "evaluate"):
        scenes.append((name, lambda seconds, _, name=name: interrupted_call(name, seconds)))
    for number, make in enumerate(estimators):
        scenes.append(
            (
                f"estimator {number}",
                lambda seconds, _, make=make: interrupted_estimator(make(), seconds),
            )
        )
    delays: list[float] = []
    slowest: Counter[str] = Counter()
    for i in range(count):
        name, interrupted = scenes[i % len(scenes)]
        place = folder / str(i)
        place.mkdir()
        delay = interrupted(rng.uniform(0.001, 0.3), place)
        if delay is not None:
            delays.append(delay)
            slowest[name] = max(slowest[name], round(1000 * delay))
        p50, p99 = 1000 * np.quantile(delays or [0.0], [0.5, 0.99])
        yield {
            "interrupts": i + 1,
            "lost in Python": i + 1 - len(delays),
            "median, ms": round(p50, 1),
            "99th percentile, ms": round(p99, 1),
            "slowest, ms": dict(slowest),
        }
    assert len(delays) > 0.8 * count, "few interrupts came"
