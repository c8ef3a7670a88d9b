"""`Call`: one use of a layer on tensors, as models walk them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn._structure import leaves, map_leaves
from pynn.ops import Tensor

if TYPE_CHECKING:
    from pynn.layers._layer import Layer


class Call:
    """One call of a layer on tensors, as models walk them.

    Attributes
    ----------
    layer : Layer
    args, kwargs : tuple, dict
        What the layer was called with, tensors included.
    outputs : object
        What it returned, tensors in the same form.
    losses : list
        What was given to `Layer.add_loss` on the way.
    """

    __slots__ = ("args", "kwargs", "layer", "losses", "outputs")

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer = layer
        # Copies: a list that a layer was called on may grow before the model is made.
        self.args = map_leaves(lambda value: value, args)
        self.kwargs = map_leaves(lambda value: value, kwargs)
        self.outputs: Any = None
        self.losses: list[Any] = []

    @property
    def inputs(self) -> list[Tensor]:
        """The tensors among the arguments, in order."""
        found = leaves([list(self.args), self.kwargs])
        return [value for value in found if isinstance(value, Tensor)]
