"""`LearningRateScheduler` and `ReduceLROnPlateau`: the rates that are set and recorded."""

from __future__ import annotations

import numpy as np
import pytest

from callbacks.fakes import FakeModel, train
from pynn import callbacks
from pynn.optimizers import SGD, schedules


def rates(callback, model: FakeModel, all_logs) -> list[float]:
    return [logs["learning_rate"] for logs in train(callback, model, all_logs)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda epoch: 0.1 * (epoch + 1), [0.1, 0.2, 0.3]),
        (lambda epoch, rate: rate / 2, [0.05, 0.025, 0.0125]),
        (lambda epoch: np.float32(0.5), [0.5, 0.5, 0.5]),
        (lambda epoch: 1, [1.0, 1.0, 1.0]),
        (schedules.ExponentialDecay(0.1, 1, 0.5), [0.1, 0.05, 0.025]),
    ],
)
def test_scheduler(schedule, expected: list[float]) -> None:
    model = FakeModel()
    got = rates(callbacks.LearningRateScheduler(schedule), model, [{}] * 3)
    assert got == pytest.approx(expected)
    assert model.optimizer.learning_rate == pytest.approx(expected[-1])


def test_scheduler_says_what_it_sets(capsys: pytest.CaptureFixture[str]) -> None:
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1), verbose=1)
    train(scheduler, FakeModel(), [{}] * 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["Epoch 1: the learning rate is 0.5", "Epoch 2: the learning rate is 0.25"]


def test_scheduler_needs_no_logs() -> None:
    scheduler, model = callbacks.LearningRateScheduler(lambda epoch: 0.5), FakeModel()
    scheduler.set_model(model)
    scheduler.on_epoch_begin(0)
    scheduler.on_epoch_end(0)
    assert model.optimizer.learning_rate == 0.5


@pytest.mark.parametrize("wrong", [None, "0.1", np.nan, np.ones(2), True])
def test_scheduler_refuses_what_is_no_number(wrong: object) -> None:
    with pytest.raises(ValueError, match="schedule must return a finite number"):
        train(callbacks.LearningRateScheduler(lambda epoch: wrong), FakeModel(), [{}])


def test_errors_of_the_schedule_are_not_hidden() -> None:
    def broken(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        train(callbacks.LearningRateScheduler(broken), FakeModel(), [{}])


def test_a_scheduled_optimizer_is_not_overwritten() -> None:
    model = FakeModel()
    model.optimizer = SGD(schedules.ExponentialDecay(0.1, 1, 0.5))
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        train(callbacks.LearningRateScheduler(lambda epoch: 0.5), model, [{}])


def losses(*values: float) -> list[dict[str, float]]:
    return [{"val_loss": value} for value in values]


def test_plateau() -> None:
    reducing = callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
    got = rates(reducing, FakeModel(), losses(1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    # The rate recorded is the one that the epoch was trained with.
    assert got == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.025])


def test_plateau_with_improvement_and_min_delta() -> None:
    model = FakeModel()
    reducing = callbacks.ReduceLROnPlateau(factor=0.5, patience=2, min_delta=0.1)
    rates(reducing, model, losses(1.0, 0.95, 0.8, 0.79, 0.5, 0.49))
    assert model.optimizer.learning_rate == 0.1
    rates(reducing, model, losses(1.0, 0.95, 0.91))
    assert model.optimizer.learning_rate == 0.05


def test_plateau_with_cooldown() -> None:
    reducing = callbacks.ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2)
    got = rates(reducing, FakeModel(), losses(*[1.0] * 7))
    assert got == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125])


def test_plateau_stops_at_min_lr(capsys: pytest.CaptureFixture[str]) -> None:
    reducing = callbacks.ReduceLROnPlateau(factor=0.1, patience=1, min_lr=0.03, verbose=1)
    got = rates(reducing, FakeModel(), losses(*[1.0] * 4))
    assert got == pytest.approx([0.1, 0.1, 0.03, 0.03])
    assert capsys.readouterr().out == "Epoch 2: reducing the learning rate to 0.03\n"


def test_plateau_of_an_accuracy() -> None:
    model = FakeModel()
    reducing = callbacks.ReduceLROnPlateau("accuracy", factor=0.5, patience=1)
    rates(reducing, model, [{"accuracy": value} for value in (0.5, 0.6, 0.7)])
    assert model.optimizer.learning_rate == 0.1
    rates(reducing, model, [{"accuracy": value} for value in (0.5, 0.4)])
    assert model.optimizer.learning_rate == 0.05


def test_plateau_refuses_and_warns() -> None:
    with pytest.raises(ValueError, match=r"factor must be a number in \[0, 1\)"):
        callbacks.ReduceLROnPlateau(factor=1.0)
    with pytest.warns(UserWarning, match="watches 'val_loss'"):
        train(callbacks.ReduceLROnPlateau(), FakeModel(), [{"loss": 1.0}])
