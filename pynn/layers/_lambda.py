"""`Lambda`: a function as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._custom_objects import known_objects
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["Lambda"]


@registry.add()
class Lambda(Layer):
    """Apply a function of tensors, written with `pynn.ops` and operators.

    Parameters
    ----------
    function : callable
    output_shape : tuple, default=None
        Accepted for Keras's sake; the shape follows from the function.
    mask : None
        Accepted for Keras's sake.
    arguments : dict, default=None
        Further keywords for the function.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `function` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers, ops
    >>> layers.Lambda(lambda x: ops.square(x))(np.array([[2.0, 3.0]]))
    array([[4., 9.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(f"function must be callable. Received: function={function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the function of `inputs`."""
        return self.function(inputs, **self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, the function by its name.

        Raises
        ------
        ValueError
            If the function has no name to be found by: code is never written down.
        """
        name = getattr(self.function, "__name__", "<lambda>")
        if name == "<lambda>":
            raise ValueError(
                f"the function of layer {self.name!r} has no name. Define it with def, and pass it "
                "in custom_objects when the model is made again"
            )
        return {**super().get_config(), "function": name, "arguments": self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build a layer from the output of `get_config`.

        Raises
        ------
        ValueError
            If the function is neither in `custom_objects`, nor registered, nor in a scope of them.
        """
        name = config["function"]
        if callable(name):
            return cls(**config)
        function = known_objects(custom_objects).get(name)
        if function is None:
            raise ValueError(
                f"the function {name!r} of layer {config.get('name')!r} must be passed in "
                "custom_objects"
            )
        return cls(**{**config, "function": function})
