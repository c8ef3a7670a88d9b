"""`save_model` and `save_weights`: which format a path gets, as its ending says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pynn._files import check_ending
from pynn.formats._model_file import write_model_file
from pynn.formats._weights_file import write_weights_file

if TYPE_CHECKING:
    from pynn.models import Model

_HDF5 = (".h5", ".hdf5")
_ENDING_OF_FORMAT = {"h5": ".h5", "hdf5": ".h5", "keras": ".keras"}


def save_model(
    model: Model,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    **kwargs: Any,
) -> None:
    """Save a model: architecture, weights, compile settings, and where its training stands.

    The ending of the path says in which format: ``.pynn`` is pynn's own, a safetensors file;
    ``.keras`` is the archive of Keras 3, and ``.h5`` and ``.hdf5`` are the HDF5 files of Keras, for
    both of which h5py has to be installed. Keras loads them; what of the model only pynn has, it
    asks for as for any class of the user's. The file is written beside the path first, so that a
    crash leaves the old file or the new one.

    Parameters
    ----------
    model : Model
    filepath : path-like, int or binary file
        A path, or what is open already: a descriptor or a file. Without an ending of Keras's in its
        name that gets pynn's own format, and so does a path without an ending.
    overwrite : bool, default=True
        Whether a file that is there is replaced.
    include_optimizer : bool, default=True
        Whether the optimizer's state is saved; without it ``.h5`` files hold no compile settings.
    **kwargs
        ``save_format`` of older Keras, which counts for paths without an ending, and ``zipped`` and
        the like of newer ones, which make no difference.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    ImportError
        If the ending is one of Keras's and h5py is not installed. Nothing is written.
    ValueError
        If the ending or an argument is unknown, or the model cannot be described: a layer was made
        with a value that is no number, text, list or object with a ``get_config()``.

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
        raise ValueError(f"save() takes no argument {sorted(unknown)[0]!r}")
    ending = _ending_of(filepath, overwrite)
    ending = ending or _ENDING_OF_FORMAT.get(str(kwargs.get("save_format")), "")
    if ending == ".keras":
        from pynn.formats import keras  # see _load.py

        keras.write_archive(model, filepath, include_optimizer)
    elif ending in _HDF5:
        from pynn.formats import keras

        keras.write_hdf5_model(model, filepath, include_optimizer)
    else:
        write_model_file(model, filepath, include_optimizer)


def save_weights(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Save the model's weights, and the optimizer's state, without the architecture.

    Parameters
    ----------
    model : Model
    filepath : path-like, int or binary file
        A path that ends in ``.weights.h5`` gets the HDF5 file of Keras 3, and any other in ``.h5``
        or ``.hdf5`` that of Keras 2, without the optimizer's state; for both h5py has to be
        installed. A path that ends in ``.pynn`` or has no ending, a descriptor and an open file
        with another name get pynn's own format, a safetensors file.
    overwrite : bool, default=True
        Whether a file that is there is replaced.

    Raises
    ------
    FileExistsError
        If the path exists and `overwrite` is False.
    ImportError
        If the ending is one of Keras's and h5py is not installed. Nothing is written.
    ValueError
        If the ending is unknown, or the model has no weights yet.
    """
    ending = _ending_of(filepath, overwrite, weights=True)
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights before it is built. Call it on data, fit it, or "
            "begin it with an Input"
        )
    if ending in _HDF5:
        from pynn.formats import keras

        keras.write_hdf5_weights(model, filepath, _name(filepath).endswith(".weights.h5"))
    else:
        write_weights_file(model, filepath)


def _ending_of(filepath: Any, overwrite: bool, weights: bool = False) -> str:
    """Return the ending of a path, after seeing to it that it may be written to."""
    if isinstance(filepath, int) or hasattr(filepath, "write"):
        ending = os.path.splitext(_name(filepath))[1]
        return ending if ending in _HDF5 or (ending == ".keras" and not weights) else ""
    path = os.fsdecode(filepath)
    ending = check_ending(path, "weights" if weights else "model")
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False")
    return ending


def _name(target: Any) -> str:
    """Return the name of a path or an open file in lower case, empty if it has none."""
    name = getattr(target, "name", "") if hasattr(target, "write") else target
    return "" if isinstance(name, int) else os.fsdecode(name).lower()
