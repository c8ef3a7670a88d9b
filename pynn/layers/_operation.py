"""`Operation`: an op that was applied to tensors outside of any layer, as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _state, ops
from pynn._json import decode, encode, tuples
from pynn._tensor import apply
from pynn.layers._call import Call
from pynn.layers._layer import Layer
from pynn.ops import Node, Tensor

# How slices and ellipses were written before `encode` marked them; tuples and arrays were lists.
_OLD_MARKS: dict[str, Any] = {
    "slice": lambda ends: slice(*ends),
    "ellipsis": lambda _: Ellipsis,
}


class Operation(Layer):
    """What stands for ``pynn.ops`` and operators between the layers of a functional model.

    Parameters
    ----------
    op : Op
    template : tuple
        The op's values; None where a tensor goes.
    params : dict
        The op's keywords.
    """

    def __init__(self, op: Any, template: tuple[Any, ...], params: dict[str, Any]) -> None:
        super().__init__(name=_state.unique_name(op.name))
        self._op = op
        self._template = template
        self._params = params
        self.built = True

    @property
    def op_name(self) -> str:
        """What pictures and tables call it."""
        name: str = self._op.name
        return name

    def call(self, inputs: Any) -> Any:
        """Apply the op to one tensor or array, or to a list of them."""
        supply = iter(inputs if isinstance(inputs, (list, tuple)) else [inputs])
        values = [next(supply) if value is None else value for value in self._template]
        return apply(self._op, *values, **self._params)

    def get_config(self) -> dict[str, Any]:
        """Return the op's name and its constants.

        Raises
        ------
        ValueError
            If the op has other values than numbers.
        """
        return {
            "name": self.name,
            "op": self._op.name,
            "template": encode(list(self._template), self._unwritten, marked=True),
            "params": encode(self._params, self._unwritten, marked=True),
        }

    def _unwritten(self, value: Any) -> Any:
        raise ValueError(
            f"{self._op.name!r} between layers cannot be written down with the value {value!r}. "
            "Put it into a layer of your own"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Operation:
        """Build the layer from the output of `get_config`."""
        params = {key: tuples(decode(v, _OLD_MARKS)) for key, v in config["params"].items()}
        template = tuple(
            np.asarray(value, _state.floatx()) if isinstance(value, list) else decode(value)
            for value in config["template"]
        )
        layer = cls(ops.find_op(config["op"]), template, params)
        layer.name = config["name"]
        return layer


def operation_behind(tensor: Tensor) -> Call:
    """Return the call that stands for the op behind a tensor which no layer returned."""
    if tensor.source is None:
        node: Node | None = tensor.node
        if node is None:
            raise ValueError(f"{tensor!r} does not come from an Input")
        template = tuple(None if isinstance(x, Tensor) else x for x in node.inputs)
        inputs = [x for x in node.inputs if isinstance(x, Tensor)]
        layer = Operation(node.op, template, node.params)
        call = Call(layer, (inputs[0] if len(inputs) == 1 else inputs,), {})
        call.outputs = tensor
        tensor.source = (call, 0)
        tensor.name = layer.name
        layer._calls.append(call)
    source: Call = tensor.source[0]
    return source
