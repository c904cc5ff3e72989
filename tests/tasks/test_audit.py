"""What a page says for an audit: true of git, checked by ordinary tools, silent on the machine."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from ganatomy.files import read_json, write_json
from ganatomy.report.numbering import Numbering
from ganatomy.report.page import render_page
from ganatomy.report.twin import SCHEMA, twin_of
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.page_verdict import verdict_of
from tasks.report.frame import frame, without_folders
from tasks.report.sums import READ, SUMS, sums
from tasks.shared import provenance, repository
from tests.harness import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, in the folder of somebody called anna."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("USER", "anna")
    root = tmp_path / "anna" / "project"
    root.mkdir(parents=True)
    monkeypatch.chdir(root)
    _git("init", "-q")
    (root / ".gitignore").write_text("/inputs/\n/reports/\n/data/\n/models/\n")
    shutil.copy(ROOT / "dvc.yaml", root)
    _commit({})
    environment = {"device": "cpu", "python": "3.11", "packages": {"torch": "2.15.0"}}
    write_json(provenance.ENVIRONMENT, environment)
    write_json(Path("reports/prepare/card.json"), {"origin": "folder faces"})
    return root


def _git(*arguments: str, date: str = "2026-01-01T12:00:00+0100") -> str:
    who = ["-c", "user.name=Anna", "-c", "user.email=anna@example.invalid"]
    dated = os.environ | {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z"}
    done = subprocess.run(
        ["git", *who, *arguments], check=True, capture_output=True, text=True, env=dated
    )
    return done.stdout.strip()


def _tell(changes: dict[str, dict[str, Any]]) -> None:
    told = {name: values | changes.get(name, {}) for name, values in PARAMS.items()}
    Path("params.yaml").write_text(yaml.safe_dump(told, sort_keys=False))


def _commit(changes: dict[str, dict[str, Any]], date: str = "2026-01-01T12:00:00+0100") -> str:
    _tell(changes)
    _git("add", "-A")
    _git("commit", "-qm", "parameters", date=date)
    return _git("rev-parse", "HEAD")


def _page(sums_digest: str = "") -> str:
    return render_page(frame(sums_digest=sums_digest), [])


def _check() -> int:
    return subprocess.run(["sha256sum", "-c", "--strict", SUMS], capture_output=True).returncode


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_the_list_is_what_sha256sum_checks(project: Path) -> None:
    names = ("plain.csv", "two words.csv", "größer.csv", "back\\slash.csv", "two\nlines.csv")
    folder = project / "reports" / "train" / "images"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(name)
    content = sums()
    assert len(content.splitlines()) == len(names) + 2  # the environment and the card, too
    assert str(project).encode() not in content
    Path(SUMS).write_bytes(content)
    assert _check() == 0
    for name in names:
        (folder / name).write_text(name[:-1] + "w")
        assert _check() != 0
        (folder / name).write_text(name)
    (folder / names[0]).unlink()
    assert _check() != 0


def test_the_list_is_the_same_in_whatever_order_files_were_written(project: Path) -> None:
    lists = []
    for order in (("b", "a", "c/d"), ("c/d", "a", "b")):
        shutil.rmtree("reports/train", ignore_errors=True)
        for name in order:
            path = Path("reports/train", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        lists.append(sums())
    assert lists[0] == lists[1]
    paths = [line.split(b"  ")[1] for line in lists[0].splitlines()]
    assert paths == sorted(paths)


def test_the_list_is_of_what_the_page_is_declared_to_be_made_from() -> None:
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["report"]
    assert sorted(path.as_posix() for path in READ) == sorted(stage["deps"])
    assert not {path.as_posix() for path in READ} & set(stage["outs"])


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://example.org/anna/gan.git", "https://example.org/anna/gan.git"),
        ("https://anna:secret@example.org/team/gan", "https://example.org/team/gan"),
        ("https://secret@example.org:8443/gan?token=secret#x", "https://example.org:8443/gan"),
        ("git@example.org:team/gan.git", "ssh://example.org/team/gan.git"),
        ("ssh://git@example.org:22/team/gan.git", "ssh://example.org:22/team/gan.git"),
        ("example.org:/home/anna/gan.git", ""),
        ("example.org:~/gan.git", ""),
        ("ssh://anna@example.org/home/anna/gan.git", ""),
        ("ssh://anna@example.org/~anna/gan.git", ""),
        ("/home/anna/gan", ""),
        ("../gan", ""),
        ("file:///home/anna/gan", ""),
        ("C:/Users/anna/gan", ""),
        ("C:\\Users\\anna\\gan", ""),
        ("", ""),
    ],
)
def test_where_a_repository_is_kept(remote: str, shown: str) -> None:
    assert repository.public_url(remote) == shown


def test_the_commit_that_last_changed_the_thresholds() -> None:
    first = _git("rev-parse", "HEAD")
    assert repository.gate_commit(PARAMS["gate"]) == f"{first}, 2026-01-01T12:00:00+01:00"
    stricter = {"gate": {"coverage_share": 0.8}}
    second = _commit(stricter, "2026-02-02T12:00:00+0000")
    _commit({**stricter, "report": {"title": "Mine"}, "base": {"seed": 7}})
    gate = PARAMS["gate"] | stricter["gate"]
    assert repository.gate_commit(gate) == f"{second}, 2026-02-02T12:00:00+00:00"
    assert repository.gate_commit(PARAMS["gate"]).startswith("none: set for this run")


def test_a_clone_without_history_names_no_commit_for_the_thresholds(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commit({"report": {"title": "Mine"}})
    _git("clone", "-q", "--depth", "1", f"file://{project}", "../shallow")
    monkeypatch.chdir(project.parent / "shallow")
    assert repository.has_commit()
    assert repository.gate_commit(PARAMS["gate"]) == ""


def test_the_page_tells_nothing_of_machine_and_user(project: Path) -> None:
    _git("remote", "add", "origin", "https://anna:secret@example.org/team/gan.git")
    own = {"root": str(project / "faces"), "source": "image-folder"}
    _commit({"fetch": own, "variants": {"masks": ["/home/anna/masks/left eye.png"]}})
    digest = sha256(b"the list").hexdigest()
    page = _page(digest)
    for told in ("anna", "secret", str(project), str(project.parent), "/home/"):
        assert told not in page.lower(), told
    commit = _git("rev-parse", "HEAD")
    for told in (commit, "2026-01-01T12:00:00+01:00", "https://example.org/team/gan.git", digest):
        assert told in page
    assert "cpu, 1 thread, Python 3.11, torch 2.15.0" in page
    assert "folder faces" in page
    assert ".../left eye.png" in page
    assert f"tags.results_id = &#39;{provenance.run_id()}&#39;" in page
    assert _page(digest) == page


def test_what_people_say_is_on_the_page(project: Path) -> None:
    assert "not stated" in _page()
    assert "answers for it" not in _page()
    assert PARAMS["report"]["limits"] in _page()
    assert PARAMS["report"]["intended_use"] in _page()
    said = {"author": "A. Person", "licence": "CC0", "origin": "the archive", "limits": "<b>none"}
    _tell({"report": said})
    page = _page()
    for told in ("A. Person", "CC0", "the archive", "&lt;b&gt;none"):
        assert told in page
    assert "not stated" not in page


def test_programs_are_told_the_same(project: Path) -> None:
    around = frame(sums_digest="0" * 64)
    twin = twin_of(around, [], [], verdict_of([], [], Gate()), Numbering())
    facts = read_json(SCHEMA)["properties"]["audit"]
    assert set(facts["required"]) == set(twin["audit"]) == set(facts["properties"])
    assert twin["audit"]["facts"]["run"] == twin["run"] == provenance.run_id()
    page = render_page(around, [])
    for told in twin["audit"]["facts"].values():
        assert told in page


def test_a_run_that_the_commit_does_not_give_is_not_promised(project: Path) -> None:
    assert "on such a machine, the same bytes" in _page()
    Path("own.py").write_text("one = 1\n")
    assert "on such a machine, the same bytes" not in _page()
    assert "without the uncommitted changes" in _page()


def test_without_git_the_page_says_what_it_can(project: Path) -> None:
    shutil.rmtree(".git")
    page = _page()
    assert "git checkout" not in page
    assert "thresholds last changed" not in page
    assert "For an audit" in page
    assert "make plan" in page
    assert "sha256sum -c" not in page


def test_only_folders_of_a_machine_are_taken_from_parameters() -> None:
    given = {"a": ["/x/y.png", "cell_1_1", "given/z"], "b": {"c": "~/w/", "d": "C:\\u\\v.png"}}
    assert without_folders(given) == {
        "a": [".../y.png", "cell_1_1", "given/z"],
        "b": {"c": ".../w", "d": ".../v.png"},
    }
    assert without_folders(PARAMS) == PARAMS
