"""An empty machine for the data set tests: no caches, no Debian files, no network."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pynn.datasets import fashion_mnist


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every search folder below ``tmp_path``, which is returned, and cut the network."""

    def refuse(url: str, **_: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("PYNN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion_mnist, "_DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tmp_path
