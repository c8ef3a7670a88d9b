"""The few settings that are shared by the whole process.

Float type, fuzz factor, seed generator and counters for default names live here and nowhere else.
What users call is in `pynn.backend` and `pynn.random`; computation does not belong here.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynn import _core
from pynn._number_checks import is_number

_FLOAT_TYPES = ("float32", "float64")
_WORD = (1 << 64) - 1

_lock = threading.Lock()
_floatx = "float32"
_epsilon = 1e-7
_interactive = True
_name_counts: dict[str, int] = {}
_seed: int | None = None
_seeds_drawn = 0
_temporary = threading.local()  # has the seeds of `temporary_seed`, of one thread


def floatx() -> str:
    """Return the default float type, ``"float32"`` unless changed.

    Examples
    --------
    >>> from pynn import backend
    >>> backend.floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Set the default float type.

    Parameters
    ----------
    value : {"float32", "float64"}

    Raises
    ------
    ValueError
        If `value` is anything else.
    """
    global _floatx
    if value not in _FLOAT_TYPES:
        raise ValueError(f"floatx must be one of {_FLOAT_TYPES}. Received: {value!r}")
    _floatx = value


def epsilon() -> float:
    """Return the fuzz factor that keeps logarithms and quotients finite, 1e-7 unless changed.

    Examples
    --------
    >>> from pynn import backend
    >>> backend.epsilon()
    1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the fuzz factor.

    Raises
    ------
    ValueError
        If `value` is not a positive number.
    """
    global _epsilon
    if not is_number(value) or value <= 0:
        raise ValueError(f"epsilon must be a positive number. Received: {value!r}")
    _epsilon = float(value)


def enable_interactive_logging() -> None:
    """Let ``verbose="auto"`` show progress, as it does unless changed."""
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Let ``verbose="auto"`` show nothing."""
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Return whether ``verbose="auto"`` shows progress."""
    return _interactive


def unique_name(prefix: str) -> str:
    """Return `prefix`, then ``prefix_1``, ``prefix_2``, ... on further calls.

    Examples
    --------
    >>> reset_names()
    >>> unique_name("dense"), unique_name("dense")
    ('dense', 'dense_1')
    """
    with _lock:
        count = _name_counts.get(prefix, 0)
        _name_counts[prefix] = count + 1
    return prefix if count == 0 else f"{prefix}_{count}"


def reset_names() -> None:
    """Let default names start again without a number."""
    with _lock:
        _name_counts.clear()


def checked_seed(seed: Any, allowed: str = "a non-negative integer") -> int:
    """Return a seed as an integer, or raise ValueError if it is negative or no integer."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ValueError(f"seed must be {allowed} or None. Received: {seed!r}")
    return int(seed.__index__())


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
    global _seed, _seeds_drawn
    seed = None if seed is None else checked_seed(seed)
    if getattr(_temporary, "seeds", None) is not None:  # within `temporary_seed`: this thread's
        _temporary.seeds = _seeds_after(_entropy() if seed is None else seed)
        return
    with _lock:
        _seed = seed
        _seeds_drawn = 0


def global_seed() -> int | None:
    """Return what the global seed generator started from, None if it has not started yet."""
    return _seed


@contextmanager
def temporary_seed(seed: int | None) -> Iterator[None]:
    """Let this thread draw seeds that follow from `seed` for a while; None: do not."""
    if seed is None:
        yield
        return
    before = getattr(_temporary, "seeds", None)
    _temporary.seeds = _seeds_after(checked_seed(seed))
    try:
        yield
    finally:
        _temporary.seeds = before


def next_seed() -> int:
    """Draw the next seed, an integer in [0, 2**63), from the global generator.

    Before the first `set_seed` the generator starts from the operating system's entropy.
    """
    global _seed, _seeds_drawn
    own: Iterator[int] | None = getattr(_temporary, "seeds", None)
    if own is not None:
        return next(own)
    with _lock:
        if _seed is None:
            _seed = _entropy()
        _seeds_drawn += 1
        return mix_seed(_seed, _seeds_drawn)


def _seeds_after(seed: int) -> Iterator[int]:
    return (mix_seed(seed, index) for index in itertools.count(1))


def _entropy() -> int:
    return int.from_bytes(os.urandom(8), "little")


def mix_seed(seed: int, index: int) -> int:
    """Return the seed number `index` of the sequence that belongs to `seed`.

    It is SplitMix64's output function (Steele, Lea and Flood, 2014, "Fast splittable pseudorandom
    number generators"), so neighbouring seeds and indices give unrelated values.
    """
    return _core.mix_seed(seed & _WORD, index)
