"""`Variable`: a weight by itself, and what the weights of layers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn import _allocation, _state, constraints, initializers, regularizers
from pynn._dtypes import dtype_name
from pynn._namespace import to_array
from pynn._number_checks import is_integer
from pynn._weight import Weight
from pynn.layers._arguments import initialized

__all__ = ["Variable"]

_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")


class Variable(Weight):
    """An array of numbers that may be trained and assigned to.

    Layers have such for weights. One in an attribute of a layer or model of one's own class, or in
    a list, tuple or dict there, is one of its weights: trained, counted and saved with them. One by
    itself can be used in whatever a `Tape` records and an optimizer steps.

    Parameters
    ----------
    initializer : array-like, str, Initializer or callable
        The initial value; or what makes it of a shape and a type.
    shape : tuple of int, default=None
        Needed for what makes the value.
    dtype : dtype, default=None
        None stands for the value's; but for `pynn.backend.floatx()` where that is float64, and for
        int32 where it is an int of Python's. Whole numbers and truth values are not trained, and
        models that read them run in NumPy.
    trainable : bool, default=True
        Whether training changes it.
    autocast, aggregation, synchronization, layout : default=True, "none", "auto", None
        Accepted for Keras's sake.
    name : str, default=None
        None stands for ``"variable"``, numbered.
    regularizer : str or Regularizer, default=None
        A penalty that training adds to the loss.
    constraint : str or Constraint, default=None
        Applied after each step.
    learning_rate_factor, weight_decay_factor : float, default=1.0
        What the optimizer's learning rate and weight decay are multiplied by for this variable.

    Attributes
    ----------
    shape : tuple of int
    dtype, name : str
    path : str
        The name after those of the layers that made it.
    trainable : bool

    Raises
    ------
    ValueError
        If a shape or type is missing or impossible, or a `name` has a slash.

    Examples
    --------
    >>> import pynn
    >>> slope = pynn.Variable(2.0, name="slope")
    >>> with pynn.Tape() as tape:
    ...     loss = pynn.ops.square(slope - 5.0)
    >>> optimizer = pynn.optimizers.SGD(0.5)
    >>> _ = optimizer.apply_gradients([(tape.gradient(loss, slope), slope)])
    >>> float(slope), int(pynn.Variable(3, dtype="int32", trainable=False).assign_add(1))
    (5.0, 4)
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        learning_rate_factor: float = 1.0,
        weight_decay_factor: float = 1.0,
    ) -> None:
        name = _state.unique_name("variable") if name is None else name
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"name must be a string without '/'. Received: name={name!r}")
        if aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"aggregation must be one of {_AGGREGATIONS}. Received: aggregation={aggregation!r}"
            )
        super().__init__(
            _initial(initializer, shape, dtype, name),
            name,
            bool(trainable),
            regularizers.get(regularizer),
            constraints.get(constraint),
            learning_rate_factor,
            weight_decay_factor,
        )


def _initial(initializer: Any, shape: Any, dtype: Any, name: str) -> np.ndarray:
    """Return the value that a variable starts from."""
    makes = callable(initializer) or isinstance(initializer, (str, Mapping))
    if not makes:
        value = to_array(initializer)  # which says of a tensor that it has no value
        if dtype is None and value.dtype == np.float64:
            dtype = _state.floatx()
        elif dtype is None and value.dtype.kind == "i" and not hasattr(initializer, "dtype"):
            dtype = "int32"
        return value if dtype is None else value.astype(dtype_name(dtype))
    if shape is None:
        raise ValueError(
            f"an initializer needs to know the shape of variable {name!r}. Received: shape=None"
        )
    shape = (shape,) if is_integer(shape) else tuple(shape)
    for n in shape:
        if not is_integer(n) or n < 0:
            raise ValueError(
                f"the shape of a weight must be known. Received: shape={shape} for {name!r}"
            )
    _allocation.claim(shape, name)
    dtype = _state.floatx() if dtype is None else dtype_name(dtype)
    value = np.asarray(initialized(initializers.get(initializer), shape, dtype), dtype)
    if value.shape != shape:
        raise ValueError(
            f"the initializer of weight {name!r} must return the shape {shape}. "
            f"Received: shape={value.shape}"
        )
    return value
