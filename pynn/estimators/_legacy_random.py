"""The random numbers of an MLP's training, those that scikit-learn draws from a RandomState.

The engine draws them, many times faster than NumPy hands them out. What is drawn, and when, is not
here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from pynn import _core
from pynn.estimators._saving import saved_as

_WORDS = 624
_NAME = "MT19937"


@saved_as("LegacyRandom")
class LegacyRandom:
    """A generator of the numbers of ``RandomState(seed)``.

    Parameters
    ----------
    seed : int
        In [0, 2**32).

    Attributes
    ----------
    key : ndarray of uint32, shape (624,)
    position : int
        The state of MT19937.
    """

    def __init__(self, seed: int) -> None:
        self.key = _core.seed_as_numpy(seed)
        self.position = _WORDS

    @classmethod
    def of(cls, random_state: Any) -> LegacyRandom:
        """Return a generator for what scikit-learn's estimators take as `random_state`.

        It goes on where a RandomState stands, and leaves that alone. NumPy's global one, for None,
        gives it a seed, and so does one whose numbers do not come from MT19937.
        """
        if isinstance(random_state, Integral):
            return cls(int(random_state))
        given = check_random_state(random_state)
        if random_state is None or given.get_state(legacy=False)["bit_generator"] != _NAME:
            return cls(int(given.randint(2**31)))
        made = cls(0)
        made.follow(given)
        return made

    def copy(self) -> LegacyRandom:
        """Return another generator of the same numbers."""
        twin = object.__new__(LegacyRandom)
        twin.key, twin.position = self.key.copy(), self.position
        return twin

    def uniform(self, low: float, high: float, shape: Sequence[int]) -> np.ndarray:
        """Return float64 numbers from [low, high)."""
        count = math.prod(shape)
        values, self.position = _core.uniform_as_numpy(self.key, self.position, low, high, count)
        return values.reshape(shape)

    def shuffle(self, order: np.ndarray) -> None:
        """Shuffle row numbers, int64, in place."""
        self.position = _core.shuffle_as_numpy(self.key, self.position, order)

    def as_random_state(self) -> np.random.RandomState:
        """Return a RandomState that stands where this generator does."""
        random_state = np.random.RandomState()
        self.give_to(random_state)
        return random_state

    def give_to(self, random_state: Any) -> None:
        """Let a RandomState of MT19937's numbers go on where this generator stands.

        Others, integers and None are left alone.
        """
        if not isinstance(random_state, np.random.RandomState):
            return
        state = random_state.get_state(legacy=False)
        if state["bit_generator"] == _NAME:
            state["state"] = {"key": self.key, "pos": self.position}
            random_state.set_state(state)

    def follow(self, random_state: np.random.RandomState) -> None:
        """Go on where a RandomState of MT19937's numbers stands."""
        state = random_state.get_state(legacy=False)["state"]
        self.key = np.array(state["key"], np.uint32)
        self.position = int(state["pos"])
