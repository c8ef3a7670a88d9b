"""`Weight`: an array that the engine reads and trains in place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn import _core
from pynn._array_result import as_result
from pynn._dtypes import dtype_name
from pynn._namespace import Operators, ops
from pynn._number_checks import is_number
from pynn._tracing import SymbolicValueError, here, is_symbolic_pass

# Lines of a matrix are padded to whole vectors.
_VECTOR = 16
# An input's weights are kept side by side, so that one row, or an entry of a sparse row, meets its
# weights in one piece, unless too much of their lines would be padding.
_PADDING_ALLOWED = 1.25
# With so many inputs, and so many an output, rows may well be sparse: then more padding is allowed.
_MANY_INPUTS = 1000
_INPUTS_PER_OUTPUT = 8
_FEW_OUTPUTS = 8


def _padded(count: int) -> int:
    return -(-count // _VECTOR) * _VECTOR


def _is_in_out(inputs: int, outputs: int) -> bool:
    if inputs >= max(_MANY_INPUTS, _INPUTS_PER_OUTPUT * outputs):
        return outputs >= _FEW_OUTPUTS
    return inputs * _padded(outputs) <= _PADDING_ALLOWED * outputs * _padded(inputs)


def checked_factor(name: str, value: Any) -> float:
    """Return a factor as a float.

    Raises
    ------
    ValueError
        If it is no number, negative or infinite.
    """
    if not is_number(value) or not 0.0 <= value < math.inf:
        raise ValueError(
            f"{name} must be a finite number that is not negative. Received: {name}={value!r}"
        )
    return float(value)


class Weight(Operators):
    """An array of numbers that may be trained; `pynn.Variable` is how users make one.

    The engine thinks of matrices as ``(outputs, inputs)``; a weight shows them the other way round,
    as Keras and scikit-learn do. Nothing is copied on the way: `view` is the engine's own memory.
    Whole numbers and truth values are no weights of the engine, and not trained.

    Parameters
    ----------
    value : ndarray
        The initial value; it is copied.
    name : str
    trainable : bool, default=True
        Whether training changes it.
    regularizer : object, default=None
        A penalty that training adds to the loss.
    constraint : callable, default=None
        Applied to the weight after each step.
    learning_rate_factor, weight_decay_factor : float, default=1.0
        What the optimizer's learning rate and weight decay are multiplied by for this weight.

    Attributes
    ----------
    view : ndarray
        The weight itself, writable, in the layer's shape.
    is_table : bool
        Whether rows of it have been looked up by number: what an optimizer goes by that is `lazy`.

    Examples
    --------
    >>> from pynn import layers
    >>> layer = layers.Dense(2, name="out")
    >>> layer.build((None, 3))
    >>> layer.bias
    <Variable out/bias, shape=(2,), dtype=float32>
    >>> layer.bias.assign([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    __array_priority__ = 100
    is_table = False
    _rate_factor = _decay_factor = 1.0

    def __init__(
        self,
        value: np.ndarray,
        name: str,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        learning_rate_factor: float = 1.0,
        weight_decay_factor: float = 1.0,
    ) -> None:
        self.name = self.path = name
        if learning_rate_factor != 1:
            self.learning_rate_factor = learning_rate_factor
        if weight_decay_factor != 1:
            self.weight_decay_factor = weight_decay_factor
        self.regularizer = regularizer
        self.constraint = constraint
        self.shape: tuple[int, ...] = value.shape
        self.dtype: str = dtype_name(value.dtype)
        kind = value.dtype.kind
        self.trainable = trainable and kind == "f"
        if kind in "iub":
            self._variable: Any = None
            self.view: np.ndarray = np.array(value)
            return
        if self.dtype not in ("float32", "float64"):
            raise ValueError(
                "weights must be of type float32 or float64, or whole numbers or truth values, "
                f"which are not trained. Received: dtype={self.dtype} for {name!r}"
            )
        if value.ndim == 2:
            rows, cols = self.shape[1], self.shape[0]
        else:
            rows, cols = 1, math.prod(self.shape)
        in_out = value.ndim == 2 and _is_in_out(cols, rows)
        self._variable = _core.Variable(rows, cols, self.dtype, in_out)
        native = self._variable.view
        self.view = native.T if value.ndim == 2 else native.reshape(self.shape)
        self.view[...] = value

    @property
    def learning_rate_factor(self) -> float:
        """What the optimizer's learning rate is multiplied by for this weight.

        It may be set, and counts from the next call of ``fit`` on; see `weight_decay_factor`, too.
        """
        return self._rate_factor

    @learning_rate_factor.setter
    def learning_rate_factor(self, factor: float) -> None:
        self._rate_factor = checked_factor("learning_rate_factor", factor)

    @property
    def weight_decay_factor(self) -> float:
        """What the optimizer's weight decay is multiplied by for this weight.

        A step multiplies the weight by ``1 - rate * decay``, each with its factor.
        """
        return self._decay_factor

    @weight_decay_factor.setter
    def weight_decay_factor(self, factor: float) -> None:
        self._decay_factor = checked_factor("weight_decay_factor", factor)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def value(self) -> Any:
        """The weight itself, for code that asks a variable for its tensor.

        Of one that is not trained, and that `call` may assign to, it is what it holds now.
        """
        if self.trainable:
            return self
        return self + 0.0 if here.is_recording else as_result(self.numpy())

    def _read(self) -> np.ndarray:
        """Return `view` to code that asks for numbers; a model cannot be recorded from them."""
        if is_symbolic_pass():
            raise SymbolicValueError(
                f"weight {self.path!r} has no value while a model is recorded, as it may have "
                "another one at each step. Compute with it by means of pynn.ops, and use "
                "pynn.ops.where in place of a Python condition"
            )
        return self.view

    def numpy(self) -> np.ndarray:
        """Return a copy of the values, C-contiguous."""
        return np.array(self._read(), order="C")

    def assign(self, value: Any) -> Weight:
        """Overwrite the values, and return self.

        In the `call` of a layer that is being recorded, the model does so at each pass.

        Parameters
        ----------
        value : array-like or tensor of the weight's shape

        Raises
        ------
        ValueError
            If the shape differs.
        """
        shape = value.shape if hasattr(value, "shape") else np.shape(value)
        if shape != self.shape:
            raise ValueError(
                f"the value of weight {self.path!r} must have the shape {self.shape}. "
                f"Received: shape={shape}"
            )
        if here.is_recording:
            ops().assign(self, value)
        else:
            self.view[...] = np.asarray(value)
        return self

    def assign_add(self, value: Any) -> Weight:
        """Add `value`, and return self; see `assign`."""
        if here.is_recording:
            return self.assign(ops().add(self, value))
        np.add(self.view, np.asarray(value), out=self.view, casting="unsafe")
        return self

    def assign_sub(self, value: Any) -> Weight:
        """Subtract `value`, and return self; see `assign`."""
        if here.is_recording:
            return self.assign(ops().subtract(self, value))
        np.subtract(self.view, np.asarray(value), out=self.view, casting="unsafe")
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._read(), dtype=dtype)

    def __len__(self) -> int:
        return len(self.view)

    def __getitem__(self, key: Any) -> Any:
        return ops().get_item(self, key) if here.is_recording else self.view[key].copy()

    def __float__(self) -> float:
        return float(self._read())

    def __int__(self) -> int:
        return int(self._read())

    def __reduce__(self) -> tuple[Any, ...]:
        kept = (self.trainable, self.regularizer, self.constraint)
        factors = (self.learning_rate_factor, self.weight_decay_factor)
        arguments = (self.numpy(), self.name, *kept, *factors)
        return _restored, (type(self), *arguments), {"path": self.path}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}, shape={self.shape}, dtype={self.dtype}>"


def _restored(cls: type[Weight], *arguments: Any) -> Weight:
    """Return a weight that was pickled."""
    weight = cls.__new__(cls)
    Weight.__init__(weight, *arguments)
    return weight
