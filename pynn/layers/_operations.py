"""What ops are in a functional model that stands between its layers: `Operation` and `Function`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pynn import _state, ops
from pynn._array_result import as_result
from pynn._call import Call
from pynn._json import decode, encode, tuples
from pynn._structure import map_leaves
from pynn._tensor import Node, Tensor, apply
from pynn._tracing import recording
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["OPERATIONS", "Function", "Operation", "operation_behind"]

# How slices and ellipses were written before `encode` marked them; tuples and arrays were lists.
_OLD_MARKS: dict[str, Any] = {
    "slice": lambda ends: slice(*ends),
    "ellipsis": lambda _: Ellipsis,
}


@registry.add(keras=False)
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
        self._build_at_init()

    @property
    def op_name(self) -> str:
        """What pictures and tables call it."""
        return self._op.name

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
        made = cls(ops.find_op(config["op"]), template, params)
        made.name = config["name"]
        return made


def operation_behind(tensor: Tensor) -> Call:
    """Return the call that stands for the op behind a tensor which no layer returned."""
    if tensor.source is None:
        node: Node | None = tensor.node
        assert node is not None  # of an Input, which the network has among its inputs
        template = tuple(None if isinstance(x, Tensor) else x for x in node.inputs)
        inputs = [x for x in node.inputs if isinstance(x, Tensor)]
        operation = Operation(node.op, template, node.params)
        call = Call(operation, (inputs[0] if len(inputs) == 1 else inputs,), {})
        call.outputs = tensor
        tensor.source = (call, 0)
        tensor.name = operation.name
        operation._calls.append(call)
    return tensor.source[0]


@registry.add(keras=False)
class Function(Layer):
    """A function of `pynn.ops`, as a layer without weights.

    Where Keras counts ``std(x)`` as one operation, pynn records several ops; this layer is the one
    that both know.

    Parameters
    ----------
    function : str
        Its name in `pynn.ops`.
    arguments : dict, default=None
        Keywords for it, besides what the layer is called on.
    **kwargs
        Those of `Layer`.

    Raises
    ------
    ValueError
        If `pynn.ops` has no such function.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn.layers import Function
    >>> Function("sum", {"axis": -1})(np.array([[1.0, 2.0]], dtype="float32"))
    array([3.], dtype=float32)
    """

    def __init__(
        self, function: str, arguments: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self._function = ops.find_function(function)
        self._arguments = {key: tuples(value) for key, value in (arguments or {}).items()}
        self._build_at_init()

    @property
    def op_name(self) -> str:
        """What pictures and tables call it."""
        return self.function

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self._function(*args, **kwargs, **self._arguments)

    def _call_on_arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # Numbers among the arguments are no inputs, and stay as they are.
        with recording(False):
            return map_leaves(as_result, self._called(args, kwargs))

    def get_config(self) -> dict[str, Any]:
        """Return the function's name and its keywords."""
        return {
            "name": self.name,
            "function": self.function,
            "arguments": encode(self._arguments),
        }


OPERATIONS = (Function, Operation)  # the layers that Keras counts among no model's layers
