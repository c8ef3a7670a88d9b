"""`set_random_seed`: one call that makes a script repeatable."""

from __future__ import annotations

import random

import numpy as np

from pynn import _state


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and pynn.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1, the range that NumPy accepts.

    Raises
    ------
    ValueError
        If `seed` is no integer in that range.

    Examples
    --------
    >>> from pynn import random, utils
    >>> utils.set_random_seed(812)
    >>> first = random.uniform((2,))
    >>> utils.set_random_seed(812)
    >>> bool((random.uniform((2,)) == first).all())
    True
    """
    valid = hasattr(seed, "__index__") and not isinstance(seed, bool) and 0 <= seed < 2**32
    if not valid:
        raise ValueError(f"seed must be an integer in [0, 2**32). Received: {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    _state.set_seed(seed)
