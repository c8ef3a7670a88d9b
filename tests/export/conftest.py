"""Tests with other libraries are collected only where these are installed."""

from __future__ import annotations

import importlib.util

_NEEDED = {
    "test_models.py": ("onnx", "onnxruntime"),
    "test_estimators.py": ("skl2onnx", "onnxruntime"),
    "test_ops_and_layers.py": ("onnx", "onnxruntime"),
    "test_reading.py": ("onnx", "onnxruntime"),
    "test_reading_operators.py": ("onnx", "onnxruntime"),
    "test_skl2onnx.py": ("skl2onnx", "onnxruntime"),
    "test_skops.py": ("skops",),
}
collect_ignore_glob = [
    file for file, names in _NEEDED.items() if not all(map(importlib.util.find_spec, names))
]
