"""`PeriodicEmbedding`: numbers as vectors, by cosines of learned frequencies."""

from __future__ import annotations

import math
from typing import Any

from pynn import initializers, ops
from pynn._number_checks import checked_size
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["PeriodicEmbedding"]


@registry.add(example={"n_frequencies": 4, "units": 2}, keras=False)
class PeriodicEmbedding(Layer):
    """Give each number some values by cosines of learned frequencies, and keep the number itself.

    Of a number x these are ``kernel @ cos(2 pi frequency x + phase) + bias``, each feature with
    weights of its own. The output has the values of the first feature, those of the second, and so
    on, and at last the numbers: ``features * (units + 1)`` columns.

    Parameters
    ----------
    n_frequencies : int, default=16
        Cosines of each number.
    units : int, default=3
        Values that they are combined to, linearly.
    frequency_scale : float, default=0.1
        Standard deviation of the frequencies at the start, which are normal; phases begin uniform
        over a turn, kernel and bias uniform in ``[-1, 1] / sqrt(n_frequencies)``.
    **kwargs
        ``name``, ``dtype``, ``input_shape`` and ``learning_rate_factors`` of `Layer`.

    Attributes
    ----------
    frequency, phase : Weight, shape (features, n_frequencies)
    kernel : Weight, shape (features, n_frequencies, units)
    bias : Weight, shape (features, units)

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, 2024, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data" (PBLD); Gorishniy, Rubachev and Babenko, 2022, "On embeddings for
    numerical features in tabular deep learning".

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.PeriodicEmbedding(units=3)(np.zeros((5, 2))).shape
    (5, 8)
    """

    def __init__(
        self,
        n_frequencies: int = 16,
        units: int = 3,
        frequency_scale: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.n_frequencies = checked_size("n_frequencies", n_frequencies)
        self.units = checked_size("units", units)
        self.frequency_scale = float(frequency_scale)
        self.frequency: Any = None
        self.phase: Any = None
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        features, size = input_shape[-1], self.n_frequencies
        normal = initializers.RandomNormal(0.0, self.frequency_scale)
        turn = initializers.RandomUniform(-math.pi, math.pi)
        uniform = initializers.RandomUniform(-1.0 / math.sqrt(size), 1.0 / math.sqrt(size))
        weight = self.add_weight
        self.frequency = weight((features, size), normal, name="frequency")
        self.phase = weight((features, size), turn, name="phase")
        self.kernel = weight((features, size, self.units), uniform, name="kernel")
        self.bias = weight((features, self.units), uniform, name="bias")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return values and numbers, (rows, features * (units + 1))."""
        turns = ops.expand_dims(inputs, -1) * self.frequency
        cosines = ops.cos(turns * (2.0 * math.pi) + self.phase)
        values = ops.einsum("bfk,fku->bfu", cosines, self.kernel) + self.bias
        columns = ops.reshape(values, (-1, inputs.shape[-1] * self.units))
        return ops.concatenate([columns, inputs], axis=-1)
