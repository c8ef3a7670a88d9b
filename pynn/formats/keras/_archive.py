"""``.keras`` files: zip archives of ``config.json`` and ``model.weights.h5``, read and written.

A training goes on in Keras with the same optimizer and its arrays. What only pynn has besides, such
as the seed of its noise, is in a member of the archive that Keras passes over.
"""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from pynn._allocation import weights_limited_to
from pynn._custom_objects import known_objects
from pynn._files import FileError, OpenFile, file_errors, write_atomically
from pynn._json import parse, to_text
from pynn.formats._weights_file import resume_from_bytes, training_bytes
from pynn.formats.keras._arrays import Hdf5Arrays, hdf5_bytes
from pynn.formats.keras._compile import compile_from_keras, compile_to_keras
from pynn.formats.keras._models import built_from_keras, layer_entries, model_to_keras
from pynn.formats.keras._optimizer import restore_variables
from pynn.formats.keras._weights import (
    VERSION,
    assign,
    new_layout,
    trained_weights,
    write_new_layout,
)

if TYPE_CHECKING:
    from pynn.models import Model

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
TRAINING = "pynn_training.safetensors"  # Keras passes over what it does not know
_LONGEST_CONFIG = 8_000_000  # bytes, as of the header of pynn's own files
_LONGEST_LIST = 65_536  # bytes of the list of members; Keras has three of them
_END, _END64 = b"PK\x05\x06", b"PK\x06\x07"


def read_archive(
    file: OpenFile, make_model: Callable[[Any, Any], Any], custom_objects: Any, compile: bool
) -> Any:
    """Read a model from a ``.keras`` file; the parameters are those of `read_model`.

    Raises
    ------
    FileError
        If the file is damaged, or has a part that is unknown or unsafe.
    """
    custom = known_objects(custom_objects)
    config, size, arrays, training = _opened(file)
    # A layer with given moments has weights here and none there.
    with file_errors(file.name, "model"), weights_limited_to(arrays.count + size):
        model = built_from_keras(config, make_model, custom)
        pairs = new_layout(arrays, model, config)
        assign(arrays, pairs)
        if compile:
            compile_from_keras(model, config.get("compile_config"), custom)
        if compile and model.compiled:
            if training is None:
                restore_variables(model, arrays, trained_weights(model, pairs))
            else:
                resume_from_bytes(model, training, file.name)
    return model


def read_archive_weights(model: Model, file: OpenFile, skip: bool) -> None:
    """Give a model the weights of a ``.keras`` file."""
    config, _, arrays, _ = _opened(file)
    known = {entry["config"].get("name") for entry in layer_entries(config)}
    alike = all(layer.name in known for layer in model.layers if layer.weights)
    assign(arrays, new_layout(arrays, model, config if alike else None, skip))


def _opened(file: OpenFile) -> tuple[dict[str, Any], int, Hdf5Arrays, bytes | None]:
    """Return a file's config with its length, arrays, and the state of training that pynn wrote."""
    try:
        _check_list(file)
        with zipfile.ZipFile(file.stream) as archive:
            text = _member(archive, _CONFIG, file, _LONGEST_CONFIG)
            # Keras does not compress: what is larger than the file is no honest model.
            weights = _member(archive, _WEIGHTS, file, file.size)
            has_training = TRAINING in archive.namelist()
            training = _member(archive, TRAINING, file, file.size) if has_training else None
    except (FileError, MemoryError):
        raise
    except Exception as error:  # zipfile raises a dozen kinds
        raise FileError(file.name, f"is no valid Keras file: {error}") from error
    config = parse(text, file.name, f"its {_CONFIG}", "Keras")
    described = isinstance(config, dict) and isinstance(config.get("config"), dict)
    if not described or "class_name" not in config:
        raise FileError(file.name, "is no valid Keras file: its config describes no model")
    arrays = Hdf5Arrays(OpenFile(io.BytesIO(weights), file.name, len(weights)))
    return config, len(text), arrays, training


def _check_list(file: OpenFile) -> None:
    """Refuse an archive whose list of members is long: zipfile reads all of it at once."""
    file.stream.seek(max(0, file.size - 66_000))  # a comment of 65,535 bytes may come last
    tail = file.stream.read()
    file.stream.seek(0)
    at = tail.rfind(_END)
    (size,) = struct.unpack("<I", tail[at + 12 : at + 16].ljust(4)) if at >= 0 else (0,)
    if at >= 76 and tail[at - 20 : at - 16] == _END64:
        (size,) = struct.unpack("<Q", tail[at - 36 : at - 28])
    if size > _LONGEST_LIST:
        raise FileError(file.name, f"is refused: its list of members is {size} bytes long")


def _member(archive: zipfile.ZipFile, name: str, file: OpenFile, longest: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise FileError(file.name, f"is no Keras file: it is an archive without {name}") from None
    if info.file_size > longest:
        raise FileError(
            file.name,
            f"is refused: its {name} would be {info.file_size} bytes long, more than {longest}",
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(file.name, f"is refused: its {name} is compressed in an unusual way")
    return archive.read(info)  # which reads no more than `file_size`


# ---- writing


def write_archive(model: Model, target: Any, include_optimizer: bool) -> None:
    """Write a ``.keras`` file.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the model cannot be described.
    """
    entry = model_to_keras(model)
    entry["compile_config"] = compile_to_keras(model)
    trained = include_optimizer and model.optimizer is not None and bool(entry["compile_config"])
    metadata = {"keras_version": VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    members = {
        _METADATA: json.dumps(metadata).encode(),
        _CONFIG: to_text(entry, f"the config of model {model.name!r}").encode(),
        _WEIGHTS: hdf5_bytes(lambda file: write_new_layout(file, model, trained)),
    }
    if trained:
        members[TRAINING] = training_bytes(model)

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    write_atomically(target, write)
