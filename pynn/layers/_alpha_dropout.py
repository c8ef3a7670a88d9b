"""`AlphaDropout`: dropout that goes with SELU."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn.layers._layer import Layer
from pynn.layers._rates import checked_rate, random_arguments


class AlphaDropout(Layer):
    """Silence units at random in training, and keep mean 0 and variance 1.

    A silenced unit gets the least value that SELU has.

    Parameters
    ----------
    rate : float
        In [0, 1).
    seed : int, default=None
        Accepted for Keras's sake; the noise follows from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1).

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, 2017, "Self-normalizing neural networks".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.AlphaDropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(rate)
        self.seed = seed
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True acts at inference too.
        """
        arguments = random_arguments(training)
        if self.rate == 0 or arguments is None:
            return inputs
        return ops.alpha_dropout(inputs, self.rate, **arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
