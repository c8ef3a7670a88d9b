"""What a user may give for a loss, and the cross-entropy that fits an output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn._registry import to_snake_case
from pynn._tensor import Shape
from pynn.losses._binary import BinaryCrossentropy
from pynn.losses._categorical import CategoricalCrossentropy
from pynn.losses._class_numbers import SparseCategoricalCrossentropy
from pynn.losses._loss import CLASS_OF, Loss, LossFunctionWrapper, registry


def is_crossentropy(identifier: Any) -> bool:
    """Whether `identifier` is the name that stands for the cross-entropy that fits the output."""
    return isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce")


def resolve_crossentropy(
    y_true_shape: Shape, y_pred_shape: Shape, name: str = "crossentropy"
) -> Loss:
    """Return the cross-entropy that fits targets and output of these shapes.

    Parameters
    ----------
    y_true_shape, y_pred_shape : tuple
        Shapes, the batch's axis included.
    name : str, default="crossentropy"
        Name of the loss, usually what the user typed.

    Returns
    -------
    Loss
        `BinaryCrossentropy` for one output; `SparseCategoricalCrossentropy` for targets with one
        axis less, or with one number per row; `CategoricalCrossentropy` otherwise.

    Examples
    --------
    >>> from pynn import losses
    >>> type(losses.resolve_crossentropy((None,), (None, 10))).__name__
    'SparseCategoricalCrossentropy'
    """
    if y_pred_shape[-1] == 1:
        return BinaryCrossentropy(name=name)
    if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1:
        return SparseCategoricalCrossentropy(name=name)
    return CategoricalCrossentropy(name=name)


def as_loss(
    identifier: Any,
    y_true_shape: Shape | None = None,
    y_pred_shape: Shape | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Loss | None:
    """Return a `Loss` for whatever ``compile(loss=...)`` accepts.

    Parameters
    ----------
    identifier : None, str, dict, class, function or Loss
        What `get` takes, and ``"crossentropy"`` or ``"ce"`` where the shapes are given. A built-in
        function becomes an instance of its class, another function a `LossFunctionWrapper`.
    y_true_shape, y_pred_shape : tuple, default=None
        Shapes of targets and output, the batch's axis included.
    custom_objects : mapping of str to object, default=None
        More names.

    Raises
    ------
    ValueError
        If `identifier` is unknown, or needs shapes that are not given.

    Examples
    --------
    >>> from pynn import losses
    >>> type(losses.as_loss("mse")).__name__
    'MeanSquaredError'
    """
    if is_crossentropy(identifier) and not (custom_objects and identifier in custom_objects):
        if y_true_shape is None or y_pred_shape is None:
            raise ValueError(f"{identifier!r} needs the shapes of targets and output")
        return resolve_crossentropy(y_true_shape, y_pred_shape, identifier)
    found = registry.get(identifier, custom_objects)
    if found is None:
        return None
    if isinstance(found, Loss):
        reduces = type(found).call is Loss.call  # has a __call__ of its own alone
        return LossFunctionWrapper(found, name=found.name) if reduces else found
    name = getattr(found, "__name__", to_snake_case(type(found).__name__))
    if isinstance(identifier, str):
        name = identifier
    if found in CLASS_OF:
        return CLASS_OF[found](name=name)
    return LossFunctionWrapper(found, name=name)
