"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from pynn._files import FileError, opened, write_atomically


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


def test_an_interrupt_after_the_file_has_its_name_is_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def interrupted(*paths: str) -> None:
        replace(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "x", lambda file: file.write(b"new"))
    assert (tmp_path / "x").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_what_killed_processes_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    old = [".x.abcdefgh.tmp", ".x.0a1b_c2d.tmp"]
    kept = [".x.recent12.tmp", ".xy.abcdefgh.tmp", ".x.short.tmp", "x.abcdefgh.tmp", ".x.tmp"]
    for name in (*old, *kept):
        (tmp_path / name).write_bytes(b"left over")
        if "recent" not in name:
            os.utime(tmp_path / name, (0, time.time() - 7200))
    write_atomically(tmp_path / "x", lambda file: file.write(b"new"))
    assert sorted(os.listdir(tmp_path)) == sorted(["x", *kept])


# ---- what is no regular file


def test_a_device_is_not_replaced() -> None:
    write_atomically("/dev/null", lambda file: file.write(b"gone"))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", lambda file: file.write(b"content"))
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "x", lambda file: file.write(b"new"))
    assert os.listdir(tmp_path) == ["x"]


def test_an_open_file_or_descriptor_is_written_to_and_left_open(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    write_atomically(buffer, lambda file: file.write(b"a"))
    write_atomically(buffer, lambda file: file.write(b"b"))
    assert buffer.getvalue() == b"ab"
    with (tmp_path / "x").open("wb") as file:
        write_atomically(file.fileno(), lambda file: file.write(b"content"))
        assert not file.closed
    assert (tmp_path / "x").read_bytes() == b"content"
    for text in (io.StringIO(), (tmp_path / "t").open("w")):
        with text, pytest.raises(TypeError, match="opened in binary mode"):
            write_atomically(text, lambda file: file.write(b""))


def test_what_is_opened_is_read_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"content")
    with opened(tmp_path / "x") as (stream, name, size):
        assert (stream.read(), name, size) == (b"content", str(tmp_path / "x"), 7)
    with (tmp_path / "x").open("rb") as file:
        file.read(3)
        with opened(file) as (stream, name, size):
            assert (stream.read(), name, size) == (b"tent", str(tmp_path / "x"), 4)
    with (tmp_path / "x").open("rb") as file, opened(file.fileno()) as (stream, _, size):
        assert (stream.read(), size) == (b"content", 7)
    with opened(io.BytesIO(b"abc")) as (stream, name, size):
        assert (stream.read(), name, size) == (b"abc", "the file", 3)
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with opened(reader) as (stream, _, size):
        assert (stream.read(), size) == (b"piped", 5)
    os.close(reader)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "a device, a socket or a pipe"),
        ("/dev/zero", "/dev/zero is a device"),
    ):
        with pytest.raises(FileError, match=message), opened(path):
            pass
    with pytest.raises(FileNotFoundError), opened(tmp_path / "none"):
        pass
    with pytest.raises(TypeError, match="opened in binary mode"), opened(io.StringIO()):
        pass
    with pytest.raises(TypeError), opened(None):
        pass


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
