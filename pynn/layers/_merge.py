"""What the merging layers share: they take a list of tensors of matching shapes and give one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class Merge(Layer):
    """Base of the layers that combine a list of inputs, entry by entry.

    A subclass defines ``merge(inputs)`` and, where it needs a number of inputs of its own,
    ``least`` and ``most``.
    """

    least = 1
    most: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def merge(self, inputs: list[Any]) -> Any:
        """Combine the inputs; the base class takes the first."""
        return inputs[0]

    def call(self, inputs: Any) -> Any:
        """Return the combination.

        Parameters
        ----------
        inputs : list of tensors or arrays
            Of one shape, up to axes of size 1.
        """
        values = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
        if not isinstance(values, (list, tuple)) or not values:
            raise ValueError(
                f"layer {self.name!r} takes a list of inputs. Received: {type(inputs).__name__}"
            )
        if len(values) < self.least or (self.most is not None and len(values) > self.most):
            count = f"exactly {self.most}" if self.most else f"at least {self.least}"
            raise ValueError(f"layer {self.name!r} takes {count} inputs. Received: {len(values)}")
        try:
            return self.merge(list(values))
        except ValueError as error:
            shapes = ", ".join(str(ops.shape(value)) for value in values)
            raise ValueError(
                f"layer {self.name!r} cannot combine inputs of the shapes {shapes}: {error}"
            ) from error
