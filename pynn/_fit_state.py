"""`FitState`: where a running `fit` stands, for callbacks that save it or take up another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class FitState:
    """Made anew for each fit, and handed to the callbacks that have a `set_fit_state`.

    In `on_train_begin` they may change it, to go on with a training that was broken off.

    Attributes
    ----------
    shuffle_seed : int or None
        What shuffles the rows, together with the epoch's number; None leaves them in order.
    first_epoch : int
        The number of the first epoch to run, counted from 0.
    resumed : dict or None
        Where in its data the training to go on with stood, as `position` returned it.
    position : callable
        ``position()`` returns where training stands within its data, as plain values; None stands
        for the beginning of an epoch that begins with all data.
    """

    shuffle_seed: int | None = None
    first_epoch: int = 0
    resumed: dict[str, Any] | None = None
    position: Callable[[], dict[str, Any] | None] = lambda: None
