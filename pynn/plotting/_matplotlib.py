"""Getting figures and axes from matplotlib, and what is said where it is missing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@contextmanager
def needed() -> Iterator[None]:
    """Say in an ImportError how to get matplotlib."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            'Plotting needs matplotlib: pip install "pynn-mlp[plot]"', name=error.name
        ) from error


@cache
def _figure_class() -> type[Figure]:
    with needed():
        from matplotlib.figure import Figure

    class ShownFigure(Figure):
        """A figure that is a picture in a notebook even where pyplot was never imported."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return ShownFigure


def shown_figure(**options: Any) -> Figure:
    """Return a new matplotlib figure, not registered with pyplot, that a notebook shows.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    return _figure_class()(**options)


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
