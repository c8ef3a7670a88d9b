"""The random numbers of an MLP's training, and the orders of its rows: scikit-learn's.

The engine draws the numbers that scikit-learn draws from a RandomState, many times faster than
NumPy hands them out.
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
from pynn.training import EpochOrder

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


@saved_as("RowOrder")
class RowOrder:
    """Orders of rows, each a shuffle of the one before.

    It keeps where it began and how often it has shuffled, but no array of row numbers, which would
    make every fitted estimator as large as its data. Copies shuffle as often again.

    Parameters
    ----------
    n_rows : int
    random : LegacyRandom
        Draws the shuffles, and goes on doing so.

    Attributes
    ----------
    n_rows : int
    n_shuffled : int
        How many orders have been made.
    """

    def __init__(self, n_rows: int, random: LegacyRandom) -> None:
        self.n_rows = n_rows
        self.n_shuffled = 0
        self._start = random.copy()
        self._rows: np.ndarray | None = None

    def next(self, random: LegacyRandom, first: np.ndarray | None) -> np.ndarray:
        """Return the row numbers of the next epoch; the array is changed by the next call.

        Parameters
        ----------
        random : LegacyRandom
            The generator that the order began with.
        first : ndarray of int64, shape (n_rows,), or None
            The row numbers before any shuffle; None stands for all in order.
        """
        if self._rows is None:
            self._rows = np.arange(self.n_rows) if first is None else first.astype(np.int64)
            again = self._start.copy()
            for _ in range(self.n_shuffled):
                again.shuffle(self._rows)
        random.shuffle(self._rows)
        self.n_shuffled += 1
        return self._rows

    def went_on(self, count: int) -> None:
        """Count shuffles of the array from `next` that its generator has made elsewhere."""
        self.n_shuffled += count

    def forget_rows(self) -> None:
        """Keep no array of rows until the next order is asked for."""
        self._rows = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rows": None}


class RowOrders(EpochOrder):
    """The orders of the epochs of one call to fit.

    Parameters
    ----------
    order : RowOrder or None
        Shuffles them, None leaves them as they stand.
    random : LegacyRandom
        Draws the shuffles.
    rows : ndarray of int64 or None
        The row numbers before any shuffle; None stands for all.
    """

    def __init__(
        self, order: RowOrder | None, random: LegacyRandom, rows: np.ndarray | None
    ) -> None:
        super().__init__()
        self._order = order
        self._random = random
        self._first = self._rows = rows

    def begin(self, epoch: int) -> tuple[np.ndarray | None, int | None]:
        """Return the row numbers of an epoch, None for all."""
        if self._order is not None:
            self._rows = self._order.next(self._random, self._first)
        return self._rows, None

    def ahead(self, next_epoch: int) -> dict[str, Any]:
        """Return the arguments by which the engine shuffles for the next epochs itself."""
        return {} if self._order is None else {"order": self._rows, "random": self._random}

    def went_on(self, epochs: int) -> None:
        """Take note that the engine has shuffled so many times."""
        if self._order is not None:
            self._order.went_on(epochs)
