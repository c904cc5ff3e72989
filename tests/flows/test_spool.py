"""A record that waits: whole, read back as it was, bounded, and free of a store's own ids."""

import errno
import json
from pathlib import Path

import pytest

from flows import spool
from flows.entry import RunEntry
from tests.flows.recorded import results, run_entry


def _wait(root: Path, name: str) -> Path:
    return spool.complete(root, run_entry(name))


def test_it_comes_back_with_its_results(tmp_path: Path) -> None:
    results(tmp_path)
    metrics = tmp_path / "reports" / "train" / "metrics.json"
    before = metrics.read_text()
    folder = _wait(tmp_path, "1")
    metrics.write_text("another run's")
    assert spool.waiting(tmp_path) == [folder]
    assert spool.read(folder) == run_entry("1")
    kept = spool.results_of(folder)
    assert (kept / "reports" / "train" / "metrics.json").read_text() == before
    assert (kept / "models" / "gan" / "networks.json").exists()


def test_a_run_that_is_cut_off_while_its_results_are_copied_still_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results(tmp_path)
    folder = spool.note(tmp_path, run_entry(status="RUNNING"))

    def no_more(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(spool.shutil, "copy2", no_more)
    with pytest.raises(KeyboardInterrupt):
        spool.complete(tmp_path, run_entry())
    assert spool.waiting(tmp_path) == [folder]
    assert spool.read(folder).status == "RUNNING"
    assert not (spool.results_of(folder) / "reports").exists()


def test_ids_of_a_store_do_not_wait() -> None:
    entry = run_entry()
    entry.run_id = entry.stages[0].run_id = "of one store"
    found = RunEntry.from_json(json.loads(json.dumps(entry.to_json())))
    assert (found.run_id, found.stages[0].run_id) == ("", "")
    assert found == run_entry()


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """It had no id of its own, its results beside its JSON, and the ids and address of a store."""
    folder = tmp_path / spool.SPOOL / "20260101T000000-123456"
    values = run_entry().to_json() | {"run_id": "x", "store": "http://user:password@host"}
    del values["id"]
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(values))
    (folder / "reports").mkdir()
    found = spool.read(folder)
    assert (found.id, found.run_id) == (folder.name, "")
    assert spool.results_of(folder) == folder


def test_equal_results_take_space_once(tmp_path: Path) -> None:
    results(tmp_path)
    big = tmp_path / "models" / "gan" / "generator.safetensors"
    big.write_bytes(bytes(100_000))
    _wait(tmp_path, "1")
    once = spool.load(tmp_path).num_bytes
    assert once > 100_000
    second = _wait(tmp_path, "2")
    assert spool.load(tmp_path).num_bytes < once + 10_000
    big.write_bytes(b"1" * 100_000)
    _wait(tmp_path, "3")
    assert 2 * 100_000 < spool.load(tmp_path).num_bytes < once + 120_000
    assert (spool.results_of(second) / big.relative_to(tmp_path)).read_bytes() == bytes(100_000)


@pytest.mark.parametrize(("max_runs", "max_bytes"), [(2, 10**9), (100, 1)])
def test_the_oldest_are_dropped_and_named(tmp_path: Path, max_runs: int, max_bytes: int) -> None:
    results(tmp_path)
    folders = [_wait(tmp_path, str(index)) for index in range(4)]
    kept = max_runs if max_bytes > 1 else 1  # the newest in any case
    dropped = spool.bound(tmp_path, max_runs, max_bytes)
    assert dropped == [folder.name for folder in folders[:-kept]]
    assert spool.waiting(tmp_path) == folders[-kept:]
    assert spool.bound(tmp_path, max_runs, max_bytes) == []


def test_half_a_removal_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results(tmp_path)
    folder = _wait(tmp_path, "1")
    with monkeypatch.context() as patch:
        patch.setattr(spool.shutil, "rmtree", lambda path: (path / "run.json").unlink())
        spool.remove(folder)
    assert spool.waiting(tmp_path) == []
    spool.sweep(tmp_path)
    assert list((tmp_path / spool.SPOOL).iterdir()) == []


def test_a_killed_run_says_how_far_it_came() -> None:
    entry = run_entry(status="RUNNING")
    entry.stages[1].ended_ms = 0
    entry.stages[2].started_ms = entry.stages[2].ended_ms = 0
    entry.stages[2].outcome = "skipped"
    entry.end_as_killed(5_000)
    assert (entry.status, entry.ended_ms) == ("KILLED", 5_000)
    assert [stage.outcome for stage in entry.stages] == ["ran", "stopped", "skipped"]
    assert entry.stages[1].ended_ms == 5_000


def test_a_first_note_that_was_cut_off_does_not_wait(tmp_path: Path) -> None:
    folder = tmp_path / spool.SPOOL / "1"
    folder.mkdir(parents=True)
    spool.sweep(tmp_path)
    assert spool.waiting(tmp_path) == []


def test_without_room_for_its_results_it_has_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(spool.shutil, "copy2", full)
    with pytest.raises(OSError, match="full"):
        _wait(tmp_path, "1")
    (folder,) = spool.waiting(tmp_path)
    assert spool.read(folder).status == run_entry("1").status
    assert [path.name for path in folder.iterdir()] == ["run.json"]
