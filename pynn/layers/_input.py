"""`Input` and `InputLayer`: where a model begins. No data passes through them at run time."""

from __future__ import annotations

from typing import Any

from pynn import _state
from pynn._call import Call
from pynn._dtypes import dtype_name
from pynn._shape_rules import checked_row_shape
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.ops import Tensor

__all__ = ["Input", "InputLayer"]


@registry.add()
class InputLayer(Layer):
    """The layer behind a model's input.

    Parameters
    ----------
    shape : tuple of int
        Shape of one row; also accepted as ``input_shape``.
    dtype : dtype, default=None
        Type of the data, which may be of integers; None stands for `pynn.backend.floatx()`.
    name : str, default=None
    batch_shape : tuple, default=None
        The shape with the batch's size in front, in place of `shape`.
    optional : bool, default=False
        Whether a model may be called with None in place of data.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.InputLayer((4,)).output.shape
    (None, 4)
    """

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = None,
        name: str | None = None,
        *,
        input_shape: Any = None,
        batch_shape: Any = None,
        batch_input_shape: Any = None,
        batch_size: int | None = None,
        sparse: bool | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        trainable: bool = True,
    ) -> None:
        full = batch_shape if batch_shape is not None else batch_input_shape
        if full is not None:
            for argument, other in (("shape", shape), ("batch_size", batch_size)):
                if other is not None:
                    raise ValueError(
                        f"an Input takes {argument} or batch_shape, not both. Received: "
                        f"{argument}={other}, batch_shape={full}"
                    )
            shape = tuple(full)[1:]
        elif shape is None:
            shape = input_shape
        if input_tensor is not None:
            raise ValueError(f"input_tensor must be None. Received: input_tensor={input_tensor!r}")
        if shape is None:
            raise ValueError("an Input needs the shape of one row. Received: shape=None")
        super().__init__(name=name or _state.unique_name("input_layer"), trainable=trainable)
        self.shape = checked_row_shape(shape, "an Input")
        self.dtype = _state.floatx() if dtype is None else dtype_name(dtype)
        self.optional = bool(optional)
        self.built = True
        tensor = Tensor((None, *self.shape), self.dtype, name=self.name)
        call = Call(self, (), {})
        call.outputs = tensor
        tensor.source = (call, 0)
        self._calls.append(call)

    def call(self, *args: Any, **kwargs: Any) -> None:
        """Return nothing: there is nothing to compute."""

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape with None for the batch's size in front."""
        return (None, *self.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "name": self.name,
            "optional": self.optional,
        }


def Input(  # as Keras calls it
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    *,
    batch_shape: Any = None,
    sparse: bool | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Tensor:
    """Return a tensor that stands for a model's input.

    Parameters
    ----------
    shape : tuple of int
        Shape of one row.
    batch_size : int, default=None
        Accepted and not needed: a model takes batches of any size.
    dtype : dtype, default=None
        Type of the data; None stands for `pynn.backend.floatx()`.
    name : str, default=None
    batch_shape : tuple, default=None
        The shape with the batch's size in front, in place of `shape`.
    optional : bool, default=False
        Whether a functional model may be called with None in place of data, which its layers then
        get, too; `fit`, `evaluate` and `predict` take data for every input.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the shape is missing or not of positive integers.

    Examples
    --------
    >>> import pynn
    >>> inputs = pynn.Input(shape=(4,))
    >>> outputs = pynn.layers.Dense(1)(inputs)
    >>> pynn.Model(inputs, outputs).output_shape
    (None, 1)
    """
    sizes = {"batch_shape": batch_shape, "batch_size": batch_size}
    layer = InputLayer(shape, dtype, name, **sizes, optional=optional)
    return layer.output
