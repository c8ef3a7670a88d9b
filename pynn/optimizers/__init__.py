"""Optimizers: how gradients change weights, and the schedules of their learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn._registry import Registry
from pynn.optimizers import schedules
from pynn.optimizers._adadelta import Adadelta
from pynn.optimizers._adagrad import Adagrad
from pynn.optimizers._adam import Adam
from pynn.optimizers._adamax import Adamax
from pynn.optimizers._adamw import AdamW
from pynn.optimizers._common import CommonOptions as CommonOptions
from pynn.optimizers._ftrl import Ftrl
from pynn.optimizers._lion import Lion
from pynn.optimizers._nadam import Nadam
from pynn.optimizers._optimizer import Optimizer
from pynn.optimizers._rmsprop import RMSprop
from pynn.optimizers._sgd import SGD

_REGISTRY = Registry(
    "optimizer",
    (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lion, Nadam, RMSprop),
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer that `identifier` stands for.

    Parameters
    ----------
    identifier : None, str, dict, class or Optimizer
        A name in any case (``"adam"``, ``"RMSprop"``) gives an optimizer with default arguments;
        None gives None.
    custom_objects : mapping of str to class, default=None
        More names.

    Raises
    ------
    ValueError
        If the name is unknown or `identifier` is of another type.

    Examples
    --------
    >>> from pynn import optimizers
    >>> optimizers.get("sgd")
    SGD(learning_rate=0.01, momentum=0.0, nesterov=False)
    """
    found = identifier
    if isinstance(identifier, (str, Mapping, type)):
        found = _REGISTRY.get(identifier, custom_objects)
    if found is not None and not isinstance(found, Optimizer):
        raise ValueError(
            f"an optimizer must be a name, a config, a class or an instance. Received: {found!r}"
        )
    return found


def serialize(optimizer: Optimizer) -> Any:
    """Return the config that `deserialize` turns back into `optimizer`, without its state."""
    return _REGISTRY.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Build the optimizer that a name or the output of `serialize` describes.

    Raises
    ------
    ValueError
        If the name is unknown or the config is malformed.
    """
    return get(config, custom_objects)


__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
