"""The engine's counter-based random numbers in plain Python: dropout masks and shuffles.

SplitMix64's finaliser (Steele, Lea, Flood 2014), as csrc/base/random.hpp writes it.
"""

from __future__ import annotations

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
WORD = 2**64 - 1
LANES = 32  # rows of a block; values are numbered block by block, feature by feature, row by row


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


def stream_key(seed: int, a: int, b: int = 0) -> int:
    first = mix((seed + GOLDEN) & WORD)
    return mix((mix(first ^ ((a + GOLDEN) & WORD)) + (b ^ GOLDEN)) & WORD)


def random_bits(key: int, index: np.ndarray) -> np.ndarray:
    """64 random bits for each index; arrays of uint64 wrap around as the engine's words do."""
    x = np.uint64(key) + (np.asarray(index, np.uint64) + np.uint64(1)) * np.uint64(GOLDEN)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def dropout_mask(
    rows: int, features: int, rate: float, key: tuple[int, int, int], dtype: str = "float64"
) -> np.ndarray:
    """Return 0 with probability `rate` and 1 / (1 - rate) otherwise, (rows, features).

    `key` is (seed, step, node); `dtype` is the engine's, to which it rounds the rate.
    """
    rounded = float(np.dtype(dtype).type(rate))
    block, lane = np.divmod(np.arange(rows)[:, None], LANES)
    number = (block * features + np.arange(features)) * LANES + lane
    dropped = random_bits(stream_key(*key), number) >> np.uint64(32) < int(rounded * 2**32)
    return np.where(dropped, 0, 1 / (1 - rounded))


def shuffled(order: np.ndarray, seed: int) -> np.ndarray:
    """The order in which an epoch with this shuffle seed takes rows (Fisher-Yates)."""
    bits = random_bits(stream_key(seed, 0), np.arange(len(order)))
    order = order.copy()
    for i in range(len(order) - 1, 0, -1):
        j = (int(bits[i]) >> 32) * (i + 1) >> 32
        order[[i, j]] = order[[j, i]]
    return order
