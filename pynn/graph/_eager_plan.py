"""`EagerPlan`: a network that cannot be recorded once, because its code looks at values.

Each batch runs the code again, op by op; the gradients come from what was recorded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pynn._tensor import Mode, ValueTensor, computing
from pynn.graph._interpreter import Pass, predict_in_batches
from pynn.graph._plan import PREDICT_ROWS, Plan
from pynn.ops import Tensor, Weight

# Takes tensors with values and the mode; returns the outputs and what was added to the loss.
Compute = Callable[[list[ValueTensor], bool], "tuple[list[Tensor], list[Any]]"]


class EagerPlan(Plan):
    """A plan of code that runs anew for each batch.

    Parameters
    ----------
    compute : callable
        ``compute(inputs, training)`` returns outputs and losses.
    inputs, outputs : sequence of Tensor
        Of which only shapes and names matter.
    weights : sequence of Weight
    dtype : str
    """

    def __init__(
        self,
        compute: Compute,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        weights: Sequence[Weight],
        dtype: str,
    ) -> None:
        # Nothing is recorded, and nothing lowered.
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.losses, self.updates, self.nodes, self.output_nodes = [], [], [], []
        self.weights, self.dtype = list(weights), dtype
        self.reason, self.batch_op = "code that looks at values", None
        self.depends_on_batch = True  # for all that is known
        self._native, self._frozen, self._executor = None, (), None
        self._compute = compute

    def interpreter(self) -> EagerPlan:
        """Return the plan, which computes itself."""
        return self

    @property
    def changing_weights(self) -> list[Weight]:
        """What predictions may change: anything that is not trained, for all that is known."""
        return [weight for weight in self.weights if not weight.trainable]

    def run(self, x: Sequence[np.ndarray], mode: Mode, all_nodes: bool = True) -> Pass:
        """Run the code on a batch."""
        inputs = [ValueTensor(value) for value in x]
        with computing(mode) as tape:
            outputs, losses = self._compute(inputs, mode.training)
        values: dict[int, Any] = {id(tensor): tensor.value for tensor in inputs}
        values.update(tape.values_before())
        for node in tape.nodes:
            output = node.output
            assert isinstance(output, ValueTensor)
            values[id(output)] = output.value
        return Pass(tape.nodes, outputs, losses if all_nodes else (), values)

    def predict(self, x: Sequence[Any], batch_size: int | None = None) -> list[np.ndarray]:
        """Return the outputs for the rows of `x`; see `Plan.predict`."""
        return predict_in_batches(self, x, batch_size or PREDICT_ROWS)
