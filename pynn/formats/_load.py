"""Reading models and weights: the format shows in a file's content, never in its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pynn._custom_objects import known_objects
from pynn._files import FileError, OpenFile, file_errors, opened
from pynn._safetensors import ESTIMATOR, SafetensorsFile
from pynn.formats._model_file import read_model_file
from pynn.formats._weights_file import assign_by_name, assign_weights

if TYPE_CHECKING:
    from pynn.models import Model

_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read_model(
    source: Any, make_model: Callable[[Any, Any], Any], custom_objects: Any, compile: bool
) -> Any:
    """Read a model that pynn or Keras saved.

    Parameters
    ----------
    source : path-like, int or binary file
    make_model : callable
        ``make_model(config, custom_objects)`` returns a model.
    custom_objects : dict of str to object, or None
    compile : bool
        Whether the model is compiled as it was.

    Raises
    ------
    FileError
        If the file is damaged or of another kind, or names what is unknown or unsafe.
    """
    with opened(source) as file:
        start = _start_of(file)
        if start.startswith(_ZIP):
            # Most programs meet no file of Keras; what reads zip archives takes long to import.
            from pynn.formats.keras import read_archive

            return read_archive(file, make_model, custom_objects, compile)
        if start == _HDF5:
            from pynn.formats.keras import read_hdf5_model

            return read_hdf5_model(file, make_model, custom_objects, compile)
        return read_model_file(file, make_model, known_objects(custom_objects), compile)


def holds_estimator(file: OpenFile) -> bool:
    """Return whether what `opened` gave is a file of an estimator, and not of a model or weights.

    Raises
    ------
    FileError
        If it is none of pynn's and none of Keras's.
    """
    start = _start_of(file)
    if start.startswith(_ZIP) or start == _HDF5:
        return False
    kind = SafetensorsFile(*file).kind()
    file.stream.seek(0)
    return kind == ESTIMATOR


def load_weights(
    model: Model, filepath: Any, skip_mismatch: bool = False, by_name: bool = False
) -> None:
    """Give the model the weights that `save_weights`, `save` or Keras saved.

    Parameters
    ----------
    model : Model
        Of the same architecture, and built.
    filepath : path-like, int or binary file
        A file of pynn; or ``.weights.h5``, ``.keras`` or ``.h5`` of Keras. The content counts, not
        the name. An integer is a descriptor.
    skip_mismatch : bool, default=False
        Whether what differs in shape stays as it is, with a warning: layers of ``.keras`` and
        ``.weights.h5`` files as a whole, weights of others.
    by_name : bool, default=False
        Whether layers get the weights of the layers that have their names, and others keep theirs,
        so that a part of another model can be taken over. Not for ``.keras`` and ``.weights.h5`` of
        Keras 3, which do not hold the names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or the weights do not fit.

    Examples
    --------
    >>> import os, tempfile
    >>> import pynn
    >>> first, second = pynn.MLP(4, 1, input_shape=2), pynn.MLP(4, 1, input_shape=2)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "weights.pynn")
    ...     pynn.saving.save_weights(first, path)
    ...     pynn.saving.load_weights(second, path)
    >>> all((a == b).all() for a, b in zip(first.get_weights(), second.get_weights()))
    True
    """
    with opened(filepath) as file, file_errors(file.name, "weights"):
        start = _start_of(file)
        if start.startswith(_ZIP):
            from pynn.formats.keras import read_archive_weights

            if by_name:
                raise FileError(file.name, "is an archive of Keras 3, which is not read by_name")
            read_archive_weights(model, file, skip_mismatch)
        elif start == _HDF5:
            from pynn.formats.keras import read_hdf5_weights

            read_hdf5_weights(model, file, skip_mismatch, by_name)
        else:
            found = SafetensorsFile(*file)
            found.kind()
            (assign_by_name if by_name else assign_weights)(model, found, skip_mismatch)


def _start_of(file: OpenFile) -> bytes:
    start: bytes = file.stream.read(len(_HDF5))
    file.stream.seek(0)
    return start
