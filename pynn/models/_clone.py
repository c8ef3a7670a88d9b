"""`clone_model`: the same architecture again, with new weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from pynn._structure import leaves, map_leaves, matched, pack
from pynn.layers import OPERATIONS, InputLayer, Layer
from pynn.models._model import Model
from pynn.models._sequential import Sequential

AnyModel = TypeVar("AnyModel", bound=Model)


def clone_model(
    model: AnyModel,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> AnyModel:
    """Return a model of the same architecture, with weights of its own, freshly initialized.

    A model that is compiled has a clone that is compiled in the same way, with an optimizer of its
    own that has taken no step.

    Parameters
    ----------
    model : Model
        Functional, Sequential, or a subclass that can be made again from its constructor's
        arguments.
    input_tensors : Tensor, or list, tuple or dict of Tensor, default=None
        What the clone is built on, in the form of the model's inputs; None stands for new inputs.
    clone_function : callable, default=None
        Makes the copy of a layer; None stands for its config.
    call_function : callable, default=None
        ``call_function(layer, *args, **kwargs)`` calls a layer of the clone, and may do more: put
        another one behind it. For functional models.
    recursive : bool, default=False
        Whether both functions get the layers within models that are layers, not these as a whole.

    Raises
    ------
    ValueError
        If `model` is no model, `input_tensors` has another form than its inputs, or it is not
        functional and `call_function` is given.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.Sequential([pynn.Input((4,)), pynn.layers.Dense(2)])
    >>> clone = pynn.models.clone_model(model)
    >>> clone.set_weights(model.get_weights())
    """
    if not isinstance(model, Model):
        raise ValueError(f"clone_model takes a model. Received: {type(model).__name__}")
    if call_function is not None and not _is_functional(model):
        raise ValueError(
            "call_function is for functional models: nobody else calls the layers of others. "
            f"Received: a {type(model).__name__}"
        )
    copies: dict[int, Layer] = {}

    def copied(layer: Layer) -> Layer:
        if id(layer) not in copies:
            has_layers = isinstance(layer, Sequential) or _is_functional(layer)
            if recursive and has_layers:
                copies[id(layer)] = _clone(layer, None, copied, call_function)
            else:
                copies[id(layer)] = (clone_function or _copy_layer)(layer)
        return copies[id(layer)]

    return _clone(model, input_tensors, copied, call_function)


def _is_functional(model: Any) -> bool:
    is_graph = isinstance(model, Model) and not isinstance(model, Sequential)
    return is_graph and model._call_graph is not None and type(model)._is_functional_class()


def _clone(
    model: Any,
    input_tensors: Any,
    copied: Callable[[Layer], Layer],
    call_function: Callable[..., Any] | None,
) -> Any:
    if isinstance(model, Sequential):
        return _compiled_like(model, _clone_sequential(model, input_tensors, copied))
    if not _is_functional(model):
        return _compiled_like(model, _clone_subclass(model))
    network = model._call_graph
    inputs: list[Any] | None
    if input_tensors is None:
        inputs = [
            InputLayer(tensor.shape[1:], tensor.dtype, tensor.name).output
            for tensor in network.flat_inputs
        ]
    else:
        inputs = matched(network.inputs, input_tensors)
        if inputs is None:
            raise ValueError(
                "input_tensors must have the form of the model's inputs. Received: "
                f"input_tensors={input_tensors}, and the inputs are {network.inputs}"
            )

    def call_copy(layer: Layer, *args: Any, **kwargs: Any) -> Any:
        copy = copied(layer)
        if call_function is None or isinstance(copy, OPERATIONS):
            return copy(*args, **kwargs)
        return call_function(copy, *args, **kwargs)

    outputs = network.walk(inputs, call_copy)
    clone = type(model)(
        inputs=pack(network.inputs, inputs),
        outputs=pack(network.outputs, outputs),
        name=model.name,
    )
    clone._trainable = model._trainable
    return _compiled_like(model, clone)


def _compiled_like(model: Model, clone: Model) -> Any:
    """Compile a clone as its model is, unless the model's class has a `compile` of its own."""
    if not model.compiled or type(model).compile is not Model.compile:
        return clone
    arguments = dict(model._compile_arguments)
    optimizer = arguments["optimizer"]
    if optimizer is not None:
        # The rate as it is: schedules and functions have no state.
        config = {**optimizer.get_config(), "learning_rate": optimizer._learning_rate}
        arguments["optimizer"] = type(optimizer).from_config(config)
    for name in ("metrics", "weighted_metrics"):
        arguments[name] = copy.deepcopy(arguments[name])
    clone.compile(**arguments)
    return clone


def _copy_layer(layer: Layer) -> Layer:
    if isinstance(layer, Model):
        return clone_model(layer)
    made: Layer = type(layer).from_config(layer.get_config())
    made._trainable = layer._trainable  # which not every class has an argument for
    return made


def _clone_sequential(
    model: Sequential, input_tensors: Any, copied: Callable[[Layer], Layer]
) -> Sequential:
    stack: list[Any] = [copied(layer) for layer in model._stack]
    if input_tensors is not None:
        stack.insert(0, leaves(input_tensors)[0])
    elif model._begins_with is not None:
        old = model._begins_with
        stack.insert(0, InputLayer(old.shape, old.dtype, old.name))
    clone = Sequential(stack, name=model.name)
    clone._trainable = model._trainable
    return clone


def _clone_subclass(model: Model) -> Any:
    clone: Model = type(model).from_config(model.get_config())
    if model._interface is not None and not clone.built:
        clone._trace(map_leaves(lambda tensor: tensor, model.input))
    return clone
