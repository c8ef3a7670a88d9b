"""Reading ``.h5`` files: models and weights of Keras 2, and ``.weights.h5`` of Keras 3."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from pynn._allocation import weights_limited_to
from pynn.saving._keras_compile_config import compile_like_keras
from pynn.saving._keras_hdf5_arrays import Hdf5Arrays, open_arrays
from pynn.saving._keras_model_config import model_config
from pynn.saving._keras_optimizer import read_variables, restore_variables
from pynn.saving._keras_weights import assign, named_layout, new_layout, old_layout
from pynn.saving._model_file import MALFORMED

if TYPE_CHECKING:
    from pynn.models import Model

_WEIGHTS = "model_weights"


def read_hdf5_model(path: str, custom_objects: Any, compile: bool) -> Any:
    """Read a whole model from an ``.h5`` file.

    Raises
    ------
    ValueError
        If the file is damaged, holds no model, or has a part that is unknown or unsafe.
    """
    from pynn.models import model_from_config

    custom = dict(custom_objects or {})
    with open(path, "rb") as file, open_arrays(file, os.path.getsize(path), path) as arrays:
        config = _json(arrays, "model_config", path)
        if config is None:
            raise ValueError(
                f"{path} holds weights without a model. Make the model, and call load_weights() "
                "on it"
            )
        settings = _json(arrays, "training_config", path)
        try:
            own = model_config(config, custom)
            with weights_limited_to(arrays.count + len(json.dumps(config))):
                model = model_from_config(own, custom)
            if model.built:
                assign(arrays, old_layout(arrays, model, _WEIGHTS))
            variables = read_variables(arrays)
        except MALFORMED as error:
            raise ValueError(
                f"{path} holds no usable model: {type(error).__name__}: {error}"
            ) from error
    if compile:
        compile_like_keras(model, settings, custom)
        if model.compiled:
            restore_variables(model, *variables, model.trainable_weights)
    return model


def read_hdf5_weights(model: Model, path: str, skip: bool, by_name: bool = False) -> None:
    """Give a model the weights of an ``.h5`` file, be it of weights alone or of a whole model.

    Raises
    ------
    ValueError
        If the file is damaged, or the weights do not fit.
    """
    with open(path, "rb") as file, open_arrays(file, os.path.getsize(path), path) as arrays:
        for root in (_WEIGHTS, ""):
            if arrays.texts(root, "layer_names") is not None:
                layout = named_layout if by_name else old_layout
                assign(arrays, layout(arrays, model, root), skip)
                return
        if by_name:
            raise ValueError(f"{path} is of Keras 3 and does not hold the names of layers")
        assign(arrays, new_layout(arrays, model, None), skip)


def _json(arrays: Hdf5Arrays, attribute: str, path: str) -> Any:
    text = arrays.text("", attribute)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no valid Keras file: its {attribute} is not JSON") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} is no valid Keras file: its {attribute} is no JSON object")
    return value
