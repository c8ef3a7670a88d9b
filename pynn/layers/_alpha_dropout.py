"""`AlphaDropout`: dropout that goes with SELU."""

from __future__ import annotations

from pynn import ops
from pynn.layers._rates import RateLayer


class AlphaDropout(RateLayer):
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

    _op = staticmethod(ops.alpha_dropout)
