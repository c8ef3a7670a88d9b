"""Downloads: only a file of exactly the right content ever reaches the cache."""

from __future__ import annotations

import hashlib
import io
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pynn.datasets import DatasetNotFoundError
from pynn.datasets._download import RemoteFile, download, downloaded
from pynn.datasets._locate import local_file

CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Contents by address; any other address fails."""
    contents: dict[str, bytes] = {}

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        if url not in contents:
            raise urllib.error.URLError("no route")
        return io.BytesIO(contents[url])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return contents


REMOTE = RemoteFile(
    ("https://first.example/f", "https://second.example/f"),
    len(CONTENT),
    hashlib.sha256(CONTENT).hexdigest(),
)


def test_the_first_address_that_answers_serves(served: dict[str, bytes], tmp_path: Path) -> None:
    served["https://second.example/f"] = CONTENT
    target = tmp_path / "a" / "b" / "file"
    assert download(REMOTE, target) == []
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (CONTENT[:-1], "bytes"),
        (CONTENT + b"x", "bytes"),
        (b"<html>sign in</html>", "bytes"),
        (b"\xff" + CONTENT[1:], "SHA-256"),
    ],
)
def test_wrong_content_never_arrives(
    served: dict[str, bytes], tmp_path: Path, content: bytes, complaint: str
) -> None:
    served["https://first.example/f"] = content
    failures = download(REMOTE, tmp_path / "cache" / "file")
    assert len(failures) == 2
    assert complaint in failures[0] and "no route" in failures[1]
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unwritable_cache_is_a_failure_like_any_other(
    served: dict[str, bytes], tmp_path: Path
) -> None:
    served["https://first.example/f"] = CONTENT
    (tmp_path / "cache").write_text("a file where the folder should be")
    failures = download(REMOTE, tmp_path / "cache" / "file")
    assert len(failures) == 2 and "cache" in failures[0]


def test_a_download_is_kept_in_the_cache(
    served: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("PYNN_DATA_DIR", raising=False)
    with pytest.raises(DatasetNotFoundError) as caught:
        downloaded("A table", "table.csv", REMOTE, ["table.csv"])
    message = str(caught.value)
    assert str(tmp_path / "keras" / "datasets" / "table.csv") in message
    assert "Downloads that failed:" in message and "no route" in message
    served["https://first.example/f"] = CONTENT
    path = downloaded("A table", "table.csv", REMOTE, ["table.csv"])
    assert path == local_file("table.csv") == tmp_path / "pynn" / "table.csv"
    assert path.read_bytes() == CONTENT
