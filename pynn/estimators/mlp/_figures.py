"""The figures of an epoch: losses, scores and metrics, of the training and validation rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from pynn import _core, metrics
from pynn.estimators.mlp._fit import FitCall, TrainingData
from pynn.estimators.mlp._heads import Head
from pynn.training import ArrayData, Objectives, Output, OutputMetric, Totals


class Figures:
    """Computes the figures of a training.

    Parameters
    ----------
    call : FitCall
    validation : TrainingData, default=None
        Rows to score the network on.

    Attributes
    ----------
    losses : list of (loss, float)
        Of each head, as `Network.prepare_trainer` takes them.
    objectives : Objectives or None
        The estimator's ``metrics``, of the training rows.
    native_metrics : list of list of str or None
        Those of them that the engine computes.
    validates : bool
        Whether there are validation rows.
    """

    def __init__(self, call: FitCall, validation: TrainingData | None = None) -> None:
        self._call = call
        self._network = call.network
        self._heads = call.heads
        self._validation = validation
        self.validates = validation is not None
        self.losses = [(head.loss, head.trained) for head in self._heads]
        self.objectives: Objectives | None = None
        self.native_metrics: list[list[str]] | None = None
        self._validation_objectives: Objectives | None = None
        self._validation_rows: ArrayData | None = None
        self._validation_targets: list[np.ndarray] = []
        if given := call.estimator.metrics:
            targets = self._targets(call.data)
            self.objectives, self._validation_objectives = (
                _objectives(given, self._heads, targets) for _ in range(2)
            )
            self.native_metrics = self.objectives.native_metrics
        if validation is not None:
            rows = self._validation_rows = self._rows(validation, validation.row_weight)
            dtype = self._network.architecture.dtype
            self._validation_targets = [
                np.ascontiguousarray(t.reshape(len(t), -1), dtype) for t in rows.y_arrays
            ]

    def training_rows(self) -> ArrayData:
        """Return the rows to train on."""
        return self._rows(self._call.data, self._call.data.training_weight)

    def _targets(self, data: TrainingData) -> list[np.ndarray]:
        if len(self._heads) == 1:
            return [self._heads[0].targets(data.targets)]
        pairs = zip(self._heads, data.targets.T, strict=True)
        return [head.targets(np.ascontiguousarray(codes)) for head, codes in pairs]

    def _rows(self, data: TrainingData, row_weight: np.ndarray | None) -> ArrayData:
        return ArrayData(
            [data.x], self._targets(data), [row_weight] * len(self._heads), checked=True
        )

    def reported(self, loss: float, data_loss: float) -> float:
        """Return scikit-learn's value from a trained loss with and without penalty."""
        # Where there are several heads, all of them report what they follow.
        head = self._heads[0]
        return loss + (head.reported / head.trained - 1.0) * data_loss

    def begin_epoch(self) -> None:
        """Set the metrics to their beginnings."""
        if self.objectives is not None:
            self.objectives.reset()

    def of_training(self, totals: Totals) -> dict[str, Any]:
        """Return loss, penalty included, and metrics of an epoch so far."""
        loss, means = totals.losses()
        for head, mean in zip(self._heads, means, strict=True):
            loss += (head.reported - head.trained) * mean
        if self.objectives is None:
            return {"loss": loss}
        return {**self.objectives.logs(totals), "loss": loss}

    def of_validation(self) -> dict[str, Any]:
        """Return loss without penalty, score and metrics of the validation rows; empty without."""
        data = self._validation
        if data is None:
            return {}
        outputs = self._network.predict(data.x)
        logs = self._validation_metrics(outputs)
        if "val_loss" not in logs:
            logs["val_loss"] = self._mean_loss(data, _listed(outputs))
        logs["val_score"] = self._score(data, outputs)
        return logs

    def validation_weight(self) -> float:
        """Return the sum of the weights of the validation rows, or their number."""
        data = self._validation
        assert data is not None
        return float(data.n_rows if data.row_weight is None else data.row_weight.sum())

    def _mean_loss(self, data: TrainingData, outputs: list[np.ndarray]) -> float:
        """Return the loss of outputs, by losses that the engine knows."""
        total = 0.0
        for head, target, output in zip(
            self._heads, self._validation_targets, outputs, strict=True
        ):
            name, parameters = head.loss  # type: ignore[misc]
            parameters = parameters or [default for _, default in _core.loss_parameters(name)]
            values = _core.loss_values(name, parameters, target, output)
            total += head.reported * float(np.average(values, weights=data.row_weight))
        return total

    def _validation_metrics(self, outputs: Any) -> dict[str, Any]:
        """Return the metrics; the loss too, if only the trainer can compute it."""
        rows, objectives = self._validation_rows, self._validation_objectives
        assert rows is not None
        known = all(isinstance(head.loss, tuple) for head in self._heads)
        if objectives is None and known:
            return {}
        trainer = self._network.trainer
        x, y, weights = rows.sources(trainer)
        totals = Totals(trainer.evaluate(x, y, weights, rows.n_rows))
        logs: dict[str, Any] = {}
        if objectives is not None:
            objectives.reset()
            objectives.update(rows, slice(None), _listed(outputs))
            logs = {f"val_{name}": value for name, value in objectives.logs(totals).items()}
        means = zip(self._heads, totals.losses()[1], strict=True)
        logs["val_loss"] = sum(head.reported * mean for head, mean in means)
        return logs

    def _score(self, data: TrainingData, outputs: Any) -> float:
        if not all(np.isfinite(each).all() for each in _listed(outputs)):
            return float("nan")
        estimator = self._call.estimator
        if estimator.validation_metric is None:
            return float(self._call.score(outputs, data.targets, data.row_weight))
        # Rows have no names any more, so the scorer's estimator must not ask for them.
        view = estimator._twin()
        view.__dict__.pop("feature_names_in_", None)
        scorer = check_scoring(view, scoring=estimator.validation_metric)
        given = {} if data.row_weight is None else {"sample_weight": data.row_weight}
        return float(scorer(view, data.x, data.y, **given))


def _listed(outputs: Any) -> list[np.ndarray]:
    return outputs if isinstance(outputs, list) else [outputs]


def _objectives(given: Any, heads: list[Head], targets: Sequence[np.ndarray]) -> Objectives:
    """Return the metrics of each head, as models have them."""
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    names = [f"output_{i + 1}" for i in range(len(heads))]
    made: list[OutputMetric] = []
    for i, (head, target) in enumerate(zip(heads, targets, strict=True)):
        y_shape = (None, *(target.shape[1:] or (1,)))
        for value in listed:
            metric = copy.deepcopy(metrics.as_metric(value, y_shape, (None, head.units)))
            name = metric.name if len(heads) == 1 else f"{names[i]}_{metric.name}"
            made.append(OutputMetric(name, i, metric, engine=metric._native()))
    outputs = [Output(name, (None, head.units)) for name, head in zip(names, heads, strict=True)]
    return Objectives(outputs, made)
