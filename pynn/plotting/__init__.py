"""Figures of what was learned. Needs matplotlib (``pip install "pynn-mlp[plot]"``)."""

from pynn.plotting._learning_curves import plot_learning_curves

__all__ = ["plot_learning_curves"]
