"""What export says where its packages are not installed."""

from __future__ import annotations

import sys

import pytest

from pynn.export import register_skl2onnx


def test_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="needs skl2onnx. Install it with: pip install"):
        register_skl2onnx()
