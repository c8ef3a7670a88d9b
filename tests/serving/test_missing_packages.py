"""What is said where a package is missing."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import pynn


@pytest.mark.parametrize("call", ["save_model", "load_model", "log_model"])
def test_mlflow(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    arguments = (None, "nowhere") if call != "load_model" else ("nowhere",)
    with pytest.raises(ImportError, match="pip install mlflow-skinny"):
        getattr(pynn.mlflow, call)(*arguments)


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "orjson", "prometheus_client"])
def test_serving(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith(("pynn.serving._http", package))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "pynn.serving._metrics", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "pynn-mlp\[serve\]"'):
        pynn.serving.run("nowhere.pynn")


@pytest.mark.parametrize("broken", ["starlette.routing", "pynn.serving._openapi"])
def test_what_is_broken_is_not_said_to_be_missing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pynn.serving._http", raising=False)
    monkeypatch.setitem(sys.modules, broken, ModuleType(broken))
    with pytest.raises(ImportError, match="cannot import name"):
        pynn.serving.app("nowhere.pynn")
