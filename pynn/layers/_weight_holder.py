"""`WeightHolder`: the weights of a layer, its own and those of the layers in its attributes.

What a layer computes with them, and what it is called on, is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

from pynn._custom_objects import is_pynn
from pynn._structure import leaves
from pynn._tracing import Trace, current
from pynn.layers._variable import Variable

# Attributes that hold no layers of one's own, or that would be slow to look through.
NO_LAYERS = frozenset(("_calls", "_init_call", "_own_weights", "_penalties", "_plans", "_tensors"))

# What most attributes are; the others are looked at.
_PLAIN = frozenset((str, int, float, bool, type(None), FunctionType))
_NO_LAYER = _PLAIN | {Variable}

_WEIGHT_ORDER = ("shape", "initializer", "dtype")
_OLD_WEIGHT_ORDER = ("name", "shape", "dtype", "initializer")


class WeightHolder:
    """What `Layer` has to do with weights; see there.

    Attributes
    ----------
    name, dtype : str
    built : bool
        Whether the weights exist.
    """

    name: str
    dtype: str
    built: bool
    _own_weights: list[Variable]
    _rate_factors: Mapping[str, float] = {}  # that the layer was made with, by the weights' names
    _decay_factors: Mapping[str, float] = {}
    _trainable: bool

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        learning_rate_factor: float = 1.0,
        weight_decay_factor: float = 1.0,
        **ignored: Any,
    ) -> Variable:
        """Make a weight that belongs to this layer.

        Parameters
        ----------
        *args
            Shape, initializer and dtype in this order; or name, shape, dtype and initializer, as
            in older code, if the first is a string.
        shape : tuple of int, default=None
            None stands for (), a single number.
        initializer : initializer, default=None
            None stands for Glorot's uniform one where there are two axes or more, zeros elsewhere
            and for whole numbers and truth values.
        dtype : dtype, default=None
            None stands for the layer's. Whole numbers and truth values are not trained.
        trainable : bool, default=True
        regularizer, constraint : default=None
        name : str, default=None
        learning_rate_factor, weight_decay_factor : float, default=1.0
            What the optimizer's learning rate and weight decay are multiplied by for this weight,
            unless the layer was made with factors for it.

        Returns
        -------
        Variable

        Raises
        ------
        ValueError
            If the layer is being called: each call would make another weight.
        """
        trace = current()
        if trace.depth and trace.layers and trace.layers[-1] is self:
            raise ValueError(
                f"layer {self.name!r} must make its weights in __init__() or build(): call() runs "
                f"again and again. Received: add_weight() in call(), name={name!r}"
            )
        if args:
            order = _WEIGHT_ORDER if not isinstance(args[0], str) else _OLD_WEIGHT_ORDER
            given = dict(zip(order, args, strict=False))
            name = given.get("name", name)
            shape = given.get("shape", shape)
            dtype = given.get("dtype", dtype)
            initializer = given.get("initializer", initializer)
        shape = () if shape is None else shape
        if initializer is None:
            several = isinstance(shape, (tuple, list)) and len(shape) > 1
            fractions = dtype is None or np.dtype(dtype).kind == "f"
            initializer = "glorot_uniform" if several and fractions else "zeros"
        name = name or f"weight_{len(self._own_weights)}"
        weight = Variable(
            initializer,
            shape,
            self.dtype if dtype is None else dtype,
            trainable,
            name=name,
            regularizer=regularizer,
            constraint=constraint,
            learning_rate_factor=self._rate_factors.get(name, learning_rate_factor),
            weight_decay_factor=self._decay_factors.get(name, weight_decay_factor),
        )
        weight.path = "/".join([layer.name for layer in self._path(trace)] + [name])
        self._own_weights.append(weight)
        return weight

    def _path(self, trace: Trace) -> tuple[Any, ...]:
        """Return the layers that are being built or called, of which this one is the last."""
        around = trace.layers
        return around if around and around[-1] is self else (*around, self)

    add_variable = add_weight

    def _held(self, wanted: type) -> Iterable[Any]:
        """Return what attributes hold of a kind, in lists, tuples and dicts too, each once."""
        found: dict[int, Any] = {}
        others = _NO_LAYER if wanted is WeightHolder else _PLAIN
        for name, value in self.__dict__.items():
            if type(value) in others or name in NO_LAYERS:
                continue
            kind = _kind(type(value))
            if kind is wanted:
                found[id(value)] = value
            elif kind is Mapping:
                found |= {id(leaf): leaf for leaf in leaves(value) if isinstance(leaf, wanted)}
        found.pop(id(self), None)
        return found.values()

    def _sublayers(self) -> Iterable[Any]:
        """Return the layers that this one holds in its attributes, each once."""
        return self._held(WeightHolder)

    def _all_own_weights(self) -> list[Variable]:
        """Return the weights that the layer has made, and the variables in its attributes.

        Only classes of somebody's own have the latter.
        """
        if _is_pynn(type(self)):
            return self._own_weights
        own = [*self._own_weights, *self._held(Variable)]
        return list({id(each): each for each in own}.values())

    def _with_sublayers(self) -> Iterator[Any]:
        """Yield this layer and those in it, to any depth."""
        yield self
        for layer in self._sublayers():
            yield from layer._with_sublayers()

    def _collect_weights(self, trainable: bool, found: dict[int, tuple[Variable, bool]]) -> None:
        """Add the weights that are not in `found`, and whether training changes them."""
        trainable = trainable and self._trainable
        for weight in self._all_own_weights():
            found.setdefault(id(weight), (weight, trainable and weight.trainable))
        for layer in self._sublayers():
            layer._collect_weights(trainable, found)

    def _unique_weights(self) -> Iterable[tuple[Variable, bool]]:
        found: dict[int, tuple[Variable, bool]] = {}
        self._collect_weights(True, found)
        return found.values()

    @property
    def weights(self) -> list[Variable]:
        """All weights, each once."""
        return [weight for weight, _ in self._unique_weights()]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [weight for weight, trainable in self._unique_weights() if trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone, or changes other than by gradients."""
        return [weight for weight, trainable in self._unique_weights() if not trainable]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it reaches the layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._sublayers():
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Overwrite all weights.

        Parameters
        ----------
        weights : sequence of array-like
            In the order and of the shapes of `get_weights`.

        Raises
        ------
        ValueError
            If their number or a shape differs; nothing is changed then.
        """
        own = self.weights
        values = [np.asarray(value) for value in weights]
        if len(values) != len(own):
            raise ValueError(
                f"{self.name!r} has {len(own)} weights. Received: {len(values)} values"
                + ("" if self.built else f". {self.name!r} has not been built yet")
            )
        for weight, value in zip(own, values, strict=True):
            if value.shape != weight.shape:
                raise ValueError(
                    f"the value of weight {weight.path!r} must have the shape {weight.shape}. "
                    f"Received: shape={value.shape}"
                )
        for weight, value in zip(own, values, strict=True):
            weight.assign(value)

    def count_params(self) -> int:
        """Return how many numbers the weights hold.

        Raises
        ------
        ValueError
            If the weights do not exist yet.
        """
        if not self.built:
            raise ValueError(
                f"{self.name!r} has no weights before it is built. Call it on data, or give the "
                "model an Input first"
            )
        return sum(weight.size for weight in self.weights)


def _find_kind(cls: type) -> type | None:
    """Return what an attribute of this class may be: a layer, a variable, a structure or nothing.

    `Mapping` stands for all structures.
    """
    for kind in (WeightHolder, Variable):
        if issubclass(cls, kind):
            return kind
    return Mapping if issubclass(cls, (list, tuple, Mapping)) else None


# Layers have many attributes, and are looked through often.
_kind: Callable[[type], type | None] = lru_cache(maxsize=1024)(_find_kind)

_is_pynn: Callable[[type], bool] = lru_cache(maxsize=1024)(is_pynn)
