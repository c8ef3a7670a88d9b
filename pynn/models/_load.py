"""`load_model`, `model_from_json` and `model_from_config`: models from what describes them."""

from __future__ import annotations

from typing import Any

from pynn import formats
from pynn._custom_objects import known_objects
from pynn._files import file_errors
from pynn._json import parse
from pynn._registry import takes_custom_objects
from pynn.models._functional_config import known_classes
from pynn.models._model import Model


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Load a model that pynn or Keras saved.

    Nothing in a file is executed: it can name only what pynn has, or what `custom_objects` holds.
    A model saved by pynn goes on training where it stood, with the same bits for the same seed.

    Parameters
    ----------
    filepath : path-like, int or binary file
        A ``.pynn`` file, or one of Keras: ``.keras`` or ``.h5``. The content counts, not the name.
        An integer is a descriptor; an open file is read from where it stands to its end.
    custom_objects : dict of str to object, default=None
        Classes and functions of one's own, by the names in the file, beside those that
        `pynn.saving.register_keras_serializable` and `pynn.saving.custom_object_scope` made known.
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
    pynn.saving.FileError
        If the file is damaged or of another kind, asks for more memory than it accounts for, or
        names what is unknown or unsafe. It is a ValueError.

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
    if not safe_mode:
        raise ValueError(
            "there is no unsafe mode: pass the objects that the file names in custom_objects. "
            "Received: safe_mode=False"
        )
    return formats.read_model(filepath, model_from_config, custom_objects, compile)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """Build the model that `Model.to_json` wrote down, with new weights.

    Parameters
    ----------
    json_string : str
    custom_objects : dict of str to object, default=None
        Classes and functions that are not pynn's own.

    Raises
    ------
    ValueError
        If a class is unknown or the text is no model's.

    Examples
    --------
    >>> import pynn
    >>> text = pynn.MLP(4, 1, input_shape=2).to_json()
    >>> pynn.models.model_from_json(text).count_params()
    17
    """
    config = parse(json_string, "the text", "it", "JSON")
    with file_errors("the text", "model"):
        return model_from_config(config, known_objects(custom_objects))


def model_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Model:
    """Build the model that ``{"class_name": ..., "config": ...}`` describes, with new weights.

    Raises
    ------
    ValueError
        If the class is unknown or the config is no model's.

    Examples
    --------
    >>> import pynn
    >>> model = pynn.MLP(4, 1, input_shape=2)
    >>> description = {"class_name": "Sequential", "config": model.get_config()}
    >>> pynn.models.model_from_config(description).count_params()
    17
    """
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError(
            "a model's config must be a dict with the keys 'class_name' and 'config'. "
            f"Received: {type(config).__name__}"
        )
    known = known_classes(custom_objects)
    name = config["class_name"]
    if name not in known:
        raise ValueError(
            f"unknown model class: {name!r}. It must be one of {', '.join(sorted(known))}, or be "
            "passed in custom_objects"
        )
    build = known[name].from_config
    if not takes_custom_objects(build):
        return build(config["config"])
    return build(config["config"], custom_objects=custom_objects)
