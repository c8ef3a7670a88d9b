"""A model is trained by one thread at a time; others get an error, and the training goes on."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

import pynn
from pynn import callbacks, layers

X = np.random.default_rng(0).random((96, 4), dtype=np.float32)
Y = X.sum(axis=1)


def model() -> Any:
    pynn.utils.set_random_seed(0)
    built = pynn.Sequential([pynn.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
    built.compile("sgd", "mse")
    return built


class InEpoch(callbacks.Callback):
    """Calls something in the middle of the first epoch, in this thread or another."""

    def __init__(self, call: Any, elsewhere: bool) -> None:
        super().__init__()
        self.call, self.elsewhere, self.raised = call, elsewhere, None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch != 1 or self.raised is not None:
            return
        if not self.elsewhere:
            self.call()
            return

        def caught() -> None:
            try:
                self.call()
            except RuntimeError as error:
                self.raised = error

        thread = threading.Thread(target=caught)
        thread.start()
        thread.join(30)


def test_another_process_has_a_training_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fork copies while another thread trains is not waited for."""
    shared = model()

    def as_a_child() -> None:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        shared._trainers.hold().release()
        monkeypatch.undo()

    watcher = InEpoch(as_a_child, True)
    shared.fit(X, Y, epochs=2, verbose=0, callbacks=[watcher])
    assert watcher.raised is None


@pytest.mark.parametrize("how", ["fit", "train_on_batch"])
def test_another_thread_is_refused(how: str) -> None:
    alone, shared = model(), model()
    alone.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[InEpoch(lambda: None, True)])
    calls = {
        "fit": lambda: shared.fit(X, Y, verbose=0),
        "train_on_batch": lambda: shared.train_on_batch(X, Y),
    }
    watcher = InEpoch(calls[how], True)
    shared.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[watcher])
    assert "is being trained in another thread" in str(watcher.raised)
    for one, other in zip(alone.get_weights(), shared.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(shared.fit(X, Y, verbose=0).history["loss"]) == 1


def test_another_thread_may_predict_and_evaluate() -> None:
    alone, shared = model(), model()
    alone.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[InEpoch(lambda: None, True)])

    def look() -> None:
        shared.predict(X, verbose=0)
        shared.evaluate(X, Y, verbose=0)

    shared.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[InEpoch(look, True)])
    for one, other in zip(alone.get_weights(), shared.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_callback_that_takes_the_epoch_s_data_away_is_named() -> None:
    trained = model()
    watcher = InEpoch(lambda: trained.train_on_batch(X, Y), False)
    with pytest.raises(RuntimeError, match=r"has trained the same model by fit\(\) or train_on_b"):
        trained.fit(X, Y, shuffle=False, verbose=0, callbacks=[watcher])
    assert len(trained.fit(X, Y, verbose=0).history["loss"]) == 1


def test_other_models_train_at_the_same_time() -> None:
    several = [model() for _ in range(4)]
    threads = [
        threading.Thread(target=lambda m=m: m.fit(X, Y, epochs=30, verbose=0, shuffle=False))
        for m in several
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in several[1:]:
        for a, b in zip(several[0].get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_may_train() -> None:
    trained = model()

    def forked() -> None:
        child = os.fork()
        if not child:
            try:
                trained.fit(X, Y, verbose=0)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0

    trained.fit(X, Y, shuffle=False, verbose=0, callbacks=[InEpoch(forked, True)])
