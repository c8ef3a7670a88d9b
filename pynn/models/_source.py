"""From what a user gives as data to what the training loop takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import graph
from pynn._shape_rules import checked_row_shape
from pynn._sparse import is_sparse
from pynn._structure import children, is_nested
from pynn.training import (
    ArrayData,
    BatchData,
    adapt,
    class_weighted,
    comes_in_batches,
    first_of,
)

if TYPE_CHECKING:
    from pynn.models._base_model import BaseModel


def prepare(
    model: BaseModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | None = None,
    validation_split: float = 0.0,
) -> tuple[Any, ArrayData | None]:
    """Return the data, and the part of it kept for validation.

    A model that has not been built is built for the data.

    Raises
    ------
    ValueError
        If the data does not fit the model, or cannot be split.
    """
    if not comes_in_batches(x):
        model._ensure_built(x)
        signature = model._signature()
        data, held_out = adapt(signature, x, y, sample_weight), None
        if validation_split:
            data, held_out = data.split(validation_split)
        return class_weighted(data, class_weight, signature), held_out
    if y is not None or sample_weight is not None:
        raise ValueError(
            "y and sample_weight must be None where x hands out batches: each batch brings its own"
        )
    if validation_split:
        raise ValueError("validation_split needs arrays. Received: x that hands out batches")
    if model._interface is None:
        first, x = first_of(x)
        model._ensure_built(first[0] if isinstance(first, (tuple, list)) else first)
    signature = model._signature()

    def weighted(x: Any, y: Any, sample_weight: Any) -> ArrayData:
        return class_weighted(adapt(signature, x, y, sample_weight), class_weight, signature)

    return BatchData(x, weighted), None


def example(shape: Any) -> np.ndarray:
    """Return an array without memory that has rows of that shape."""
    row = checked_row_shape(tuple(shape)[1:], "a model")
    return np.broadcast_to(np.float32(0), (1, *row))


def as_structure(x: Any, convert: Callable[[Any], Any] | None = None) -> Any:
    """Return data in the form in which a subclassed model's `call` is to see it.

    Parameters
    ----------
    x : array-like, or list, tuple or dict of them
    convert : callable, default=as_array
        What makes an array of each.
    """
    convert = as_array if convert is None else convert
    if isinstance(x, Mapping) and not hasattr(x, "to_numpy"):
        return {key: as_structure(value, convert) for key, value in x.items()}
    if isinstance(x, (list, tuple)) and _holds_arrays(x):
        return type(x)(as_structure(item, convert) for item in x)
    return convert(x)


def _holds_arrays(x: Any) -> bool:
    """Whether there is an array in a list; of a list within it, its first entry counts."""
    return any(
        hasattr(item, "shape") or (is_nested(item) and _holds_arrays([*children(item)][:1]))
        for item in x
    )


def as_array(value: Any) -> Any:
    """Return an array of numbers with rows, or a sparse matrix as it is."""
    if is_sparse(value):
        return value
    array = graph.to_numeric(value)
    return array.reshape(-1, 1) if array.ndim == 1 else array
