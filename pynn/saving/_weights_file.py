"""The arrays of a model's weights in a `.pynn` file, and files that hold nothing else."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from pynn import _safetensors
from pynn._atomic import write_atomically
from pynn._json import from_text, to_text
from pynn._safetensors import SafetensorsFile
from pynn.saving._training_state import restore_training, shuffle_seed, training_state

if TYPE_CHECKING:
    from pynn.models import Model

MODEL, WEIGHTS, ESTIMATOR = "pynn-model", "pynn-weights", "pynn-estimator"
_VERSION = 1


def header(kind: str) -> dict[str, str]:
    """Return the metadata that every file begins with."""
    from pynn import _core

    return {"format": kind, "format_version": str(_VERSION), "pynn_version": _core.__version__}


def check_header(file: SafetensorsFile, path: str) -> str:
    """Return the kind of a file.

    Raises
    ------
    ValueError
        If it is none of pynn's, or of a later version.
    """
    kind, version = file.metadata.get("format"), file.metadata.get("format_version", "")
    if kind not in (MODEL, WEIGHTS, ESTIMATOR):
        raise ValueError(
            f"{path} is a safetensors file, but not one of pynn's: its format is {kind!r}"
        )
    if not version.isdecimal() or int(version) > _VERSION:
        raise ValueError(
            f"{path} is of format version {version!r:.20}; this pynn reads versions up to "
            f"{_VERSION}"
        )
    return kind


def named_weights(model: Model) -> dict[str, np.ndarray]:
    """Return the weights' values by different names, in the order of ``model.weights``."""
    arrays: dict[str, np.ndarray] = {}
    for weight in model.weights:
        name, count = f"weights/{weight.path}", 0
        while name in arrays:
            count += 1
            name = f"weights/{weight.path}#{count}"
        arrays[name] = weight.numpy()
    return arrays


def write_weights_file(model: Model, path: str) -> None:
    """Write weights and the state of training."""
    arrays = named_weights(model)
    metadata = {**header(WEIGHTS), "weights": to_text(list(arrays), "weights")}
    if model.optimizer is not None:
        values, state = training_state(model)
        metadata["training"] = to_text(values, "the state of training")
        arrays.update(state)

    def write(file: BinaryIO) -> None:
        _safetensors.write(file, metadata, arrays)

    write_atomically(path, write)


def assign_weights(model: Model, file: SafetensorsFile, path: str, skip: bool = False) -> None:
    """Give a model the weights of a file of either kind.

    Parameters
    ----------
    model : Model
    file : SafetensorsFile
    path : str
    skip : bool, default=False
        Whether weights of another shape stay as they are.

    Raises
    ------
    ValueError
        If number or shapes differ; nothing is changed then.
    """
    names = from_text(file.metadata, "weights", list, path)
    weights = model.weights
    if len(names) != len(weights):
        hint = "" if model.built else f". Model {model.name!r} has not been built yet"
        raise ValueError(
            f"{path} holds {len(names)} weights, and model {model.name!r} has {len(weights)}{hint}"
        )
    for name, weight in zip(names, weights, strict=True):
        shape = file.shapes.get(name) if isinstance(name, str) else None
        if shape is None:
            raise ValueError(f"{path} is no valid pynn file: the array {name!r} is missing")
        if shape != weight.shape and not skip:
            raise ValueError(
                f"weight {weight.path!r} has the shape {weight.shape}, and {name!r} in {path} has "
                f"{shape}"
            )
    pairs = zip(names, weights, strict=True)
    fitting = [(name, weight) for name, weight in pairs if file.shapes[name] == weight.shape]
    values = [file.read(name) for name, _ in fitting]
    for (_, weight), value in zip(fitting, values, strict=True):
        weight.assign(value)


def assign_by_name(model: Model, file: SafetensorsFile, path: str, skip: bool = False) -> None:
    """Give a model the weights of a file that have the names of its own; the others stay.

    Parameters and errors are those of `assign_weights`.
    """
    names = {name for name in from_text(file.metadata, "weights", list, path)}
    pairs = [
        (name, weight)
        for name, weight in zip(named_weights(model), model.weights, strict=True)
        if name in names and name in file.shapes
    ]
    wrong = [(name, weight) for name, weight in pairs if file.shapes[name] != weight.shape]
    if wrong and not skip:
        name, weight = wrong[0]
        raise ValueError(
            f"weight {weight.path!r} has the shape {weight.shape}, and {name!r} in {path} has "
            f"{file.shapes[name]}"
        )
    fitting = [(name, weight) for name, weight in pairs if file.shapes[name] == weight.shape]
    values = [file.read(name) for name, _ in fitting]
    for (_, weight), value in zip(fitting, values, strict=True):
        weight.assign(value)


def training_bytes(model: Model) -> bytes:
    """Return a file of the state of training alone, for archives."""
    values, arrays = training_state(model)
    metadata = {**header(WEIGHTS), "training": to_text(values, "the state of training")}
    buffer = io.BytesIO()
    _safetensors.write(buffer, metadata, arrays)
    return buffer.getvalue()


def resume_from_bytes(model: Model, content: bytes, path: str) -> None:
    """Let a compiled model go on where the training of `training_bytes` stood.

    Raises
    ------
    ValueError
        If the state is damaged, or of another model or training.
    """
    file = SafetensorsFile(io.BytesIO(content), path, len(content))
    check_header(file, path)
    _resume(model, file, path)


def resume_training(model: Model, filepath: str | os.PathLike[str]) -> int | None:
    """Give a compiled model the weights of a file, and let it go on where training stood.

    Parameters
    ----------
    model : Model
        Compiled with the same kind of optimizer.
    filepath : path-like
        What `save_model` or `save_weights` wrote.

    Returns
    -------
    int or None
        The seed that the rows were shuffled with.

    Raises
    ------
    ValueError
        If the file is of another model or training.
    """
    path = os.fspath(filepath)
    with open(path, "rb") as stream:
        file = SafetensorsFile(stream, path)
        check_header(file, path)
        assign_weights(model, file, path)
        return _resume(model, file, path)


def _resume(model: Model, file: SafetensorsFile, path: str) -> int | None:
    values: dict[str, Any] = from_text(file.metadata, "training", dict, path)
    try:
        restore_training(model, values, file)
        return shuffle_seed(values)
    except KeyError as error:
        raise ValueError(f"{path} is no valid pynn file: it has no {error}") from error
