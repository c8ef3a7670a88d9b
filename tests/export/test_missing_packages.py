"""What export says where its packages are not installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from pynn import layers, models
from pynn._optional import needed
from pynn.export import register_skl2onnx


def test_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="needs skl2onnx: pip install"):
        register_skl2onnx()


def test_the_reader_names_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="from_onnx needs onnx: pip install"):
        models.from_onnx(b"")


def test_what_is_wrong_within_pynn_is_no_missing_package() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'pynn.nothing'"):
        with needed("a test", "onnx", "onnx"):
            importlib.import_module("pynn.nothing")


def small() -> Any:
    return models.Sequential([layers.Input((3,)), layers.Dense(2)])


def test_models_name_the_package_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="needs onnx: pip install"):
        small().export(tmp_path / "m.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "saved_model"}, "exported as onnx.*Received: 'saved_model'"),
        ({"format": "litert"}, "exported as onnx.*Received: 'litert'"),
        ({"format": "onnx", "opset_version": 12}, "opset_version must be an integer from 13 on"),
        ({"format": "onnx", "is_static": True}, "does not take the arguments is_static"),
        ({"format": "onnx", "input_signature": []}, "does not take the arguments input_signature"),
    ],
)
def test_what_there_is_no_export_for(
    arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        small().export(tmp_path / "m.onnx", **arguments)
    assert not list(tmp_path.iterdir())
