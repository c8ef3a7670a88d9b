"""From output tensors back to what computes them: nodes in order, weights, inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from pynn.ops import Node, Tensor, Weight

Step = TypeVar("Step")


def steps_between(
    inputs: Iterable[Tensor],
    outputs: Iterable[Tensor],
    made_by: Callable[[Tensor], Step],
    taken_by: Callable[[Step], Sequence[Tensor]],
) -> Iterator[Step]:
    """Yield what is computed between tensors, each step after those that it depends on.

    Parameters
    ----------
    inputs, outputs : iterable of Tensor
        A tensor of `inputs` is where the walk stops, whatever computes it.
    made_by : callable
        Returns the step that a tensor comes from.
    taken_by : callable
        Returns the tensors that a step takes.
    """
    known = {id(tensor) for tensor in inputs}
    met: set[int] = set()
    begun: list[Step] = []  # each before the next of what it depends on
    ahead = [iter(outputs)]  # what is still to look at, of the outputs and of each step begun
    while ahead:
        for tensor in ahead[-1]:
            if id(tensor) in known:
                continue
            step = made_by(tensor)
            if id(step) not in met:
                met.add(id(step))
                begun.append(step)
                ahead.append(iter(taken_by(step)))
                break
        else:
            ahead.pop()
            if begun:
                yield begun.pop()


def topological(outputs: Iterable[Tensor], inputs: Sequence[Tensor]) -> list[Node]:
    """Return the nodes between inputs and outputs, each after those that it depends on.

    Raises
    ------
    ValueError
        If an output depends on an input of a model that is not among `inputs`.
    """

    def made_by(tensor: Tensor) -> Node:
        if tensor.node is None:
            raise ValueError(
                f"the outputs depend on {tensor!r}, which is not among the model's inputs: "
                f"{', '.join(repr(t.name) for t in inputs)}"
            )
        return tensor.node

    return list(steps_between(inputs, outputs, made_by, tensors_of))


def tensors_of(node: Node) -> list[Tensor]:
    """Return the tensors that a node takes."""
    return [x for x in node.inputs if isinstance(x, Tensor)]


def weights_of(nodes: Iterable[Node]) -> list[Weight]:
    """Return the weights that the nodes use, each once, in order of use."""
    found: dict[int, Weight] = {}
    for node in nodes:
        for value in node.inputs:
            if isinstance(value, Weight):
                found.setdefault(id(value), value)
    return list(found.values())
