"""`Function`: a function of `pynn.ops` that is called as a layer, as Keras's files have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynn._array_result import as_result
from pynn._json import encode, tuples
from pynn._structure import map_leaves
from pynn._tensor import recording
from pynn.layers._layer import Layer
from pynn.ops._lookup import find_function


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
    >>> from pynn.layers._function import Function
    >>> Function("sum", {"axis": -1})(np.array([[1.0, 2.0]], dtype="float32"))
    array([3.], dtype=float32)
    """

    def __init__(
        self, function: str, arguments: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self._function = find_function(function)
        self._arguments = {key: tuples(value) for key, value in (arguments or {}).items()}
        self.built = True

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
