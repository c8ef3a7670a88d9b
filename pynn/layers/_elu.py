"""`ELU`: the exponential linear unit as a layer."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer


class ELU(Layer):
    """Return `x` where it is positive and ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float, default=1.0
        What the output tends to on the negative side, with its sign changed.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, 2016, "Fast and accurate deep network learning by
    exponential linear units (ELUs)".

    Examples
    --------
    >>> from pynn import layers
    >>> layers.ELU()([[0.0, 1.0]])
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the activation of `inputs`."""
        return ops.apply_activation("elu", inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "alpha": self.alpha}
