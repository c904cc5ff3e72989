"""Why a stage would run: which file of inputs/ moved, and what in it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from flows import reasons
from ganatomy.files import json_bytes, write_bytes

CODE = "inputs/code/train.json"
THEN = {"ganatomy/a.py": "1", "ganatomy/b.py": "2", "tasks/c.py": "3"}


def _md5(value: Any) -> str:
    return hashlib.md5(json_bytes(value)).hexdigest()


def _kept(root: Path, where: str, value: Any) -> None:
    """As a run left it: at its place, or overwritten since and in DVC's cache only."""
    digest = _md5(value)
    cached = root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    write_bytes(cached if where == "cache" else root / CODE, json_bytes(value))
    if where == "cache":
        write_bytes(root / CODE, b"{}")


@pytest.mark.parametrize("where", ["place", "cache"])
@pytest.mark.parametrize(
    ("now", "words"),
    [
        (THEN, []),
        (THEN | {"tasks/c.py": "4"}, ["modified tasks/c.py"]),
        ({"ganatomy/a.py": "1", "ganatomy/b.py": "2"}, ["deleted tasks/c.py"]),
        (THEN | {"tasks/d.py": "4"}, ["new tasks/d.py"]),
        (
            dict.fromkeys([*THEN, "tasks/d.py", "tasks/e.py"], "9"),
            [f"modified {name}" for name in THEN] + ["and 2 more files"],
        ),
    ],
)
def test_files_of_code_are_named(
    where: str, now: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    _kept(tmp_path, where, THEN)
    assert reasons.of_inputs(tmp_path, CODE, _md5(THEN), now) == words


def test_what_is_gone_is_named_as_a_whole(tmp_path: Path) -> None:
    assert reasons.of_inputs(tmp_path, CODE, _md5(THEN), {}) == [f"modified {CODE}"]
    assert reasons.of_inputs(tmp_path, CODE, None, THEN) == [f"new {CODE}"]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"packages": {"torch": "2", "numpy": "1"}, "device": "cpu"}, "packages torch"),
        ({"packages": {"torch": "1", "numpy": "1"}, "device": "cuda: T"}, "device"),
        ({"packages": {"torch": "1"}, "device": ""}, "device, packages numpy"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, "a, b, c, ..."),
    ],
)
def test_of_other_files_the_keys_are_named(now: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = "inputs/environment.json"
    then = {"packages": {"torch": "1", "numpy": "1"}, "device": "cpu"}
    write_bytes(tmp_path / path, json_bytes(then))
    assert reasons.of_inputs(tmp_path, path, _md5(then), now) == [f"modified {path} ({words})"]


def test_what_dvc_says_without_what_it_cannot_know() -> None:
    entries = [
        "always changed",
        "changed command",
        {
            "changed deps": {
                CODE: "deleted",
                "data/raw": "modified",
                "params.yaml": {"fetch": "new"},
            }
        },
        {"changed outs": {"models/gan": "deleted"}},
    ]
    said = ["changed command", "modified data/raw", "new fetch", "deleted output models/gan"]
    assert reasons.of_dvc(entries, but_for={CODE}) == said
    assert reasons.of_dvc(["always changed"]) == []
