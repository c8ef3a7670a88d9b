"""A whole model in a `.pynn` file: architecture, weights, compile settings, state of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pynn import _safetensors
from pynn._allocation import weights_limited_to
from pynn._files import FileError, OpenFile, file_errors
from pynn._json import from_text, to_text
from pynn._safetensors import ESTIMATOR, MODEL, SafetensorsFile
from pynn.formats._compile_config import compile_config, compile_from
from pynn.formats._structure_config import structure_config, structure_of
from pynn.formats._training_state import restore_training, training_state
from pynn.formats._weights_file import assign_weights, named_weights

if TYPE_CHECKING:
    from pynn.models import Model


def write_model_file(model: Model, target: Any, include_optimizer: bool) -> None:
    """Write a model.

    Raises
    ------
    ValueError
        If its description cannot be written down.
    """
    arrays = named_weights(model)
    description = {"class_name": type(model).__name__, "config": model.get_config()}
    interface = model._interface
    trainable = [layer.trainable for layer in model._with_sublayers()]
    metadata = {
        "model": to_text(description, f"the config of model {model.name!r}"),
        "inputs": to_text(interface and structure_config(interface.inputs), "the inputs"),
        "trainable": to_text(trainable, "trainable"),
        "weights": to_text(list(arrays), "weights"),
    }
    config = compile_config(model)
    if config is not None:
        metadata["compile"] = to_text(config, "the compile settings")
    if config is not None and include_optimizer and model.optimizer is not None:
        values, state = training_state(model)
        metadata["training"] = to_text(values, "the state of training")
        arrays.update(state)
    _safetensors.save(target, MODEL, metadata, arrays)


def read_model_file(
    source: OpenFile, make_model: Callable[[Any, Any], Any], custom_objects: Any, compile: bool
) -> Any:
    """Read the model that `write_model_file` wrote; the other parameters are `read_model`'s.

    Raises
    ------
    FileError
        If the file is damaged or names a class that is unknown.
    """
    file = SafetensorsFile(*source)
    kind = file.kind()
    if kind == ESTIMATOR:
        raise FileError(file.name, "holds an estimator. Use pynn.load()")
    if kind != MODEL:
        raise FileError(
            file.name,
            "holds weights without a model. Make the model, and call load_weights() on it",
        )
    metadata = file.metadata
    size = sum(math.prod(shape) for shape in file.shapes.values())
    with file_errors(file.name, "model"), weights_limited_to(size):
        model = make_model(from_text(metadata, "model", dict, file.name), custom_objects)
        inputs = from_text(metadata, "inputs", object, file.name)
        if model._interface is None and inputs is not None:
            model._trace(structure_of(inputs))
        flags = from_text(metadata, "trainable", list, file.name)
        found = [*model._with_sublayers()]
        if len(flags) != len(found):
            raise FileError(
                file.name,
                f"is no valid pynn file: it tells of {len(flags)} layers, and there are "
                f"{len(found)}",
            )
        for layer, flag in zip(found, flags, strict=True):
            layer._trainable = bool(flag)
        assign_weights(model, file)
        if compile and "compile" in metadata:
            settings = from_text(metadata, "compile", dict, file.name)
            compile_from(model, settings, custom_objects)
            if "training" in metadata and model.compiled:
                restore_training(model, from_text(metadata, "training", dict, file.name), file)
    return model
