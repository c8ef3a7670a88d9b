"""Learning rates that depend on the step, to be given to an optimizer as its learning rate."""

from __future__ import annotations

from typing import Any

from pynn.optimizers.schedules import _cosine, _decays
from pynn.optimizers.schedules._cosine import *
from pynn.optimizers.schedules._decays import *
from pynn.optimizers.schedules._schedule import FormulaSchedule as FormulaSchedule
from pynn.optimizers.schedules._schedule import LearningRateSchedule, registry
from pynn.optimizers.schedules._schedule import is_formula as is_formula

__all__ = ["LearningRateSchedule", "deserialize", "serialize"]
__all__ += _cosine.__all__
__all__ += _decays.__all__
__dir__ = __all__.copy

deserialize = registry.deserialize


def serialize(schedule: LearningRateSchedule) -> Any:
    """Return the config that `deserialize` turns back into `schedule`."""
    return registry.serialize(schedule)
