"""Writing ``.keras`` archives that Keras 3 loads: its configs from pynn's, and its HDF5 layout.

A training goes on in Keras with the same optimizer and its arrays. What only pynn has besides, such
as the seed of its noise, is in a member of the archive that Keras passes over.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from pynn import activations, constraints, initializers, layers, regularizers
from pynn._atomic import write_atomically
from pynn._structure import leaves, map_leaves
from pynn.layers import Function, InputLayer, Layer, Operation
from pynn.models import Model, Sequential
from pynn.ops import Tensor
from pynn.saving._compile_config import compile_config
from pynn.saving._keras_hdf5_arrays import require_h5py
from pynn.saving._keras_ops_writer import Written, written_constant, written_op
from pynn.saving._keras_optimizer import keras_variables
from pynn.saving._keras_weights import (
    keras_class_name,
    keras_layers,
    numbered_groups,
    own_weights,
)
from pynn.saving._weights_file import training_bytes

if TYPE_CHECKING:
    from pynn.models._network import Network

TRAINING = "pynn_training.safetensors"  # Keras passes over what it does not know
_VERSION = "3.0.0"  # the first with this layout
# What is pynn's own: Keras could not make it again.
_NOT_IN_KERAS = {
    "Lambda",
    "Quantile",
    "HalfGammaDeviance",
    "HalfPoissonDeviance",
    "PinballLoss",
}
_FUNCTIONS_NOT_IN_KERAS = {
    "heaviside",
    "sign",
    "quantile",
    "pinball",
    "half_gamma_deviance",
    "half_poisson_deviance",
}
_MODULES = {
    "activation": "keras.layers",
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "optimizer": "keras.optimizers",
    "learning_rate": "keras.optimizers.schedules",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "weighted_metrics": "keras.metrics",
}
_REGISTRIES: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
    "activation": activations,
}


def obstacle(model: Model) -> str | None:
    """Return why a model cannot be written for Keras, None if it can."""
    try:
        require_h5py()
        if model._network is None:
            raise ValueError("it is a subclass, or has not been built")
        json.dumps(_model_entry(model))
    except (ImportError, ValueError, TypeError) as error:
        return str(error)
    return None


def write_keras_file(model: Model, path: str) -> None:
    """Write a ``.keras`` file."""
    entry = _model_entry(model)
    entry["compile_config"] = _compile_entry(model)
    metadata = {"keras_version": _VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    members = {
        "metadata.json": json.dumps(metadata).encode(),
        "config.json": json.dumps(entry).encode(),
        "model.weights.h5": _hdf5(model),
    }
    if entry["compile_config"]:
        members[TRAINING] = training_bytes(model)

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    write_atomically(path, write)


# ---- configs


def _model_entry(model: Model) -> dict[str, Any]:
    kind = keras_class_name(model)
    own_class = type(model) in (Model, Sequential) or _is_pynn(type(model))
    if model._network is None or not own_class or kind not in ("Sequential", "Functional"):
        raise ValueError(f"{type(model).__name__} {model.name!r} is a class that Keras lacks")
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable}
    if isinstance(model, Sequential):
        begin = [] if model._begins_with is None else [model._begins_with]
        config["layers"] = [_layer_entry(layer) for layer in (*begin, *model.layers)]
        config["build_input_shape"] = list(model.input_shape)
    else:
        config.update(_graph(model._network))
    module = "keras" if kind == "Sequential" else "keras.src.models.functional"
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": kind if kind == "Functional" else None,
        "build_config": {"input_shape": map_leaves(lambda t: list(t.shape), model.input)},
    }


def _is_pynn(cls: type) -> bool:
    return cls.__module__.split(".")[0] == "pynn"


def _layer_entry(layer: Layer) -> dict[str, Any]:
    if isinstance(layer, Model):
        return _model_entry(layer)
    name = type(layer).__name__
    if not _is_pynn(type(layer)) or name in _NOT_IN_KERAS:
        raise ValueError(f"layer {layer.name!r} is of class {name}, which Keras lacks")
    config = {key: _value(key, value) for key, value in layer.get_config().items()}
    if isinstance(layer, layers.Normalization) and layer._given is not None:
        # Constants there, weights here, which may have been assigned.
        config["mean"] = layer.mean.numpy().tolist()
        config["variance"] = layer.variance.numpy().tolist()
    if isinstance(layer, InputLayer):
        config = {
            "batch_shape": [None, *layer.shape],
            "dtype": layer.dtype,
            "sparse": False,
            "name": layer.name,
        }
    return {
        "module": "keras.layers",
        "class_name": name,
        "config": config,
        "registered_name": None,
    }


def _value(key: str, value: Any) -> Any:
    """Return one argument as Keras writes it."""
    kind = key if key in _MODULES else key.rsplit("_", 1)[-1]
    if kind == "activation" and isinstance(value, str) and value in _FUNCTIONS_NOT_IN_KERAS:
        raise ValueError(f"{value!r} is an activation that Keras lacks")
    if isinstance(value, str) and kind in _REGISTRIES:
        _REGISTRIES[kind].get(value)  # raises ValueError for a function of the user's
    return _wrapped(value, _MODULES.get(kind))


def _wrapped(value: Any, module: str | None) -> Any:
    if isinstance(value, list):
        return [_wrapped(item, module) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _wrapped(item, module) for key, item in value.items()}
    name, config = value["class_name"], value["config"]
    if name == "function" or name in _NOT_IN_KERAS or module is None:
        raise ValueError(f"{name} {config!r:.60} is something that Keras lacks")
    return {
        "module": module,
        "class_name": name,
        "config": {key: _value(key, item) for key, item in config.items()},
        "registered_name": None,
    }


def _graph(network: Network) -> dict[str, Any]:
    """Return layers and calls of a functional model."""
    nodes: dict[str, list[Any]] = {layer.name: [] for layer in network.layers}
    places: dict[int, list[Any]] = {}
    for tensor in network.flat_inputs:
        places[id(tensor)] = [tensor.name, 0, 0]

    def written(value: Any) -> Any:
        if isinstance(value, Tensor):
            config = {
                "shape": list(value.shape),
                "dtype": value.dtype,
                "keras_history": places[id(value)],
            }
            return {"class_name": "__keras_tensor__", "config": config}
        return written_constant(value)

    ops: dict[str, dict[str, Any]] = {}
    for call in network.calls:
        if not call.inputs:
            continue
        layer, args, kwargs = call.layer, list(call.args), call.kwargs
        if isinstance(layer, (Function, Operation)):
            op = written_op(layer, call.args, call.kwargs)
            ops[layer.name] = _op_entry(layer.name, op)
            args, kwargs = op.args, op.kwargs
        own = nodes[layer.name]
        for i, tensor in enumerate(leaves(call.outputs)):
            places[id(tensor)] = [layer.name, len(own), i]
        own.append({"args": map_leaves(written, args), "kwargs": map_leaves(written, kwargs)})
    entries = [
        {
            **(ops.get(layer.name) or _layer_entry(layer)),
            "name": layer.name,
            "inbound_nodes": nodes[layer.name],
        }
        for layer in network.layers
    ]
    return {
        "layers": entries,
        "input_layers": map_leaves(lambda tensor: places[id(tensor)], network.inputs),
        "output_layers": map_leaves(lambda tensor: places[id(tensor)], network.outputs),
    }


def _op_entry(name: str, op: Written) -> dict[str, Any]:
    return {
        "module": op.module,
        "class_name": op.class_name,
        "config": {"name": name, **op.config},
        "registered_name": None if op.module == "keras.layers" else op.class_name,
    }


def _compile_entry(model: Model) -> dict[str, Any]:
    """Return the compile settings, empty if Keras could not read them."""
    if model.optimizer is None:
        return {}
    try:
        config = compile_config(model._compile_arguments)
        if any(name in _FUNCTIONS_NOT_IN_KERAS for name in leaves(config)):
            return {}
        entry = {key: _wrapped(value, _MODULES.get(key)) for key, value in config.items()}
        json.dumps(entry)
    except (ValueError, TypeError):
        return {}
    return {**entry, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}


# ---- weights


def _hdf5(model: Model) -> bytes:
    h5py = require_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _write_layer(file, model)
        if _compile_entry(model):
            own = file.create_group("optimizer").create_group("vars")
            for i, variable in enumerate(keras_variables(model)):
                own.create_dataset(str(i), data=variable)
    return buffer.getvalue()


def _write_layer(group: Any, layer: Layer) -> None:
    own = group.create_group("vars")
    for i, weight in enumerate(own_weights(layer)):
        value = weight.numpy()
        if isinstance(layer, layers.Normalization) and weight.name == "count":
            value = value.astype(np.int32)
        own.create_dataset(str(i), data=value)
    if isinstance(layer, Model):
        inner = group.create_group("layers")
        for name, sublayer in numbered_groups(keras_layers(layer)):
            _write_layer(inner.create_group(name), sublayer)
