"""`Dropout`: silence units at random in training."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._rates import RateLayer


class Dropout(RateLayer):
    """Set inputs to 0 at random in training, and scale up the others.

    Parameters
    ----------
    rate : float
        Probability of 0, in [0, 1).
    seed : int, default=None
        Accepted for Keras's sake; the masks follow from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1).

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014, "Dropout: a simple way to
    prevent neural networks from overfitting", in its inverted form.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Dropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    _op = staticmethod(ops.dropout)

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        if noise_shape is not None:
            raise ValueError(f"noise_shape must be None. Received: noise_shape={noise_shape!r}")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "noise_shape": None}
