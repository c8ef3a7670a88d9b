"""An optimizer's variables in Keras's order, and as pynn keeps them, weight by weight.

Keras's list begins with the count of steps and, where it is no schedule, the learning rate. Then
come averages of weights, sums of gradients, and the slots of the formula: slots that are made
together go weight by weight, others one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core
from pynn._user_warning import warn_user
from pynn.optimizers import formula_of

if TYPE_CHECKING:
    from pynn.formats.keras._arrays import Hdf5Arrays
    from pynn.models import Model
    from pynn.ops import Weight

_NEW_GROUP, _OLD_GROUP = "optimizer/vars", "optimizer_weights"


class _Order:
    """What an optimizer keeps for a weight, by name, in Keras's order."""

    def __init__(self, optimizer: Any, apart: bool = False) -> None:
        formula = formula_of(optimizer)
        self.groups: list[tuple[str, ...]] = []
        if optimizer.use_ema:
            self.groups.append(("average",))
        if optimizer.gradient_accumulation_steps is not None:
            self.groups.append(("accumulated",))
        self.n_slots = 0
        self.last = None
        if formula is None:
            return
        self.n_slots = _core.optimizer_slots(formula.name)
        self.last = formula.keras_last
        conditions = formula.keras_only_if
        for group in formula.keras_slots or (tuple(range(self.n_slots)),):
            made = [i for i in group if i not in conditions or getattr(optimizer, conditions[i])]
            names = tuple(f"state_{i}" for i in made)
            if names:
                self.groups += [(name,) for name in names] if apart else [names]

    @property
    def per_weight(self) -> int:
        """How many arrays there are for each weight."""
        return sum(map(len, self.groups))

    def places(self, n_weights: int) -> list[tuple[int, str]]:
        """Return (number of the weight, name) for each array."""
        return [(i, name) for group in self.groups for i in range(n_weights) for name in group]


def keras_variables(model: Model) -> list[np.ndarray]:
    """Return the variables of a compiled model's optimizer in Keras's order.

    Where the optimizer has changed no weight yet, it has only its first one or two.
    """
    optimizer, weights = model.optimizer, model.trainable_weights
    if optimizer is None:
        return []
    found: list[Any] = [np.int32(optimizer._iterations)]
    if isinstance(optimizer._learning_rate, float):
        found.append(np.float32(optimizer._learning_rate))
    order = _Order(optimizer)
    kept = _kept(model, order)
    if any(kept):
        start = _beginning(optimizer, order)
        for i, name in order.places(len(weights)):
            shape = weights[i].shape
            array = kept[i].get(name)
            found.append(np.full(shape, start.get(name, 0.0)) if array is None else array)
        if order.last is not None:
            found.append(order.last(optimizer, optimizer._iterations))
    return [found[0], *(np.asarray(array, np.float32) for array in found[1:])]


def _kept(model: Model, order: _Order) -> list[dict[str, np.ndarray]]:
    """Return what the optimizer keeps for each weight, in the weights' shapes."""
    weights = model.trainable_weights
    kept = model.optimizer._kept_arrays(weights)
    for weight, own, slots in zip(weights, kept, model._trainers.state(weights), strict=True):
        for i, slot in enumerate(slots):
            own[f"state_{i}"] = slot.T if len(weight.shape) == 2 else slot.reshape(weight.shape)
    return kept


def _beginning(optimizer: Any, order: _Order) -> dict[str, float]:
    """Return what slots begin with, where that is not zero."""
    native = optimizer._native()
    return (
        {}
        if native is None or not order.n_slots
        else {"state_0": float(_core.optimizer_initial(*native))}
    )


def _read_variables(arrays: Hdf5Arrays) -> tuple[list[np.ndarray], bool]:
    """Return the optimizer's variables in a file, and whether its slots go one after the other."""
    names = arrays.texts(_OLD_GROUP, "weight_names")
    if names is not None:
        paths = [f"{_OLD_GROUP}/{name}" for name in names]
    else:
        paths = [path for path in arrays.shapes if path.startswith(f"{_NEW_GROUP}/")]
        paths.sort(key=lambda path: (len(path), path))
    if not all(path in arrays.shapes for path in paths):
        return [], False
    # The optimizers of the oldest files call their count so, and go slot by slot.
    apart = bool(names) and names is not None and names[0].split("/")[-1] == "iter:0"
    return [arrays.read(path) for path in paths], apart


def restore_variables(model: Model, arrays: Hdf5Arrays, weights: Sequence[Weight]) -> None:
    """Let a compiled model go on where Keras's training stood, or warn that it cannot.

    Parameters
    ----------
    model : Model
    arrays : Hdf5Arrays
    weights : sequence of Weight
        Those that were trained, in Keras's order.
    """
    variables, apart = _read_variables(arrays)
    optimizer = model.optimizer
    if optimizer is None:
        return
    order = _Order(optimizer, apart)
    rest = list(variables[1:])
    expected = [weights[i].shape for i, _ in order.places(len(weights))]
    expected += [()] * (order.last is not None)
    rate = rest.pop(0) if len(rest) in (1, len(expected) + 1) and rest[0].shape == () else None
    if not variables or variables[0].shape != () or int(variables[0]) < 0:
        return
    if rest and [array.shape for array in rest] != expected:
        warn_user(
            f"the optimizer's variables in the file are not those of {type(optimizer).__name__} "
            "for this model. It begins anew",
        )
        return
    optimizer._set_iterations(int(variables[0]))
    if rate is not None and isinstance(optimizer._learning_rate, float):
        optimizer.learning_rate = float(str(np.float32(rate)))
    if not rest:
        return
    kept: list[dict[str, np.ndarray]] = [{} for _ in weights]
    for (i, name), array in zip(order.places(len(weights)), rest, strict=False):
        kept[i][name] = array
    for weight, own in zip(weights, kept, strict=True):
        for name in ("average", "accumulated", *(f"state_{i}" for i in range(order.n_slots))):
            own.setdefault(name, np.zeros(weight.shape))
    if optimizer._stepwise:
        optimizer._restore_arrays(weights, kept)
    else:
        slots = [
            [_native_form(own[f"state_{i}"], weight) for i in range(order.n_slots)]
            for weight, own in zip(weights, kept, strict=True)
        ]
        model._trainers.restore(optimizer, list(weights), slots)


def _native_form(array: np.ndarray, weight: Weight) -> np.ndarray:
    array = array.astype(weight.dtype)
    if array.ndim == 2:
        return np.ascontiguousarray(array.T)
    return array.reshape(weight._variable.rows, weight._variable.cols)
