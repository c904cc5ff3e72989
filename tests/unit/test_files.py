"""Files are whole or not there; what cannot be read is named."""

import errno
import hashlib
import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ganatomy.errors import InputError
from ganatomy.files import (
    cannot_write,
    check_can_write,
    read_json,
    safe_name,
    sha256_of,
    whole_folder,
    write_bytes,
    write_json,
)


def _fail(*_: Any) -> NoReturn:
    raise OSError("disk is gone")


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_write_bytes_makes_the_folder_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_bytes(path, b"old and longer")
    write_bytes(path, b"new")
    assert _tree(tmp_path) == {"a/b/file": b"new"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file_alone(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, _fail)
    with pytest.raises(OSError, match="disk is gone"):
        write_bytes(path, b"new")
    assert _tree(tmp_path) == {"file": b"old"}


def test_equal_values_are_equal_json_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"one": 1, "two": [2.5, None]})
    write_json(tmp_path / "b", {"two": [2.5, None], "one": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_json_comes_back(tmp_path: Path) -> None:
    value = {"name": "Fréchet “d” – 距離", "values": [1, 0.1, 1e-30, True, None]}
    write_json(tmp_path / "a", value)
    assert read_json(tmp_path / "a") == value
    assert json.loads((tmp_path / "a").read_bytes()) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_is_not_a_number(value: float, tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": 1})
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a", {"x": [value]})
    assert read_json(tmp_path / "a") == {"x": 1}


@pytest.mark.parametrize("content", [None, b"", b"{", b"{'a': 1}", b'{"a": "\xff"}'])
def test_unreadable_json_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    for content in ("one", "two"):
        with whole_folder(folder) as partial:
            assert partial.parent == folder.parent
            (partial / content).write_text(content)
            assert not (folder / content).exists()
    assert _tree(tmp_path) == {"deep/folder/two": b"two"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_folder_stays_when_the_block_fails(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_bytes(b"old")

    def work() -> None:
        with whole_folder(tmp_path / "folder") as partial:
            (partial / "new").write_bytes(b"new")
            raise error

    with pytest.raises(error):
        work()
    assert _tree(tmp_path) == {"folder/old": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_leftovers_of_a_crash_do_not_get_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        with whole_folder(tmp_path / "f") as partial:
            (partial / "half").write_bytes(b"")
            raise SystemExit

    with monkeypatch.context() as patch:  # a process that is killed tidies nothing up
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            die()
    assert len(_tree(tmp_path)) == 1
    assert not (tmp_path / "f").exists()
    with whole_folder(tmp_path / "f") as partial:
        (partial / "whole").write_bytes(b"")
    assert _tree(tmp_path) == {"f/whole": b""}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sha256_reads_all_of_the_file(size: int, tmp_path: Path) -> None:
    content = bytes(size - 1) + b"x" if size else b""
    (tmp_path / "f").write_bytes(content)
    assert sha256_of(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def _chain(*errors: BaseException) -> BaseException:
    """Each the cause of the one before it."""
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x", "/there"), r"^no space left on device \[/there\]\. Free"),
        (OSError(errno.EDQUOT, "x", "/there"), r"^disk quota exceeded \[/there\]\. Free"),
        (OSError(errno.EROFS, "x", "/there"), r"^read-only file system \[/there\]\. Make"),
        (PermissionError(errno.EACCES, "x", "/there"), r"^permission denied \[/there\]\. Give"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), r"^no space .* \[/"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), r"^no space left"),
        (_chain(RuntimeError("not saved"), OSError(errno.ENOSPC, "x", "/a")), r"^no space .*/a"),
        (
            _chain(RuntimeError("No space left on device"), OSError(errno.ENOSPC, "x", "/a")),
            r"^no space .* \[/a\]",
        ),
    ],
)
def test_what_the_disk_refuses_is_said_in_one_sentence(error: Exception, said: str) -> None:
    found = cannot_write(error)
    assert found is not None
    assert re.match(said, found)
    assert "\n" not in found


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/there"),
        OSError("of no kind"),
        ValueError("wrong"),
        InputError("No space left on device", "here", "It has its own words."),
        _chain(RuntimeError("first"), RuntimeError("second")),
    ],
)
def test_other_errors_are_not_the_disks(error: Exception) -> None:
    assert cannot_write(error) is None


def test_a_circle_of_causes_comes_to_an_end() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert cannot_write(first) is None


def test_a_write_that_fails_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_bytes(tmp_path / "file", b"new")
    assert caught.value.filename == str(tmp_path / "file")


# ---- names ----


@pytest.mark.parametrize("text", ["null_0", "cell_1_1", "a+b", "attribute_hair=red-permute"])
def test_plain_names_are_kept(text: str) -> None:
    assert safe_name(text) == text


@pytest.mark.parametrize(
    "text", ["Äpfel", "a b", "a/b", "../a", ".a", "", "A", "\ud800", "a\0b", "a" * 300, "x\ny"]
)
def test_other_names_become_files_of_their_own(text: str, tmp_path: Path) -> None:
    name = safe_name(text)
    (tmp_path / name).write_text("there")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name.isascii()
    assert not name.startswith(".")
    assert safe_name(text) == name
    others = ["Äpfel", "Öpfel", "a b", "a_b", "a-b", "a  b", "A", "a", "a" * 300, "a" * 301]
    assert len({safe_name(other).lower() for other in {*others, text}}) == len({*others, text})


@pytest.mark.parametrize("where", ["page.html", "new/deep/page.html"])
def test_what_can_be_written_leaves_nothing_behind_when_it_is_looked_at(
    where: str, tmp_path: Path
) -> None:
    check_can_write(tmp_path / where, "path")
    assert not list(tmp_path.iterdir())


def test_an_old_file_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    check_can_write(tmp_path / "page.html", "path")
    assert (tmp_path / "page.html").read_text() == "old"


@pytest.mark.parametrize("where", ["", "folder", "file/page.html"])
def test_what_cannot_be_written_is_refused_in_one_sentence(where: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as error:
        check_can_write(tmp_path / where if where else Path(), "path")
    assert error.value.where == "path"
    assert "\n" not in str(error.value)
