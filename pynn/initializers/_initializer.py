"""The list of initializers and their base classes. No distribution belongs here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from pynn import _state
from pynn._registry import Configured, Registry

registry: Registry[Callable[..., Any]] = Registry("initializer")


class Initializer(Configured, ABC):
    """What weights start from.

    Subclasses define ``__call__(shape, dtype=None)`` and, if they have arguments, ``get_config``.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import initializers
    >>> class Diagonal(initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.eye(*shape, dtype=dtype)
    >>> Diagonal()((2, 2))
    array([[1., 0.],
           [0., 1.]])
    """

    @abstractmethod
    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return the initial value.

        Parameters
        ----------
        shape : sequence of int
            For a dense layer's kernel ``(inputs, units)``.
        dtype : dtype, default=None
            None stands for `pynn.backend.floatx()`.

        Returns
        -------
        ndarray
        """

    def clone(self) -> Self:
        """Return an initializer with the same arguments."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of the random initializers: it keeps the seed.

    Parameters
    ----------
    seed : int or SeedGenerator, default=None
        None draws a seed when the initializer is made. Calls with the same shape then give the same
        values each time; with a `pynn.random.SeedGenerator` they differ.

    Raises
    ------
    ValueError
        If `seed` is negative or of another type.
    """

    def __init__(self, seed: Any = None) -> None:
        self._given_seed = seed
        if seed is None:
            seed = _state.next_seed()
        elif not hasattr(seed, "next"):
            seed = _state.checked_seed(seed, "a non-negative integer, a SeedGenerator")
        self.seed = seed

    @abstractmethod
    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return float64 values."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Return random values of that shape and type, see `Initializer`."""
        seed = self.seed.next() if hasattr(self.seed, "next") else self.seed
        random = np.random.Generator(np.random.PCG64(seed))  # default_rng's, in less time
        values = np.asarray(self._draw(random, tuple(shape)))
        return values.astype(dtype or _state.floatx(), copy=False)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; of a seed generator, the seed that it started from."""
        seed = self._given_seed
        plain = seed.get_config()["seed"] if hasattr(seed, "get_config") else seed
        return {**super().get_config(), "seed": plain}
