"""The stage `importance`: interactions, subsets and modes reach its tables, pictures and page."""

import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows import params
from ganatomy.importance.readouts import READOUTS, plain_name
from ganatomy.importance.result import ImportanceStudy
from ganatomy.report.sections.importance import SECTION
from ganatomy.report.sections.page_section import Picture
from tests.harness import stages

SETTINGS = [
    "base.num_threads=1",  # for so little work a second one only waits
    "variants.features=[cell_1_1, contrast, blur, 'contrast:permute']",
    "variants.interactions=[cell_1_1+contrast]",
    "variants.num_subsets=6",
    "retrain.shards=[0]",
    "retrain.shares=[]",
]
CHANGED = ["blur", "cell_1_1", "cell_1_1+contrast", "contrast", "contrast-permute"]


@pytest.fixture(scope="module")
def project(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose retraining asks everything that can be asked."""
    project = shutil.copytree(smoke, tmp_path_factory.mktemp("asked") / "project", symlinks=True)
    params.apply(project, None, SETTINGS)
    done = stages(project, "variants", "screen", "retrain 0", "importance", "report")
    assert done.returncode == 0, done.stderr
    return project


def _table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(project / "reports" / "importance" / f"{name}.csv")


def _picture(project: Path, name: str) -> np.ndarray:
    """As the page shows it."""
    figure = SECTION.figures(SECTION.load(project / "reports" / "importance"))[name]
    assert isinstance(figure, Picture)
    return np.asarray(Image.open(io.BytesIO(figure.drawn())))


def test_every_variant_is_judged_by_every_readout(project: Path) -> None:
    """Subsets are not: they are judged together."""
    repeats = pd.read_parquet(project / "reports" / "importance" / "repeats.parquet")
    subsets = [f"subset_{k:03d}" for k in range(6)]
    nulls = [f"null_{k}" for k in range(3)]
    assert sorted(repeats["variant"].unique()) == sorted([*CHANGED, *subsets, *nulls])
    names = repeats["readout"].map(plain_name)
    assert set(names) == set(READOUTS)
    # D is asked about single changes: variants about their own, the nulls about all
    assert len(repeats) == 14 * 2 * (len(READOUTS) - 1) + (1 + 3) * len(CHANGED) * 2
    of_subsets = repeats["variant"].str.startswith("subset_")
    assert not (of_subsets & (names == "d_contrast")).any()
    summary, ranking = _table(project, "summary"), _table(project, "ranking")
    assert sorted(summary["variant"].unique()) == sorted(ranking["variant"]) == CHANGED
    assert set(summary["readout"]) == set(READOUTS)


def test_interaction_is_what_both_do_beyond_each(project: Path) -> None:
    interactions = _table(project, "interactions").set_index("readout")
    assert set(interactions["features"]) == {"cell_1_1+contrast"}
    assert set(interactions.index) == set(READOUTS) - {"d_contrast"}
    effects = _table(project, "summary").pivot(index="readout", columns="variant", values="effect")
    expected = effects["cell_1_1+contrast"] - effects["cell_1_1"] - effects["contrast"]
    # effects of d_shift are lessened by what nulls show, d_contrast is about single changes
    expected = expected.drop(["d_shift", "d_contrast"])
    found = interactions["effect"].loc[expected.index]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_each_feature_has_a_share_in_what_subsets_do(project: Path) -> None:
    subsets = _table(project, "subsets")
    rows = set(zip(subsets["feature"], subsets["readout"]))
    assert rows == {
        (name, readout)
        for name in ("blur", "cell_1_1", "contrast")
        for readout in READOUTS
        if readout != "d_contrast"
    }
    assert subsets["coefficient"].notna().any()


@pytest.mark.parametrize(
    "name", ["importance", "effects", "power", "without", "regions", "interactions"]
)
def test_pictures_show_something(name: str, project: Path) -> None:
    picture = _picture(project, name)
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture)) > 5


def test_the_stage_draws_nothing_and_what_it_saved_is_the_whole_study(
    project: Path, tmp_path: Path
) -> None:
    report = project / "reports" / "importance"
    assert not (report / "images").exists()
    study = ImportanceStudy.load(report)
    study.save(tmp_path)
    saved = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    there = {path.name: path.read_bytes() for path in report.iterdir()}
    metrics = there.pop("metrics.json")
    assert saved == there
    assert json.loads(metrics) == study.metrics()


def test_the_page_shows_them(project: Path) -> None:
    page = (project / "reports" / "report.html").read_text()
    for heading in ("Features that act together", "Random subsets of features"):
        assert f"<h3>{heading}</h3>" in page
    assert 'id="figure-importance-regions"' in page
    subsets = page.partition("<h3>Random subsets of features</h3>")[2].partition("</table>")[0]
    assert subsets.count("<tr>") == 1 + 3 * (len(READOUTS) - 1)
    details = page.partition('<section id="importance_figures">')[2]
    ranking = details.partition("</table>")[0].partition("</thead>")[2]
    shown = re.findall(r"<br><code>([^<]*)</code></th>", ranking)
    assert shown == _table(project, "ranking")["variant"].tolist()
    assert "Removed (replaced by" in page
    assert "Permuted (exchanged between images)" in page
    assert "Noise (replaced" not in page
