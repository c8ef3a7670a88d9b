"""`CompiledModel`: what a model is compiled with: its optimizer, its losses and its metrics.

How they come to one objective for each output is in _compiled.py. Loops over data are not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from pynn import optimizers
from pynn._namespace import to_array
from pynn._other_values import holding
from pynn._structure import is_nested, leaves
from pynn.metrics import Mean
from pynn.models._arguments import checked_count
from pynn.models._base_model import BaseModel
from pynn.models._compile_metrics import CompileMetrics
from pynn.models._compiled import Compiled, NotCompiledError
from pynn.models._trainer_cache import TrainerCache
from pynn.training import Objectives, Signature, targets_of


class CompiledModel(BaseModel):
    """What `Model` has to do with losses and metrics; see there."""

    _compiled: Compiled | None
    _compile_arguments: dict[str, Any]
    _loss_tracker: Any
    _compile_metrics: CompileMetrics | None
    _trainers: TrainerCache
    optimizer: Any
    steps_per_execution: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        model = super().__new__(cls, *args, **kwargs)
        model._compiled = None
        model._loss_tracker = None
        model._compile_metrics = None
        model._trainers = TrainerCache()
        model.optimizer = None
        model.steps_per_execution = 1
        return model

    def _forget_plans(self) -> None:
        super()._forget_plans()
        self._trainers = TrainerCache()

    def compile(
        self,
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
            A single one applies to every output. Lists and dicts may be nested as the outputs are,
            here and below.
        loss_weights : float, or list or dict of float, default=None
            Factors of the outputs' losses in the sum.
        metrics : list of str, Metric or function, or dict of lists by output, default=None
        weighted_metrics : the same, default=None
            Metrics that take sample weights into account.
        steps_per_execution : int, default=1
            Of how many batches callbacks are notified together; `fit` takes ``steps_per_epoch``
            as so many whole groups as hold them.
        run_eagerly, jit_compile, auto_scale_loss
            Accepted for Keras's sake; they make no difference here.

        Raises
        ------
        ValueError
            If a name is unknown, or `steps_per_execution` is not positive.
        """
        for method in ("make_train_function", "make_test_function", "make_predict_function"):
            if hasattr(type(self), method):
                raise ValueError(
                    f"{type(self).__name__} defines {method}(), which pynn does not call. Write "
                    "the computation in call(), train_step() or test_step()"
                )
        steps_per_execution = checked_count("steps_per_execution", steps_per_execution, 1)
        known = isinstance(optimizer, optimizers.Optimizer)
        self.optimizer = optimizer if known else optimizers.get(optimizer)
        self._compiled = Compiled(loss, loss_weights, metrics, weighted_metrics)
        self._compile_metrics = None
        if metrics is not None or weighted_metrics is not None:
            self._compile_metrics = CompileMetrics(self)
        self._compile_arguments = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "steps_per_execution": steps_per_execution,
        }
        self.steps_per_execution = steps_per_execution
        self._trainers.settings_changed()

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss as it was given to `compile`."""
        return self._compile_arguments["loss"] if self._compiled else None

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers that `evaluate` returns are called."""
        return self._compiled_or_fail("metrics_names").names()

    def _compiled_or_fail(self, method: str) -> Compiled:
        if self._compiled is None:
            raise NotCompiledError(f"call compile() before {method}(): the model needs a loss")
        return self._compiled

    def _signature(self) -> Signature:
        signature = self._interface_or_fail().signature
        if self._compiled is None or len(signature.output_names) == 1:
            return signature
        evaluated = self._compiled.evaluated(signature)
        return signature._replace(evaluated=evaluated)

    def _objectives(self, targets: Sequence[Any], weighted: bool = False) -> Objectives:
        """Return losses and metrics for such targets, one array or None for each output."""
        compiled = self._compiled_or_fail("compute_loss")
        signature = self._interface_or_fail().signature
        return compiled.objectives(signature, targets, weighted, self.dtype)

    def _targets(self, y: Any) -> list[Any]:
        """Return one entry of targets for each output."""
        if len(self._interface_or_fail().output_names) == 1 and not is_nested(y):
            return [y]
        return targets_of(y, self._signature())

    def _weights(self, sample_weight: Any) -> list[Any]:
        """Return sample weights for each output; a single array is for all."""
        if is_nested(sample_weight):
            return self._targets(sample_weight)
        return [sample_weight] * len(self._interface_or_fail().output_names)

    def _objectives_for(self, targets: Sequence[Any]) -> Objectives:
        return self._objectives([None if each is None else to_array(each) for each in targets])

    # ---- losses

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss that `compile` was given, penalties included.

        Parameters
        ----------
        x, y, y_pred, sample_weight : arrays or tensors, or structures of them
            `x` makes no difference here; a subclass that defines the method may use it.
        training : bool, default=True

        Returns
        -------
        tensor or number
            A tensor where a tape is open.
        """
        total: Any = 0.0
        if self.loss is not None:
            targets, weights = self._targets(y), self._weights(sample_weight)
            outputs = self._objectives_for(targets).outputs
            given = zip(outputs, targets, leaves(y_pred), weights, strict=True)
            for output, target, predicted, weight in given:
                if output.loss is not None:
                    loss = output.loss(target, predicted, sample_weight=weight)
                    total = total + output.loss_weight * loss
        for penalty in self.losses:
            total = total + penalty
        return total

    def stateless_compute_loss(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Any, list[np.ndarray], list[np.ndarray]]]:
        """Return what `compute_loss` does with other weights; the model's own stay as they are.

        Parameters
        ----------
        trainable_variables, non_trainable_variables, metrics_variables : sequence of array-like
            In the order of the model's attributes of these names.
        x, y, y_pred, sample_weight, training
            As in `compute_loss`.

        Returns
        -------
        loss, (trainable_variables, non_trainable_variables, metrics_variables)
            The latter two as it leaves them.

        Raises
        ------
        ValueError
            If there are not as many values as variables.
        """
        groups = self.non_trainable_weights, self.metrics_variables
        with holding(
            self,
            trainable_variables=(self.trainable_weights, trainable_variables),
            non_trainable_variables=(groups[0], non_trainable_variables),
            metrics_variables=(groups[1], metrics_variables),
        ):
            loss = self.compute_loss(x, y, y_pred, sample_weight, training)
            fixed, counted = ([each.numpy() for each in group] for group in groups)
            return loss, (trainable_variables, fixed, counted)

    # ---- metrics

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, the metrics of `compile` as one, and those held as attributes.

        Those that layers hold are among them.
        """
        found: list[Any] = []
        if self._compiled is not None:
            found.append(self._tracker())
            if self._compile_metrics is not None:
                found.append(self._compile_metrics)
        return [*found, *super().metrics]

    def _own_metrics(self) -> list[Any]:
        # Also of a model in another one: what either was compiled with is no part of the other.
        compiled = (self._loss_tracker, self._compile_metrics)
        return [metric for metric in super()._own_metrics() if metric not in compiled]

    def reset_metrics(self) -> None:
        """Set the metrics to their beginnings."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of `metrics` by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            results.update(value if isinstance(value, dict) else {metric.name: value})
        return results

    def _tracker(self) -> Any:
        """Return the mean of the losses of the epoch."""
        if self._loss_tracker is None:
            self._loss_tracker = Mean(name="loss")
        return self._loss_tracker

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Let the metrics see a batch, and return all figures by name."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()
