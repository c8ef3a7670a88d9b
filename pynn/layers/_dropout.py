"""`Dropout`: silence units at random in training."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer
from pynn.layers._rates import checked_rate, random_arguments


class Dropout(Layer):
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

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if noise_shape is not None:
            raise ValueError(f"noise_shape must be None. Received: noise_shape={noise_shape!r}")
        self.rate = checked_rate(rate)
        self.seed = seed
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with some set to 0.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True drops at inference too.
        """
        arguments = random_arguments(training)
        if self.rate == 0 or arguments is None:
            return inputs
        return ops.dropout(inputs, self.rate, **arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "rate": self.rate, "noise_shape": None, "seed": self.seed}
