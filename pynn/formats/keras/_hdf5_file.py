"""Reading ``.h5`` files: models and weights of Keras 2, and ``.weights.h5`` of Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pynn._allocation import weights_limited_to
from pynn._files import FileError, OpenFile, file_errors
from pynn._json import parse
from pynn.formats.keras._arrays import open_arrays
from pynn.formats.keras._compile import compile_from_keras
from pynn.formats.keras._models import model_from_keras
from pynn.formats.keras._optimizer import restore_variables
from pynn.formats.keras._weights import assign, new_layout, old_layout

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
    custom = dict(custom_objects or {})
    with open_arrays(file) as arrays, file_errors(file.name, "model"):
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
            model = make_model(model_from_keras(config, custom), custom)
            if model.built:
                assign(arrays, old_layout(arrays, model, _WEIGHTS))
            if compile:
                compile_from_keras(model, settings, custom)
            if compile and model.compiled:
                restore_variables(model, arrays, model.trainable_weights)
    return model


def read_hdf5_weights(model: Model, file: OpenFile, skip: bool, by_name: bool = False) -> None:
    """Give a model the weights of an ``.h5`` file, be it of weights alone or of a whole model.

    Raises
    ------
    FileError
        If the file is damaged, or the weights do not fit.
    """
    with open_arrays(file) as arrays:
        for root in (_WEIGHTS, ""):
            if arrays.texts(root, "layer_names") is not None:
                assign(arrays, old_layout(arrays, model, root, by_name), skip)
                return
        if by_name:
            raise FileError(file.name, "is of Keras 3 and does not hold the names of layers")
        assign(arrays, new_layout(arrays, model, None), skip)
