"""A whole model in a `.pynn` file: architecture, weights, compile settings, state of training."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

from pynn import _safetensors
from pynn._allocation import weights_limited_to
from pynn._atomic import write_atomically
from pynn._json import from_text, to_text
from pynn._safetensors import SafetensorsFile
from pynn.saving._compile_config import compile_arguments, compile_config
from pynn.saving._structure_config import structure_config, structure_of
from pynn.saving._training_state import restore_training, training_state
from pynn.saving._weights_file import (
    ESTIMATOR,
    MODEL,
    assign_weights,
    check_header,
    header,
    named_weights,
)

if TYPE_CHECKING:
    from pynn.models import Model

# What a malformed description makes constructors raise.
MALFORMED = (TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)


def write_model_file(model: Model, path: str, include_optimizer: bool) -> None:
    """Write a model.

    Raises
    ------
    ValueError
        If its description cannot be written down.
    """
    from pynn.models._pickling import all_layers

    arrays = named_weights(model)
    description = {"class_name": type(model).__name__, "config": model.get_config()}
    interface = model._interface
    metadata = {
        **header(MODEL),
        "model": to_text(description, f"the config of model {model.name!r}"),
        "inputs": to_text(interface and structure_config(interface.inputs), "the inputs"),
        "trainable": to_text([layer.trainable for layer in all_layers(model)], "trainable"),
        "weights": to_text(list(arrays), "weights"),
    }
    if model.compiled:
        try:
            config = compile_config(model._compile_arguments)
            metadata["compile"] = to_text(config, "the compile settings")
        except ValueError as error:
            warnings.warn(
                f"model {model.name!r} is saved without its compile settings: {error}",
                UserWarning,
                stacklevel=4,
            )
    if "compile" in metadata and include_optimizer and model.optimizer is not None:
        values, state = training_state(model)
        metadata["training"] = to_text(values, "the state of training")
        arrays.update(state)

    def write(file: BinaryIO) -> None:
        _safetensors.write(file, metadata, arrays)

    write_atomically(path, write)


def read_model_file(path: str, custom_objects: Any, compile: bool) -> Any:
    """Read the model that `write_model_file` wrote.

    Raises
    ------
    ValueError
        If the file is damaged or names a class that is unknown.
    """
    with open(path, "rb") as stream:
        file = SafetensorsFile(stream, path)
        kind = check_header(file, path)
        if kind == ESTIMATOR:
            raise ValueError(f"{path} holds an estimator. Use pynn.load()")
        if kind != MODEL:
            raise ValueError(
                f"{path} holds weights without a model. Make the model, and call "
                "load_weights() on it"
            )
        try:
            return _model_of(file, path, custom_objects, compile)
        except MALFORMED as error:
            raise ValueError(
                f"{path} holds no usable model: {type(error).__name__}: {error}"
            ) from error


def _model_of(file: SafetensorsFile, path: str, custom_objects: Any, compile: bool) -> Any:
    from pynn.models import model_from_config
    from pynn.models._pickling import all_layers

    metadata = file.metadata
    size = sum(math.prod(shape) for shape in file.shapes.values())
    with weights_limited_to(size):
        model = model_from_config(from_text(metadata, "model", dict, path), custom_objects)
        inputs = from_text(metadata, "inputs", object, path)
        if model._interface is None and inputs is not None:
            model._trace(structure_of(inputs))
    flags = from_text(metadata, "trainable", list, path)
    found = all_layers(model)
    if len(flags) != len(found):
        raise ValueError(
            f"{path} is no valid pynn file: it tells of {len(flags)} layers, and there are "
            f"{len(found)}"
        )
    for layer, flag in zip(found, flags, strict=True):
        layer._trainable = bool(flag)
    assign_weights(model, file, path)
    if compile and "compile" in metadata:
        config = from_text(metadata, "compile", dict, path)
        model.compile(**compile_arguments(config, custom_objects))
        if "training" in metadata:
            restore_training(model, from_text(metadata, "training", dict, path), file)
    return model
