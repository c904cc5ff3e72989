"""What a killed run leaves of DVC's files: mended where broken or nobody's, else untouched."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.leftovers import is_broken, mend
from tests.harness import python

WORDS = ["dvc", "repro", "--single-item", "train"]


@pytest.fixture
def other() -> Iterator[psutil.Process]:
    """Another process at work, whose arguments end as those that DVC notes of it."""
    code = "import sys; print('here', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *WORDS[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    yield psutil.Process(process.pid)
    process.communicate()


def _note(root: Path, content: object) -> Path:
    path = root / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def _who(pid: int, cmd: str = " ".join(WORDS)) -> dict[str, Any]:
    return {"pid": pid, "cmd": cmd}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        [],
        5,
        {"write": []},
        {"read": {"a": 5}},
        {"read": {"a": [5]}},
        {"write": {"a": {"pid": 1}}},
        {"write": {"a": {"pid": "one", "cmd": "dvc"}}},
    ],
)
def test_what_dvc_cannot_read_goes(content: object, tmp_path: Path) -> None:
    path = _note(tmp_path, content)
    mend(tmp_path)
    assert not path.exists()


def test_what_is_no_text_goes(tmp_path: Path) -> None:
    path = _note(tmp_path, "")
    path.write_bytes(b"\xff\xfe{}")
    mend(tmp_path)
    assert not path.exists()


def test_who_is_at_work_keeps_what_he_holds(tmp_path: Path, other: psutil.Process) -> None:
    path = _note(tmp_path, {"write": {"a": _who(other.pid)}, "read": {"b": [_who(other.pid)]}})
    before = path.read_bytes(), path.stat().st_mtime_ns
    mend(tmp_path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_number_that_is_anothers_by_now_holds_nothing(
    tmp_path: Path, other: psutil.Process
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path = _note(
        tmp_path,
        {
            "write": {
                "gone": _who(gone.pid),
                "another command": _who(other.pid, "dvc repro --single-item lime"),
                "ours of an earlier life": _who(os.getpid()),
                "first process": _who(1, "python -m flows run"),
            },
            "read": {"b": [_who(gone.pid), _who(other.pid)], "c": [_who(gone.pid)]},
        },
    )
    mend(tmp_path)
    assert json.loads(path.read_text()) == {"write": {}, "read": {"b": [_who(other.pid)]}}


def test_who_was_born_after_the_note_did_not_make_it(tmp_path: Path, other: psutil.Process) -> None:
    path = _note(tmp_path, {"write": {"a": _who(other.pid)}})
    earlier = other.create_time() - 60
    os.utime(path, (earlier, earlier))
    mend(tmp_path)
    assert json.loads(path.read_text()) == {"write": {}, "read": {}}


def test_dvc_goes_on_after_it(two_stages: Path) -> None:
    raw = str(two_stages.resolve() / "data" / "raw")
    _note(two_stages, {"write": {raw: _who(1, "python -m flows run")}})
    assert python(two_stages, "-m", "dvc", "status").returncode != 0
    mend(two_stages)
    done = python(two_stages, "-m", "dvc", "status")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("schema: '2.0'\n", False),
        (
            "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: b\n      md5: c\n",
            False,
        ),
        ("", True),
        ("[]", True),
        ("schema: '2.0'\nstages: [1]\n", True),
        ("schema: '2.0'\nstages:\n  a:\n", True),
        ("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    -\n", True),
        ("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n", True),
        ("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - pa", True),
        ("stages: {", True),
    ],
)
def test_a_dvc_lock_that_was_cut_off_is_set_aside(text: str, broken: bool, tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    lock.write_text(text)
    assert is_broken(lock) == broken
    mend(tmp_path)
    assert lock.exists() != broken
    aside = list(tmp_path.glob("dvc.lock.broken-*"))
    assert [path.read_text() for path in aside] == [text] * broken


def test_a_project_that_never_ran_has_nothing_to_mend(tmp_path: Path) -> None:
    mend(tmp_path)
    assert not is_broken(tmp_path / "dvc.lock")
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_a_blank_is_a_path(tmp_path: Path, other: psutil.Process) -> None:
    """DVC notes its arguments with blanks between, and the first may have some of its own."""
    who = {"pid": other.pid, "cmd": " ".join(["/my project/dvc/__main__.py", *WORDS[1:]])}
    path = _note(tmp_path, {"write": {"data": who}, "read": {}})
    before = path.read_bytes()
    mend(tmp_path)
    assert path.read_bytes() == before
