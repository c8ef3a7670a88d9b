"""Learning rates that depend on the step, to be given to an optimizer as its learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn._registry import Registry
from pynn.optimizers.schedules._cosine_decay import CosineDecay
from pynn.optimizers.schedules._cosine_decay_restarts import CosineDecayRestarts
from pynn.optimizers.schedules._exponential_decay import ExponentialDecay
from pynn.optimizers.schedules._inverse_time_decay import InverseTimeDecay
from pynn.optimizers.schedules._piecewise_constant_decay import PiecewiseConstantDecay
from pynn.optimizers.schedules._polynomial_decay import PolynomialDecay
from pynn.optimizers.schedules._schedule import LearningRateSchedule

_REGISTRY = Registry(
    "learning-rate schedule",
    (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    ),
)


def serialize(schedule: LearningRateSchedule) -> Any:
    """Return the config that `deserialize` turns back into `schedule`."""
    return _REGISTRY.serialize(schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Build the schedule that the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.

    Examples
    --------
    >>> from pynn.optimizers import schedules
    >>> config = schedules.serialize(schedules.ExponentialDecay(0.1, 10, 0.5))
    >>> schedules.deserialize(config)(10)
    0.05
    """
    return _REGISTRY.deserialize(config, custom_objects)


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
