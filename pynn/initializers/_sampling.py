"""From a seed to numbers: what random initializers share."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn import _state


def make_seed(seed: Any) -> Any:
    """Return `seed` if it is an integer or a seed generator; for None, draw one.

    Raises
    ------
    ValueError
        If `seed` is anything else.
    """
    if seed is None:
        return _state.next_seed()
    if hasattr(seed, "next"):
        return seed
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ValueError(
            f"seed must be a non-negative integer, a SeedGenerator or None. Received: {seed!r}"
        )
    return seed.__index__()


def generator(seed: Any) -> np.random.Generator:
    """Return NumPy's generator for a seed, or for the next seed of a seed generator."""
    # What default_rng would return, in less time.
    return np.random.Generator(np.random.PCG64(seed.next() if hasattr(seed, "next") else seed))
