"""`load_model` and `load_weights`: the format is told by a file's content, never by its name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pynn._safetensors import SafetensorsFile
from pynn.saving._model_file import read_model_file
from pynn.saving._weights_file import assign_by_name, assign_weights, check_header

if TYPE_CHECKING:
    from pynn.models import Model

_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Load a model that pynn or Keras saved.

    Nothing in a file is executed: it can name only what pynn has, or what `custom_objects` holds.
    A model saved by pynn goes on training where it stood, bit for bit.

    Parameters
    ----------
    filepath : path-like
        A ``.pynn`` file, or one of Keras: ``.keras``, or ``.h5`` of older versions, for which h5py
        has to be installed. The content counts, not the name.
    custom_objects : dict of str to object, default=None
        Classes and functions of one's own, by the names in the file.
    compile : bool, default=True
        Whether the model is compiled as it was.
    safe_mode : True
        Accepted for Keras's sake; there is no unsafe mode.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is a file of Keras and h5py is not installed.
    ValueError
        If the file is damaged or of another kind, or names what is unknown or unsafe.

    Examples
    --------
    See `Model.save`.
    """
    if not safe_mode:
        raise ValueError(
            "there is no unsafe mode: pass the objects that the file names in custom_objects. "
            "Received: safe_mode=False"
        )
    path = os.fspath(filepath)
    start = _beginning(path)
    if start.startswith(_ZIP):
        from pynn.saving._keras_archive import read_keras_archive

        return read_keras_archive(path, custom_objects, compile)
    if start == _HDF5:
        from pynn.saving._keras_hdf5 import read_hdf5_model

        return read_hdf5_model(path, custom_objects, compile)
    return read_model_file(path, custom_objects, compile)


def load_weights(
    model: Model,
    filepath: str | os.PathLike[str],
    skip_mismatch: bool = False,
    by_name: bool = False,
) -> None:
    """Give the model the weights that `save_weights`, `save` or Keras saved.

    Parameters
    ----------
    model : Model
        Of the same architecture, and built.
    filepath : path-like
        A file of pynn; or ``.weights.h5``, ``.keras`` or ``.h5`` of Keras, for which h5py has to
        be installed. The content counts, not the name.
    skip_mismatch : bool, default=False
        Whether weights whose shapes differ stay as they are.
    by_name : bool, default=False
        Whether layers get the weights of the layers that have their names, and others keep theirs,
        so that a part of another model can be taken over. Not for ``.keras`` and ``.weights.h5`` of
        Keras 3, which do not hold the names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is a file of Keras and h5py is not installed.
    ValueError
        If the file is damaged, or the weights do not fit.
    """
    path = os.fspath(filepath)
    start = _beginning(path)
    if start.startswith(_ZIP):
        from pynn.saving._keras_archive import read_archive_weights

        if by_name:
            raise ValueError(f"{path} is an archive of Keras 3, which is not read by_name")
        read_archive_weights(model, path, skip_mismatch)
    elif start == _HDF5:
        from pynn.saving._keras_hdf5 import read_hdf5_weights

        read_hdf5_weights(model, path, skip_mismatch, by_name)
    else:
        with open(path, "rb") as stream:
            file = SafetensorsFile(stream, path)
            check_header(file, path)
            assign = assign_by_name if by_name else assign_weights
            assign(model, file, path, skip_mismatch)


def _beginning(path: str) -> bytes:
    if os.path.isdir(path):
        raise ValueError(
            f"{path} is a directory. TensorFlow's SavedModel format is not supported; save the "
            "model as .keras or .h5"
        )
    with open(path, "rb") as file:
        return file.read(8)
