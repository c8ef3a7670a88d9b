"""Comparisons with ONNX Runtime are collected only where it and skl2onnx are installed."""

from __future__ import annotations

import importlib.util

if any(importlib.util.find_spec(name) is None for name in ("skl2onnx", "onnxruntime")):
    collect_ignore_glob = ["test_skl2onnx.py"]
