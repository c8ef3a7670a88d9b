"""`CallGraph`: the layer calls between a model's inputs and outputs, and walking them again."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pynn import tree
from pynn._call import Call
from pynn._structure import leaves, map_leaves, pack
from pynn.graph import steps_between
from pynn.layers import Layer, operation_behind
from pynn.models._interface import Interface
from pynn.ops import Tensor
from pynn.training import in_order


class CallGraph(Interface):
    """What lies between tensors, as calls of layers.

    Parameters
    ----------
    inputs, outputs : Tensor, or list, tuple or dict of tensors

    Attributes
    ----------
    calls : list of Call
        Each after those that it depends on.
    layers : list of Layer
        From the inputs to the outputs, by their distance from the end.
    has_optional : bool
        Whether there may be None for an input.

    Raises
    ------
    ValueError
        If something is no tensor, or an output does not depend on the inputs alone.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for role, structure in (("inputs", inputs), ("outputs", outputs)):
            found = list(leaves(structure))
            wrong = [value for value in found if not isinstance(value, Tensor)]
            if wrong or not found:
                raise ValueError(
                    f"the {role} of a model must be tensors, as Input and layers return them. "
                    f"Received: {wrong[0] if wrong else structure!r}"
                )
        # As in Keras, a list of one output is that output.
        alone = isinstance(outputs, (list, tuple)) and len(outputs) == 1
        super().__init__(inputs, outputs[0] if alone else outputs)
        if len({id(tensor) for tensor in self.flat_inputs}) != len(self.flat_inputs):
            raise ValueError("the inputs of a model must be different tensors")
        self._optional = [
            tensor.source is not None and getattr(tensor.source[0].layer, "optional", False)
            for tensor in self.flat_inputs
        ]
        self.has_optional = any(self._optional)
        self.calls = self._order_calls()
        self.layers = self._order_layers()
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                "the layers of a model must have different names. Received: "
                f"{', '.join(map(repr, twice))} more than once"
            )

    def _order_calls(self) -> list[Call]:
        def made_by(tensor: Tensor) -> Call:
            if tensor.node is None:
                raise ValueError(
                    f"the outputs depend on the input {tensor.name!r}, which is not among the "
                    f"model's inputs: {', '.join(repr(t.name) for t in self.flat_inputs)}"
                )
            return operation_behind(tensor)

        begin = [t.source[0] for t in self.flat_inputs if t.node is None and t.source is not None]
        # Where outputs are a dict, layers are in the order of its sorted keys, as Keras's.
        ends = tree.flatten(self.outputs)
        between = steps_between(self.flat_inputs, ends, made_by, lambda c: c.inputs)
        return [*begin, *between]

    def _order_layers(self) -> list[Layer]:
        """Sort layers as Keras does: by distance from the outputs, then by when they are met.

        What feeds a layer, in any of its calls, is further away than the layer in all of them.
        They are met depth first, from the outputs; an input that leads to none of them is not.
        """
        made_by = {id(t): call for call in self.calls for t in leaves(call.outputs)}

        def sources(tensors: Iterable[Tensor]) -> list[Call]:
            return [made_by[id(t)] for t in tensors if id(t) in made_by]

        call_depths: dict[int, int] = {}
        depths: dict[int, int] = {}
        for call in reversed(self.calls):
            key = id(call.layer)
            depths[key] = depth = max(call_depths.get(id(call), 0), depths.get(key, 0))
            for source in sources(call.inputs):
                call_depths[id(source)] = max(call_depths.get(id(source), 0), depth + 1)
        met: dict[int, int] = {}
        seen: set[int] = set()
        waiting = sources(tree.flatten(self.outputs))[::-1]
        while waiting:
            call = waiting.pop()
            if id(call) not in seen:
                seen.add(id(call))
                met.setdefault(id(call.layer), len(met))
                waiting += sources(call.inputs)[::-1]
        layers = {id(call.layer): call.layer for call in self.calls}
        return [layers[key] for key in sorted(layers, key=lambda k: (-depths[k], met.get(k, -1)))]

    @property
    def losses(self) -> list[Any]:
        """What layers gave to ``add_loss`` when they were called."""
        return [loss for call in self.calls for loss in call.losses]

    @property
    def assigns(self) -> bool:
        """Whether a layer assigned to a weight when it was called."""
        return any(call.assigns for call in self.calls)

    def run(self, inputs: Any) -> Any:
        """Call the layers again on other tensors or arrays, and return the outputs.

        Parameters
        ----------
        inputs : tensors or arrays
            In the form of the model's inputs, or as a list; None for one that is optional.

        Raises
        ------
        ValueError
            If there is nothing, or None, for an input.
        """
        given = self.match(inputs)
        for tensor, value, optional in zip(self.flat_inputs, given, self._optional, strict=True):
            if value is None and not optional:
                raise ValueError(f"input {tensor.name!r} needs data. Received: None")
        return pack(self.outputs, self.walk(given, operator.call))

    def walk(self, inputs: Sequence[Any], call_layer: Callable[..., Any]) -> list[Any]:
        """Go through the calls with other values of the inputs, and return those of the outputs.

        ``call_layer(layer, *args, **kwargs)`` returns what takes the place of a layer's outputs.
        """
        values = {id(old): new for old, new in zip(self.flat_inputs, inputs, strict=True)}
        for call in self.calls:
            if not call.inputs:
                continue
            args = map_leaves(lambda x: _replaced(x, values), list(call.args))
            kwargs = map_leaves(lambda x: _replaced(x, values), call.kwargs)
            results = call_layer(call.layer, *args, **kwargs)
            for tensor, value in zip(leaves(call.outputs), leaves(results), strict=True):
                values[id(tensor)] = value
        return [values[id(tensor)] for tensor in self.flat_outputs]

    def match(self, inputs: Any) -> list[Any]:
        """Return one value per input, by name for a dict and by position otherwise."""
        if (form := self.input_form) is not None:
            inputs = in_order(form, inputs)
        if isinstance(inputs, dict):
            names = self.input_names
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(
                    f"there is nothing for the input {missing[0]!r}. "
                    f"Received: a dict with the keys {list(inputs)}"
                )
            return [inputs[name] for name in names]
        found = list(leaves(inputs))
        if len(found) != len(self.flat_inputs):
            raise ValueError(
                f"a model with {len(self.flat_inputs)} inputs takes as many tensors. "
                f"Received: {len(found)}"
            )
        return found


def _replaced(value: Any, values: dict[int, Any]) -> Any:
    if isinstance(value, Tensor):
        return values[id(value)]
    return value
