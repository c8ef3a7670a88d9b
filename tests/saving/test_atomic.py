"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from pynn._atomic import write_atomically


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"first", b"second"):
        write_atomically(str(path), lambda file, content=content: file.write(content) and None)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["x"]


def test_what_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half of the new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(str(path), fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_the_old_content_is_there_until_the_new_one_is(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    seen = []

    def write(file: BinaryIO) -> None:
        file.write(b"new")
        file.flush()
        seen.append(path.read_bytes())

    write_atomically(str(path), write)
    assert (seen, path.read_bytes()) == ([b"old"], b"new")


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "x", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_atomically(str(link), lambda file: file.write(b"new") and None)
    assert link.is_symlink()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(str(tmp_path / "x"), lambda file: file.write(b"new") and None)
    assert (tmp_path / "x").stat().st_mode == plain.stat().st_mode


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such folder .*none'$"):
        write_atomically(str(tmp_path / "none" / "x"), lambda file: None)


def test_a_name_may_be_as_long_as_names_get(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_atomically(str(path), lambda file: file.write(b"new") and None)
    assert path.read_bytes() == b"new"
