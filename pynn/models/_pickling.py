"""Pickles and deep copies of models: architecture, weights, compile arguments, optimizer state.

The native engine's objects are made anew. A user's own classes and functions travel by reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn._custom_objects import is_pynn
from pynn._structure import map_leaves
from pynn.formats import InputShape
from pynn.models._functional_config import known_classes

if TYPE_CHECKING:
    from pynn.models._model import Model


def reduce_model(model: Model) -> tuple[Any, ...]:
    """Return what pickle needs: a function and its arguments."""
    state: dict[str, Any] = {
        "config": model.get_config(),
        "custom_objects": _own_objects(model),
        "shapes": None,
        "weights": model.get_weights(),
        "trainable": [layer.trainable for layer in model._with_sublayers()],
        "compile": None,
        "iterations": 0,
        "optimizer_state": [],
        "optimizer_arrays": [],
        "seed": None,
    }
    if model._interface is not None:
        state["shapes"] = map_leaves(lambda tensor: InputShape(tensor.shape), model.input)
    if model._compiled is not None:
        state["compile"] = model._compile_arguments
    if model.optimizer is not None:
        state["iterations"] = model.optimizer._iterations
        state["optimizer_state"] = model._trainers.state(model.trainable_weights)
        state["optimizer_arrays"] = model.optimizer._kept_arrays(model.trainable_weights)
        state["seed"] = model._trainers.seed
    return restore_model, (type(model), state)


def restore_model(cls: Any, state: dict[str, Any]) -> Any:
    """Make the model that `reduce_model` took apart."""
    known = known_classes(state["custom_objects"])
    model = cls.from_config(state["config"], custom_objects=known)
    if model._interface is None and state["shapes"] is not None:
        model._trace(state["shapes"])
    model.set_weights(state["weights"])
    for layer, trainable in zip(model._with_sublayers(), state["trainable"], strict=True):
        layer._trainable = trainable
    if state["compile"] is not None:
        model.compile(**state["compile"])
    if model.optimizer is not None:
        model.optimizer._set_iterations(state["iterations"])
        weights = model.trainable_weights
        model.optimizer._restore_arrays(weights, state["optimizer_arrays"])
        model._trainers.restore(model.optimizer, weights, state["optimizer_state"], state["seed"])
    return model


def _own_objects(model: Model) -> dict[str, Any]:
    """Return classes of layers and functions in their attributes that are not pynn's, by name."""
    own: dict[str, Any] = {}
    for layer in model._with_sublayers():
        for thing in (type(layer), *vars(layer).values()):
            name = getattr(thing, "__name__", None)
            known = getattr(thing, "__module__", None) is None or is_pynn(thing)
            if name and callable(thing) and not known:
                own[name] = thing
            kind = type(thing)
            if hasattr(thing, "get_config") and not is_pynn(kind):
                own[kind.__name__] = kind
    return own
