"""Learning curves: what was recorded per epoch, drawn. No training and no global pyplot state."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any

from pynn.plotting._matplotlib import needed

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
    figure = _figure_class()(figsize=(5 * len(panels), 4), layout="constrained")
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


class LossCurveDisplay:
    """The loss of each epoch, drawn; in the style of scikit-learn's displays.

    Use `from_estimator` or `from_history` to make one.

    Parameters
    ----------
    loss : sequence of float
        The training loss of each epoch.
    validation_loss : sequence of float, default=None
        The loss on held-out rows.
    validation_scores : sequence of float, default=None
        Scores on held-out rows, where more is better; drawn against an axis of their own.
    name : str, default=None
        What was trained, for the legend.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    score_ax_ : matplotlib.axes.Axes or None
        The second axis, for scores.
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        Training loss, then validation loss and validation scores as far as there are any.

    See Also
    --------
    plot_learning_curves : all that a history holds, a panel for each quantity.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from pynn.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay([0.9, 0.5, 0.4], validation_loss=[1.0, 0.7, 0.6]).plot()
    >>> [line.get_label() for line in display.lines_]
    ['training loss', 'validation loss']
    """

    def __init__(
        self,
        loss: Sequence[float],
        *,
        validation_loss: Sequence[float] | None = None,
        validation_scores: Sequence[float] | None = None,
        name: str | None = None,
    ) -> None:
        self.loss = loss
        self.validation_loss = validation_loss
        self.validation_scores = validation_scores
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, name: str | None = None, **kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the loss curve of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            An `MLPClassifier` or `MLPRegressor` (scikit-learn's will do too) that was trained in
            batches, or a wrapper around a model. The last step of a pipeline is looked at.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What to call it in the legend; None stands for the name of the class.
        **kwargs
            For ``ax.plot``.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the estimator is not fitted, or its solver records no losses.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import pynn
        >>> from pynn.plotting import LossCurveDisplay
        >>> mlp = pynn.MLPRegressor(tol=10, n_iter_no_change=1)
        >>> mlp = mlp.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
        >>> len(LossCurveDisplay.from_estimator(mlp).loss)
        3
        """
        final = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        name = type(final).__name__ if name is None else name
        curve = getattr(final, "loss_curve_", None)
        if curve is not None:
            display = cls(
                curve, validation_scores=getattr(final, "validation_scores_", None), name=name
            )
            return display.plot(ax, **kwargs)
        history = getattr(final, "history_", getattr(final, "history", None))
        if history is None:
            raise ValueError(
                "estimator must be fitted and have a loss_curve_ or a history; the solver 'lbfgs' "
                f"and perceptrons record none. Received: {final!r}"
            )
        return cls.from_history(history, ax=ax, name=name, **kwargs)

    @classmethod
    def from_history(
        cls, history: Any, *, ax: Any = None, name: str | None = None, **kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the losses that `Model.fit` recorded.

        Parameters
        ----------
        history : History or mapping of str to sequence of float
            With ``"loss"`` and, if rows were held out, ``"val_loss"``.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What to call it in the legend.
        **kwargs
            For ``ax.plot``.

        Returns
        -------
        LossCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no ``"loss"``.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from pynn.plotting import LossCurveDisplay
        >>> LossCurveDisplay.from_history({"loss": [2.0, 1.0]}, name="first").ax_.get_ylabel()
        'loss'
        """
        record = getattr(history, "history", history)
        if not isinstance(record, Mapping) or "loss" not in record:
            raise ValueError(
                "history must be a History or a mapping with the losses of epochs under 'loss'. "
                f"Received: {history!r:.80}"
            )
        display = cls(record["loss"], validation_loss=record.get("val_loss"), name=name)
        return display.plot(ax, **kwargs)

    def plot(self, ax: Any = None, *, name: str | None = None, **kwargs: Any) -> LossCurveDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What to call it in the legend instead of the display's `name`.
        **kwargs
            For ``ax.plot``.

        Returns
        -------
        LossCurveDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        with needed():
            from matplotlib.ticker import MaxNLocator

        name = self.name if name is None else name
        self.ax_ = _one_axes(ax)
        self.figure_ = self.ax_.figure
        self.score_ax_ = None
        self.lines_: list[Any] = []
        self._draw(self.ax_, self.loss, "training loss", name, kwargs)
        if self.validation_loss is not None:
            self._draw(self.ax_, self.validation_loss, "validation loss", name, kwargs)
        self.ax_.set(xlabel="epoch", ylabel="loss")
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        if self.validation_scores is not None:
            self.score_ax_ = self.ax_.twinx()
            self.score_ax_.set_ylabel("validation score")
            style = {"color": f"C{len(self.lines_)}", "linestyle": "--", **kwargs}
            self._draw(self.score_ax_, self.validation_scores, "validation score", name, style)
        self.ax_.legend(handles=self.lines_)
        return self

    def _draw(
        self, ax: Any, values: Sequence[float], what: str, name: str | None, style: dict[str, Any]
    ) -> None:
        style = {"label": what if name is None else f"{name}: {what}", **style}
        self.lines_ += ax.plot(range(1, len(values) + 1), values, **style)


def _one_axes(ax: Any) -> Any:
    """Return `ax`, or the axes of a new figure if it is None."""
    if ax is not None:
        return ax
    with needed():
        import matplotlib.pyplot as plt
    return plt.subplots(layout="constrained")[1]
