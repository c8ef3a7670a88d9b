"""`WeightsDisplay`: what the units of a first layer look for, as images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pynn._sparse import to_dense
from pynn.plotting._matplotlib import needed

_MOST_UNITS = 100


def first_weights(trained: Any) -> np.ndarray:
    """Return the weights (n_features, n_units) of the first layer of a model or estimator."""
    final = trained.steps[-1][1] if hasattr(trained, "steps") else trained
    if hasattr(final, "coefs_"):
        return np.asarray(final.coefs_[0])
    if hasattr(final, "coef_"):
        return np.atleast_2d(to_dense(final.coef_)).T
    model = final if hasattr(final, "layers") else getattr(final, "model_", None)
    for layer in getattr(model, "layers", ()):
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and len(kernel.shape) == 2:
            return np.asarray(kernel)
    raise ValueError(
        "there must be a fitted estimator with coefs_, coef_ or model_, or a built model with a "
        f"Dense layer. Received: {final!r:.80}"
    )


class WeightsDisplay:
    """Each unit's weights as an image of the shape of its input; in scikit-learn's style.

    Use `from_estimator` to make one.

    Parameters
    ----------
    weights : array-like of shape (n_features, n_units)
    image_shape : tuple of int, default=None
        Height and width (and 3 for colours) of the images that the features are the pixels of;
        None stands for a square.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes, shape (n_units,)
    figure_ : matplotlib.figure.Figure
    images_ : list of matplotlib.image.AxesImage

    Raises
    ------
    ValueError
        If the features do not fill an image of that shape.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from pynn.plotting import WeightsDisplay
    >>> display = WeightsDisplay(np.eye(4)).plot()
    >>> display.images_[0].get_array().shape, len(display.axes_)
    ((2, 2), 4)
    """

    def __init__(self, weights: Any, *, image_shape: tuple[int, ...] | None = None) -> None:
        self.weights = np.asarray(weights, float)
        if self.weights.ndim != 2:
            raise ValueError(
                "weights must have the shape (n_features, n_units). Received: "
                f"weights of shape {self.weights.shape}"
            )
        n_features = len(self.weights)
        if image_shape is None:
            side = math.isqrt(n_features)
            if side * side != n_features:
                raise ValueError(
                    f"the {n_features} features are the pixels of no square image: give image_shape"
                )
            image_shape = (side, side)
        if len(image_shape) not in (2, 3) or math.prod(image_shape) != n_features:
            raise ValueError(
                f"image_shape must be the height and width of {n_features} pixels. "
                f"Received: image_shape={tuple(image_shape)}"
            )
        self.image_shape = tuple(image_shape)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        units: Any = None,
        axes: Any = None,
        **kwargs: Any,
    ) -> WeightsDisplay:
        """Draw the first layer of a fitted estimator or a built model.

        Parameters
        ----------
        estimator : estimator or Model
            An MLP, a perceptron, a wrapper around a model, or a model; scikit-learn's too. The
            last step of a pipeline is looked at; its features have to be the pixels.
        image_shape : tuple of int, default=None
            Height and width of the images; None stands for a square.
        units : int or sequence of int, default=None
            How many units to draw, or which; None draws the first 100 at most.
        axes : array-like of matplotlib.axes.Axes, default=None
            Where to draw, one for each unit; None makes a new figure.
        **kwargs
            For `plot`.

        Returns
        -------
        WeightsDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are no weights, or they do not fill images of that shape.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import pynn
        >>> from sklearn.datasets import load_digits
        >>> from pynn.plotting import WeightsDisplay
        >>> perceptron = pynn.Perceptron().fit(*load_digits(return_X_y=True))
        >>> WeightsDisplay.from_estimator(perceptron).image_shape
        (8, 8)
        """
        weights = first_weights(estimator)
        if units is None:
            units = _MOST_UNITS
        chosen = weights[:, :units] if isinstance(units, int) else weights[:, list(units)]
        return cls(chosen, image_shape=image_shape).plot(axes, **kwargs)

    def plot(
        self,
        axes: Any = None,
        *,
        n_columns: int | None = None,
        cmap: Any = "RdBu_r",
        **kwargs: Any,
    ) -> WeightsDisplay:
        """Draw an image for each unit; all share one scale, with 0 in the middle.

        Parameters
        ----------
        axes : array-like of matplotlib.axes.Axes, default=None
            Where to draw, one for each unit; None makes a new figure.
        n_columns : int, default=None
            Images side by side in a new figure; None makes it about square.
        cmap : str or matplotlib.colors.Colormap, default="RdBu_r"
            The colours from most negative to most positive.
        **kwargs
            For ``ax.imshow``.

        Returns
        -------
        WeightsDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are fewer axes than units.
        """
        count = self.weights.shape[1]
        if n_columns is None:
            n_columns = max(1, math.ceil(math.sqrt(count)))
        self.axes_ = _grid_of_axes(axes, count, n_columns)
        self.figure_ = self.axes_[0].figure
        largest = float(np.abs(self.weights).max(initial=0.0)) or 1.0
        style = {"cmap": cmap, "vmin": -largest, "vmax": largest, **kwargs}
        self.images_ = []
        for ax, column in zip(self.axes_, self.weights.T, strict=True):
            image = column.reshape(self.image_shape)
            if image.ndim == 3:  # colours have no negative values: 0 becomes middle grey
                image = 0.5 + 0.5 * image / largest
            self.images_.append(ax.imshow(image, **style))
            ax.set(xticks=[], yticks=[])
        return self


def _grid_of_axes(axes: Any, count: int, n_columns: int) -> np.ndarray:
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
