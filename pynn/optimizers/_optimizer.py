"""`Optimizer`, the base class: options, learning rate, and steps on arrays and weights.

The formulas are the engine's (csrc/formulas/optimizers); a subclass names one and its
hyperparameters. What is kept for each variable is in _variable_holder.py; the loop over batches
does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Self, Unpack

import numpy as np

from pynn import _core, _namespace, _state
from pynn._numbers import LiveNumber
from pynn._registry import to_snake_case
from pynn._signatures import SignatureOfInit
from pynn._user_warning import warn_user
from pynn.optimizers import schedules
from pynn.optimizers._common import CommonOptions, checked_options
from pynn.optimizers._learning_rate import (
    LearningRate,
    as_learning_rate,
    check_rates,
    is_plain,
    rates_of,
)
from pynn.optimizers._variable_holder import VariableHolder
from pynn.optimizers._variables import Tracked, in_place, key_of, read, write

# The engine's options that are attributes of the same names.
_OPTIONS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")


class Optimizer(VariableHolder, metaclass=SignatureOfInit):
    """How gradients change weights. Use one of its subclasses.

    Own optimizers define ``update_step(gradient, variable, learning_rate)``, which changes the
    variable, and are then called once per batch and variable. What they keep for each, `build`
    makes by `add_variable_from_reference`.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
        A callable takes the step's number, counted from 0, or nothing, and returns the rate.
    weight_decay : float, LearningRateSchedule or callable, default=None
        If given, weights shrink by ``learning_rate * weight_decay`` of themselves before each step.
        What depends on the step is as for `learning_rate`.
    clipnorm : float, default=None
        Longest Euclidean norm of the gradient of one weight.
    clipvalue : float, default=None
        Largest absolute value in a gradient.
    global_clipnorm : float, default=None
        Longest Euclidean norm of all gradients together. One of these three may be given.
    use_ema : bool, default=False
        Whether an exponential moving average of the weights is kept.
    ema_momentum : float in [0, 1], default=0.99
        How much of the average stays at each step.
    ema_overwrite_frequency : int, default=None
        After how many steps the weights are set to their average; None leaves that to the end of
        training, or to `finalize_variable_values`.
    loss_scale_factor : float, default=None
        What the loss was multiplied by; gradients are divided by it.
    gradient_accumulation_steps : int, default=None
        If given, at least 2: the mean gradient of that many calls makes one step.
    lazy : bool, default=False
        Whether a step leaves alone those rows of a table, of an `Embedding` or any other weight
        that ``ops.take`` looks up along its first axis, whose gradient is 0 throughout, and what is
        kept for them. Of Adam and others that keep means, which would still move them, that is
        another optimizer: its steps cost what the numbers of a batch do, and not the whole table. A
        table with a regularizer or weight decay is stepped as without. Keras has no such argument,
        and its files do not keep it.
    name : str, default=None
        None stands for the class's name in snake case, numbered.
    lr : float
        The older name of `learning_rate`.
    decay : float, default=None
        An older argument: the rate is divided by ``1 + decay * step``.

    Raises
    ------
    ValueError
        If an argument is unknown or out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from pynn import optimizers
    >>> w = np.array([1.0, 2.0])
    >>> optimizer = optimizers.SGD(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(np.array([1.0, 1.0]), w)])
    >>> w
    array([0.5, 1.5])
    """

    _config_names: tuple[str, ...] = ()  # these two are set where an optimizer is declared
    _formulas: Mapping[str, Any] = {}

    decay: float = 0.0
    weight_decay: LearningRate | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    use_ema: bool = False
    ema_momentum: float = 0.99
    ema_overwrite_frequency: int | None = None
    loss_scale_factor: float | None = None
    gradient_accumulation_steps: int | None = None
    lazy: bool = False

    def __init__(self, learning_rate: LearningRate, **common: Unpack[CommonOptions]) -> None:
        unknown = common.keys() - CommonOptions.__annotations__.keys()
        if unknown:
            raise ValueError(f"unknown argument of {type(self).__name__}: {', '.join(unknown)}")
        if "lr" in common:
            warn_user("lr is the older name of learning_rate; use that", FutureWarning)
            learning_rate = common["lr"]
        self.name = common.get("name") or _state.unique_name(to_snake_case(type(self).__name__))
        if common:
            vars(self).update(checked_options(common))
        if self.lazy and not self._formulas:
            raise ValueError(
                "lazy is for optimizers whose steps go element by element, and "
                f"{type(self).__name__} looks at whole weights. Received: lazy=True"
            )
        self._iterations = 0
        self._tracked = {}
        self._shared = {}
        self._excluded: tuple[set[int], str | None] = (set(), None)
        self._learning_rate: LearningRate = as_learning_rate(learning_rate)

    # ---- numbers that depend on the step

    @property
    def learning_rate(self) -> LiveNumber:
        """The learning rate of the next step.

        It reads like a number, has ``.numpy()`` and ``.assign()``, and may be set to a number, or
        to a schedule or callable. `TypeError` is raised for a number in place of a schedule.
        """
        return LiveNumber(self._current_rate, self._set_learning_rate, "learning_rate")

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        self._set_learning_rate(value)

    lr = learning_rate

    def _set_learning_rate(self, value: Any) -> None:
        value = as_learning_rate(value)
        scheduled = isinstance(self._learning_rate, schedules.LearningRateSchedule)
        if scheduled and isinstance(value, float):
            raise TypeError(
                "the learning rate of this optimizer is a LearningRateSchedule and so cannot be "
                "set to a number. Make the optimizer with a number, or set another schedule"
            )
        self._learning_rate = value

    def _current_rate(self) -> float:
        if isinstance(self._learning_rate, float):
            return self._learning_rate
        return float(rates_of(self._learning_rate, self._iterations, 1)[0])

    def _step_rate(self) -> float:
        """Return what the next step goes by: the learning rate, made less by `decay`."""
        if isinstance(self._learning_rate, float) and not self.decay:
            return self._learning_rate
        return float(self._rates(self._iterations, 1)[0])

    @property
    def _has_plain_rates(self) -> bool:
        """Whether the learning rates follow from the steps' numbers without code of the user's."""
        decay = self.weight_decay
        return is_plain(self._learning_rate) and (decay is None or is_plain(decay))

    @property
    def _has_scheduled_decay(self) -> bool:
        """Whether weight decay depends on the step."""
        return self.weight_decay is not None and not isinstance(self.weight_decay, float)

    def _rates(self, first_step: int, n: int) -> np.ndarray:
        """Return the learning rates of `n` steps from number `first_step` on, float64.

        Raises
        ------
        ValueError
            If a schedule or function gives anything but finite numbers that are not negative.
        """
        rates = rates_of(self._learning_rate, first_step, n)
        if not isinstance(self._learning_rate, float):
            check_rates(rates, first_step)
        if self.decay:
            rates = rates / (1.0 + self.decay * np.arange(first_step, first_step + n))
        return rates

    def _decays(self, first_step: int, n: int) -> np.ndarray:
        """Return the weight decays of `n` steps; see `_rates`."""
        decays = rates_of(self.weight_decay or 0.0, first_step, n, "weight decay")
        check_rates(decays, first_step, "weight decay")
        return decays

    def _numbers(self, first_step: int, n: int, others: Sequence[Any] = ()) -> np.ndarray:
        """Return the numbers of `n` steps for a trainer.

        The learning rates; where weight decay depends on the step, or there are `other` schedules,
        a column of each.
        """
        rates = self._rates(first_step, n)
        if not others and not self._has_scheduled_decay:
            return rates
        columns = [rates, self._decays(first_step, n)]
        return np.column_stack([*columns, *(rates_of(other, first_step, n) for other in others)])

    # ---- the engine's formula

    def _engine_name(self) -> str | None:
        """Return the engine's name of the formula, or None if it has none."""
        return next(iter(self._formulas), None)

    def _native(self) -> tuple[str, list[float]] | None:
        """Return the engine's name and hyperparameters, or None for a formula of its own."""
        name = self._engine_name()
        if name is None or type(self).update_step is not Optimizer.update_step:
            return None
        return name, [float(getattr(self, p)) for p in _parameters(name)]

    def _for_trainer(self) -> Any:
        """Return the engine's name and hyperparameters, or the optimizer if it takes the steps."""
        averaged = self.use_ema or self.gradient_accumulation_steps is not None
        return self if averaged else self._native() or self

    @property
    def _stepwise(self) -> bool:
        """Whether the engine cannot train alone, and `apply` is to be called for each batch."""
        return self._for_trainer() is self

    def _first_state(self, w: np.ndarray, variable: Any) -> list[np.ndarray]:
        native = self._native()
        state = (
            [np.zeros_like(w) for _ in range(_core.optimizer_slots(native[0]))] if native else []
        )
        if native and state:
            state[0][...] = _core.optimizer_initial(*native)
        return state

    def _state_names(self) -> Sequence[str]:
        formula = self._formulas.get(self._engine_name() or "")
        return self._slot_names if formula is None else formula.keras_names

    def _to_keras(self, state: list[np.ndarray]) -> list[np.ndarray]:
        """Return the arrays that Keras keeps for a weight, of those that are kept here."""
        return state

    def _from_keras(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Return what is kept for a weight, of the arrays that Keras keeps."""
        return arrays

    def _options(self, variables: Sequence[Any] = ()) -> dict[str, Any]:
        """Return the engine's options; `variables` are needed where some are not to decay."""
        options = {name: given for name in _OPTIONS if (given := getattr(self, name))}
        rates = [getattr(variable, "learning_rate_factor", 1.0) for variable in variables]
        if rates.count(1.0) < len(rates):
            options["rate_factors"] = rates
        if "weight_decay" in options:
            decays = [self._decay_factor(variable) for variable in variables]
            if decays.count(1.0) < len(decays):
                options["decay_factors"] = decays
            if self._has_scheduled_decay:
                options["scheduled_decay"] = bool(options.pop("weight_decay"))
        if self.lazy and any(lazy := [self._is_lazy(variable) for variable in variables]):
            options["lazy"] = lazy
        return options

    def _is_lazy(self, variable: Any) -> bool:
        """Whether rows of a variable whose gradient is 0 are left out of its steps."""
        is_table = self.lazy and getattr(variable, "is_table", False)
        return is_table and not (self.weight_decay and self._decay_factor(variable))

    # ---- steps

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> LiveNumber:
        """Make one step.

        Parameters
        ----------
        grads_and_vars : iterable of (gradient, variable)
            A variable is a float array, which is changed in place, or an object with ``.numpy()``
            and ``.assign()``, such as a layer's weight. A gradient of None leaves its variable.

        Returns
        -------
        LiveNumber
            `iterations`.

        Raises
        ------
        ValueError
            If no gradient is given, or a shape does not fit.
        """
        grads, variables = [], []
        for gradient, variable in grads_and_vars:
            grads.append(gradient)
            variables.append(variable)
        self.apply(grads, variables)
        return self.iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Make one step, as `apply_gradients` does.

        Parameters
        ----------
        grads : iterable of array-like
        trainable_variables : iterable, default=None
            None stands for those of `build` or of the first call.
        """
        grads = list(grads)
        if not grads:
            return
        if trainable_variables is None:
            variables = [kept.variable for kept in self._tracked.values()]
        else:
            variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                "there must be one gradient for each variable. Received: "
                f"{len(grads)} gradients, {len(variables)} variables"
            )
        pairs = [pair for pair in zip(grads, variables, strict=True) if pair[0] is not None]
        if not pairs:
            raise ValueError("at least one gradient must be given. Received: None for all")
        if len(pairs) < len(grads):
            warn_user(
                f"{len(grads) - len(pairs)} of {len(grads)} variables have no gradient and stay "
                "as they are",
            )
        if not self.built and type(self).build is not Optimizer.build:
            self.build(variables)
        grads, variables, kept = [], [], []
        for gradient, variable in pairs:
            tracked = self._track(variable)
            grads.append(self._gradient(gradient, tracked))
            variables.append(variable)
            kept.append(tracked)
        self._apply(grads, variables, kept)
        self._iterations += 1

    def _gradient(self, gradient: Any, kept: Tracked) -> np.ndarray:
        like = kept.average
        array = gradient if isinstance(gradient, np.ndarray) else _namespace.to_array(gradient)
        if array.dtype != like.dtype:
            array = array.astype(like.dtype)
        if array.shape != like.shape:
            raise ValueError(
                "a gradient must have the shape of its variable. Received: "
                f"gradient.shape={array.shape}, variable.shape={like.shape}"
            )
        if self.loss_scale_factor is not None:
            array = array / array.dtype.type(self.loss_scale_factor)
        return array

    def _apply(self, grads: list[np.ndarray], variables: list[Any], kept: list[Tracked]) -> None:
        each = self.gradient_accumulation_steps or 1
        if each > 1:
            for gradient, slot in zip(grads, kept, strict=True):
                slot.accumulated += gradient
            if (self._iterations + 1) % each == 0:
                self._step([slot.accumulated / each for slot in kept], variables, kept)
                for slot in kept:
                    slot.accumulated[...] = 0
        else:
            self._step(grads, variables, kept)
        if self.use_ema:
            self._update_averages()
        for variable in variables:
            constraint = getattr(variable, "constraint", None)
            if constraint is not None:
                write(variable, constraint(read(variable)))

    def _step(self, grads: list[np.ndarray], variables: list[Any], kept: list[Tracked]) -> None:
        rate = self._step_rate()
        options = self._options(variables)
        if options.pop("scheduled_decay", False):
            options["weight_decay"] = float(self._decays(self._iterations, 1)[0])
        native = self._native()
        # A variable that is given twice takes one step after the other.
        if native is not None and len(set(map(id, kept))) == len(kept):
            self._native_step(native, grads, variables, kept, rate, options)
            return
        if options:
            values = [np.array(read(variable), order="C") for variable in variables]
            grads = [np.array(gradient, order="C") for gradient in grads]
            _core.clip_and_decay(rate, values, grads, options)
            for variable, value in zip(variables, values, strict=True):
                if self.weight_decay and self._decay_factor(variable):
                    write(variable, value)
        factors = options.get("rate_factors")
        for i, (gradient, variable) in enumerate(zip(grads, variables, strict=True)):
            self.update_step(gradient, variable, rate if factors is None else rate * factors[i])

    def update_step(self, gradient: np.ndarray, variable: Any, learning_rate: float) -> None:
        """Change one variable by its clipped gradient; weight decay is done by then.

        Parameters
        ----------
        gradient : ndarray
        variable : array or object with ``.numpy()`` and ``.assign()``
        learning_rate : float

        Raises
        ------
        TypeError
            If the class neither names a formula of the engine nor defines this method.
        """
        native = self._native()
        if native is None:
            raise TypeError(
                f"{type(self).__name__} must define update_step(gradient, variable, learning_rate)"
            )
        options = {"lazy": [True]} if self._is_lazy(variable) else {}
        kept = self._track(variable)
        self._native_step(native, [gradient], [variable], [kept], learning_rate, options)

    def _native_step(
        self,
        native: tuple[str, list[float]],
        grads: list[np.ndarray],
        variables: list[Any],
        kept: list[Tracked],
        rate: float,
        options: dict[str, Any],
    ) -> None:
        arrays, states, copies = [], [], []
        for variable, each in zip(variables, kept, strict=True):
            array = in_place(variable)
            if array is None:
                array = np.array(read(variable))
                copies.append((variable, array))
            arrays.append(array)
            states.append(each.state)
        step = self._steps_taken() + 1
        _core.optimizer_steps(*native, rate, step, arrays, states, grads, options)
        for variable, array in copies:
            write(variable, array)

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Iterable[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return what a step makes of other values; the optimizer and its variables keep theirs.

        Parameters
        ----------
        optimizer_variables : sequence of array-like
            In the order of `variables`.
        grads : iterable of array-like
        trainable_variables : sequence of array-like
            In the order of what `build` was given.

        Returns
        -------
        trainable_variables, optimizer_variables : list of ndarray

        Raises
        ------
        ValueError
            If there are not as many values as variables, or a shape does not fit.
        """
        variables = [kept.variable for kept in self._tracked.values()]
        if len(trainable_variables) != len(variables):
            raise ValueError(
                "trainable_variables must be as many as the optimizer was built with, "
                f"{len(variables)}. Received: {len(trainable_variables)}"
            )
        values = [np.array(read(variable)) for variable in variables]
        own, arrays = self._values(), self._kept_arrays(variables)
        try:
            self.set_weights(optimizer_variables)
            for variable, value in zip(variables, trainable_variables, strict=True):
                write(variable, _namespace.to_array(value))
            self.apply(grads)
            return [np.array(read(variable)) for variable in variables], self._values()
        finally:
            for variable, value in zip(variables, values, strict=True):
                write(variable, value)
            self._restore_arrays(variables, arrays)
            self.set_weights(own)

    def scale_loss(self, loss: Any) -> Any:
        """Return `loss` times `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # ---- moving average of the weights

    def _update_averages(self) -> None:
        done = self._steps_taken()
        momentum = self.ema_momentum if done else 0.0
        for kept in self._tracked.values():
            kept.average *= kept.average.dtype.type(momentum)
            kept.average += kept.average.dtype.type(1.0 - momentum) * read(kept.variable)
        frequency = self.ema_overwrite_frequency
        if frequency is not None and (done + 1) % frequency == 0:
            self.finalize_variable_values([kept.variable for kept in self._tracked.values()])

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Set variables to their moving average, if there is one; done at the end of ``fit``."""
        if self.use_ema:
            for variable in var_list:
                kept = self._tracked.get(key_of(variable))
                if kept is not None:
                    write(variable, kept.average)

    # ---- single weights

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave weights out of weight decay.

        Parameters
        ----------
        var_list : iterable of variables, default=None
        var_names : iterable of str, default=None
            Patterns, searched for in the variables' names: ``["bias"]``.
        """
        names = [f"(?:{name})" for name in var_names or ()]
        self._excluded = ({key_of(v) for v in var_list or ()}, "|".join(names) or None)

    def _decay_factor(self, variable: Any) -> float:
        keys, pattern = self._excluded
        if key_of(variable) in keys:
            return 0.0
        if pattern is not None and re.search(pattern, getattr(variable, "name", "")):
            return 0.0
        return float(getattr(variable, "weight_decay_factor", 1.0))

    def __getstate__(self) -> dict[str, Any]:
        # Variables are known by identity, which a copy does not keep.
        return {
            **self.__dict__,
            "_tracked": {},
            "built": False,
            "_shared": {},
            "_excluded": (set(), self._excluded[1]),
        }

    # ---- config

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the same optimizer again, without its state."""
        if_given = ("decay", "lazy")  # Keras has neither
        names = [n for n in CommonOptions.__annotations__ if n not in ("lr", *if_given)]
        names += [name for name in if_given if getattr(self, name)]
        config = {"learning_rate": self._learning_rate}
        config |= {name: getattr(self, name) for name in names}
        for name in ("learning_rate", "weight_decay"):
            config[name] = _written(config[name])
        return {**config, **self._hyperparameters()}

    def _hyperparameters(self) -> dict[str, Any]:
        others = {"learning_rate", *CommonOptions.__annotations__}
        return {name: getattr(self, name) for name in self._config_names if name not in others}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Build an optimizer from the output of `get_config`.

        Parameters
        ----------
        config : mapping
        custom_objects : mapping of str to object, default=None
            Schedules and functions of one's own, by name.
        """
        config = dict(config)
        for name in ("learning_rate", "weight_decay"):
            if isinstance(config.get(name), (str, Mapping)):
                config[name] = schedules.deserialize(config[name], custom_objects)
        return cls(**config)

    def __repr__(self) -> str:
        shown = {"learning_rate": self._learning_rate, **self._hyperparameters()}
        arguments = ", ".join(f"{key}={value!r}" for key, value in shown.items())
        return f"{type(self).__name__}({arguments})"


def _written(rate: LearningRate | None) -> Any:
    if isinstance(rate, schedules.LearningRateSchedule):
        return schedules.serialize(rate)
    if rate is None or isinstance(rate, float):
        return rate
    return getattr(rate, "__name__", type(rate).__name__)


@cache
def _parameters(name: str) -> list[str]:
    """Return the engine's hyperparameters of a formula."""
    return _core.optimizer_parameters(name)
