"""The error of a model that is trained before it is compiled."""

from __future__ import annotations


class NotCompiledError(RuntimeError, ValueError):
    """Raised where `compile` has to come first: a RuntimeError to Keras 2, a ValueError to 3."""
