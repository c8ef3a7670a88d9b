"""`VariableHolder`: the variables that an optimizer was built for, and what it keeps for each.

How a step changes them is not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from pynn import _namespace, initializers
from pynn._numbers import LiveNumber
from pynn._user_warning import warn_user
from pynn.optimizers._variables import Tracked, kept_variable, key_of, read, write


class VariableHolder:
    """What `Optimizer` has to do with variables; see there."""

    name: str
    learning_rate: Any
    use_ema: bool
    gradient_accumulation_steps: int | None
    built = False
    _slot_names: tuple[str, ...] = ()  # of an optimizer that has no formula
    _learning_rate: Any
    _iterations: int
    _tracked: dict[int, Tracked]
    _shared: dict[int, tuple[Any, list[np.ndarray]]]

    @property
    def iterations(self) -> LiveNumber:
        """How many steps were taken; it reads like an integer and has ``.numpy()``."""
        return LiveNumber(self._steps_taken, self._set_iterations, "iterations")

    def _steps_taken(self) -> int:
        return self._iterations // (self.gradient_accumulation_steps or 1)

    def _set_iterations(self, n: Any) -> None:
        """Store the number of calls so far; with accumulation each counts."""
        self._iterations = int(n)

    def build(self, variables: Iterable[Any]) -> None:
        """Prepare for `variables`: arrays, or objects with ``.numpy()`` and ``.assign()``.

        A subclass that keeps something for each makes it here, after `super().build`; the first
        step calls this if nobody has.
        """
        self.built = True
        for variable in variables:
            self._track(variable)

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> np.ndarray:
        """Return an array of the shape of a variable, which is kept, saved and restored for it.

        Parameters
        ----------
        reference_variable : array or object with ``.numpy()`` and ``.assign()``
        name : str, default=None
            None stands for the number of what is kept.
        initializer : str, Initializer or callable, default="zeros"

        Returns
        -------
        ndarray
            It is to be changed in place, or by its ``assign``.
        """
        kept = self._track(reference_variable)
        number, kept.made = kept.made, kept.made + 1
        if number == len(kept.state):  # else it came from a file
            made = initializers.get(initializer)(kept.average.shape, dtype=kept.average.dtype)
            kept.state.append(np.array(made, kept.average.dtype))
        if number == len(self._slot_names):
            self._slot_names = (*self._slot_names, name or f"slot_{number}")
        path = getattr(reference_variable, "path", "variable").replace("/", "_")
        return kept_variable(kept.state[number], f"{self.name}/{path}_{self._slot_names[number]}")

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Any], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Return a list of arrays, one for each variable; of several names, a tuple of lists.

        See `add_variable_from_reference`.
        """
        variables = list(trainable_variables)
        if not isinstance(name, str):
            several = isinstance(initializer, (list, tuple))
            given = initializer if several else [initializer] * len(name)
            pairs = zip(name, given, strict=True)
            return tuple(self.add_optimizer_variables(variables, *pair) for pair in pairs)
        return [self.add_variable_from_reference(v, name, initializer) for v in variables]

    def _get_variable_index(self, variable: Any) -> int:
        """Return the place of a variable among those of `build`, as own optimizers ask for it."""
        return list(self._tracked).index(key_of(variable))

    @staticmethod
    def assign(variable: Any, value: Any) -> None:
        """Overwrite a variable, or what is kept for one."""
        write(variable, value)

    @staticmethod
    def assign_add(variable: Any, value: Any) -> None:
        """Add to a variable, or to what is kept for one."""
        write(variable, np.add(variable, value))

    @staticmethod
    def assign_sub(variable: Any, value: Any) -> None:
        """Subtract from a variable, or from what is kept for one."""
        write(variable, np.subtract(variable, value))

    @property
    def variables(self) -> list[Any]:
        """Steps, learning rate unless it is a schedule, and the arrays kept for each weight.

        They are there after `build` or the first step, and change as training, also by ``fit``,
        goes on. Order and ``path`` are Keras's: averages of all weights, sums of gradients, slots.
        """
        self.build(variable for variable, _ in self._shared.values())
        steps = LiveNumber(lambda: self._iterations, self._set_iterations, "iterations")
        steps.path = f"{self.name}/iteration"
        found: list[Any] = [steps]
        if isinstance(self._learning_rate, float):
            found.append(self.learning_rate)
            found[-1].path = f"{self.name}/learning_rate"
        names = self._state_names()
        averages, sums, slots = [], [], []
        for i, kept in enumerate(self._tracked.values()):
            path = getattr(kept.variable, "path", f"variable_{i}").replace("/", "_")
            path = f"{self.name}/{path}"
            if self.use_ema:
                averages.append(kept_variable(kept.average, f"{path}_average"))
            if self.gradient_accumulation_steps is not None:
                sums.append(kept_variable(kept.accumulated, f"{path}_gradient_accumulator"))
            for j, array in enumerate(kept.state):
                name = names[j] if j < len(names) else f"slot_{j}"
                slots.append(kept_variable(array, f"{path}_{name}"))
        return [*found, *averages, *sums, *slots]

    def _state_names(self) -> Sequence[str]:
        """Return what the arrays that are kept for a variable are called."""
        return self._slot_names

    def _share(self, variables: Sequence[Any], states: Sequence[Any], anew: Sequence[bool]) -> None:
        """Keep what belongs to variables in arrays that the engine steps, too.

        Parameters
        ----------
        variables : sequence
        states : sequence of list of ndarray
            In the shapes of the variables.
        anew : sequence of bool
            Whether each state has not been stepped yet, and takes up what is kept so far.
        """
        for variable, state, is_new in zip(variables, states, anew, strict=True):
            key = key_of(variable)
            kept = self._tracked.get(key)
            if kept is not None and [s.shape for s in kept.state] == [s.shape for s in state]:
                if is_new:
                    for slot, array in zip(state, kept.state, strict=True):
                        slot[...] = array
                kept.state = state
            self._shared[key] = variable, state

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write `variables` to a mapping, by their numbers."""
        for i, value in enumerate(self._values()):
            store[str(i)] = value

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set `variables` to what `save_own_variables` has written.

        Where there are not as many, they stay as they are, with a warning.
        """
        count = len(self.variables)
        if len(store) != count:
            warn_user(
                f"the variables of optimizer {self.name!r} stay as they are: it has {count}, and "
                f"{len(store)} were saved. Call build() before"
            )
            return
        self.set_weights([store[str(i)] for i in range(count)])

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all `variables`, which `build` makes.

        Raises
        ------
        ValueError
            If there are not as many, or a shape does not fit.
        """
        variables, values = self.variables, [_namespace.to_array(value) for value in weights]
        expected, given = [v.shape for v in variables], [v.shape for v in values]
        if given != expected:
            raise ValueError(
                f"the variables that the optimizer has been built with have the shapes {expected}. "
                f"Received: {given}"
            )
        for variable, value in zip(variables, values, strict=True):
            write(variable, value)

    def _values(self) -> list[np.ndarray]:
        return [np.array(_namespace.to_array(variable)) for variable in self.variables]

    def _track(self, variable: Any) -> Tracked:
        key = key_of(variable)
        kept = self._tracked.get(key)
        if kept is None:
            value = read(variable)
            if key in self._shared:
                state = self._shared[key][1]
            else:
                state = self._first_state(value, variable)
            kept = self._tracked[key] = Tracked(variable, value, state)
        return kept

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        """Return what is kept for a weight before its first step: arrays of its shape."""
        return []

    def _kept_arrays(self, variables: Iterable[Any]) -> list[dict[str, np.ndarray]]:
        """Return copies of what is kept for each variable, empty for those never changed here."""
        found = [self._tracked.get(key_of(variable)) for variable in variables]
        return [{} if kept is None else kept.arrays() for kept in found]

    def _restore_arrays(self, variables: Sequence[Any], arrays: Sequence[Any]) -> None:
        """Take up what `_kept_arrays` returned."""
        for variable, kept in zip(variables, arrays, strict=True):
            if kept:
                self._track(variable).restore(kept)
