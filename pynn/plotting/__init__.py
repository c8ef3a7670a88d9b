"""Figures of models and of what was learned.

Needs matplotlib (``pip install "pynn-mlp[plot]"``) for all but SVG pictures of models
and what notebooks show of histories.
"""

from pynn.plotting._curves import LossCurveDisplay, plot_learning_curves
from pynn.plotting._history_html import history_html
from pynn.plotting._plot_model import model_svg, plot_model
from pynn.plotting._weights_display import WeightsDisplay

__all__ = [
    "LossCurveDisplay",
    "WeightsDisplay",
    "history_html",
    "model_svg",
    "plot_learning_curves",
    "plot_model",
]
__dir__ = __all__.copy
