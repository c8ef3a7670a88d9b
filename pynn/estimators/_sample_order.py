"""The order in which scikit-learn's linear models visit the samples.

With it `Perceptron` makes the same mistakes in the same order as scikit-learn's, so the same
``random_state`` gives the same weights. Splitting off a validation set is in `_holdout`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_WORD_BITS = 32
_BYTE = np.uint32(255)
_BLOCK = 256
_VALUE_BITS = np.uint32(0x7FFFFFFF)


def _next_state(state: int) -> int:
    """One step of the 32-bit xorshift generator (Marsaglia 2003, shifts 13, 17, 5)."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ ((state << 5) & 0xFFFFFFFF)


def _apply(tables: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Multiply states (vectors of bits) by a matrix over GF(2), given by its tables."""
    product = tables[0, states & _BYTE]
    for i in range(1, 4):
        product ^= tables[i, (states >> np.uint32(8 * i)) & _BYTE]
    return product


def _tables(columns: np.ndarray) -> np.ndarray:
    """Return (4, 256): a matrix times each value of each byte, from its 32 columns."""
    tables = np.zeros((4, 256), np.uint32)
    for i in range(_WORD_BITS):
        byte, bit = divmod(i, 8)
        tables[byte, 1 << bit : 2 << bit] = tables[byte, : 1 << bit] ^ columns[i]
    return tables


@cache
def _jump(doublings: int) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and tables of the matrix that goes ``_BLOCK << doublings`` steps ahead."""
    if doublings:
        columns, tables = _jump(doublings - 1)
        columns = _apply(tables, columns)
    else:
        columns = np.array([_next_state(1 << bit) for bit in range(_WORD_BITS)], np.uint32)
        for _ in range(_BLOCK.bit_length() - 1):
            columns = _apply(_tables(columns), columns)
    return columns, _tables(columns)


def random_values(seed: int, count: int) -> np.ndarray:
    """Return `count` values in [0, 2**31) of the xorshift generator that starts from `seed`.

    The generator is linear over GF(2), so once a block of states is known, the next block of the
    same length is one matrix times it: the states double without a loop over them.
    """
    state = seed & 0xFFFFFFFF or 1
    first = []
    for _ in range(min(count, _BLOCK)):
        state = _next_state(state)
        first.append(state)
    states = np.array(first, np.uint32)
    doublings = 0
    while len(states) < count:
        states = np.concatenate([states, _apply(_jump(doublings)[1], states)])
        doublings += 1
    return states[:count] & _VALUE_BITS


def shuffled(n_samples: int, seed: int) -> np.ndarray:
    """Return the permutation of ``range(n_samples)`` that belongs to `seed`.

    It is the Fisher-Yates shuffle from the front, number ``i`` swapped with one of those from
    ``i`` on. Applied again and again (``order = order[permutation]``) it gives the order of every
    epoch.

    Parameters
    ----------
    n_samples : int
        How many numbers to permute.
    seed : int
        A 32-bit seed; 0 counts as 1.

    Returns
    -------
    ndarray of int64, shape (n_samples,)
    """
    count = max(n_samples - 1, 0)
    values = random_values(seed, count).astype(np.int64)
    first = np.arange(count, dtype=np.int64)
    partners = (first + values % (n_samples - first)).tolist()
    order = list(range(n_samples))
    for i, j in enumerate(partners):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)
