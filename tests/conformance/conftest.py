"""Comparisons with Keras itself; this folder is collected only where Keras is installed.

KERAS_BACKEND=numpy python -m pytest tests/conformance
"""

from __future__ import annotations

import importlib.util
import os

os.environ.setdefault("KERAS_BACKEND", "numpy")

if importlib.util.find_spec("keras") is None:
    collect_ignore_glob = ["test_*.py"]
