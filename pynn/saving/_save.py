"""`save_model` and `save_weights`: which format a path gets."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from pynn.saving._model_file import write_model_file
from pynn.saving._weights_file import write_weights_file

if TYPE_CHECKING:
    from pynn.models import Model

_told: set[str] = set()


def save_model(
    model: Model,
    filepath: str | os.PathLike[str],
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
    filepath : path-like
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
    path = _checked_path(filepath, overwrite, kwargs)
    suffix = os.path.splitext(path)[1].lower()
    reason = None
    if suffix == ".keras":
        from pynn.saving import _keras_writer

        reason = _keras_writer.obstacle(model)
        if reason is None:
            _keras_writer.write_keras_file(model, path)
            return
    elif suffix in (".h5", ".hdf5"):
        reason = "the HDF5 format is not written"
    if reason is not None:
        _tell_once(suffix, reason)
    write_model_file(model, path, include_optimizer)


def save_weights(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save the model's weights, and the optimizer's state, without the architecture.

    Parameters
    ----------
    model : Model
    filepath : path-like
        The file is a safetensors file whatever its name.
    overwrite : bool, default=True
        Whether a file that is there is replaced.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    ValueError
        If the model has no weights yet.
    """
    path = _checked_path(filepath, overwrite, {})
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights before it is built. Call it on data, fit it, or "
            "begin it with an Input"
        )
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".h5", ".hdf5", ".keras"):
        _tell_once(suffix, "that format is not written for weights alone")
    write_weights_file(model, path)


def _checked_path(filepath: Any, overwrite: bool, kwargs: dict[str, Any]) -> str:
    unknown = set(kwargs) - {"save_format", "zipped", "signatures", "options", "save_traces"}
    if unknown:
        raise TypeError(f"save() takes no argument {sorted(unknown)[0]!r}")
    path = os.fspath(filepath)
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False")
    return path


def _tell_once(suffix: str, reason: str) -> None:
    if suffix in _told:
        return
    _told.add(suffix)
    warnings.warn(
        f"files named {suffix} are written in pynn's own safe format: {reason}. pynn loads them "
        "under any name; use the ending .pynn to avoid confusion",
        UserWarning,
        stacklevel=4,
    )
