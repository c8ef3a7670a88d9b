"""`CompileMetrics`: the metrics that `compile` was given, as one metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynn._namespace import to_array
from pynn._structure import leaves
from pynn.metrics import Metric
from pynn.training import Objectives


class CompileMetrics(Metric):
    """The metrics that `compile` was given, which `Model.metrics` holds as one.

    Which they are shows with the first targets.

    Parameters
    ----------
    resolve : callable
        ``resolve(targets)`` returns the objectives for such targets.
    known : callable
        ``known()`` returns the objectives that were resolved last, or None.
    """

    def __init__(
        self, resolve: Callable[[Any], Objectives], known: Callable[[], Objectives | None]
    ) -> None:
        super().__init__(name="compile_metrics")
        self._resolve = resolve
        self._known = known

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
        sample_weight : array, default=None
        """
        targets, predictions = list(leaves(y_true)), list(leaves(y_pred))
        for each in self._resolve(y_true).metrics:
            weights = sample_weight if each.weighted else None
            predicted = to_array(predictions[each.output])
            each.metric.update_state(targets[each.output], predicted, sample_weight=weights)

    def result(self) -> dict[str, Any]:
        """Return the figures by name."""
        known = self._known()
        return {} if known is None else {each.name: each.metric.result() for each in known.metrics}

    def reset_state(self) -> None:
        """Set all metrics to their beginnings."""
        for metric in self.metrics:
            metric.reset_state()
