"""Multilayer perceptrons as estimators."""
