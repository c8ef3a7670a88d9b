"""`MonitorCallback`: what callbacks share that watch one figure and know when it got better."""

from __future__ import annotations

import math
import numbers
from typing import Any

from pynn._number_checks import is_number
from pynn.callbacks._callback import Callback

MODES = ("auto", "min", "max")
# Parts of names whose larger values are better, for figures whose metric is not known.
_LARGER_IS_BETTER = (
    "acc",
    "auc",
    "f1",
    "fbeta",
    "fmeasure",
    "precision",
    "r2",
    "recall",
    "score",
    "true_negatives",
    "true_positives",
)


def direction_of(name: str, model: Any) -> str:
    """Return ``"min"`` or ``"max"`` for a figure in the logs.

    A loss is to be small; for a metric of `model` the metric says it; else the name does.
    """
    name = name.removeprefix("val_")
    if name.endswith("loss"):
        return "min"
    held = getattr(model, "metrics", None) or ()
    for metric in [one for each in held for one in (each, *getattr(each, "metrics", ()))]:
        direction = getattr(metric, "_direction", None)
        same = name == metric.name or name.endswith(f"_{metric.name}")
        if same and direction is not None:
            return "max" if direction == "up" else "min"
    return "max" if any(part in name for part in _LARGER_IS_BETTER) else "min"


def checked_epochs(name: str, value: Any) -> Any:
    """Return a number of epochs to wait; fractions and infinity are fine.

    Raises
    ------
    ValueError
        If it is no number, or negative.
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not float(value) >= 0:
        raise ValueError(
            f"{name} must be a number that is not negative. Received: {name}={value!r}"
        )
    return value


class MonitorCallback(Callback):
    """Base of the callbacks that watch a figure in the logs of an epoch.

    Parameters
    ----------
    monitor : str, default="val_loss"
        Name of the figure.
    mode : {"auto", "min", "max"}, default="auto"
        Which way is better; "auto" finds out.
    baseline : float, default=None
        What the figure has to be better than at first.
    min_delta : float, default=0
        By how much.

    Raises
    ------
    ValueError
        If `mode` is anything else, or an argument is of a wrong type.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}. Received: mode={mode!r}")
        if not isinstance(monitor, str):
            raise ValueError(
                f"monitor must be the name of a figure in the logs. Received: monitor={monitor!r}"
            )
        if not is_number(min_delta):
            raise ValueError(f"min_delta must be a number. Received: min_delta={min_delta!r}")
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)

    def _is_improvement(self, current: Any, reference: Any) -> bool:
        """Whether `current` is better than `reference` by `min_delta`; any number beats None."""
        current = float(current)
        if reference is None:
            return not math.isnan(current)
        mode = direction_of(self.monitor, self.model) if self.mode == "auto" else self.mode
        if mode == "max":
            return current - self.min_delta > reference
        return current + self.min_delta < reference

    def _missing(self, logs: Any) -> str:
        names = ", ".join(logs or {}) or "none"
        return f"{type(self).__name__} watches {self.monitor!r}, which is not there. Known: {names}"
