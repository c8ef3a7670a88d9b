"""Rows of calibration: checked, the ranges on them, and what predictions on them lose by int8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pynn import _core
from pynn.graph import EngineGraph, to_rows

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class QuantizationReport:
    """What predictions lose by int8, on the calibration rows.

    Attributes
    ----------
    rows : int
    max_difference, mean_difference : float
        Between predictions in int8 and the model's, over all numbers of all outputs.
    accuracy, accuracy_int8 : float or None
        Shares of the labels that are right; None without labels.
    bytes, bytes_int8 : int
        What the tables take, in float and in int8.
    """

    rows: int
    max_difference: float
    mean_difference: float
    accuracy: float | None
    accuracy_int8: float | None
    bytes: int
    bytes_int8: int

    @property
    def points_lost(self) -> float | None:
        """Percentage points of the accuracy that are lost; None without labels."""
        if self.accuracy is None or self.accuracy_int8 is None:
            return None
        return 100.0 * (self.accuracy - self.accuracy_int8)

    def __str__(self) -> str:
        text = (
            f"int8 instead of float32: {self.bytes_int8:,} bytes of tables instead of "
            f"{self.bytes:,}. On {self.rows:,} calibration rows predictions differ by "
            f"{self.mean_difference:.2g} on average, at most by {self.max_difference:.2g}."
        )
        if self.accuracy is None:
            return text
        return (
            f"{text} Accuracy: {self.accuracy:.2%} in float32, {self.accuracy_int8:.2%} in int8, "
            f"{self.points_lost:.2f} points lost."
        )


def ranges_of(graph: EngineGraph, rows: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Return the least and the largest number of each node's value, over all rows and entries."""
    inputs = set(graph.inputs)
    asked = [
        place
        for place, node in enumerate(graph.nodes)
        if place not in inputs and node.kind != "variable"
    ]
    executor = _core.Executor(graph.graph, graph.inputs, asked)
    low = np.full(len(graph.nodes), np.inf)
    high = -low
    for start in range(0, len(rows[0]), _ROWS_AT_ONCE):
        block = [x[start : start + _ROWS_AT_ONCE] for x in rows]
        found = executor.predict(
            [to_rows(np.ascontiguousarray(x)) for x in block], len(block[0]), 0
        )
        for place, values in zip([*graph.inputs, *asked], [*block, *found], strict=True):
            finite = values[np.isfinite(values)]
            low[place] = min(low[place], finite.min(initial=0.0))
            high[place] = max(high[place], finite.max(initial=0.0))
    return list(zip(low.tolist(), high.tolist(), strict=True))


def check_calibration(given: Any, model: Any) -> list[np.ndarray]:
    """Return calibration rows as flat arrays, one for each input of a model.

    Raises
    ------
    ValueError
        If there are none, or not for each input, or not of its shape.
    """
    if given is None:
        raise ValueError("quantize='int8' needs calibration: some hundreds of rows as predict has")
    names = model.input_names
    if isinstance(given, dict):
        given = [given[name] for name in names if name in given]
    elif len(names) == 1:
        given = [given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given]
    arrays = [np.asarray(each) for each in given]
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    n = len(arrays[0]) if arrays and arrays[0].ndim else 0
    if not n or [each.shape for each in arrays] != [(n, *shape) for shape in shapes]:
        raise ValueError(
            f"calibration must be rows of the shapes {shapes}. Received: "
            f"{[each.shape for each in arrays]}"
        )
    flat = [each.reshape(n, -1).astype(np.float32) for each in arrays]
    if not all(np.isfinite(each).all() for each in flat):
        raise ValueError("calibration must hold no NaN and no infinity")
    return flat


def report_of(
    found: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    labels: Any,
    sizes: tuple[int, int],
) -> QuantizationReport:
    """Return what is lost on calibration rows.

    Parameters
    ----------
    found, expected : sequence of ndarray
        What the program in int8 and the model predict for the rows.
    labels : array-like or None
        Numbers of classes, or one-hot rows, for the first output.
    sizes : (int, int)
        Of the tables, in float and in int8.
    """
    apart = np.concatenate([np.abs(a - b).ravel() for a, b in zip(found, expected, strict=True)])
    right: list[float | None] = [None, None]
    if labels is not None:
        codes = np.asarray(labels)
        if codes.ndim == 2 and codes.shape[1] > 1:
            codes = codes.argmax(axis=1)
        codes = codes.ravel()
        if len(codes) != len(found[0]):
            raise ValueError(
                f"labels must be as many as calibration rows, {len(found[0])}. "
                f"Received: {len(codes)}"
            )
        for i, outputs in enumerate((expected[0], found[0])):
            classes = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 0.5
            right[i] = float(np.mean(classes == codes))
    return QuantizationReport(
        len(found[0]), float(apart.max()), float(apart.mean()), right[0], right[1], *sizes
    )
