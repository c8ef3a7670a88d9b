"""What is said where matplotlib is missing, and figures that notebooks show without pyplot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
