"""From output tensors back to what computes them: nodes in order, weights, inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pynn.ops import Node, Tensor, Weight


def topological(outputs: Iterable[Tensor], inputs: Sequence[Tensor]) -> list[Node]:
    """Return the nodes between inputs and outputs, each after those that it depends on.

    Parameters
    ----------
    outputs, inputs : sequence of Tensor
        A tensor of `inputs` is where the walk stops, whatever computes it.

    Raises
    ------
    ValueError
        If an output depends on an input of a model that is not among `inputs`.
    """
    done = {id(tensor) for tensor in inputs}
    order: list[Node] = []
    # Each tensor is met twice: on the way down, and again when all it depends on is in order.
    pending = [(tensor, False) for tensor in reversed(list(outputs))]
    while pending:
        tensor, expanded = pending.pop()
        if id(tensor) in done:
            continue
        node = tensor.node
        if node is None:
            raise ValueError(
                f"the outputs depend on {tensor!r}, which is not among the model's inputs: "
                f"{', '.join(repr(t.name) for t in inputs)}"
            )
        if expanded:
            done.add(id(tensor))
            order.append(node)
            continue
        pending.append((tensor, True))
        pending.extend((x, False) for x in reversed(node.inputs) if isinstance(x, Tensor))
    return order


def weights_of(nodes: Iterable[Node]) -> list[Weight]:
    """Return the weights that the nodes use, each once, in order of use."""
    found: dict[int, Weight] = {}
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Weight):
                found.setdefault(id(value), value)
    return list(found.values())
