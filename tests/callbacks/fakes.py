"""A model that only callbacks could take for one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pynn.optimizers import SGD


class FakeModel:
    """Weights are one number: how many epochs were trained."""

    def __init__(self, metrics: list[Any] | None = None) -> None:
        self.optimizer = SGD(0.1)
        self.metrics = metrics or []
        self.layers: list[Any] = []
        self.stop_training = False
        self.built = True
        self.trained = 0
        self.saved: list[str] = []

    def get_weights(self) -> list[int]:
        return [self.trained]

    def set_weights(self, weights: list[int]) -> None:
        (self.trained,) = weights

    def save(self, path: str) -> None:
        self.saved.append(path)
        Path(path).write_text(str(self.trained))

    save_weights = save

    def _resume_training(self, path: str) -> None:
        self.trained = int(Path(path).read_text())


def metric(name: str, direction: str | None) -> Any:
    return SimpleNamespace(name=name, _direction=direction)


def train(callback: Any, model: FakeModel, all_logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell a callback of a training with these logs, up to where it stops; return them."""
    callback.set_model(model)
    callback.set_params({"verbose": 0, "epochs": len(all_logs), "steps": 1})
    model.stop_training = False
    callback.on_train_begin({})
    seen = []
    for epoch, logs in enumerate(all_logs):
        callback.on_epoch_begin(epoch, {})
        model.trained = epoch + 1
        logs = dict(logs)
        callback.on_epoch_end(epoch, logs)
        seen.append(logs)
        if model.stop_training:
            break
    callback.on_train_end(seen[-1])
    return seen
