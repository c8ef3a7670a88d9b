"""`Totals`: sums and counts of losses and metrics, which can be added up."""

from __future__ import annotations

from typing import Any

Sum = tuple[float, float]  # total and count


class Totals:
    """Sums and counts of losses and metrics, which can be added up.

    Parameters
    ----------
    results : dict
        From ``Trainer.results`` or ``Trainer.evaluate``.
    """

    __slots__ = ("_loss", "_metrics", "_outputs")

    # Plain numbers: there are a few, and some callers ask after every step.
    def __init__(self, results: dict[str, Any]) -> None:
        self._loss: Sum = results["loss"]
        self._outputs: list[Sum] = results["outputs"]
        self._metrics: list[list[Sum]] = results["metrics"]

    def results(self) -> dict[str, Any]:
        """Return what the same totals can be made from."""
        return {"loss": self._loss, "outputs": self._outputs, "metrics": self._metrics}

    def _with(self, other: Totals, sign: float) -> Totals:
        def join(ours: list[Sum], theirs: list[Sum]) -> list[Sum]:
            pairs = zip(ours, theirs, strict=True)
            return [(a[0] + sign * b[0], a[1] + sign * b[1]) for a, b in pairs]

        groups = zip(self._metrics, other._metrics, strict=True)
        return Totals(
            {
                "loss": join([self._loss], [other._loss])[0],
                "outputs": join(self._outputs, other._outputs),
                "metrics": [join(ours, theirs) for ours, theirs in groups],
            }
        )

    def __add__(self, other: Totals | None) -> Totals:
        return self if other is None else self._with(other, 1.0)

    def __sub__(self, other: Totals | None) -> Totals:
        return self if other is None else self._with(other, -1.0)

    def metric_sums(self) -> list[list[Sum]]:
        """Return total and count of each metric, output by output."""
        return self._metrics

    def losses(self) -> tuple[float, list[float]]:
        """Return the mean loss, and the mean losses of the outputs."""
        total, count = self._loss
        outputs = [float(total / count) if count else 0.0 for total, count in self._outputs]
        return float(total / count) if count else 0.0, outputs
