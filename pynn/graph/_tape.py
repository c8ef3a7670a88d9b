"""`Tape`: gradients for people who write their own training loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from pynn import _state
from pynn._array_result import ArrayResult, as_result
from pynn._structure import is_nested, leaves, map_leaves, pack
from pynn._tensor import EagerRecorder, Mode, Tensor, ValueTensor, is_taped
from pynn._tracing import Trace, current, here, is_symbolic_pass
from pynn.graph._differentiation import record_backward
from pynn.graph._interpreter import run_backward
from pynn.graph._walk import steps_between, tensors_of
from pynn.ops import Node, Weight, multiply, ones_like, reshape, stack, zeros_like


class _TapeMode(Mode):
    """A mode that each call of a layer decides for itself, remembered for the backward pass."""

    __slots__ = ("_known",)

    def __init__(self, seed: int) -> None:
        self._known: dict[int, bool] = {}
        self.seed = seed
        self.position = self.step = 0
        self.rows = None

    @property
    def training(self) -> bool:  # type: ignore[override]
        """Whether the layer that recorded the node at `position` was called for training."""
        if self.position not in self._known:
            self._known[self.position] = bool(current().training)
        return self._known[self.position]


class Tape:
    """Records what is computed while it is open, and differentiates it.

    Models, layers, losses and `pynn.ops` return tensors with values while a tape is open; those
    have ``.numpy()`` and can be computed with. Everything runs in Python, op by op: `Model.fit` is
    much faster.

    Tapes may be nested. While one is open, the gradients that another returns are tensors that have
    gradients themselves; so are those that a tape is asked for while it is open itself. In the
    `call` of a layer or model, and in a loss, they become part of what is trained, by the engine if
    it can compute all of it.

    Parameters
    ----------
    persistent : bool, default=False
        Accepted for TensorFlow's sake: a tape may always be asked more than once.
    watch_accessed_variables : bool, default=True
        Accepted for TensorFlow's sake.

    Examples
    --------
    >>> import numpy as np
    >>> import pynn
    >>> model = pynn.Sequential([pynn.Input((2,)), pynn.layers.Dense(1)])
    >>> optimizer = pynn.optimizers.SGD(0.1)
    >>> x, y = np.eye(2), np.ones((2, 1))
    >>> for _ in range(100):
    ...     with pynn.Tape() as tape:
    ...         error = model(x, training=True) - y
    ...         loss = pynn.ops.mean(pynn.ops.square(error))
    ...     gradients = tape.gradient(loss, model.trainable_weights)
    ...     iterations = optimizer.apply_gradients(zip(gradients, model.trainable_weights))
    >>> bool(loss.numpy() < 0.01)
    True

    A second derivative:

    >>> x = np.array([1.0, 2.0])
    >>> with pynn.Tape() as outer:
    ...     _ = outer.watch(x)
    ...     with pynn.Tape() as inner:
    ...         y = pynn.ops.power(x, 3)
    ...     slope = inner.gradient(y, x)
    >>> outer.gradient(slope, x)
    array([ 6., 12.])
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._outside: tuple[bool, Trace] | None = None  # what goes on without this tape
        self._recorder: EagerRecorder | None = None  # shared with the tapes around this one
        self._first = 0
        self._end: int | None = 0
        self.losses: list[Any] = []

    def __enter__(self) -> Self:
        if is_symbolic_pass():  # nodes are recorded anyway
            return self
        if is_taped():
            self._recorder = here.recorder
            self.losses = current().losses
        else:
            self._outside = here.is_recording, here.trace
            here.recorder = self._recorder = EagerRecorder(_TapeMode(_state.next_seed()))
            here.is_recording, here.trace = True, here.trace.inner()
            here.trace.depth = 1  # leave no records that hold values
            self.losses = here.trace.losses
        self._first, self._end = len(self._recorder.nodes), None
        return self

    def __exit__(self, *error: Any) -> None:
        if self._recorder is not None:
            self._end = len(self._recorder.nodes)
        if self._outside is not None:
            here.recorder = None
            here.is_recording, here.trace = self._outside
            self._outside = None

    def watch(self, x: Any) -> Any:
        """Let gradients with respect to an array be asked for.

        From here on layers, models and `pynn.ops` record what they compute with the array itself.
        NumPy does not: arithmetic of one's own needs the tensor that is returned.

        Parameters
        ----------
        x : array, tensor or weight, or list, tuple or dict of them
            Tensors and weights are watched anyway.

        Returns
        -------
        tensor, or a structure of them
        """
        if isinstance(x, (Tensor, Weight)):
            return x
        if not isinstance(x, np.ndarray):
            if any(hasattr(value, "shape") for value in leaves(x)):
                return map_leaves(self.watch, x) if is_nested(x) else ValueTensor(x)
            return ValueTensor(x)
        return ValueTensor(x) if self._recorder is None else self._recorder.watch(x)

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Return the gradients of something computed while the tape was open.

        Parameters
        ----------
        target : tensor, or structure of tensors
            Their sum is differentiated.
        sources : Weight, tensor or watched array, or list, tuple or dict of them
        output_gradients : array-like or tensor, default=None
            Factors of the entries of `target`, one for each where that is a structure and so is
            this; None stands for ones.

        Returns
        -------
        ndarray, or a structure of them
            In the form of `sources`, None for what `target` does not depend on. Tensors, which can
            be differentiated again, while this tape or one around it is open.

        Raises
        ------
        ValueError
            If the target was not computed while the tape was open, or a source is neither a weight
            nor was watched.
        NotImplementedError
            If a derivative is asked for of a gradient that is no formula of `pynn.ops`.
        """
        targets, wanted = leaves(target), leaves(sources)
        given = [output_gradients] * len(targets)
        if is_nested(target) and is_nested(output_gradients):
            given = leaves(output_gradients)
        known = {} if self._recorder is None else self._recorder.stand_ins
        for tensor in targets:
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    "target must be a tensor computed while the tape was open, with pynn.ops, "
                    f"layers or tensors. Received: {type(tensor).__name__}"
                )
        for i, source in enumerate(wanted):
            if not isinstance(source, (Weight, Tensor)):
                if id(source) not in known:
                    raise ValueError(
                        "sources must be weights, or arrays and tensors that watch() was called "
                        f"on. Received: {type(source).__name__}"
                    )
                wanted[i] = known[id(source)]
        pairs = list(zip(targets, given, strict=True))
        is_open = self._recorder is not None and self._recorder is here.recorder
        records = is_open or is_symbolic_pass()
        grads = self._record(pairs, wanted) if records else self._compute(pairs, wanted)
        found = []
        for source in wanted:
            gradient = grads.get(id(source))
            found.append(gradient if records else _shaped(gradient, source))
        return pack(sources, found)

    def jacobian(self, target: Any, sources: Any) -> Any:
        """Return the derivatives of each entry of a tensor, by a backward pass for each.

        Parameters
        ----------
        target : tensor
        sources : Weight, tensor or watched array, or list, tuple or dict of them

        Returns
        -------
        ndarray of shape (*target.shape, *source.shape), or a structure of them
            See `gradient`.
        """
        if not isinstance(target, ValueTensor):
            return self.gradient(target, sources)  # which raises
        rows = []
        shape = target.value.shape
        for i in range(target.value.size):
            only = np.zeros(target.value.size, target.dtype)
            only[i] = 1
            rows.append(leaves([self.gradient(target, sources, only.reshape(shape))]))

        def joined(parts: Any) -> Any:
            first = next((part for part in parts if part is not None), None)
            if first is None:
                return None
            found = [zeros_like(first) if part is None else part for part in parts]
            made = reshape(stack(found), (*shape, *first.shape))
            return as_result(made)

        return pack(sources, [joined(parts) for parts in zip(*rows, strict=True)])

    def _compute(self, pairs: list[tuple[Any, Any]], wanted: list[Any]) -> dict[int, Any]:
        """Return gradients as arrays, by the ids of what they are of."""
        grads: dict[int, Any] = {}
        for tensor, factors in pairs:
            if not isinstance(tensor, ValueTensor):
                tensor.numpy()  # which raises
            whole = grads[id(tensor)] = np.empty(tensor.shape, tensor.dtype)
            whole[...] = 1 if factors is None else np.asarray(factors)
        recorder = self._recorder
        if recorder is not None:
            nodes, values = recorder.nodes[self._first : self._end], recorder.values_before()
            ids = set(map(id, wanted))
            run_backward(nodes, values, grads, recorder.mode, ids, self._first)
        return grads

    def _record(self, pairs: list[tuple[Any, Any]], wanted: list[Any]) -> dict[int, Any]:
        """Return gradients as tensors, by the ids of what they are of."""
        grads: dict[int, Tensor] = {}
        for tensor, factors in pairs:
            ones = ones_like(tensor)
            grads[id(tensor)] = ones if factors is None else multiply(ones, factors)
        ids = set(map(id, wanted))
        recorder = self._recorder
        if recorder is None:
            ends = [source for source in wanted if isinstance(source, Tensor)]
            nodes = list(enumerate(_between(ends, [tensor for tensor, _ in pairs])))
            record_backward(nodes, grads, None, ids, {})
        else:
            nodes = list(enumerate(recorder.nodes[self._first : self._end], self._first))
            record_backward(nodes, grads, recorder.mode, ids, recorder.values_before())
        return grads


def _between(sources: list[Tensor], targets: list[Tensor]) -> Iterator[Node]:
    """Yield the nodes that compute `targets`, those that compute `sources` left out."""

    def node_of(tensor: Tensor) -> Node:
        assert tensor.node is not None
        return tensor.node

    def computed(node: Node) -> list[Tensor]:
        return [tensor for tensor in tensors_of(node) if tensor.node is not None]

    made = [tensor for tensor in targets if tensor.node is not None]
    return steps_between(sources, made, node_of, computed)


def _shaped(gradient: Any, source: Any) -> Any:
    if gradient is None:
        return None
    gradient = np.asarray(gradient, order="C")
    if gradient.shape != source.shape:
        gradient = np.array(np.broadcast_to(gradient, source.shape), order="C")
    return gradient.view(ArrayResult)
