"""Axes for the displays: those of the caller, or of a new figure of pyplot's, as scikit-learn's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynn.plotting._matplotlib import needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def one_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure if it is None."""
    if ax is not None:
        return ax
    with needed():
        import matplotlib.pyplot as plt
    return plt.subplots(layout="constrained")[1]


def grid_of_axes(axes: Any, count: int, n_columns: int) -> np.ndarray:
    """Return `count` axes (1-D): the first of `axes`, or those of a new figure's grid.

    Raises
    ------
    ValueError
        If `axes` are fewer.
    """
    if axes is None:
        with needed():
            import matplotlib.pyplot as plt
        n_rows = -(-count // n_columns)
        size = (1.2 * n_columns, 1.2 * n_rows)
        _, axes = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)
        for unused in axes.ravel()[count:]:
            unused.set_visible(False)
    flat = np.ravel(axes)
    if len(flat) < count:
        raise ValueError(f"axes must be at least {count}, one for each unit. Received: {len(flat)}")
    return flat[:count]
