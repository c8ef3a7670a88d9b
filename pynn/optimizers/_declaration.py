"""The list of optimizers, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from pynn._registry import Registry, Thing
from pynn.optimizers._optimizer import Optimizer

Hyper = Any  # an object with the attributes rate, step (counted from 1) and the hyperparameters
Step = tuple[np.ndarray, list[np.ndarray]]

registry = Registry("optimizer", base=Optimizer)


class Formula(NamedTuple):
    """One of the engine's formulas, by its name there.

    Attributes
    ----------
    name : str
    step : callable
        ``step(w, g, slots, h)`` returns the new weights and the new slots, the arrays that are kept
        for a weight: plain float64 NumPy, the truth for the kernels. See `Hyper` for `h`.
    example : mapping
        Arguments of the class with which it uses this formula, for tests.
    keras_names : tuple of str
        What Keras calls the slots.
    keras_slots : tuple of tuple of int or None
        The slots in Keras's order: those that it makes together go weight by weight, others one
        after the other. None: it makes all of them together.
    keras_only_if : mapping of int to str
        Slots that Keras has only if that attribute is set.
    keras_last : callable or None
        ``keras_last(optimizer, steps)`` returns a number that Keras keeps besides, at the end.
    """

    name: str
    step: Callable[..., Step]
    example: Mapping[str, Any]
    keras_names: tuple[str, ...] = ()
    keras_slots: tuple[tuple[int, ...], ...] | None = None
    keras_only_if: Mapping[int, str] = {}
    keras_last: Callable[[Any, int], float] | None = None


def optimizer(
    *formulas: Formula, aliases: tuple[str, ...] = (), keras: bool = True
) -> Callable[[Thing], Thing]:
    """Return a decorator that declares an optimizer.

    Parameters
    ----------
    *formulas : Formula
        Those it may use; of several, its ``_engine_name`` chooses one.
    aliases : tuple of str
        Further names, besides the class's own in any case.
    keras : bool, default=True
        Whether Keras has it, under the same name.
    """

    def declare(cls: Any) -> Any:
        if formulas:
            cls._formulas = {formula.name: formula for formula in formulas}
        return registry.add(*aliases, keras=keras)(cls)

    return declare


def formula_of(optimizer: Optimizer) -> Formula | None:
    """Return the formula that an optimizer uses, None if it has none of the engine's."""
    return optimizer._formulas.get(optimizer._engine_name() or "")
