"""`ActivityRegularization`: a penalty on what passes through."""

from __future__ import annotations

from typing import Any

from pynn import regularizers
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["ActivityRegularization"]


@registry.add()
class ActivityRegularization(Layer):
    """Return the input, and add ``l1 * sum(|x|) + l2 * sum(x**2)`` per row to the loss.

    Parameters
    ----------
    l1, l2 : float, default=0.0
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If a strength is negative.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ActivityRegularization(l2=0.01)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = float(l1)
        self.l2 = float(l2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return `inputs`."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]  # made of l1 and l2
        return config
