"""What layers are recorded with: an `Op`, a `Node` that applies one, and the `Tensor` it yields.

A tensor is symbolic: it has a shape and a history, and no value. Which ops there are, and their
maths, is in `pynn.ops`; turning nodes into something that runs is in `pynn.graph`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pynn import _state
from pynn._allocation import check_row
from pynn._namespace import Operators, namespace
from pynn._numbers import HasValue
from pynn._onnx import OnnxForm
from pynn._tracing import SymbolicValueError, here
from pynn._weight import Weight

Shape = tuple[int | None, ...]


# NumPy's names of the operators that it is asked for where an array stands on their left.
_OPERATORS = {
    **{name: name for name in ("add", "subtract", "multiply", "divide", "floor_divide", "power")},
    **{name: name for name in ("matmul", "less", "less_equal", "greater", "greater_equal")},
    "remainder": "mod",
}


class Op(NamedTuple):
    """One word of the vocabulary, forward beside backward.

    Attributes
    ----------
    name : str
        What messages call it, and what lowering looks it up by.
    forward : callable
        ``forward(*values, **params)`` returns the value.
    backward : callable or None
        ``backward(grad, out, *values, **params)`` returns one gradient, or None, for each value.
        None where the result does not depend on the values smoothly.
    shape : callable
        ``shape(*shapes, **params)`` returns the shape; None stands for the batch's rows.
    dtype : str or None
        Type of the result; None for that of the tensors, and ``"float"`` for that of those
        among them that hold floats, or `floatx` if none does.
    modal : bool
        Whether `forward` takes one more keyword, ``mode``, a `Mode`.
    onnx : str, callable or None
        ONNX's operator of the same inputs; or ``onnx(writer, *inputs, **params)``, which adds the
        nodes that do the same at inference and returns the name of their value.
    c : str or None
        The value of an entry in C99, in float: an expression of ``x``, ``y`` and ``z``, the
        entries of its inputs, and of ``alpha``. None where it has none.
    expand : callable or None
        ``expand(*inputs, **params)`` computes the same by other ops: what a gradient that has a
        gradient is taken of, where this op stands for many.
    """

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any] | None
    shape: Callable[..., Shape]
    dtype: str | None = None
    modal: bool = False
    onnx: OnnxForm | None = None
    c: str | None = None
    expand: Callable[..., Any] | None = None


class Mode:
    """What an op may need to know about the pass it takes part in.

    Parameters
    ----------
    training : bool
        Whether the pass belongs to a training step.
    seed : int or None, default=0
        Where random ops start from; None draws it from the global generator when one needs it.
    step : int, default=0
        The training step's number, for what follows a schedule.

    Attributes
    ----------
    position : int
        Which node is being computed, set by whoever walks the nodes.
    rows : int or None
        Of the batch, if whoever walks the nodes knows it.
    """

    __slots__ = ("position", "rows", "seed", "step", "training")

    def __init__(self, training: bool, seed: int | None = 0, step: int = 0) -> None:
        self.training = training
        self.seed = seed
        self.step = step
        self.position = 0
        self.rows: int | None = None

    def sizes(self, shape: Shape) -> tuple[int, ...]:
        """Return a shape with the rows of the batch for None."""
        return tuple(int(self.rows or 0) if n is None else n for n in shape)

    def generator(self) -> np.random.Generator:
        """Return the random numbers of the current node, the same ones in its backward pass."""
        if self.seed is None:
            self.seed = _state.next_seed()
        return np.random.default_rng((self.seed, self.position))


class Node:
    """One application of an op.

    Attributes
    ----------
    op : Op
    inputs : tuple
        Tensors, weights, arrays and plain numbers, in the order of the op's values.
    params : dict
        The op's keywords.
    output : Tensor
    """

    __slots__ = ("inputs", "op", "output", "params")

    def __init__(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        fractions = op.dtype == "float"
        shapes, types, dtype = [], [], None if fractions else op.dtype
        for x in inputs:
            if isinstance(x, (Tensor, Weight)):
                shapes.append(x.shape)
                types.append(x.dtype)
                if dtype is None and x.dtype.startswith("float"):
                    dtype = x.dtype
            else:
                shapes.append(shape_of(x))
        shape = op.shape(*shapes, **params)
        check_row(shape, op.name)
        if dtype is None:
            dtype = _state.floatx() if fractions else _with_constants(types[0], inputs)
        self.output = Tensor(shape, dtype, self)


def _with_constants(dtype: str, inputs: tuple[Any, ...]) -> str:
    """Return the type of what an op makes of tensors without fractions and of numbers beside."""
    kinds = {
        np.asarray(value).dtype.kind
        for value in inputs
        if value is not None and not isinstance(value, (Tensor, Weight))
    }
    if "f" in kinds:
        return _state.floatx()
    return "int64" if dtype == "bool" and kinds & {"i", "u"} else dtype


class Tensor(Operators):
    """A value that a model will compute: a shape, a type and a history, and no numbers.

    Attributes
    ----------
    shape : tuple
        None stands for the rows of a batch, which are not known yet.
    dtype : str
    node : Node or None
        What computes it; None for an input of a model.
    name : str or None
    """

    __pynn_tensor__ = True
    __array_priority__ = 1000
    __slots__ = ("dtype", "name", "node", "shape", "source")

    def __init__(
        self, shape: Shape, dtype: str, node: Node | None = None, name: str | None = None
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.node = node
        self.name = name
        self.source: Any = None  # the layer call whose result this is: see layers/_layer.py

    @property
    def ndim(self) -> int:
        """Number of dimensions, the batch's included."""
        return len(self.shape)

    def numpy(self) -> Any:
        """Raise `SymbolicValueError`: there is no value yet."""
        raise SymbolicValueError(
            f"{self!r} has no value: it is recorded while a model is built. Compute with it by "
            "means of pynn.ops, and use pynn.ops.where in place of a Python condition."
        )

    __array__ = __bool__ = __float__ = __int__ = __index__ = lambda self, *a, **k: self.numpy()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = _OPERATORS.get(ufunc.__name__)
        if name is None or method != "__call__" or options:
            raise TypeError(
                f"np.{ufunc.__name__} computes with arrays, not with {self!r}. Write it with the "
                "functions of pynn.ops, most of which have NumPy's names: pynn.ops.mean(x, axis=-1)"
            )
        return getattr(namespace(self), name)(*inputs)

    def __getitem__(self, key: Any) -> Any:
        return namespace(self).get_item(self, key)

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            self.numpy()
        return int(self.shape[0])  # type: ignore[arg-type]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"<Tensor shape={self.shape}, dtype={self.dtype}{name}>"

    def __hash__(self) -> int:
        return id(self)


def shape_of(value: Any) -> Shape:
    """Return the shape of anything that an op takes."""
    if isinstance(value, (Tensor, Weight)):
        return value.shape
    if isinstance(value, (str, bytes)):
        raise TypeError(f"ops take tensors, arrays and numbers. Received: {value!r}")
    return np.shape(value)


def is_symbolic(*values: Any) -> bool:
    """Whether any of `values` is a `Tensor`."""
    for value in values:  # any() would take three times as long
        if isinstance(value, Tensor):
            return True
    return False


def value_of(value: Any) -> Any:
    """Return `value` as something NumPy computes with; plain numbers stay plain."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, ValueTensor):
        return value.value
    if isinstance(value, Weight):
        return value.view
    if value is None or isinstance(value, (np.ndarray, np.generic, bool, int, float)):
        return value
    return np.asarray(value)


@lru_cache(maxsize=64)
def name_of(dtype: np.dtype[Any]) -> str:
    """Return a type's name, which NumPy puts together each time."""
    return dtype.name


class ValueTensor(HasValue, Tensor):
    """A tensor whose value is known, in a pass that is computed as it is recorded.

    Attributes
    ----------
    value : ndarray
    """

    __slots__ = ("value",)

    def __init__(self, value: Any, node: Node | None = None) -> None:
        self.value = value = np.asarray(value)
        self.shape, self.dtype = value.shape, name_of(value.dtype)
        self.node, self.name, self.source = node, None, None

    def numpy(self) -> Any:
        """Return the value."""
        return self.value

    def __index__(self) -> int:
        return operator.index(self.value.item())

    def __repr__(self) -> str:
        return f"<Tensor shape={self.shape}, dtype={self.dtype}, value={self.value!r}>"


class Watched(ValueTensor):
    """A tensor in the place of an array, which it keeps, so that nothing else gets its `id`."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array
        super().__init__(array)


class EagerRecorder:
    """The nodes of a pass that is computed as it is recorded.

    Attributes
    ----------
    mode : Mode
    nodes : list of Node
        In the order in which they were computed; a node's position is its `Mode.position`.
    before : dict
        Weights that were assigned to on the way, each with the value that it had, by their ids.
    stand_ins : dict
        By their ids, what weights that were assigned to and watched arrays are from there on.
    """

    __slots__ = ("before", "mode", "nodes", "stand_ins")

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.nodes: list[Node] = []
        self.before: dict[int, tuple[Weight, np.ndarray]] = {}
        self.stand_ins: dict[int, ValueTensor] = {}

    def values_before(self) -> dict[int, Any]:
        """Return the values of `before` by the ids of the weights, for the backward pass."""
        return {key: value for key, (_, value) in self.before.items()}

    def undo_assignments(self) -> None:
        """Give the weights back what they held before the pass."""
        for weight, value in self.before.values():
            weight.view[...] = value

    def assign(self, weight: Weight, tensor: ValueTensor) -> None:
        """Let a weight be a tensor from here on."""
        for node in self.nodes:  # a view of the weight is of what it has been
            known = node.output
            assert isinstance(known, ValueTensor)
            if np.may_share_memory(known.value, weight.view):
                known.value = known.value.copy()
        self.before.setdefault(id(weight), (weight, weight.view.copy()))
        self.stand_ins[id(weight)] = tensor
        weight.view[...] = tensor.value

    def watch(self, array: Any) -> ValueTensor:
        """Return the tensor that stands for an array, or a number, from here on."""
        known = self.stand_ins.get(id(array))
        if known is None:
            known = self.stand_ins[id(array)] = Watched(array)
        return known

    def compute(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> ValueTensor:
        """Apply an op at once, and keep its node."""
        if self.stand_ins:
            inputs = tuple([self.stand_ins.get(id(x), x) for x in inputs])
        values = [x.value if isinstance(x, ValueTensor) else value_of(x) for x in inputs]
        extra = {}
        if op.modal:
            self.mode.position = len(self.nodes)
            extra["mode"] = self.mode
        return self.keep(op, inputs, params, op.forward(*values, **params, **extra))

    def keep(
        self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], value: Any
    ) -> ValueTensor:
        """Keep the node of an op of which the value is known."""
        node = Node.__new__(Node)
        node.op, node.inputs, node.params = op, inputs, params
        node.output = output = ValueTensor(value, node)
        self.nodes.append(node)
        return output


class computing:  # a function to its users; a generator would take thrice as long
    """While this is active, ops compute values and are recorded on the tape that it gives."""

    __slots__ = ("_before", "_mode")

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def __enter__(self) -> EagerRecorder:
        self._before = here.recorder, here.is_recording
        here.recorder, here.is_recording = recorder, _ = EagerRecorder(self._mode), True
        return recorder

    def __exit__(self, *raised: object) -> None:
        here.recorder, here.is_recording = self._before


@contextmanager
def suspended() -> Iterator[None]:
    """While this is active, no tape is: what is recorded has no values."""
    before = here.recorder, here.is_recording
    here.recorder, here.is_recording = None, False
    try:
        yield
    finally:
        here.recorder, here.is_recording = before


def is_taped() -> bool:
    """Whether a pass is under way that is computed as it is recorded."""
    return here.recorder is not None


def watched_tensor(array: Any) -> ValueTensor | None:
    """Return what stands for an array on the tape that is open, None if nothing does."""
    return None if here.recorder is None else here.recorder.stand_ins.get(id(array))


def is_recorded(*inputs: Any) -> bool:
    """Whether an op on `inputs` is to be recorded, and not computed at once."""
    if is_symbolic(*inputs):
        # Once their tape is closed, tensors with values are as good as arrays.
        return is_taped() or not all(isinstance(x, ValueTensor) for x in inputs if is_symbolic(x))
    if not here.is_recording:
        return False
    recorder = here.recorder
    return any(
        isinstance(value, Weight) or (recorder is not None and id(value) in recorder.stand_ins)
        for value in inputs
    )


def record(op: Op, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
    """Return the tensor that an op makes, with its value if the pass under way has values."""
    if here.recorder is not None:
        return here.recorder.compute(op, inputs, params)
    updates = here.trace.updates
    if updates:
        inputs = tuple([updates[id(x)][1] if id(x) in updates else x for x in inputs])
    return Node(op, inputs, params).output


def apply(op: Op, *inputs: Any, **params: Any) -> Any:
    """Record `op` if an input is a tensor, compute it at once otherwise."""
    if is_recorded(*inputs):
        return record(op, inputs, params)
    values = [value_of(value) for value in inputs]
    if op.modal:
        params["mode"] = Mode(training=False)
    return op.forward(*values, **params)


def assign(weight: Weight, value: Any) -> None:
    """Let a weight be `value` from here on in the pass that is recorded, and after it."""
    if isinstance(value, Weight):
        value = value + 0.0
    if not isinstance(value, Tensor):
        constant = Op("constant", np.asarray, None, lambda shape: shape, dtype=weight.dtype)
        value = record(constant, (np.array(value, weight.dtype),), {})
    elif value.dtype != weight.dtype:
        value = namespace(value).cast(value, weight.dtype)
    if here.recorder is None:
        here.trace.updates[id(weight)] = weight, value
    else:
        here.recorder.assign(weight, value)
