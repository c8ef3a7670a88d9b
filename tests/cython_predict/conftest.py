"""Tests with Numba and cffi are collected only where these are installed."""

from __future__ import annotations

import importlib.util

_NEEDED = {"test_numba.py": "numba", "test_cffi.py": "cffi"}
collect_ignore_glob = [
    file for file, name in _NEEDED.items() if importlib.util.find_spec(name) is None
]
