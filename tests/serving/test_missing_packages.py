"""What is said where a package is missing."""

from __future__ import annotations

import sys

import pytest

import pynn


@pytest.mark.parametrize("call", ["save_model", "load_model", "log_model"])
def test_mlflow(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    arguments = (None, "nowhere") if call != "load_model" else ("nowhere",)
    with pytest.raises(ImportError, match="pip install mlflow-skinny"):
        getattr(pynn.mlflow, call)(*arguments)
