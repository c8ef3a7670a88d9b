"""`RuleOperand`: what a backward rule computes with where its own steps are recorded.

Rules are written with NumPy. Of arrays they make arrays; of these objects, by NumPy's protocols,
nodes of `pynn.ops`, which can be differentiated again. Which rules there are is not known here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from pynn import _namespace
from pynn._tensor import Op, Tensor, apply
from pynn._tracing import is_symbolic_pass
from pynn._weight import Weight

# NumPy's names of what `pynn.ops` has under another one. Truth values are combined like bits.
_NAMES = {"remainder": "mod", "bitwise_and": "logical_and", "true_divide": "divide"}
_COMPUTE_WITH_NUMBERS = frozenset("add subtract multiply divide".split())


class NotRecordable(TypeError):
    """A rule needs the numbers themselves, or does what `pynn.ops` has no word for."""


class RuleOperand(NDArrayOperatorsMixin):
    """A tensor or weight in the place of an array.

    Parameters
    ----------
    tensor : Tensor or Weight
    kind : dtype
        The gradient's type, which truth values have where they are computed with.
    """

    __slots__ = ("kind", "tensor")

    def __init__(self, tensor: Tensor | Weight, kind: Any) -> None:
        self.tensor = tensor
        self.kind = np.dtype(kind)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape, in which None stands for the rows of a batch."""
        return self.tensor.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.tensor.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return np.dtype(self.tensor.dtype)

    @property
    def T(self) -> Any:  # NumPy's name
        """The matrix with its axes in each other's place."""
        node = self.tensor.node if isinstance(self.tensor, Tensor) else None
        if is_symbolic_pass() and node is not None and node.op.name == "transpose":
            if self.ndim == 2 and node.params["axes"] in (None, (1, 0)):
                return RuleOperand(node.inputs[0], self.kind)  # the engine takes weights, or theirs
        return self.call("transpose", self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise NotRecordable("the numbers are needed")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise NotRecordable(ufunc.__name__)
        if ufunc is np.logaddexp:  # as smooth in its second derivative
            first, second = inputs
            return first + self.call("softplus", second - first)
        return self.call(ufunc.__name__, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name == "shape":
            return args[0].shape
        if name == "ndim":
            return args[0].ndim
        if name == "size":
            shape, axis = args[0].shape, args[1]
            return self.call("batch_size", args[0]) if shape[axis] is None else shape[axis]
        if name == "swapaxes" and args[0].ndim == 2:
            return args[0].T
        if name == "where":
            args = (args[0], *[self._number(value) for value in args[1:]])
        if name == "einsum":
            kwargs = {}
        return self.call(name, *args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self.call("get_item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotRecordable("nothing is written to a recorded value")

    def reshape(self, *shape: Any) -> Any:
        """Return the same entries in another shape."""
        return self.call("reshape", self, shape[0] if np.iterable(shape[0]) else shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum along `axis`."""
        return self.call("sum", self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean along `axis`."""
        return self.call("mean", self, axis, keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the variance along `axis`."""
        return self.call("var", self, axis, keepdims)

    def astype(self, dtype: Any) -> Any:
        """Return the numbers as another type."""
        return self if self.dtype == dtype else self.call("cast", self, dtype)

    def _number(self, value: Any) -> Any:
        return value if isinstance(value, RuleOperand) else np.asarray(value, self.kind)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Apply a function of `pynn.ops`."""
        name = _NAMES.get(name, name)
        ops = _namespace.ops()
        function = getattr(ops, name, None)
        if function is None:
            raise NotRecordable(name)
        given = [self._given(value, name in _COMPUTE_WITH_NUMBERS) for value in args]
        return self._packed(function(*given, **kwargs))

    def _given(self, value: Any, as_number: bool = False) -> Any:
        if isinstance(value, list):
            return [self._given(each) for each in value]
        if not isinstance(value, RuleOperand):
            return value
        if as_number and value.tensor.dtype == "bool":
            return _namespace.ops().cast(value.tensor, self.kind)
        return value.tensor

    def _packed(self, made: Any) -> Any:
        if isinstance(made, list):
            return [self._packed(each) for each in made]
        return RuleOperand(made, self.kind) if isinstance(made, (Tensor, Weight)) else made


def apply_in_rule(op: Op, *values: Any, **params: Any) -> Any:
    """Apply an op to what a rule got: arrays, or `RuleOperand`."""
    for value in values:
        if isinstance(value, RuleOperand):
            given = [x.tensor if isinstance(x, RuleOperand) else x for x in values]
            return value._packed(apply(op, *given, **params))
    return op.forward(*values, **params)
