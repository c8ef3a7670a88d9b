"""`EagerPlan`: a network that cannot be recorded once, because its code looks at values.

Each batch runs the code again, op by op; the gradients come from what was recorded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn._tensor import Mode, ValueTensor, computing
from pynn.graph._interpreter import Pass, predict_in_batches
from pynn.graph._interpreting_trainer import InterpretingTrainer
from pynn.graph._penalties import penalties_of
from pynn.ops import Tensor, Weight

# Takes tensors with values and the mode; returns the outputs and what was added to the loss.
Compute = Callable[[list[ValueTensor], bool], "tuple[list[Tensor], list[Any]]"]


class EagerPlan:
    """A network as a function of tensors with values; it can do what a `Plan` can.

    Parameters
    ----------
    compute : callable
        ``compute(inputs, training)`` returns outputs and losses.
    inputs, outputs : sequence of Tensor
        Of which only shapes and names matter.
    weights : sequence of Weight
    dtype : str
    """

    takes_arrays = True
    is_native = False
    coupled = None
    mixes_rows = True  # for all that is known
    reason = "code that looks at values"

    def __init__(
        self,
        compute: Compute,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        weights: Sequence[Weight],
        dtype: str,
    ) -> None:
        self._compute = compute
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.weights = list(weights)
        self.dtype = dtype

    def frozen(self) -> tuple[bool, ...]:
        """Return nothing: what is frozen shows in each pass."""
        return ()

    def interpreter(self) -> EagerPlan:
        """Return the plan, which computes itself."""
        return self

    executor = interpreter

    def run(self, x: Sequence[np.ndarray], mode: Mode, all_nodes: bool = True) -> Pass:
        """Run the code on a batch."""
        inputs = [ValueTensor(value) for value in x]
        with computing(mode) as tape:
            outputs, losses = self._compute(inputs, mode.training)
        values: dict[int, Any] = {id(tensor): tensor.value for tensor in inputs}
        for node in tape.nodes:
            output = node.output
            assert isinstance(output, ValueTensor)
            values[id(output)] = output.value
        return Pass(tape.nodes, outputs, losses if all_nodes else (), values)

    def predict(self, x: Sequence[Any], batch_size: int | None = None) -> list[np.ndarray]:
        """Return the outputs for the rows of `x`; see `Plan.predict`."""
        return predict_in_batches(self, x, batch_size or 1024)

    def trainer(
        self,
        losses: Sequence[Any],
        optimizer: Any,
        options: dict[str, Any] | None = None,
        loss_weights: Sequence[float] | None = None,
        metrics: Sequence[Sequence[Any]] | None = None,
        parameters: Sequence[Weight] | None = None,
        l1: Sequence[float] | None = None,
        l2: Sequence[float] | None = None,
        target_widths: Sequence[int | None] | None = None,
        weighted: bool = False,
    ) -> InterpretingTrainer:
        """Return what trains; see `Plan.trainer`."""
        if parameters is None:
            parameters = [weight for weight in self.weights if weight.trainable]
        l1, l2, _ = penalties_of(parameters, l1, l2)
        count = len(self.outputs)
        return InterpretingTrainer(
            self,
            losses,
            [1.0] * count if loss_weights is None else loss_weights,
            [()] * count if metrics is None else metrics,
            list(parameters),
            l1,
            l2,
            optimizer,
            options,
        )
