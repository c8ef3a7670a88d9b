"""`plot_model`: a picture of a model in a file. How it is laid out and drawn is in other files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pynn.plotting._model_picture import PictureOptions, model_picture

_DIRECTIONS = ("TB", "BT", "LR", "RL")


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    *,
    layer_range: None = None,
) -> Any:
    """Draw a model's layers and what flows between them, and save the picture.

    Inputs have grey heads, layers with weights blue ones (paler where they are frozen), all others
    green ones. Graphviz is not needed. An op between layers is shown like a layer; a layer that is
    used several times is one card with several arrows, unless the arrows would run in a circle.

    Parameters
    ----------
    model : Model
        Sequential, functional or subclassed; it must have been built.
    to_file : path-like, default="model.png"
        The suffix chooses the format: ``.svg`` is always there; ``.png``, ``.pdf`` and others that
        matplotlib writes need matplotlib. Without a suffix it is a PNG.
    show_shapes : bool, default=False
        Whether to show the shapes of inputs and outputs.
    show_dtype : bool, default=False
        Whether to show what type layers compute in.
    show_layer_names : bool, default=False
        Whether to show the names of layers beside their classes.
    rankdir : {"TB", "BT", "LR", "RL"}, default="TB"
        Where layers follow one another: from top to bottom, from left to right, or the reverse.
    expand_nested : bool, default=False
        Whether to draw models within the model in full, in frames.
    dpi : float, default=200
        Pixels per inch of a PNG; text is 9 points, 1/8 inch, high.
    show_layer_activations : bool, default=False
        Whether to show the activation functions of layers that have one.
    show_trainable : bool, default=False
        Whether to show if layers with weights are trained.
    layer_range : None
        Not supported, as in Keras 3.

    Returns
    -------
    IPython.display.Image, IPython.display.SVG or None
        What a notebook shows; None where IPython is not installed, and for other formats.

    Raises
    ------
    ImportError
        If the format needs matplotlib and it is not installed.
    TypeError
        If `model` is no model.
    ValueError
        If the model has not been built, or an argument is anything else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pynn
    >>> model = pynn.Sequential([pynn.Input((4,)), pynn.layers.Dense(3, activation="relu")])
    >>> file = Path(tempfile.mkdtemp()) / "model.svg"
    >>> image = pynn.utils.plot_model(model, file, show_shapes=True)
    >>> "(None, 3)" in file.read_text(encoding="utf-8")
    True
    """
    if not hasattr(model, "_diagram"):
        raise TypeError(f"model must be a pynn model. Received: {type(model).__name__}")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir must be one of {_DIRECTIONS}. Received: rankdir={rankdir!r}")
    if not dpi > 0:
        raise ValueError(f"dpi must be positive. Received: dpi={dpi!r}")
    if layer_range is not None:
        raise ValueError("layer_range is not supported: make a Model of the layers to be drawn")
    shown = PictureOptions(
        shapes=show_shapes,
        dtype=show_dtype,
        layer_names=show_layer_names,
        layer_activations=show_layer_activations,
        trainable=show_trainable,
        expand_nested=expand_nested,
        rankdir=rankdir,
    )
    picture = model_picture(model._diagram(), shown)
    path = Path(to_file)
    path = path if path.suffix else path.with_name(f"{path.name}.png")
    if path.suffix.lower() == ".svg":
        path.write_text(picture.svg(), encoding="utf-8")
    else:
        picture.figure().savefig(path, dpi=dpi)
    return _shown_by_ipython(path)


def model_svg(model: Any) -> str:
    """Return a picture of a model, with names and shapes, as the text of an SVG image."""
    return model_picture(model._diagram(), PictureOptions(shapes=True, layer_names=True)).svg()


def _shown_by_ipython(path: Path) -> Any:
    try:
        from IPython import display
    except ImportError:
        return None
    suffix = path.suffix.lower()
    if suffix == ".svg":
        return display.SVG(filename=str(path))
    if suffix in (".png", ".jpg", ".jpeg"):
        return display.Image(filename=str(path))
    return None
