"""Features brought to a common scale: by moments of data seen beforehand, or by fixed numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pynn import graph, ops
from pynn._array_result import as_result
from pynn.layers._adapting import batches_of
from pynn.layers._config import registry
from pynn.layers._layer import Layer
from pynn.layers._moved_axes import with_axes_last

_EPSILON = 1e-7  # the least standard deviation that is divided by

__all__ = ["Normalization", "Rescaling"]


@registry.add()
class Normalization(Layer):
    """Shift and scale features to mean 0 and variance 1.

    The moments come from `adapt`, before or after the model is compiled, or from the arguments.

    Parameters
    ----------
    axis : int, tuple of int or None, default=-1
        The axes that have a mean and variance for each place along them, the batch's not among
        them; None has one mean and variance for everything.
    mean, variance : float or array of float, default=None
        Moments that are known; both or neither.
    invert : bool, default=False
        Whether to go the other way, from normalized to original values.
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Attributes
    ----------
    mean, variance : array
        In a shape that broadcasts against the input, ``(1, features)`` of rows; None before the
        layer is built.
    adapt_mean, adapt_variance : Weight, shape (features,), (), or as many axes as `axis` has
        The same as weights, not trainable.
    count : Weight, shape ()
        How many rows `adapt` has seen.

    Raises
    ------
    ValueError
        If only one of the moments is given, or `axis` is none of the input's.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layer = layers.Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(np.array([[2.0, 30.0]]))
    array([[0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError("mean and variance must be given together, or neither of them")
        if isinstance(axis, (list, tuple)):
            axis = axis[0] if len(axis) == 1 else (tuple(axis) or None)
        self.axis = axis
        self.invert = bool(invert)
        self._given = None if mean is None else (np.asarray(mean), np.asarray(variance))
        self.adapt_mean: Any = None
        self.adapt_variance: Any = None
        self.count: Any = None
        self._broadcast_shape: tuple[int, ...] = ()

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape."""
        kept = self._axes(len(input_shape))
        size = tuple(input_shape[axis] for axis in kept)
        self._broadcast_shape = tuple(n if i in kept else 1 for i, n in enumerate(input_shape))
        self.adapt_mean = self.add_weight(
            shape=size, initializer="zeros", trainable=False, name="mean"
        )
        self.adapt_variance = self.add_weight(
            shape=size, initializer="ones", trainable=False, name="variance"
        )
        self.count = self.add_weight(initializer="zeros", trainable=False, name="count")
        if self._given is not None:
            self.adapt_mean.assign(np.broadcast_to(self._given[0], size))
            self.adapt_variance.assign(np.broadcast_to(self._given[1], size))
        self.built = True

    @property
    def mean(self) -> Any:
        """The means, in a shape that broadcasts against the input."""
        return self._broadcast(self.adapt_mean)

    @property
    def variance(self) -> Any:
        """The variances, in a shape that broadcasts against the input."""
        return self._broadcast(self.adapt_variance)

    def _broadcast(self, weight: Any) -> Any:
        return None if weight is None else as_result(weight.numpy().reshape(self._broadcast_shape))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take mean and variance from data, in place of those of an earlier call.

        Parameters
        ----------
        data : array-like or DataFrame, `pynn.utils.PyDataset`, generator or iterable of batches
            With one row per sample. A batch is an array, or a tuple that begins with one.
        batch_size, steps : int, default=None
            With both, only the first ``batch_size * steps`` rows of an array count; of batches,
            the first `steps`.

        Raises
        ------
        ValueError
            If the moments were given to the layer, the data has no rows, or batches differ in the
            shape of their rows.
        TypeError
            If a batch is no array.
        """
        if self._given is not None:
            raise ValueError(
                f"layer {self.name!r} was made with mean and variance, and takes none from data"
            )
        rows, count = 0, 0
        for array in _arrays_of(data, batch_size, steps):
            if not self.built:
                self.build((None, *array.shape[1:]))
            kept = self._axes(array.ndim)
            axes = tuple(axis for axis in range(array.ndim) if axis not in kept)
            if not count:
                shape, mean, square = array.shape[1:], 0.0, 0.0
            elif array.shape[1:] != shape:
                raise ValueError(
                    f"the batches for layer {self.name!r} must have rows of one shape. Received: "
                    f"{shape} and {array.shape[1:]}"
                )
            # Chan, Golub and LeVeque, 1983, "Algorithms for computing the sample variance".
            n = math.prod(array.shape[axis] for axis in axes)
            rows, count = rows + len(array), count + n
            shift = array.mean(axis=axes, dtype=np.float64) - mean
            mean = mean + shift * (n / count)
            square = square + n * array.var(axis=axes, dtype=np.float64)
            square = square + shift**2 * (n * (count - n) / count)
        if not rows:
            raise ValueError("adapt() needs data: it has no rows")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(square / count)
        self.count.assign(rows)

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs."""
        return with_axes_last(self._normalize, inputs, self._axes(ops.ndim(inputs)))

    def _axes(self, rank: int) -> list[int]:
        given: Any = self.axis
        axes = list(given) if isinstance(given, (tuple, list)) else [given]
        axes = [axis for axis in axes if axis is not None]
        if any(not -rank < axis < rank or axis == 0 for axis in axes):
            raise ValueError(
                f"axis of layer {self.name!r} must be None or axes of its input, without the "
                f"batch's. Received: axis={self.axis} for an input of {rank} axes"
            )
        return sorted(axis % rank for axis in axes)

    def _normalize(self, inputs: Any) -> Any:
        mean, variance = self.adapt_mean, self.adapt_variance
        if len(mean.shape) == 1 and not self.invert:
            return ops.normalize_batch(
                inputs,
                mean,
                variance,
                epsilon=_EPSILON**2,  # matters only where the variance vanishes
                frozen=lambda: True,
            )
        deviation = ops.maximum(ops.sqrt(variance), _EPSILON)
        if self.invert:
            return inputs * deviation + mean
        return (inputs - mean) / deviation

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer."""
        mean, variance = self._given or (None, None)
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if mean is None else mean.tolist(),
            "variance": None if variance is None else variance.tolist(),
        }


def _arrays_of(data: Any, batch_size: int | None, steps: int | None) -> Iterator[np.ndarray]:
    """Yield what `Normalization.adapt` is given as arrays with rows."""
    for batch in batches_of(data, steps):
        if batch is not data and not hasattr(batch, "shape"):
            raise TypeError(f"a batch must be an array. Received: {type(batch).__name__}")
        array = graph.to_numeric(batch)
        if batch is data and batch_size is not None and steps is not None:
            array = array[: batch_size * steps]
        if len(array):
            yield array if array.ndim > 1 else array.reshape(-1, 1)


@registry.add()
class Rescaling(Layer):
    """Return ``inputs * scale + offset``.

    Parameters
    ----------
    scale : float or array of float
        ``1 / 255`` brings bytes to [0, 1].
    offset : float or array of float, default=0.0
    **kwargs
        ``name`` and ``input_shape`` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Rescaling(0.5, offset=-1.0)(np.array([[0, 1, 4]], dtype="uint8"))
    array([[-1. , -0.5,  1. ]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain(scale)
        self.offset = _plain(offset)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the rescaled inputs, as floats."""
        scale, offset = (
            value if isinstance(value, float) else np.asarray(value, self.dtype)
            for value in (self.scale, self.offset)
        )
        return ops.cast(inputs, self.dtype) * scale + offset


def _plain(value: Any) -> Any:
    array = np.asarray(value, np.float64)
    return float(array) if array.ndim == 0 else array.tolist()
