"""Predictions over HTTP: `app`, for any ASGI server, and `run`, which is ``pynn serve``.

Needs packages that pynn itself does not (``pip install "pynn-mlp[serve]"``).
"""

from pynn.serving._serve import app, run

__all__ = ["app", "run"]
__dir__ = __all__.copy
