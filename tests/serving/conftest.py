"""Tests that need Arrow or MLflow are collected only where these are installed."""

from __future__ import annotations

import importlib.util

_NEEDED = {"test_arrow.py": "pyarrow", "test_mlflow.py": "mlflow"}
collect_ignore_glob = [
    file for file, name in _NEEDED.items() if importlib.util.find_spec(name) is None
]
