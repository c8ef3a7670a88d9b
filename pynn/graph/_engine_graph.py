"""What the engine runs to predict, node by node: for those who write it in another language.

Each row of a tensor is flat, broadcasting and moves within rows are lists of features, and what is
random or averages batches in training is not there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pynn import _core
from pynn.graph._lowering import lower_to_engine
from pynn.graph._plan import EagerPlan, Plan
from pynn.ops import Node, Tensor

Instruction = tuple[str, list[int], float]


class EngineNode(NamedTuple):
    """A node of the engine.

    Attributes
    ----------
    kind : str
        ``"input"``, ``"dense"``, the name of an activation and so on.
    width : int
        Numbers in each row of its value.
    inputs : list of int
        Places of other nodes.
    variables : list of _core.Variable
    params : dict of str to float
    indices : list of int
    constants : list of list of float
        Of an expression: one number, or one for each feature.
    instructions : list of (str, list of int, float)
        Of an expression: names, operands and alphas. Operands count the inputs first, then the
        constants, then the results of earlier instructions.
    layer : str
        The name of the layer that it belongs to, as far as one is known.
    """

    kind: str
    width: int
    inputs: list[int]
    variables: list[_core.Variable]
    params: dict[str, float]
    indices: list[int]
    constants: list[list[float]]
    instructions: list[Instruction]
    layer: str = ""


class EngineGraph(NamedTuple):
    """The nodes that predict, in an order in which they can be computed.

    Attributes
    ----------
    nodes : list of EngineNode
    inputs, outputs : list of int
        Their places.
    graph : _core.Graph
        The same as the engine has it.
    """

    nodes: list[EngineNode]
    inputs: list[int]
    outputs: list[int]
    graph: _core.Graph


class _ReadableGraph(_core.Graph):
    """A graph of the engine that keeps what was added to it."""

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype)
        self.nodes: list[EngineNode] = []

    def add(
        self,
        kind: str,
        inputs: Sequence[int] = (),
        variables: Sequence[_core.Variable] = (),
        params: dict[str, float] | None = None,
        indices: Sequence[int] = (),
    ) -> int:
        params = params or {}
        number = super().add(kind, inputs, variables, params, indices)
        width = self.width(number)
        given = list(inputs), list(variables), params, list(indices)
        self.nodes.append(EngineNode(kind, width, *given, [], []))
        return number

    def add_expression(
        self, inputs: Sequence[int], constants: Sequence[Any], instructions: Sequence[Any]
    ) -> int:
        number = super().add_expression(inputs, constants, instructions)
        width = self.width(number)
        program = [list(values) for values in constants], list(instructions)
        self.nodes.append(EngineNode("expression", width, list(inputs), [], {}, [], *program))
        return number


def engine_graph(plan: Plan) -> EngineGraph:
    """Return what the engine runs to predict.

    Raises
    ------
    NotImplementedError
        If the engine does not predict, or not row by row, or not the same each time; the message
        names the layer that is in the way.
    """
    if isinstance(plan, EagerPlan):
        raise NotImplementedError(
            "this model's call() looks at values, and so it runs anew for each batch: there is no "
            "graph of it to write"
        )
    if plan.updates:
        raise NotImplementedError("this model assigns to its weights when it predicts")
    nodes = plan.output_nodes
    if plan.batch_op is not None:
        raise NotImplementedError(
            f"{_describe(nodes, plan.batch_op)} looks at all rows of a batch: there is no function "
            "of one row to write"
        )
    for node in nodes:
        if node.params.get("always"):
            raise NotImplementedError(
                f"{_describe(nodes, node.op.name)} draws random numbers when it predicts, too"
            )
    readable = _ReadableGraph(plan.dtype)
    lowered = lower_to_engine(nodes, plan.inputs, plan.outputs, plan.dtype, predicting=readable)
    if isinstance(lowered, str):
        raise NotImplementedError(
            f"the engine does not have {_describe(nodes, lowered)}, which runs in NumPy"
        )
    layers = {
        lowered.ids[id(node.output)]: _layer_of(node, nodes)
        for node in reversed(nodes)
        if id(node.output) in lowered.ids
    }
    named = [
        node._replace(layer=layers.get(place, "")) for place, node in enumerate(readable.nodes)
    ]
    return EngineGraph(named, lowered.inputs, lowered.outputs, readable)


def _describe(nodes: Sequence[Node], op: str) -> str:
    """Return the words for an op of which only the name is known."""
    layer = next((_layer_of(node, nodes) for node in nodes if node.op.name == op), "")
    return f"the op {op!r}" + (f" of the layer {layer!r}" if layer else "")


def _layer_of(node: Node, nodes: Sequence[Node]) -> str:
    """Return the name of the layer whose call recorded a node, "" if there was none."""
    reached = {id(node.output)}
    for later in nodes[nodes.index(node) :]:
        if later is node or any(isinstance(x, Tensor) and id(x) in reached for x in later.inputs):
            if later.output.source is not None:
                return str(later.output.source[0].layer.name)
            reached.add(id(later.output))
    return ""
