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


# M. Giles, "Approximating the erfinv function" (2011), as csrc/kernels/noise-inl.hpp writes it.
CENTRE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def normal_quantile(u: np.ndarray) -> np.ndarray:
    """What a normal number is below with probability `u`."""
    w = -np.log(4 * u * (1 - u))
    centre, tail = np.polyval(CENTRE, w - 2.5), np.polyval(TAIL, np.sqrt(w) - 3)
    return np.sqrt(2) * np.where(w < 5, centre, tail) * (2 * u - 1)


def normal(key: int, index: np.ndarray) -> np.ndarray:
    """A normal number for each index."""
    bits = random_bits(key, index) >> np.uint64(41)
    return normal_quantile((bits.astype(np.float64) + 0.5) / 2**23)


def normal_noise(rows: int, features: int, key: tuple[int, int, int]) -> np.ndarray:
    """Return normal numbers, (rows, features); `key` as in `dropout_mask`."""
    block, lane = np.divmod(np.arange(rows)[:, None], LANES)
    number = (block * features + np.arange(features)) * LANES + lane
    return normal(stream_key(*key), number)


def shuffled(order: np.ndarray, seed: int) -> np.ndarray:
    """The order in which an epoch with this shuffle seed takes rows (Fisher-Yates)."""
    bits = random_bits(stream_key(seed, 0), np.arange(len(order)))
    order = order.copy()
    for i in range(len(order) - 1, 0, -1):
        j = (int(bits[i]) >> 32) * (i + 1) >> 32
        order[[i, j]] = order[[j, i]]
    return order
