"""The default run, whole: what a stranger's first page must show."""

from pathlib import Path

import pandas as pd
import pytest

from tests.harness import copy_project, flows


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_matters_stands_out_and_a_blank_corner_does_not(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    done = flows(project, "run", "--profile", "default", timeout_s=1500)
    assert done.returncode == 0, done.stderr
    summary = pd.read_csv(project / "reports" / "importance" / "summary.csv")
    clearest = summary.assign(ratio=summary["t"].abs() / summary["threshold"])
    ratio = clearest.groupby("variant")["ratio"].max()
    assert ratio["contrast"] > 5
    assert ratio["cell_1_1"] > 1.2
    assert ratio["cell_2_2"] > 1.2
    assert ratio["cell_0_0"] < 1
