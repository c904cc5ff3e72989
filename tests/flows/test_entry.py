"""A record that waits: whole, read back as it was, and free of another store's run ids."""

from pathlib import Path

from flows import entry
from flows.entry import RunEntry, StageEntry


def _run() -> RunEntry:
    stage = StageEntry("train", "ran", "abc", 1, 2, "stage-id")
    return RunEntry("now", "FINISHED", 1, run_id="id", store="sqlite:///a.db", stages=[stage])


def test_it_comes_back_with_its_results(tmp_path: Path) -> None:
    (tmp_path / "reports" / "train").mkdir(parents=True)
    (tmp_path / "reports" / "train" / "metrics.json").write_text("{}")
    folder = entry.put_aside(tmp_path, _run())
    (tmp_path / "reports" / "train" / "metrics.json").write_text("another run's")
    assert entry.waiting(tmp_path) == [folder]
    assert entry.read(folder) == _run()
    assert (folder / "reports" / "train" / "metrics.json").read_text() == "{}"


def test_half_a_copy_does_not_wait(tmp_path: Path) -> None:
    (tmp_path / entry.SPOOL / ".now-123456" / "reports").mkdir(parents=True)
    assert entry.waiting(tmp_path) == []


def test_ids_stay_in_their_own_store_only() -> None:
    assert entry.begin_anew_elsewhere(_run(), "sqlite:///a.db") == _run()
    moved = entry.begin_anew_elsewhere(_run(), "http://elsewhere")
    assert (moved.run_id, moved.store) == ("", "http://elsewhere")
    assert moved.stages[0].run_id == ""
    assert moved.stages[0].digest == "abc"
