"""From what a user gives as data to what the training loop takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import graph
from pynn._shape_rules import checked_row_shape
from pynn.training import ArrayData, BatchData, Signature, adapt, comes_in_batches, first_of

if TYPE_CHECKING:
    from pynn.models._model import Model

Source = ArrayData | BatchData


def prepare(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Mapping[Any, float] | None,
    validation_split: float,
) -> tuple[Any, ArrayData | None]:
    """Return the data, and the part of it kept for validation.

    A model that has not been built is built for the data.

    Raises
    ------
    ValueError
        If the data does not fit the model, or cannot be split.
    """
    if comes_in_batches(x):
        if y is not None or sample_weight is not None:
            raise ValueError(
                "y and sample_weight must be None where x hands out batches: each batch brings its "
                "own"
            )
        if validation_split:
            raise ValueError("validation_split needs arrays. Received: x that hands out batches")
        return batches(model, x, class_weight), None
    model._ensure_built(x)
    data = adapt(_judged_signature(model), x, y, sample_weight, class_weight)
    return data.split(validation_split) if validation_split else (data, None)


def batches(model: Model, source: Any, class_weight: Mapping[Any, float] | None) -> BatchData:
    """Return a `BatchData` for the model, which is built for the first batch if it has to be."""
    if model._interface is None:
        first, source = first_of(source)
        model._ensure_built(first[0] if isinstance(first, (tuple, list)) else first)
    signature = _judged_signature(model)

    def one(x: Any, y: Any, sample_weight: Any) -> ArrayData:
        return adapt(signature, x, y, sample_weight, class_weight)

    return BatchData(source, one)


def _judged_signature(model: Model) -> Signature:
    """Return the signature of a model, and which outputs need targets where it is compiled."""
    signature = model._signature()
    if model._compiled is None or len(signature.output_names) == 1:
        return signature
    return signature._replace(judged=model._compiled.judged(signature.output_names))


def example(shape: Any) -> np.ndarray:
    """Return an array without memory that has rows of that shape."""
    row = checked_row_shape(tuple(shape)[1:], "a model")
    return np.broadcast_to(np.float32(0), (1, *row))


def as_structure(x: Any) -> Any:
    """Return data in the form in which a subclassed model's `call` is to see it."""
    if isinstance(x, Mapping) and not hasattr(x, "to_numpy"):
        return {key: as_array(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)) and any(hasattr(item, "shape") for item in x):
        return type(x)(as_array(item) for item in x)
    return as_array(x)


def as_array(value: Any) -> Any:
    if graph.is_sparse(value):
        return value
    array = graph.to_numeric(value)
    return array.reshape(-1, 1) if array.ndim == 1 else array
