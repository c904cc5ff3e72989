"""The figures and curves of a run for `dvc metrics` and `dvc plots`, from the stages' reports."""

from pathlib import Path

import pytest

from ganatomy.files import read_json, write_bytes, write_json
from tasks.report import headline

CURVES = """\
step,name,value
0,train/fcd@64,12.5
5,train/d_loss,1.0283935070037842
5,train/g_loss,0.5
10,train/d_loss,1.5
10,train/fcd@64,11.25
15,train/g_loss,0.25
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the report goes, in a project without reports."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reports" / "report"


def test_what_was_measured_has_a_name_that_never_changes(folder: Path) -> None:
    metrics = {"fcd@80": 1.5, "fcd_low@80": 1.0, "recall@80": 0.25, "d_gap_auc": 0.5}
    write_json(Path("reports/evaluate/metrics.json"), metrics)
    write_json(Path("reports/importance/metrics.json"), {"num_matter": 3})
    for stage, figure in (("rules", "fidelity_real"), ("directions", "num_learned_features")):
        write_json(Path("reports") / stage / "metrics.json", {figure: 0.75})  # for its own page
    headline.write(folder)
    expected = {"fcd": 1.5, "recall": 0.25, "d_gap_auc": 0.5, "features_that_matter": 3}
    assert read_json(folder / "summary.json") == expected


def test_curves_stand_beside_each_other_with_all_their_digits(folder: Path) -> None:
    write_bytes(Path("reports/train/curves.csv"), CURVES.encode())
    headline.write(folder)
    losses = (folder / "plots" / "losses.csv").read_text()
    assert losses == "step,d_loss,g_loss\n5,1.0283935070037842,0.5\n"
    assert (folder / "plots" / "fcd.csv").read_text() == "step,fcd\n0,12.5\n10,11.25\n"


def test_without_results_there_is_nothing_to_compare(folder: Path) -> None:
    headline.write(folder)
    assert read_json(folder / "summary.json") == {}
    assert (folder / "plots" / "fcd.csv").read_text() == "step,fcd\n"
