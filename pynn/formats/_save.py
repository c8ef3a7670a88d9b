"""`save_model` and `save_weights`: which format a path gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pynn._user_warning import warn_user
from pynn.formats._model_file import write_model_file
from pynn.formats._weights_file import write_weights_file

if TYPE_CHECKING:
    from pynn.models import Model

_warned: set[str] = set()  # of these endings


def save_model(
    model: Model,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    **kwargs: Any,
) -> None:
    """Save a model: architecture, weights, compile settings, and where its training stands.

    The file is a safetensors file whatever its name, except that a path ending in ``.keras`` gets
    the archive that Keras 3 loads, if h5py is installed and Keras knows all the model's layers. It
    is written beside the path first, so that a crash leaves the old file or the new one.

    Parameters
    ----------
    model : Model
    filepath : path-like, int or binary file
        A path, or what is open already: a descriptor or a file, which is written to as it is.
    overwrite : bool, default=True
        Whether a file that is there is replaced.
    include_optimizer : bool, default=True
        Whether the optimizer's state is saved.
    **kwargs
        ``save_format`` and ``zipped`` of older and newer Keras, which make no difference.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    ValueError
        If the model cannot be described: a layer was made with a value that is no number, text,
        list or object with a ``get_config()``.

    Examples
    --------
    >>> import os, tempfile
    >>> import pynn
    >>> model = pynn.MLP(4, 1, input_shape=2)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "model.pynn")
    ...     model.save(path)
    ...     pynn.models.load_model(path).count_params()
    17
    """
    unknown = set(kwargs) - {"save_format", "zipped", "signatures", "options", "save_traces"}
    if unknown:
        raise TypeError(f"save() takes no argument {sorted(unknown)[0]!r}")
    suffix = _suffix_of(filepath, overwrite)
    reason = None
    if suffix == ".keras":
        from pynn.formats import keras  # see _load.py

        reason = keras.obstacle(model)
        if reason is None:
            keras.write_archive(model, filepath)
            return
    elif suffix in (".h5", ".hdf5"):
        reason = "the HDF5 format is not written"
    if reason is not None:
        _warn_once(suffix, reason)
    write_model_file(model, filepath, include_optimizer)


def save_weights(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Save the model's weights, and the optimizer's state, without the architecture.

    Parameters
    ----------
    model : Model
    filepath : path-like, int or binary file
        The file is a safetensors file whatever its name. A descriptor or an open file is written
        to as it is.
    overwrite : bool, default=True
        Whether a file that is there is replaced.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    ValueError
        If the model has no weights yet.
    """
    suffix = _suffix_of(filepath, overwrite)
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights before it is built. Call it on data, fit it, or "
            "begin it with an Input"
        )
    if suffix in (".h5", ".hdf5", ".keras"):
        _warn_once(suffix, "that format is not written for weights alone")
    write_weights_file(model, filepath)


def _suffix_of(filepath: Any, overwrite: bool) -> str:
    """Return the ending of a path, after seeing to it that it may be written to."""
    if isinstance(filepath, int) or hasattr(filepath, "write"):
        return ""
    path = os.fsdecode(filepath)
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False")
    return os.path.splitext(path)[1].lower()


def _warn_once(suffix: str, reason: str) -> None:
    if suffix in _warned:
        return
    _warned.add(suffix)
    warn_user(
        f"files named {suffix} are written in pynn's own safe format: {reason}. pynn loads them "
        "under any name; use the ending .pynn to avoid confusion",
    )
