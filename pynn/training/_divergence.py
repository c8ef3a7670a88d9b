"""The warning of a loss that is no finite number, and what it says about the causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pynn._sparse import is_sparse
from pynn._user_warning import warn_user
from pynn.training._loop import TrainingLoop

_ROWS = 1 << 16  # looked at, of a data set that may be larger than the memory


def warn_of_divergence(loss: float, epoch: int, steps: tuple[int, int], loop: TrainingLoop) -> None:
    """Warn of the first loss that is no finite number.

    Parameters
    ----------
    loss : float
    epoch : int
        Counted from 0.
    steps : (int, int)
        The steps between which it happened, counted from 1.
    loop : TrainingLoop
        Whose data and learning rate may be the cause.
    """
    first, last = steps
    where = f"at its step {last}" if first == last else f"between its steps {first} and {last}"
    warn_user(
        f"the loss became {loss} in epoch {epoch + 1}, {where}. {_causes(loop)}. The callback "
        "TerminateOnNaN ends such a training",
        RuntimeWarning,
    )


def _causes(loop: TrainingLoop) -> str:
    data = loop.current
    assert data is not None
    low, high = _range(data.x_arrays)
    if not np.isfinite([low, high]).all():
        return "The inputs hold numbers that are not finite"
    if not np.isfinite(_range(data.y_arrays)).all():
        return "The targets hold numbers that are not finite"
    rate = loop.rates(max(loop.trainer.iterations - 1, 0), 1).flat[0]
    return (
        f"The usual causes are inputs that are not scaled (these reach from {low:g} to {high:g}; "
        "layers.Normalization and scikit-learn's StandardScaler scale them) and too large a "
        f"learning rate (it is {rate:g})"
    )


def _range(arrays: Sequence[Any]) -> tuple[float, float]:
    """Return the least and the largest number of some arrays; NaN if one is among them."""
    parts = [array[:_ROWS] for array in arrays if array is not None]
    values = [np.asarray(part.data if is_sparse(part) else part, np.float64) for part in parts]
    found = [value for value in values if value.size]
    if not found:
        return 0.0, 0.0
    least, largest = [value.min() for value in found], [value.max() for value in found]
    return float(np.min(least)), float(np.max(largest))
