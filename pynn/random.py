"""Seeds and random arrays.

`SeedGenerator` hands out seeds; the functions turn one seed into one NumPy array, or into a node of
the model that is being recorded, which draws at each pass. The engine's own randomness (shuffling,
dropout) takes its seeds from the same place and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn import _state
from pynn._dtypes import dtype_name
from pynn._tensor import Mode, Op, record
from pynn._tracing import is_symbolic_pass

__all__ = [
    "SeedGenerator",
    "normal",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
__dir__ = __all__.copy


def set_seed(seed: int | None) -> None:
    """Set the seed that everything in pynn without a seed of its own starts from.

    Parameters
    ----------
    seed : int or None
        A non-negative integer, or None for entropy from the operating system.

    Raises
    ------
    ValueError
        If `seed` is negative or no integer.

    See Also
    --------
    pynn.utils.set_random_seed : also seeds Python and NumPy.

    Examples
    --------
    >>> from pynn import random
    >>> random.set_seed(42)
    >>> first = random.normal((3,))
    >>> random.set_seed(42)
    >>> bool((random.normal((3,)) == first).all())
    True
    """
    _state.set_seed(seed)


class SeedGenerator:
    """A sequence of seeds.

    Parameters
    ----------
    seed : int, default=None
        Where the sequence starts; None draws it from the global generator.

    Raises
    ------
    ValueError
        If `seed` is negative or no integer.

    Examples
    --------
    >>> from pynn import random
    >>> seeds = random.SeedGenerator(1)
    >>> seeds.next() == seeds.next()
    False
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = _state.next_seed() if seed is None else _state.checked_seed(seed)
        self._drawn = 0

    def next(self) -> int:
        """Return the next seed, an integer in [0, 2**63)."""
        self._drawn += 1
        return _state.mix_seed(self._seed, self._drawn)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same sequence from its start."""
        return {"seed": self._seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Build a generator from the output of `get_config`."""
        return cls(**config)


def _generator(seed: int | SeedGenerator | None) -> np.random.Generator:
    if isinstance(seed, SeedGenerator):
        seed = seed.next()
    elif seed is None:
        seed = _state.next_seed()
    return np.random.default_rng(seed)


def _draw(
    *,
    draw: Callable[[np.random.Generator, Any], Any],
    shape: tuple[int | None, ...],
    dtype: str,
    seed: int | SeedGenerator | None,
    mode: Mode,
) -> np.ndarray:
    rng = mode.generator() if seed is None else _generator(seed)
    sizes = tuple(mode.rows if n is None else n for n in shape)
    return np.asarray(draw(rng, sizes)).astype(dtype, copy=False)


def _drawn(
    draw: Callable[[np.random.Generator, Any], Any],
    shape: Sequence[int | None],
    dtype: Any,
    seed: int | SeedGenerator | None,
) -> Any:
    """Return an array of random numbers, or a node of the model that is being recorded."""
    shape, name = tuple(shape), dtype_name(dtype or _state.floatx())
    if is_symbolic_pass():
        op = Op("pynn.random", _draw, None, lambda *, shape, **params: shape, name, modal=True)
        return record(op, (), {"draw": draw, "shape": shape, "dtype": name, "seed": seed})
    if None in shape:
        raise ValueError(
            "the number of rows is known, and may be None, only in the call of a layer or model. "
            f"Received: shape={shape}"
        )
    return np.asarray(draw(_generator(seed), shape)).astype(name, copy=False)


def normal(
    shape: Sequence[int | None],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw from the normal distribution.

    In the `call` of a layer or model each pass draws anew.

    Parameters
    ----------
    shape : sequence of int
        Shape of the result. In a `call`, None stands for the rows of the batch, as in
        ``ops.shape(x)[0]``.
    mean, stddev : float, default=0.0, 1.0
        Mean and standard deviation.
    dtype : dtype, default=None
        None stands for `pynn.backend.floatx()`.
    seed : int or SeedGenerator, default=None
        None draws a seed from the global generator; the same integer gives the same values.

    Returns
    -------
    ndarray, or a tensor in a `call`
    """
    return _drawn(lambda rng, sizes: rng.normal(mean, stddev, sizes), shape, dtype, seed)


def uniform(
    shape: Sequence[int | None],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw from the uniform distribution on [minval, maxval).

    Parameters are those of `normal`, with the bounds in place of mean and deviation.
    """
    return _drawn(lambda rng, sizes: rng.uniform(minval, maxval, sizes), shape, dtype, seed)


def truncated_normal(
    shape: Sequence[int | None],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw from the normal distribution, drawing again what is over two deviations from the mean.

    Parameters are those of `normal`. The result's standard deviation is 0.87962566103423978 times
    `stddev`.
    """

    def draw(rng: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        return mean + stddev * standard_truncated_normal(rng, sizes)

    return _drawn(draw, shape, dtype, seed)


def standard_truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from the standard normal distribution, again what is over 2 away from 0."""
    values = np.asarray(rng.standard_normal(shape))
    far = np.abs(values) > 2.0
    while far.any():
        values[far] = rng.standard_normal(np.count_nonzero(far))
        far = np.abs(values) > 2.0
    return values


def randint(
    shape: Sequence[int | None],
    minval: int,
    maxval: int,
    dtype: Any = "int32",
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw integers from [minval, maxval), each as likely as the others.

    Parameters are those of `normal`, with the bounds in place of mean and deviation.
    """
    return _drawn(lambda rng, sizes: rng.integers(minval, maxval, sizes), shape, dtype, seed)


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> np.ndarray:
    """Return a copy of `x` with its entries along `axis` in random order."""
    return _generator(seed).permutation(np.asarray(x), axis=axis)
