"""An optimizer's variables in Keras's order, and as pynn keeps them, weight by weight.

Keras's list begins with the count of steps and, where it is no schedule, the learning rate. Then
come averages of weights, sums of gradients, and the slots of the formula: slots that are made
together go weight by weight, others one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn._user_warning import warn_user
from pynn.optimizers import formula_of

if TYPE_CHECKING:
    from pynn.formats.keras._arrays import Hdf5Arrays
    from pynn.models import Model
    from pynn.ops import Weight

_NEW_GROUP, _OLD_GROUP = "optimizer/vars", "optimizer_weights"


class _VariableOrder:
    """What an optimizer keeps for each weight, by name, in Keras's order and form.

    Attributes
    ----------
    first : list of dict
        What there is for each weight before its first step.
    places : list of (int, str)
        Which weight's, and what, each of Keras's variables is.
    last : callable or None
        See `Formula`.
    """

    def __init__(self, optimizer: Any, weights: Sequence[Weight], apart: bool = False) -> None:
        formula = formula_of(optimizer)
        self.last = None if formula is None else formula.keras_last
        self.first = []
        for weight in weights:
            w = weight.numpy()
            state = optimizer._to_keras(optimizer._first_state(w, weight))
            others = {"average": np.zeros_like(w), "accumulated": np.zeros_like(w)}
            self.first.append({**others, **_named(state)})
        names = max((len(own) for own in self.first), default=2) - 2
        groups: Sequence[Sequence[int]] = [range(names)]
        conditions: Mapping[int, str] = {}
        if formula is not None:
            groups, conditions = formula.keras_slots or groups, formula.keras_only_if
        made = [
            [
                f"state_{i}"
                for i in group
                if i not in conditions or getattr(optimizer, conditions[i])
            ]
            for group in groups
        ]
        if apart:
            made = [[name] for group in made for name in group]
        if optimizer.gradient_accumulation_steps is not None:
            made.insert(0, ["accumulated"])
        if optimizer.use_ema:
            made.insert(0, ["average"])
        self.places = [
            (i, name)
            for group in made
            for i, own in enumerate(self.first)
            for name in group
            if name in own
        ]


def _named(state: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"state_{i}": array for i, array in enumerate(state)}


def _state(own: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [own[name] for i in range(len(own)) if (name := f"state_{i}") in own]


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
    order = _VariableOrder(optimizer, weights)
    kept = _kept(model)
    if any(kept):
        found += [{**order.first[i], **kept[i]}[name] for i, name in order.places]
        if order.last is not None:
            found.append(order.last(optimizer, optimizer._iterations))
    return [found[0], *(np.asarray(array, np.float32) for array in found[1:])]


def _kept(model: Model) -> list[dict[str, np.ndarray]]:
    """Return what the optimizer keeps for each weight, in Keras's form."""
    weights = model.trainable_weights
    kept = model.optimizer._kept_arrays(weights)
    for weight, own, slots in zip(weights, kept, model._trainers.state(weights), strict=True):
        for i, slot in enumerate(slots):
            own[f"state_{i}"] = slot.T if len(weight.shape) == 2 else slot.reshape(weight.shape)
        own.update(_named(model.optimizer._to_keras(_state(own))))
    return kept


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
    order = _VariableOrder(optimizer, weights, apart)
    rest = list(variables[1:])
    expected = [order.first[i][name].shape for i, name in order.places]
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
    kept = order.first
    for (i, name), array in zip(order.places, rest, strict=False):
        kept[i][name] = array
    states = [optimizer._from_keras(_state(own)) for own in kept]
    if optimizer._stepwise or model._has_own("train_step"):
        arrays_of = [
            {"average": own["average"], "accumulated": own["accumulated"], **_named(state)}
            for own, state in zip(kept, states, strict=True)
        ]
        optimizer._restore_arrays(weights, arrays_of)
    else:
        slots = [
            [_native_form(array, weight) for array in state]
            for weight, state in zip(weights, states, strict=True)
        ]
        model._trainers.restore(optimizer, list(weights), slots)


def _native_form(array: np.ndarray, weight: Weight) -> np.ndarray:
    array = array.astype(weight.dtype)
    if array.ndim == 2:
        return np.ascontiguousarray(array.T)
    return array.reshape(weight._variable.rows, weight._variable.cols)
