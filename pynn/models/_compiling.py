"""`Model.compile`: what training needs to be told, kept for `fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn import optimizers
from pynn.models._compiled import Compiled

if TYPE_CHECKING:
    from pynn.models._model import Model


def compile(
    self: Model,
    optimizer: Any = "rmsprop",
    loss: Any = None,
    loss_weights: Any = None,
    metrics: Any = None,
    weighted_metrics: Any = None,
    run_eagerly: bool = False,
    steps_per_execution: int = 1,
    jit_compile: Any = "auto",
    auto_scale_loss: bool = True,
) -> None:
    """Say how the model is to be trained.

    Parameters
    ----------
    optimizer : str, dict or Optimizer, default="rmsprop"
        None is enough to evaluate.
    loss : str, Loss, function, or list or dict of them, default=None
        A single one applies to every output.
    loss_weights : float, or list or dict of float, default=None
        Factors of the outputs' losses in the sum.
    metrics : list of str, Metric or function, or dict of lists by output, default=None
    weighted_metrics : the same, default=None
        Metrics that take sample weights into account.
    run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
        Accepted for Keras's sake; they make no difference here.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    for method in ("make_train_function", "make_test_function", "make_predict_function"):
        if hasattr(type(self), method):
            raise ValueError(
                f"{type(self).__name__} defines {method}(), which pynn does not call. Write "
                "the computation in call(), train_step() or test_step()"
            )
    known = isinstance(optimizer, optimizers.Optimizer)
    self.optimizer = optimizer if known else optimizers.get(optimizer)
    self._compiled = Compiled(loss, loss_weights, metrics, weighted_metrics)
    self._compile_arguments = {
        "optimizer": self.optimizer,
        "loss": loss,
        "loss_weights": loss_weights,
        "metrics": metrics,
        "weighted_metrics": weighted_metrics,
    }
    self._trainers.settings_changed()
