"""Learning curves: what `fit` recorded per epoch, drawn. No training and no global pyplot state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from pynn.plotting._matplotlib import needed, shown_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pynn.callbacks import History


def plot_learning_curves(
    history: History | Mapping[str, Sequence[float]],
    path: str | PathLike[str] | None = None,
    *,
    title: str | None = None,
) -> Figure:
    """Draw every recorded quantity against the epoch, training beside validation.

    Parameters
    ----------
    history : History or mapping of str to sequence of float
        The `History` that ``fit`` returns, or its ``history``: one value per epoch and name.
        ``val_loss`` is drawn into the panel of ``loss``, and so on; the learning rate, where it was
        recorded, is a panel like any other.
    path : path-like, optional
        Where to save the figure; the suffix chooses the format (``.png``, ``.svg``, ``.pdf``).
    title : str, optional
        Text above the panels.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, one panel per quantity, not registered with pyplot. A notebook shows it.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``history`` is empty.

    Examples
    --------
    >>> from pynn.plotting import plot_learning_curves
    >>> figure = plot_learning_curves({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['training', 'validation']
    """
    with needed():
        from matplotlib.ticker import MaxNLocator
    curves = history if isinstance(history, Mapping) else history.history
    panels = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    if not panels:
        raise ValueError("history must hold at least one quantity. Received: an empty mapping")
    figure = shown_figure(figsize=(5 * len(panels), 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in curves:
                values = curves[key]
                axes.plot(range(1, len(values) + 1), values, label=label)
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    if title is not None:
        figure.suptitle(title)
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure
