"""`GaussianDropout`: multiply by noise around 1 in training."""

from __future__ import annotations

from pynn import ops
from pynn.layers._rates import RateLayer


class GaussianDropout(RateLayer):
    """Multiply inputs by normal noise of mean 1 and variance ``rate / (1 - rate)`` in training.

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
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014, "Dropout: a simple way to
    prevent neural networks from overfitting", section 10.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.GaussianDropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    _op = staticmethod(ops.gaussian_dropout)
