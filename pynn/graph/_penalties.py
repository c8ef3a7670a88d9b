"""The penalties of weights as the engine takes them: two numbers for each."""

from __future__ import annotations

from collections.abc import Sequence

from pynn.ops import Weight


def native_penalty(weight: Weight) -> tuple[float, float] | None:
    """Return (l1, l2) of a weight's regularizer; None if it is of another kind."""
    regularizer = weight.regularizer
    if regularizer is None:
        return 0.0, 0.0
    l1, l2 = getattr(regularizer, "l1", None), getattr(regularizer, "l2", None)
    if l1 is None and l2 is None:
        return None
    return float(l1 or 0.0), float(l2 or 0.0)


def penalties_of(
    parameters: Sequence[Weight], l1: Sequence[float] | None, l2: Sequence[float] | None
) -> tuple[list[float], list[float], bool]:
    """Return l1 and l2 of each weight, as given or from their regularizers.

    The third value says whether these two are all there is to their regularizers.
    """
    found = [native_penalty(weight) for weight in parameters]
    first = [pair[0] if pair else 0.0 for pair in found] if l1 is None else list(l1)
    second = [pair[1] if pair else 0.0 for pair in found] if l2 is None else list(l2)
    return first, second, None not in found
