"""A simple model as one op of a tape: the engine computes it, and differentiates it by its weights.

What is not simple is computed layer by layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn import _core, ops
from pynn._tensor import Mode, Op, apply, suspended
from pynn._tracing import here
from pynn.graph import Plan, run_backward, run_forward
from pynn.losses import Loss

if TYPE_CHECKING:
    from pynn.models._model import Model


class _Product(Loss):
    """The sum of what is predicted times the targets, whose gradient is the targets."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.sum(y_true * y_pred, axis=-1)


class TapedCall:
    """A model's calls on arrays while a tape is open.

    The first one finds out whether the model is simple, so that all compute the same bits, those
    of a training that is taken up again too.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._op: Op | None = None
        self._weights: tuple[Any, ...] = ()
        self._predict: Any = None
        self._most_rows = 0

    def of(self, model: Model, x: Any) -> Any:
        """Return the model's output for `x`, None where its layers are to be called."""
        if not self._is_asked:
            with suspended():
                self._ask(model, x)
            self._is_asked = True
        if self._op is None:
            return None
        recorder = here.recorder
        if recorder.stand_ins or type(x) is not np.ndarray:  # it may be asked for its gradient
            return None
        found = self._predict(x, self._most_rows)
        return None if found is None else recorder.keep(self._op, (x, *self._weights), {}, found)

    def _ask(self, model: Model, x: Any) -> None:
        model._ensure_built(x)
        plan = model._plan()
        if model._is_plain() and model._plan(training=True) is plan:
            self._op = taped_op(plan)
            self._weights = tuple(plan.weights)
            self._predict, self._most_rows = plan.executor.predict_array, model._rows_per_call()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


def taped_op(plan: Plan) -> Op | None:
    """Return the op of an array and the plan's weights, None if the engine cannot compute it.

    Parameters
    ----------
    plan : Plan
        Of one input and one output with one axis of features, the same in training as at inference.
    """
    if plan.losses or plan.updates or any(node.op.modal for node in plan.nodes):
        return None
    nothing = [0.0] * len(plan.weights)
    loss = _Product(reduction="sum")
    trainer = plan.trainer([loss], ("sgd", []), parameters=plan.weights, l1=nothing, l2=nothing)
    if getattr(trainer, "takes_arrays", False):
        return None
    shapes = [weight.shape for weight in plan.weights]

    def forward(x: Any, *weights: Any) -> Any:
        (found,) = plan.predict([x])
        return found

    def backward(grad: Any, out: Any, x: Any, *weights: Any) -> list[Any]:
        for now, weight in zip(weights, plan.weights, strict=True):
            if now is not weight.view:  # assigned to since
                return [None, *_interpreted(plan, grad, x, weights)]
        factors = _core.Rows(np.ascontiguousarray(grad))
        _, found = trainer.gradients([_core.Rows(x)], [factors], [None])
        grads: list[Any] = [None]
        for gradient, shape in zip(found, shapes, strict=True):
            grads.append(gradient.T.reshape(shape))
        return grads

    def expand(x: Any, *weights: Any) -> Any:
        known = {id(plan.inputs[0]): x}
        known |= {id(weight): now for weight, now in zip(plan.weights, weights, strict=True)}
        for node in plan.nodes:
            inputs = [known.get(id(value), value) for value in node.inputs]
            known[id(node.output)] = apply(node.op, *inputs, **node.params)
        return known[id(plan.outputs[0])]

    shape = plan.outputs[0].shape
    return Op("model", forward, backward, lambda *shapes: shape, expand=expand)


def _interpreted(plan: Plan, grad: np.ndarray, x: np.ndarray, weights: Any) -> list[Any]:
    """Return gradients for other values of the weights than they have now."""
    mode = Mode(training=True)
    values: dict[int, Any] = {id(w): now for w, now in zip(plan.weights, weights, strict=True)}
    values[id(plan.inputs[0])] = x
    run_forward(plan.nodes, values, mode)
    grads = {id(plan.outputs[0]): grad}
    run_backward(plan.nodes, values, grads, mode, {id(weight) for weight in plan.weights})
    return [grads.get(id(weight)) for weight in plan.weights]
