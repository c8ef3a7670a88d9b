"""The arrays of a model's weights in a `.pynn` file, and files that hold nothing else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _safetensors
from pynn._files import FileError, file_errors, opened
from pynn._json import from_text, to_text
from pynn._safetensors import WEIGHTS, SafetensorsFile
from pynn._user_warning import warn_user
from pynn.formats._training_state import restore_training, shuffle_seed, training_state

if TYPE_CHECKING:
    from pynn.models import Model
    from pynn.ops import Weight


def named_weights(model: Model) -> dict[str, np.ndarray]:
    """Return the weights' values by different names, in the order of ``model.weights``."""
    arrays: dict[str, np.ndarray] = {}
    for weight in model.weights:
        # By layer, whatever models it is in: so another model's file has arrays of the same names.
        owned = "/".join(weight.path.split("/")[-2:])
        name, count = f"weights/{owned}", 0
        while name in arrays:
            count += 1
            name = f"weights/{owned}#{count}"
        arrays[name] = weight.numpy()
    return arrays


def write_weights_file(model: Model, target: Any) -> None:
    """Write weights and the state of training."""
    arrays = named_weights(model)
    metadata = {"weights": to_text(list(arrays), "weights")}
    if model.optimizer is not None:
        values, state = training_state(model)
        metadata["training"] = to_text(values, "the state of training")
        arrays.update(state)
    _safetensors.save(target, WEIGHTS, metadata, arrays)


def assign_weights(model: Model, file: SafetensorsFile, skip: bool = False) -> None:
    """Give a model the weights of a file of either kind.

    Parameters
    ----------
    model : Model
    file : SafetensorsFile
    skip : bool, default=False
        Whether weights of another shape stay as they are.

    Raises
    ------
    FileError
        If number or shapes differ; nothing is changed then.
    """
    names = from_text(file.metadata, "weights", list, file.name)
    weights = model.weights
    if len(names) != len(weights):
        hint = "" if model.built else f". Model {model.name!r} has not been built yet"
        raise FileError(
            file.name,
            f"holds {len(names)} weights, and model {model.name!r} has {len(weights)}{hint}",
        )
    for name in names:
        if not isinstance(name, str) or name not in file.shapes:
            raise FileError(file.name, f"is no valid pynn file: the array {name!r:.200} is missing")
    _assign(file, list(zip(names, weights, strict=True)), skip)


def assign_by_name(model: Model, file: SafetensorsFile, skip: bool = False) -> None:
    """Give a model the weights of a file that have the names of its own; the others stay.

    Parameters and errors are those of `assign_weights`.
    """
    listed = from_text(file.metadata, "weights", list, file.name)
    known = {name for name in listed if isinstance(name, str)} & set(file.shapes)
    pairs = zip(named_weights(model), model.weights, strict=True)
    _assign(file, [(name, weight) for name, weight in pairs if name in known], skip)


def _assign(file: SafetensorsFile, pairs: list[tuple[str, Weight]], skip: bool) -> None:
    for name, weight in pairs:
        if file.shapes[name] != weight.shape and not skip:
            raise FileError(
                file.name,
                f"does not fit: weight {weight.path!r} has the shape {weight.shape}, and {name!r} "
                f"in the file has {file.shapes[name]}",
            )
    fitting = [(name, weight) for name, weight in pairs if file.shapes[name] == weight.shape]
    skipped = [weight.path for name, weight in pairs if file.shapes[name] != weight.shape]
    values = [file.read(name) for name, _ in fitting]
    for (_, weight), value in zip(fitting, values, strict=True):
        weight.assign(value)
    warn_of_skipped("weights", skipped)


def warn_of_skipped(what: str, names: list[str]) -> None:
    """Warn of what stays as it is because the file does not fit, if that is anything."""
    if names:
        warn_user(
            f"{len(names)} {what} keep their values, as those in the file are of another number or "
            f"shape: {', '.join(names)}",
        )


def training_bytes(model: Model) -> bytes:
    """Return a file of the state of training alone, for archives."""
    values, arrays = training_state(model)
    buffer = io.BytesIO()
    metadata = {"training": to_text(values, "the state of training")}
    _safetensors.save(buffer, WEIGHTS, metadata, arrays)
    return buffer.getvalue()


def resume_from_bytes(model: Model, content: bytes, name: str) -> None:
    """Let a compiled model go on where the training of `training_bytes` stood.

    Raises
    ------
    FileError
        If the state is damaged, or of another model or training.
    """
    file = SafetensorsFile(io.BytesIO(content), name, len(content))
    file.kind()
    _resume(model, file)


def resume_training(model: Model, filepath: Any) -> int | None:
    """Give a compiled model the weights of a file, and let it go on where training stood.

    Parameters
    ----------
    model : Model
        Compiled with the same kind of optimizer.
    filepath : path-like, int or binary file
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
    with opened(filepath) as source, file_errors(source.name, "training"):
        file = SafetensorsFile(*source)
        file.kind()
        assign_weights(model, file)
        return _resume(model, file)


def _resume(model: Model, file: SafetensorsFile) -> int | None:
    values: dict[str, Any] = from_text(file.metadata, "training", dict, file.name)
    restore_training(model, values, file)
    return shuffle_seed(values)
