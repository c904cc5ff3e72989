"""The default run, whole: what a stranger's first page must show."""

from pathlib import Path

import pandas as pd
import pytest

from ganatomy.explain.maps.film import load_film
from tests.harness import copy_project, flows


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_matters_stands_out_and_a_blank_corner_does_not(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    done = flows(project, "run", "--profile", "default", timeout_s=1500)
    assert done.returncode == 0, done.stderr
    ranking = pd.read_csv(project / "reports" / "importance" / "ranking.csv")
    ranking = ranking.set_index("variant").sort_values("rank")
    assert set(ranking.index[:3]) == {"thickness", "contrast", "blur"}
    assert set(ranking.index[3:5]) == {"cell_1_1", "cell_2_2"}
    assert ranking["stands_out"].iloc[:5].all()
    assert ranking.loc["contrast", "found_by_g"]
    assert ranking.index[-1] == "cell_0_0"
    assert not ranking.loc["cell_0_0", "stands_out"]
    _explanations_hold(project / "reports")


def _explanations_hold(reports: Path) -> None:
    """What is told of a trained D: where pixels are hidden one by one, theory leaves no doubt."""
    trust = pd.read_csv(reports / "faithfulness" / "trust.csv").set_index("method")
    assert (trust.loc[["integrated gradients", "occlusion"], "faithful"] == "pass").all()
    assert (trust.loc[["lime", "integrated gradients", "occlusion"], "sane"] == "pass").all()
    assert trust["insertion_deletion_vs_random"]["lime"] > 0.5
    planted = pd.read_csv(reports / "faithfulness" / "planted.csv").set_index("method")
    assert planted.loc["hirescam early", "pointing"] == 1
    surrogates = pd.read_csv(reports / "lime" / "surrogates.csv")
    assert surrogates[surrogates["group"] == "d_real"]["held_out_r2"].mean() > 0.5
    dissection = pd.read_csv(reports / "gradcam" / "dissection.csv")
    assert dissection["stands_out"].any()
    steps = [frame.step for frame in load_film(reports / "gradcam")]
    assert len(steps) == 8
    assert min(steps) == 0
    assert max(steps) == 7500
