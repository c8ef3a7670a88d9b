"""Callbacks of an MLP estimator: pynn's own, and those of scikit-learn's protocol."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn

import pynn
from estimators.problems import IRIS
from pynn import callbacks
from pynn.estimators import MLPClassifier, MLPRegressor

pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

X, Y = IRIS
SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "random_state": 0,
    "max_iter": 5,
    "batch_size": 50,
}


class Recorder(callbacks.Callback):
    """Writes down what it is notified of."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.events.append(("begin", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.events.append(("epoch", epoch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.events.append((epoch, logs["loss"]))
        logs["own"] = float(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        self.events.append("end")


class Steps(callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(logs["loss"])


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_callbacks_hear_of_every_epoch(cls: Any) -> None:
    recorder = Recorder()
    model = cls(**SMALL, callbacks=[recorder]).fit(X, Y)
    expected: list[Any] = [("begin", 5, 3)]
    for i, loss in enumerate(model.loss_curve_):
        expected += [("epoch", i), (i, loss)]
    assert recorder.events == [*expected, "end"]
    assert recorder.model is model.model_
    assert model.history_ == {"loss": model.loss_curve_, "own": [0.0, 1.0, 2.0, 3.0, 4.0]}
    plain = cls(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(plain.coefs_[0], model.coefs_[0])


def test_callbacks_hear_of_every_step() -> None:
    steps = Steps()
    model = MLPRegressor(**SMALL, callbacks=steps).fit(X, Y)
    assert len(steps.losses) == 15
    assert steps.losses[2::3] == model.loss_curve_


def test_lbfgs_tells_of_its_iterations() -> None:
    recorder = Recorder()
    model = MLPRegressor(**SMALL, solver="lbfgs", callbacks=[recorder]).fit(X, Y)
    losses = [event[1] for event in recorder.events if isinstance(event[0], int)]
    assert model.history_["loss"] == losses
    assert len(losses) == model.n_iter_ == 5
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(model.loss_, rel=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_ends_the_training(solver: str) -> None:
    stopping = callbacks.EarlyStopping("loss", min_delta=1e9, patience=1)
    model = MLPRegressor(**SMALL, solver=solver, callbacks=[stopping])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y)
    assert model.n_iter_ == 2


def test_a_callback_gives_the_best_weights_back() -> None:
    stopping = callbacks.EarlyStopping("val_score", patience=3, restore_best_weights=True)
    model = MLPRegressor(**SMALL | {"max_iter": 200, "learning_rate_init": 0.1})
    model.set_params(callbacks=[stopping], n_iter_no_change=200)
    model.fit(X[::2], Y[::2], validation_data=(X[1::2], Y[1::2]))
    best = int(np.argmax(model.history_["val_score"]))
    assert stopping.best_epoch == best == model.n_iter_ - 4
    assert model.score(X[1::2], Y[1::2]) == pytest.approx(model.history_["val_score"][best])


def test_a_callback_sets_the_learning_rate() -> None:
    given = {**SMALL, "solver": "sgd", "momentum": 0}
    halving = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    model = MLPRegressor(**given, learning_rate_init=0.02, callbacks=[halving]).fit(X, Y)
    assert model.history_["learning_rate"] == [0.02 / 2**i for i in range(1, 6)]
    by_hand = MLPRegressor(**given | {"max_iter": 1}, warm_start=True)
    for i in range(1, 6):
        by_hand.set_params(learning_rate_init=0.02 / 2**i).fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], by_hand.coefs_[0])


def test_a_callback_saves_the_model(tmp_path: Path) -> None:
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "best.pynn")
    model = MLPRegressor(**SMALL, callbacks=[checkpoint]).fit(X, Y)
    loaded = pynn.models.load_model(tmp_path / "best.pynn")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0)[:, 0], model.predict(X))


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(ValueError, match="The 'callbacks' parameter of MLPRegressor must be"):
        MLPRegressor(callbacks="early").fit(X, Y)
    with pytest.raises(ValueError, match="callbacks must be a Callback or a list of them"):
        MLPRegressor(callbacks=[print]).fit(X, Y)


class TaskRecorder:
    """A callback of scikit-learn's protocol."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.events: list[str] = []
        self.scores: list[float] = []
        self.stop_after = stop_after

    def setup(self, estimator: Any, context: Any) -> None:
        self.events.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.events.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, fitted_estimator: Any
    ) -> bool:
        self.events.append(f"end {context.task_name} {context.task_id}")
        if fitted_estimator is not None:  # a search has none for its own tasks
            self.scores.append(fitted_estimator.score(X, y))
        return context.task_id == self.stop_after and context.task_name == "epoch"


# By the version, and not by what can be imported: where the hook moves, these tests fail.
with_protocol = pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9),
    reason="scikit-learn has callbacks since 1.9",
)


@with_protocol
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scikit_learn_s_callbacks_hear_of_every_epoch(solver: str) -> None:
    tasks = TaskRecorder()
    model = MLPRegressor(**SMALL | {"max_iter": 2}, solver=solver).set_callbacks(tasks)
    model.fit(X, Y)
    assert tasks.events == [
        "setup",
        "begin fit 0",
        "begin epoch 0",
        "end epoch 0",
        "begin epoch 1",
        "end epoch 1",
        "end fit 0",
        "teardown",
    ]
    assert tasks.scores[-1] == pytest.approx(model.score(X, Y), rel=1e-12)
    first = MLPRegressor(**SMALL | {"max_iter": 1}, solver=solver).fit(X, Y)
    assert tasks.scores[0] == pytest.approx(first.score(X, Y), rel=1e-9)


@with_protocol
def test_scikit_learn_s_callbacks_end_the_training() -> None:
    model = MLPRegressor(**SMALL).set_callbacks(TaskRecorder(stop_after=1)).fit(X, Y)
    assert model.n_iter_ == 2


@with_protocol
def test_scikit_learn_s_callbacks_are_tasks_of_failures() -> None:
    tasks = TaskRecorder()
    with pytest.raises(ValueError, match="contains NaN"):
        MLPRegressor(**SMALL).set_callbacks(tasks).fit(X * np.nan, Y)
    assert tasks.events[-1] == "teardown"


class PassedOn(TaskRecorder):
    """A callback that meta-estimators hand on, to any depth."""

    max_propagation_depth = None


@with_protocol
def test_a_search_passes_them_on() -> None:
    from sklearn.model_selection import GridSearchCV

    tasks = PassedOn()
    search = GridSearchCV(MLPRegressor(**SMALL | {"max_iter": 2}), {"alpha": [0.1, 1]}, cv=2)
    search.set_callbacks(tasks).fit(X, Y)
    # Two folds of two candidates, and the best one on all rows; two epochs each.
    assert sum("end epoch" in event for event in tasks.events) == 5 * 2
    assert (tasks.events.count("setup"), tasks.events.count("teardown")) == (1, 1)
    assert not hasattr(search.best_estimator_, "_parent_callback_ctx")
