"""The stage `autotune`: what is tried is written down, and the quickest is what is used."""

import shutil
from pathlib import Path

from flows import params
from ganatomy.files import read_json
from tests.harness import stages


def test_the_quickest_of_all_candidates_is_pinned(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    values = ["autotune.backend=auto", "autotune.pack_size=2", "autotune.num_steps=3"]
    params.apply(project, None, values)
    done = stages(project, "autotune")
    assert done.returncode == 0, done.stderr
    timings = read_json(project / "reports" / "autotune" / "timings.json")
    tried = [(timing["packing"]["backend"], timing["packing"]["size"]) for timing in timings]
    assert tried == [("loop", 1), ("grouped", 2), ("bmm", 2)]
    assert [timing["reason"] for timing in timings] == [""] * 3
    assert all(0 < timing["member_step_s"] < 10 for timing in timings)
    quickest = min(timings, key=lambda timing: timing["member_step_s"])
    assert read_json(project / "models" / "packing" / "packing.json") == quickest["packing"]


def test_by_default_nothing_is_measured(smoke: Path) -> None:
    assert read_json(smoke / "reports" / "autotune" / "timings.json") == []
    chosen = read_json(smoke / "models" / "packing" / "packing.json")
    assert chosen == {"backend": "grouped", "size": 4}
