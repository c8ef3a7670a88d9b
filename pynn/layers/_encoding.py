"""Whole numbers as vectors, and real ones as whole: `CategoryEncoding` and `Discretization`."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import graph, ops
from pynn._number_checks import checked_size, is_number
from pynn.layers._adapting import Adapting
from pynn.layers._config import registry
from pynn.layers._layer import Layer

__all__ = ["CategoryEncoding", "Discretization"]

_OLD_MODES = {"binary": "multi_hot"}


def checked_mode(mode: str, *modes: str) -> str:
    """Return how a layer writes its numbers: one of `modes`, or of these three.

    Raises
    ------
    ValueError
        If there is no such way.
    """
    known = (*modes, "one_hot", "multi_hot", "count")
    mode = _OLD_MODES.get(mode, mode)
    if mode not in known:
        raise ValueError(
            f"output_mode must be one of {', '.join(known)}. Received: output_mode={mode!r}"
        )
    return mode


def checked_dense(sparse: bool) -> bool:
    """Return False.

    Raises
    ------
    ValueError
        If `sparse` is not.
    """
    if sparse:
        raise ValueError(f"sparse must be False: tensors are dense. Received: sparse={sparse!r}")
    return False


def encoded(numbers: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Return whole numbers from 0 to ``depth - 1`` in the form that `mode` names.

    Others give zeros. Of rows with several axes, the first is that of what is counted.
    """
    if mode == "int":
        return numbers
    rank = ops.ndim(numbers)
    if mode == "multi_hot":
        return ops.multi_hot(numbers, depth, dtype=dtype)
    if mode == "one_hot" and rank > 1 and ops.shape(numbers)[-1] == 1:
        numbers = ops.squeeze(numbers, -1)
    hot = ops.one_hot(numbers, depth, dtype=dtype)
    if mode == "one_hot" or rank == 0:
        return hot
    if weights is not None:
        hot = hot * ops.expand_dims(ops.cast(weights, dtype), -1)
    return ops.sum(hot, axis=min(rank - 1, 1))


@registry.add(example={"num_tokens": 4})
class CategoryEncoding(Layer):
    """Write categories, which are whole numbers, as vectors of zeros and ones.

    Parameters
    ----------
    num_tokens : int
        How many categories there are, which is needed: they go from 0 to ``num_tokens - 1``, and
        others give zeros.
    output_mode : {"multi_hot", "one_hot", "count"}, default="multi_hot"
        Whether a row is one vector with a 1 for each category in it, each entry becomes a vector
        (in place of a last axis of size 1), or a row is a vector of how often each category is in
        it.
    sparse : False, default=False
    **kwargs
        ``name``, ``dtype`` and ``input_shape`` of `Layer`.

    Raises
    ------
    ValueError
        If `num_tokens` is not a positive integer, or there is no such mode.

    Examples
    --------
    >>> from pynn import layers
    >>> layers.CategoryEncoding(3, output_mode="one_hot")([[2], [0]])
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    >>> layers.CategoryEncoding(3)([[2, 0], [1, 1]])
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sparse = checked_dense(sparse)
        self.num_tokens = checked_size("num_tokens", num_tokens)
        self.output_mode = checked_mode(output_mode)
        self._build_at_init()

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the vectors.

        Parameters
        ----------
        inputs : tensor or array
        count_weights : tensor or array, default=None
            What each entry counts, with ``output_mode="count"``.
        """
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                "count_weights need output_mode='count'. "
                f"Received: output_mode={self.output_mode!r}"
            )
        return encoded(inputs, self.output_mode, self.num_tokens, self.dtype, count_weights)


@registry.add(example={"bin_boundaries": [-0.5, 0.0, 1.0], "output_mode": "one_hot"})
class Discretization(Adapting, Layer):
    """Say into which of some intervals numbers fall, which are given or have equal shares of data.

    Parameters
    ----------
    bin_boundaries : list of float, default=None
        Where intervals end and the next ones begin: n of them make n + 1 intervals, the first and
        last of which have no end.
    num_bins : int, default=None
        How many intervals `adapt` makes.
    epsilon : float, default=0.01
        By what share of the data the intervals that `adapt` makes may be off.
    output_mode : {"int", "one_hot", "multi_hot", "count"}, default="int"
        Whether the number of the interval is returned, or vectors as by `CategoryEncoding`.
    sparse : False, default=False
    dtype, name, **kwargs
        As of `Layer`.

    Raises
    ------
    ValueError
        If not just one of `bin_boundaries` and `num_bins` is given; when called, if there are no
        boundaries yet.

    Notes
    -----
    `adapt` keeps a summary of about ``1 / epsilon`` quantiles from batch to batch, as Keras does.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import layers
    >>> layers.Discretization([0.0, 10.0])(np.array([[-1.0, 3.0, 10.0]]))
    array([[0, 1, 2]], dtype=int32)
    >>> layer = layers.Discretization(num_bins=4)
    >>> layer.adapt(np.arange(8.0))
    >>> layer.bin_boundaries
    [1.0, 3.0, 5.0]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, name=name, **kwargs)
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                "either bin_boundaries or num_bins must be given. "
                f"Received: bin_boundaries={bin_boundaries}, num_bins={num_bins}"
            )
        if not is_number(epsilon) or not 0 < epsilon < 1:
            raise ValueError(f"epsilon must be between 0 and 1. Received: epsilon={epsilon!r}")
        self.num_bins = None if num_bins is None else checked_size("num_bins", num_bins)
        self.bin_boundaries = None if bin_boundaries is None else _sorted(bin_boundaries)
        self.epsilon = float(epsilon)
        self.output_mode = checked_mode(output_mode, "int")
        self.sparse = checked_dense(sparse)
        self._summary = _NO_SUMMARY
        self._build_at_init()

    def reset_state(self) -> None:
        """Forget what was counted in the batches of an unfinished `adapt`."""
        if self.num_bins is None:
            raise ValueError(
                f"layer {self.name!r} was made with bin_boundaries, and takes none from data"
            )
        if self._calls:
            raise ValueError(
                f"layer {self.name!r} is part of a model, in which its boundaries are constants. "
                "Call adapt() before"
            )
        self._summary = _NO_SUMMARY

    def update_state(self, data: Any) -> None:
        """Take the numbers of a batch into account."""
        values = np.sort(graph.to_numeric(data).astype(np.float32), axis=None)
        step = max(len(values) * self.epsilon, 1.0)
        quantiles = values[int(step - 1) :: int(step)]
        both = np.hstack([[quantiles, np.full_like(quantiles, step)], self._summary])
        self._summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Make the boundaries of all batches."""
        if not self._summary.size:
            raise ValueError("adapt() needs data: it has no numbers")
        assert self.num_bins is not None
        self.bin_boundaries = _compressed(self._summary, 1.0 / self.num_bins)[0, :-1].tolist()
        self._summary = _NO_SUMMARY

    def call(self, inputs: Any) -> Any:
        """Return the number of each entry's interval, or vectors."""
        if self.bin_boundaries is None:
            raise ValueError(
                f"layer {self.name!r} has no boundaries yet. Call adapt() on data, or give it "
                "bin_boundaries"
            )
        boundaries = np.asarray(self.bin_boundaries, self.dtype)
        below = ops.less(ops.expand_dims(ops.cast(inputs, self.dtype), -1), boundaries)
        number = ops.sum(ops.cast(ops.logical_not(below), "int32"), axis=-1)
        number = ops.cast(number, "int32")
        return encoded(number, self.output_mode, len(boundaries) + 1, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer, and the boundaries that it found."""
        # Keras's takes no trainable.
        names = "name", "dtype", "bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse"
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Discretization:
        """Build a layer from the output of `get_config`, which has what `adapt` found."""
        learned = config.get("num_bins") is not None and config.get("bin_boundaries")
        if not learned:
            return super().from_config(config, custom_objects)
        layer = super().from_config({**config, "bin_boundaries": None}, custom_objects)
        layer.bin_boundaries = _sorted(learned)
        return layer


_NO_SUMMARY = np.empty((2, 0), np.float32)


def _sorted(boundaries: Any) -> list[float]:
    values = np.asarray(boundaries, np.float64)
    if values.ndim != 1 or not np.all(np.diff(values) >= 0):
        raise ValueError(
            f"bin_boundaries must be numbers in order. Received: bin_boundaries={boundaries!r:.80}"
        )
    return [float(value) for value in values]


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """Return a summary, values in order and their weights, at equal shares of all weight."""
    values, weights = summary
    if len(values) * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    total = weights.cumsum()
    reached = total / total[-1]
    cumulative = np.interp(shares, reached, total)
    values = np.interp(shares, reached, values)
    return np.stack([values, np.diff(cumulative, prepend=0.0)]).astype(np.float32)
