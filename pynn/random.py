"""Seeds and random arrays.

`SeedGenerator` hands out seeds; the functions turn one seed into one NumPy array, or into a node of
the model that is being recorded, which draws at each pass. The engine's own randomness (shuffling,
dropout) takes its seeds from the same place and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn import _namespace, _state
from pynn._dtypes import dtype_name
from pynn._number_checks import checked_rate
from pynn._state import set_seed
from pynn._tensor import Mode, Op, record
from pynn._tracing import is_symbolic_pass

__all__ = [
    "SeedGenerator",
    "categorical",
    "dropout",
    "normal",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
__dir__ = __all__.copy


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


# How NumPy draws an array, of the two numbers that a distribution is known by.
_DRAW: dict[str, Callable[[np.random.Generator, Any, Any, tuple[int, ...]], Any]] = {
    "normal": lambda rng, mean, stddev, shape: rng.normal(mean, stddev, shape),
    "uniform": lambda rng, low, high, shape: rng.uniform(low, high, shape),
    "truncated_normal": lambda rng, mean, stddev, shape: (
        mean + stddev * standard_truncated_normal(rng, shape)
    ),
    "randint": lambda rng, low, high, shape: rng.integers(low, high, shape),
}


def _in_a_pass(
    *,
    kind: str,
    of: tuple[Any, Any],
    shape: tuple[int | None, ...],
    dtype: str,
    seed: int | SeedGenerator | None,
    always: bool,
    mode: Mode,
) -> np.ndarray:
    rng = mode.generator() if seed is None else _generator(seed)
    sizes = mode.sizes(shape)
    return np.asarray(_DRAW[kind](rng, *of, sizes)).astype(dtype, copy=False)


def _drawn(
    kind: str,
    of: tuple[Any, Any],
    shape: Sequence[int | None],
    dtype: Any,
    seed: int | SeedGenerator | None,
) -> Any:
    """Return an array of random numbers, or a node of the model that is being recorded."""
    shape, name = tuple(shape), dtype_name(dtype or _state.floatx())
    if is_symbolic_pass():
        op = Op(f"random_{kind}", _in_a_pass, None, lambda *, shape, **_: shape, name, modal=True)
        params = {"kind": kind, "of": of, "shape": shape, "dtype": name, "seed": seed}
        return record(op, (), {**params, "always": True})
    if None in shape:
        raise ValueError(
            "the number of rows is known, and may be None, only in the call of a layer or model. "
            f"Received: shape={shape}"
        )
    sizes = tuple(n for n in shape if n is not None)
    return np.asarray(_DRAW[kind](_generator(seed), *of, sizes)).astype(name, copy=False)


def normal(
    shape: Sequence[int | None],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw from the normal distribution.

    In the `call` of a layer or model each pass draws anew: in the engine, from the seed of the
    whole training, what has the rows of the batch and no integer for `seed`; else in NumPy.

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

    Examples
    --------
    >>> import pynn
    >>> pynn.random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _drawn("normal", (mean, stddev), shape, dtype, seed)


def uniform(
    shape: Sequence[int | None],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Draw from the uniform distribution on [minval, maxval).

    Parameters are those of `normal`, with the bounds in place of mean and deviation.

    Examples
    --------
    >>> import pynn
    >>> x = pynn.random.uniform((100,), 2.0, 3.0, seed=1)
    >>> bool(x.min() >= 2.0), bool(x.max() < 3.0)
    (True, True)
    """
    return _drawn("uniform", (minval, maxval), shape, dtype, seed)


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

    Examples
    --------
    >>> import pynn
    >>> bool(abs(pynn.random.truncated_normal((100,), seed=1)).max() <= 2.0)
    True
    """
    return _drawn("truncated_normal", (mean, stddev), shape, dtype, seed)


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

    Examples
    --------
    >>> import pynn
    >>> x = pynn.random.randint((100,), 0, 3, seed=1)
    >>> sorted({*x.tolist()})
    [0, 1, 2]
    """
    return _drawn("randint", (minval, maxval), shape, dtype, seed)


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int32", seed: int | SeedGenerator | None = None
) -> Any:
    """Draw classes, each as likely as the softmax of its logit says.

    Parameters
    ----------
    logits : array-like or tensor of shape (rows, classes)
    num_samples : int
        Classes drawn for each row.
    dtype : dtype, default="int32"
    seed : int or SeedGenerator, default=None
        As in `normal`.

    Returns
    -------
    ndarray or tensor of shape (rows, num_samples)

    References
    ----------
    Maddison, Tarlow and Minka, 2014, "A* sampling": the largest of logits with Gumbel noise.

    Examples
    --------
    >>> from pynn import random
    >>> random.categorical([[0.0, 100.0], [100.0, 0.0]], 3)
    array([[1, 1, 1],
           [0, 0, 0]], dtype=int32)
    """
    ops = _namespace.ops()
    rows, classes = ops.shape(logits)
    tiny = float(np.finfo("float32").tiny)
    drawn = ops.maximum(uniform((rows, num_samples, classes), seed=seed), tiny)
    chosen = ops.argmax(ops.expand_dims(logits, 1) - ops.log(-ops.log(drawn)), axis=-1)
    return ops.cast(chosen, dtype_name(dtype))


def dropout(
    inputs: Any,
    rate: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: int | SeedGenerator | None = None,
) -> Any:
    """Set entries to 0 at random and scale up the others, in training and at inference.

    Parameters
    ----------
    inputs : array-like or tensor
    rate : float
        Probability of 0, in [0, 1).
    noise_shape : sequence of int, default=None
        Shape of what is drawn, which is broadcast; None, also for single axes, stands for the
        shape of `inputs`.
    seed : int or SeedGenerator, default=None
        As in `normal`.

    Returns
    -------
    ndarray or tensor of the shape of `inputs`

    Raises
    ------
    ValueError
        If `rate` is outside [0, 1).

    See Also
    --------
    pynn.layers.Dropout : acts in training only.

    Examples
    --------
    >>> import pynn
    >>> kept = pynn.random.dropout(pynn.ops.ones(100), 0.5, seed=1)
    >>> sorted({*kept.tolist()})
    [0.0, 2.0]
    """
    ops = _namespace.ops()
    rate = checked_rate(rate)
    sizes = ops.shape(inputs)
    if noise_shape is not None:
        pairs = zip(noise_shape, sizes, strict=True)
        sizes = tuple(n if given is None else given for given, n in pairs)
    kept = ops.cast(uniform(sizes, seed=seed) >= rate, getattr(inputs, "dtype", _state.floatx()))
    return inputs * kept / (1.0 - rate)


def shuffle(x: Any, axis: int = 0, seed: int | SeedGenerator | None = None) -> np.ndarray:
    """Return a copy of `x` with its entries along `axis` in random order.

    Examples
    --------
    >>> import pynn
    >>> sorted(pynn.random.shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    return _generator(seed).permutation(np.asarray(x), axis=axis)
