"""Optimizers: how gradients change weights, and the schedules of their learning rates."""

from __future__ import annotations

from typing import Any

from pynn.optimizers import (
    _adam,
    _factored,
    _ftrl,
    _lamb,
    _muon,
    _scaled,
    _schedule_free,
    _sgd,
    schedules,
)
from pynn.optimizers._adam import *
from pynn.optimizers._common import CommonOptions as CommonOptions
from pynn.optimizers._declaration import formula_of as formula_of
from pynn.optimizers._declaration import registry
from pynn.optimizers._factored import *
from pynn.optimizers._ftrl import *
from pynn.optimizers._lamb import *
from pynn.optimizers._muon import *
from pynn.optimizers._optimizer import Optimizer
from pynn.optimizers._scaled import *
from pynn.optimizers._schedule_free import *
from pynn.optimizers._sgd import *

__all__ = ["Optimizer", "deserialize", "get", "schedules", "serialize"]
__all__ += _adam.__all__
__all__ += _factored.__all__
__all__ += _ftrl.__all__
__all__ += _lamb.__all__
__all__ += _muon.__all__
__all__ += _scaled.__all__
__all__ += _schedule_free.__all__
__all__ += _sgd.__all__
__dir__ = __all__.copy

get, deserialize = registry.get, registry.deserialize


def serialize(optimizer: Optimizer) -> Any:
    """Return the config that `deserialize` turns back into `optimizer`, without its state."""
    return registry.serialize(optimizer)
