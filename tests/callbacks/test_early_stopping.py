"""`EarlyStopping`: when it stops, and which weights stay."""

from __future__ import annotations

import numpy as np
import pytest

from callbacks.fakes import FakeModel, metric, train
from pynn import callbacks
from pynn.callbacks._monitor_callback import direction_of


def losses(*values: float) -> list[dict[str, float]]:
    return [{"val_loss": value} for value in values]


@pytest.mark.parametrize(
    ("patience", "values", "epochs"),
    [
        (0, [3.0, 2.0, 2.5, 1.0], 3),
        (1, [3.0, 2.0, 2.5, 1.0], 3),
        (2, [3.0, 2.0, 2.5, 1.0, 1.5, 1.2, 1.1], 6),
        (2, [3.0, 2.0, 1.0], 3),
        (2, [1.0, np.nan, np.nan, np.nan], 3),
        (1, [np.nan, 1.0, 0.5], 3),
    ],
)
def test_epochs_until_it_stops(patience: int, values: list[float], epochs: int) -> None:
    model = FakeModel()
    stopping = callbacks.EarlyStopping(patience=patience)
    assert len(train(stopping, model, losses(*values))) == epochs
    assert stopping.stopped_epoch == (epochs - 1 if model.stop_training else 0)


def test_best_weights_are_restored() -> None:
    model = FakeModel()
    stopping = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    train(stopping, model, losses(3.0, 1.0, 2.0, 2.0, 0.0))
    assert (model.trained, stopping.best, stopping.best_epoch) == (2, 1.0, 1)


def test_best_weights_are_restored_at_the_regular_end_too() -> None:
    model = FakeModel()
    train(callbacks.EarlyStopping(patience=9, restore_best_weights=True), model, losses(1.0, 2.0))
    assert model.trained == 1


def test_last_weights_stay_unless_asked() -> None:
    model = FakeModel()
    train(callbacks.EarlyStopping(patience=1), model, losses(1.0, 2.0, 3.0))
    assert model.trained == 2


def test_it_starts_afresh_with_each_training() -> None:
    model = FakeModel()
    stopping = callbacks.EarlyStopping(patience=2)
    train(stopping, model, losses(0.1, 0.2, 0.3))
    assert len(train(stopping, model, losses(9.0, 8.0, 7.0, 6.0))) == 4
    assert stopping.stopped_epoch == 0


def test_min_delta_and_baseline_and_start() -> None:
    model = FakeModel()
    small_steps = losses(1.0, 0.95, 0.9, 0.85)
    assert len(train(callbacks.EarlyStopping(min_delta=0.2, patience=2), model, small_steps)) == 3
    baseline = callbacks.EarlyStopping(baseline=0.5, patience=3)
    assert len(train(baseline, model, losses(1.0, 0.9, 0.8, 0.85, 0.7))) == 4
    late = callbacks.EarlyStopping(start_from_epoch=3, patience=1)
    assert len(train(late, model, losses(1.0, 2.0, 3.0, 4.0, 5.0, 6.0))) == 5


@pytest.mark.parametrize(
    ("name", "metrics", "expected"),
    [
        ("val_loss", [], "min"),
        ("main_output_loss", [], "min"),
        ("val_accuracy", [], "max"),
        ("val_acc", [], "max"),
        ("auc_1", [], "max"),
        ("val_mae", [], "min"),
        ("val_mine", [metric("mine", "up")], "max"),
        ("val_main_mine", [metric("mine", "up")], "max"),
        ("accuracy", [metric("accuracy", "down")], "min"),
        ("mine", [metric("mine", None)], "min"),
    ],
)
def test_direction_is_found_out(name: str, metrics: list, expected: str) -> None:
    assert direction_of(name, FakeModel(metrics)) == expected


def test_direction_can_be_given() -> None:
    logs = [{"mae": 1.0}, {"mae": 2.0}, {"mae": 3.0}]
    model = FakeModel()
    assert len(train(callbacks.EarlyStopping("mae", mode="max"), model, logs)) == 3
    with pytest.raises(ValueError, match="mode must be one of"):
        callbacks.EarlyStopping(mode="up")


def test_a_missing_figure_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="watches 'val_loss', which is not there. Known: loss"):
        train(callbacks.EarlyStopping(), FakeModel(), [{"loss": 1.0}])


def test_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    stopping = callbacks.EarlyStopping(patience=1, verbose=1, restore_best_weights=True)
    train(stopping, FakeModel(), losses(1.0, 2.0))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring the weights of the best epoch: 1\n"
    )


@pytest.mark.parametrize(("last", "best", "epochs"), [(False, 1, 4), (True, 3, 6)])
def test_ties(last: bool, best: int, epochs: int) -> None:
    """An epoch as good as the best one may take its place, and then counts as better."""
    model = FakeModel()
    stopping = callbacks.EarlyStopping(patience=2, restore_best_weights=True, last_of_ties=last)
    ran = train(stopping, model, losses(2.0, 1.0, 1.5, 1.0, 3.0, 2.0, 2.0))
    assert (stopping.best, stopping.best_epoch, len(ran)) == (1.0, best, epochs)
