"""Ctrl-C ends a training and leaves an estimator that predicts.

As in scikit-learn, a stochastic solver of an MLP ends with a warning, and everything else raises.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from pynn.estimators import MLPClassifier, MLPRegressor, Perceptron, PerceptronRegressor
from pynn.estimators.mlp._progress import Progress

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20_000, 100)).astype(np.float32)
Y = RNG.integers(0, 3, 20_000)
ENDLESS: dict[str, Any] = {"max_iter": 10**6, "tol": 0.0}


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((200, 100), n_iter_no_change=10**6, **ENDLESS),
        MLPRegressor(hidden_layer_sizes=(200, 100), n_iter_no_change=10**6, **ENDLESS),
        MLPClassifier((50,), early_stopping=True, n_iter_no_change=10**6, **ENDLESS),
    ],
    ids=str,
)
def test_an_interrupt_ends_the_training(model: Any) -> None:
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.warns(UserWarning, match="Training interrupted by user."):
        model.fit(X, Y)
    assert np.isfinite(model.predict(X[:100])).all()


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((200,), solver="lbfgs", max_fun=10**9, **ENDLESS),
        Perceptron(max_iter=10**6, tol=None),
        Perceptron(max_iter=10**6, tol=None, n_jobs=2),
        PerceptronRegressor(max_iter=10**6, tol=None, eta0=1e-5),
    ],
    ids=str,
)
def test_an_interrupt_is_raised(model: Any) -> None:
    """A loop of fits ends with it."""
    before = set(threading.enumerate())
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    # joblib's threads put back the warnings' filters when they end: not into the next test's.
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert np.isfinite(model.predict(X[:100])).all()


@pytest.mark.usefixtures("ctrl_c_raises")
def test_an_interrupt_leaves_all_epochs_that_have_ended() -> None:
    """A call to the engine runs dozens of them."""
    model = MLPRegressor(
        hidden_layer_sizes=(8,), warm_start=True, n_iter_no_change=10**6, random_state=0, **ENDLESS
    )
    x, y = X, Y.astype(np.float32)
    thread = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    thread.start()
    with pytest.warns(UserWarning, match="Training interrupted by user."):
        model.fit(x, y)
    thread.join()
    epochs = model.n_iter_
    assert epochs > 1
    assert model.t_ == len(X) * epochs
    assert len(model.loss_curve_) == len(model.history_["loss"]) == epochs
    steps = int(model._optimizer.optimizer.iterations)
    assert 0 <= steps - 100 * epochs <= 100
    # Weights, optimizer and order of the rows belong together: a copy, which makes the orders
    # anew, goes on in the same way.
    model.set_params(max_iter=2)
    twin = pickle.loads(pickle.dumps(model))
    for each in (model, twin):
        with pytest.warns(ConvergenceWarning):
            each.fit(x, y)
    np.testing.assert_array_equal(model.coefs_[0], twin.coefs_[0])
    assert model.loss_curve_[:epochs] == twin.loss_curve_[:epochs]
    assert model.loss_curve_[epochs:] == twin.loss_curve_[epochs:]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
@pytest.mark.parametrize("epoch", [0, 3, 12])
def test_an_epoch_is_noted_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, error: type, late: bool, learning_rate: str, epoch: int
) -> None:
    """A signal may come while Python notes the epochs that the engine has run in one call."""
    model = MLPRegressor(
        hidden_layer_sizes=(4,),
        solver="sgd",
        learning_rate=learning_rate,
        max_iter=30,
        n_iter_no_change=11 if learning_rate == "adaptive" else 100,
        tol=1e9,
        random_state=0,
    )
    x, y = X[:200], Y[:200].astype(np.float32)
    whole = model.fit(x, y)
    curve, best = whole.loss_curve_[:], whole.best_loss_
    epoch_ends, raised = Progress.epoch_ends, []

    def ends(progress: Progress, index: int, logs: dict[str, Any]) -> bool:
        stop = epoch_ends(progress, index, logs) if late or index != epoch or raised else False
        if index == epoch and not raised:
            raised.append(index)
            raise error
        return stop

    monkeypatch.setattr(Progress, "epoch_ends", ends)
    if error is KeyboardInterrupt:
        with pytest.warns(UserWarning, match="Training interrupted by user."):
            model.fit(x, y)
    else:
        with pytest.raises(TimeoutError):
            model.fit(x, y)
    assert raised == [epoch]
    n = len(model.loss_curve_)
    assert epoch < n <= len(curve)
    assert model.loss_curve_ == curve[:n] == model.history_["loss"]
    assert (model.n_iter_, model.t_, model.loss_) == (n, 200 * n, curve[n - 1])
    assert model.best_loss_ == min(curve[:n]) >= best
    assert int(model._optimizer.optimizer.iterations) == n
    slower = learning_rate == "adaptive" and n > 12
    assert model._optimizer.learning_rate == pytest.approx(0.0002 if slower else 0.001)
