"""`GaussianNoise`: add noise in training."""

from __future__ import annotations

from typing import Any

from pynn import ops
from pynn._number_checks import is_number
from pynn.layers._layer import Layer
from pynn.layers._rates import random_arguments


class GaussianNoise(Layer):
    """Add normal noise of mean 0 in training.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, not negative.
    seed : int, default=None
        Accepted for Keras's sake; the noise follows from the seed of the whole training.
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `stddev` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.GaussianNoise(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_number(stddev) or stddev < 0:
            raise ValueError(f"stddev must not be negative. Received: stddev={stddev!r}")
        self.stddev = float(stddev)
        self.seed = seed
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Return `inputs`, in training with noise.

        Parameters
        ----------
        inputs : tensor or array
        training : bool, default=None
            None leaves it to the model; True adds noise at inference too.
        """
        arguments = random_arguments(training)
        if arguments is None:
            return inputs
        return ops.gaussian_noise(inputs, self.stddev, **arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
