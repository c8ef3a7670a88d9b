"""HDF5 files, read and written: models and weights of Keras 2, and ``.weights.h5`` of Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pynn._allocation import weights_limited_to
from pynn._custom_objects import known_objects
from pynn._files import FileError, OpenFile, file_errors, write_atomically
from pynn._json import parse, to_text
from pynn.formats.keras._arrays import Hdf5Arrays, hdf5_bytes
from pynn.formats.keras._compile import compile_from_keras, compile_to_keras
from pynn.formats.keras._models import built_from_keras, model_to_keras
from pynn.formats.keras._optimizer import keras_variables, restore_variables
from pynn.formats.keras._weights import (
    VERSION,
    assign,
    new_layout,
    old_layout,
    write_arrays,
    write_new_layout,
    write_old_layout,
)

if TYPE_CHECKING:
    from pynn.models import Model

_WEIGHTS = "model_weights"


def read_hdf5_model(
    file: OpenFile, make_model: Callable[[Any, Any], Any], custom_objects: Any, compile: bool
) -> Any:
    """Read a whole model from an ``.h5`` file; the parameters are those of `read_model`.

    Raises
    ------
    FileError
        If the file is damaged, holds no model, or has a part that is unknown or unsafe.
    """
    custom = known_objects(custom_objects)
    arrays = Hdf5Arrays(file)
    with file_errors(file.name, "model"):
        text = arrays.text("", "model_config")
        if text is None:
            raise FileError(
                file.name,
                "holds weights without a model. Make the model, and call load_weights() on it",
            )
        config = parse(text, file.name, "its model_config", "Keras")
        settings = parse(
            arrays.text("", "training_config") or "null", file.name, "its training_config", "Keras"
        )
        with weights_limited_to(arrays.count + len(text)):
            model = built_from_keras(config, make_model, custom)
            assign(arrays, old_layout(arrays, model, _WEIGHTS))
            if compile:
                compile_from_keras(model, settings, custom)
            if compile and model.compiled:
                restore_variables(model, arrays, model.trainable_weights)
    return model


def read_hdf5_weights(model: Model, file: OpenFile, skip: bool, by_name: bool) -> None:
    """Give a model the weights of an ``.h5`` file, be it of weights alone or of a whole model.

    Raises
    ------
    FileError
        If the file is damaged, or the weights do not fit.
    """
    arrays = Hdf5Arrays(file)
    for root in (_WEIGHTS, ""):
        if arrays.texts(root, "layer_names") is not None:
            assign(arrays, old_layout(arrays, model, root, by_name), skip)
            return
    if by_name:
        raise FileError(file.name, "is of Keras 3 and does not hold the names of layers")
    assign(arrays, new_layout(arrays, model, None, skip))


def write_hdf5_model(model: Model, target: Any, include_optimizer: bool) -> None:
    """Write a whole model in the layout of Keras 2, which Keras 3 reads and writes too.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the model cannot be described.
    """
    entry = model_to_keras(model)
    settings = compile_to_keras(model) if include_optimizer else {}

    def write(file: Any) -> None:
        file.attrs["backend"], file.attrs["keras_version"] = "numpy", VERSION
        file.attrs["model_config"] = to_text(entry, f"the config of model {model.name!r}")
        if settings:
            settings["optimizer_config"] = settings.pop("optimizer")
            file.attrs["training_config"] = to_text(settings, "the compile settings")
            variables = keras_variables(model)
            names = [f"{model.optimizer.name}/{i}" for i in range(len(variables))]
            write_arrays(file.create_group("optimizer_weights"), names, variables)
        write_old_layout(file.create_group(_WEIGHTS), model)

    _write(target, write)


def write_hdf5_weights(model: Model, target: Any, newer: bool) -> None:
    """Write weights alone in the layout of Keras 3, or of Keras 2.

    Raises
    ------
    ImportError
        If h5py is not installed.
    """

    def write(file: Any) -> None:
        if newer:
            write_new_layout(file, model, model.optimizer is not None)
        else:
            write_old_layout(file, model)

    _write(target, write)


def _write(target: Any, write: Callable[[Any], None]) -> None:
    content = hdf5_bytes(write)
    write_atomically(target, lambda file: file.write(content))
