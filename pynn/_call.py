"""`Call`: one use of a layer on tensors, as models walk them."""

from __future__ import annotations

from typing import Any

from pynn._structure import is_nested, leaves, map_leaves
from pynn._tensor import Tensor


class Call:
    """One call of a layer on tensors, as models walk them.

    Attributes
    ----------
    layer : Layer
    args, kwargs : tuple, dict
        What the layer was called with, tensors included.
    inputs : list of Tensor
        The tensors among them, in order.
    outputs : object
        What it returned, tensors in the same form.
    losses : list
        What was given to `Layer.add_loss` on the way.
    assigns : bool
        Whether weights were assigned to on the way.
    """

    __slots__ = ("args", "assigns", "inputs", "kwargs", "layer", "losses", "outputs")

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer = layer
        # Copies: a list that a layer was called on may grow before the model is made.
        self.args = tuple([_copied(value) for value in args])
        self.kwargs = {key: _copied(value) for key, value in kwargs.items()}
        given = leaves([self.args, self.kwargs])
        self.inputs = [value for value in given if isinstance(value, Tensor)]
        self.outputs: Any = None
        self.losses: list[Any] = []
        self.assigns = False


def _copied(value: Any) -> Any:
    return map_leaves(lambda leaf: leaf, value) if is_nested(value) else value
