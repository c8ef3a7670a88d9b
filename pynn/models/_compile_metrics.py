"""`CompileMetrics`: the metrics that `compile` was given, as one metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn._namespace import to_array
from pynn._structure import leaves
from pynn.metrics import Metric
from pynn.training import Objectives

if TYPE_CHECKING:
    from pynn.models._compiled_model import CompiledModel


class CompileMetrics(Metric):
    """The metrics that `compile` was given, which `Model.metrics` holds as one.

    Which they are shows with the first targets.

    Parameters
    ----------
    model : CompiledModel
    """

    def __init__(self, model: CompiledModel) -> None:
        super().__init__(name="compile_metrics")
        self._model = model

    def _known(self) -> Objectives | None:
        """Return the objectives that were resolved last."""
        compiled = self._model._compiled
        return None if compiled is None else compiled.last

    @property
    def metrics(self) -> list[Any]:
        """The metrics, none before targets were seen."""
        known = self._known()
        return [] if known is None else [each.metric for each in known.metrics]

    @property
    def variables(self) -> list[Any]:
        """The weights of all metrics."""
        return [weight for metric in self.metrics for weight in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Let each metric see a batch of its output.

        Parameters
        ----------
        y_true, y_pred : array or tensor, or a structure of them for several outputs
        sample_weight : array, or a structure of them, default=None
        """
        model = self._model
        targets, predictions = model._targets(y_true), list(leaves(y_pred))
        weights = model._weights(sample_weight)
        for each in model._objectives_for(targets).metrics:
            weight = weights[each.output] if each.weighted else None
            predicted = to_array(predictions[each.output])
            each.metric.update_state(targets[each.output], predicted, sample_weight=weight)

    def result(self) -> dict[str, Any]:
        """Return the figures by name."""
        known = self._known()
        return {} if known is None else {each.name: each.metric.result() for each in known.metrics}

    def reset_state(self) -> None:
        """Set all metrics to their beginnings."""
        for metric in self.metrics:
            metric.reset_state()
