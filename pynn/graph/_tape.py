"""`Tape`: gradients for people who write their own training loop."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from pynn import _state
from pynn._array_result import ArrayResult
from pynn._structure import leaves, map_leaves
from pynn._tensor import Mode, ValueTensor, computing
from pynn._tracing import current, tracing
from pynn.graph._interpreter import run_backward
from pynn.ops import Weight


class _TapeMode(Mode):
    """A mode that each call of a layer decides for itself, remembered for the backward pass."""

    __slots__ = ("_known",)

    def __init__(self, seed: int) -> None:
        self._known: dict[int, bool] = {}
        self.seed = seed
        self.position = 0

    @property
    def training(self) -> bool:  # type: ignore[override]
        """Whether the layer that recorded the node at `position` was called for training."""
        if self.position not in self._known:
            self._known[self.position] = bool(current().training)
        return self._known[self.position]


class Tape:
    """Records what is computed while it is open, and differentiates it afterwards.

    Models, layers, losses and `pynn.ops` return tensors with values while a tape is open; those
    have ``.numpy()`` and can be computed with. Everything runs in Python, op by op: `Model.fit` is
    much faster.

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
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._open = ExitStack()
        self._tape: Any = None
        self.losses: list[Any] = []

    def __enter__(self) -> Self:
        self._tape = self._open.enter_context(computing(_TapeMode(_state.next_seed())))
        trace = self._open.enter_context(tracing())
        trace.depth += 1  # leave no records that hold values
        self.losses = trace.losses
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.close()

    def watch(self, x: Any) -> ValueTensor:
        """Return an array as a tensor with respect to which `gradient` can be asked."""
        return x if isinstance(x, ValueTensor) else ValueTensor(x)

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Return the gradients of something computed while the tape was open.

        Parameters
        ----------
        target : tensor, or structure of tensors
            Their sum is differentiated.
        sources : Weight or tensor, or list, tuple or dict of them
        output_gradients : array-like, default=None
            Factors of the entries of `target`; None stands for ones.

        Returns
        -------
        ndarray, or a structure of them
            In the form of `sources`, None for what `target` does not depend on.

        Raises
        ------
        ValueError
            If the target was not computed while the tape was open, or a source is no weight.
        """
        nodes = self._tape.nodes if self._tape is not None else []
        values: dict[int, Any] = self._tape.values_before() if self._tape is not None else {}
        for node in nodes:
            for tensor in (*node.inputs, node.output):
                if isinstance(tensor, ValueTensor):
                    values[id(tensor)] = tensor.value
        grads: dict[int, Any] = {}
        for tensor in leaves(target):
            if not isinstance(tensor, ValueTensor):
                raise ValueError(
                    "target must be a tensor computed while the tape was open. "
                    f"Received: {type(tensor).__name__}"
                )
            given = np.asarray(1.0 if output_gradients is None else output_gradients)
            grads[id(tensor)] = np.broadcast_to(given, tensor.value.shape).astype(tensor.dtype)
        wanted = set()
        for source in leaves(sources):
            if not isinstance(source, (Weight, ValueTensor)):
                raise ValueError(
                    "sources must be weights, or tensors that watch() returned. "
                    f"Received: {type(source).__name__}"
                )
            wanted.add(id(source))
        if nodes:
            run_backward(nodes, values, grads, self._tape.mode, wanted)
        return map_leaves(lambda source: _shaped(grads.get(id(source)), source), sources)


def _shaped(gradient: Any, source: Any) -> Any:
    if gradient is None:
        return None
    whole = np.broadcast_to(gradient, source.shape)
    return np.asarray(whole, order="C").view(ArrayResult)
