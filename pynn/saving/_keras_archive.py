"""Reading ``.keras`` files: a zip archive of ``config.json`` and ``model.weights.h5``."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pynn._allocation import weights_limited_to
from pynn.saving._keras_compile_config import compile_like_keras
from pynn.saving._keras_hdf5_arrays import Hdf5Arrays, open_arrays, require_h5py
from pynn.saving._keras_model_config import model_config
from pynn.saving._keras_optimizer import read_variables, restore_variables
from pynn.saving._keras_weights import assign, new_layout, trained_weights
from pynn.saving._keras_writer import TRAINING
from pynn.saving._model_file import MALFORMED
from pynn.saving._weights_file import resume_from_bytes

if TYPE_CHECKING:
    from pynn.models import Model

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LONGEST_CONFIG = 100_000_000


def read_keras_archive(path: str, custom_objects: Any, compile: bool) -> Any:
    """Read a model from a ``.keras`` file.

    Raises
    ------
    ValueError
        If the file is damaged, or has a part that is unknown or unsafe.
    """
    from pynn.models import model_from_config

    custom = dict(custom_objects or {})
    require_h5py()
    with _opened(path) as (config, arrays, training):
        try:
            own = model_config(config, custom)
            # A layer with given moments has weights here and none there.
            with weights_limited_to(arrays.count + len(json.dumps(config))):
                model = model_from_config(own, custom)
                shape = (config.get("build_config") or {}).get("input_shape")
                if not model.built and shape:
                    model.build(shape)
            pairs = new_layout(arrays, model, config)
            assign(arrays, pairs)
        except MALFORMED as error:
            raise ValueError(
                f"{path} holds no usable model: {type(error).__name__}: {error}"
            ) from error
        variables = read_variables(arrays)
    if compile:
        compile_like_keras(model, config.get("compile_config"), custom)
        if training is not None and model.compiled:
            resume_from_bytes(model, training, path)
        elif model.compiled:
            restore_variables(model, *variables, trained_weights(model, pairs))
    return model


def read_archive_weights(model: Model, path: str, skip: bool) -> None:
    """Give a model the weights of a ``.keras`` file."""
    require_h5py()
    with _opened(path) as (config, arrays, training):
        entries = config["config"].get("layers", [])
        known = {entry["config"].get("name") for entry in entries}
        alike = all(layer.name in known for layer in model.layers if layer.weights)
        assign(arrays, new_layout(arrays, model, config if alike else None), skip)


@contextmanager
def _opened(path: str) -> Iterator[tuple[dict[str, Any], Hdf5Arrays, bytes | None]]:
    """Open a file's config and arrays, and the state of training that pynn wrote."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = _member(archive, _CONFIG, path, _LONGEST_CONFIG)
            # Keras does not compress: what is larger than the file is no honest model.
            size = os.path.getsize(path)
            weights = _member(archive, _WEIGHTS, path, size)
            has_training = TRAINING in archive.namelist()
            training = _member(archive, TRAINING, path, size) if has_training else None
        config = json.loads(text)
        known = (
            isinstance(config, dict)
            and "class_name" in config
            and isinstance(config.get("config"), dict)
        )
    except (zipfile.BadZipFile, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is no valid Keras file: {error}") from error
    if not known:
        raise ValueError(f"{path} is no valid Keras file: its config describes no model")
    with open_arrays(io.BytesIO(weights), len(weights), path) as arrays:
        yield config, arrays, training


def _member(archive: zipfile.ZipFile, name: str, path: str, longest: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"{path} is no Keras file: it is an archive without {name}") from None
    if info.file_size > longest:
        raise ValueError(
            f"{path} is refused: its {name} would be {info.file_size} bytes long, more than "
            f"{longest}"
        )
    try:
        return archive.read(info)
    except (NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no valid Keras file: {error}") from error
