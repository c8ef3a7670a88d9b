"""`serialize_keras_object` and `deserialize_keras_object`: objects as dicts, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn._custom_objects import known_objects
from pynn.formats.keras import read_object, write_object
from pynn.models import model_from_config

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(obj: Any) -> Any:
    """Return an object as values that JSON can hold, in the form that Keras gives it.

    Parameters
    ----------
    obj : object
        Anything with a ``get_config()``, as layers, models, losses and optimizers; functions, by
        their names; lists, tuples, dicts, numbers, texts, arrays and slices.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is a lambda, whose code is not written down.

    Examples
    --------
    >>> from pynn import layers, saving
    >>> config = saving.serialize_keras_object(layers.Dense(3, activation="relu"))
    >>> config["module"], config["class_name"], config["config"]["units"]
    ('keras.layers', 'Dense', 3)
    >>> saving.deserialize_keras_object(config).units
    3
    """
    return write_object(obj)


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Return the object that `serialize_keras_object`, of pynn or of Keras, has written down.

    Parameters
    ----------
    config : object
    custom_objects : mapping of str to object, default=None
        Classes and functions of one's own, beside those that
        `pynn.saving.register_keras_serializable` and `pynn.saving.custom_object_scope` made known.
    safe_mode : True
        Accepted for Keras's sake; there is no unsafe mode.

    Raises
    ------
    TypeError
        If the config of an object is of the wrong type.
    ValueError
        If a name is unknown, or code is to be read.
    """
    if not safe_mode:
        raise ValueError(
            "there is no unsafe mode: pass the objects that the config names in custom_objects. "
            "Received: safe_mode=False"
        )
    return read_object(config, model_from_config, known_objects(custom_objects))
