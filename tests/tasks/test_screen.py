"""The stage `screen`: short trainings decide what is trained in full, and the page says so."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from flows import params
from ganatomy.files import read_json
from tests.harness import stages
from tests.pages import unexplained

SETTINGS = [
    "base.num_threads=1",  # for so little work a second one only waits
    "screen.enabled=true",
    "screen.shares=[0.5]",
    "screen.num_seeds=[2]",
    "screen.keep=1",
    "screen.keep_at_least=1",
    "retrain.shards=[0]",
]


@pytest.fixture(scope="module")
def screened(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which one of three features was let through, and trained in full."""
    project = shutil.copytree(smoke, tmp_path_factory.mktemp("screen") / "project", symlinks=True)
    params.apply(project, None, SETTINGS)
    done = stages(project, "screen", "retrain 0", "report")
    assert done.returncode == 0, done.stderr
    return project


def test_only_survivors_and_nulls_are_trained(screened: Path) -> None:
    found = read_json(screened / "reports" / "screen" / "survivors.json")
    assert found["screened"]
    (survivor,) = found["variants"]
    assert read_json(screened / "data" / "in_full" / "screened-true.json") == {
        "variants": [survivor]
    }
    history = pd.read_csv(screened / "reports" / "screen" / "history.csv")
    assert sorted(history["variant"]) == ["cell_0_0", "cell_1_1", "contrast"]
    assert history.loc[history["score"].idxmax(), "variant"] == survivor
    assert history.loc[history["kept"], "variant"].tolist() == [survivor]
    members = read_json(screened / "reports" / "retrain" / "0" / "members.json")
    trained = {row["variant"] for row in members}
    assert trained == {survivor, "null_0", "null_1", "null_2"}
    assert len(members) == 2 * len(trained)


def test_no_seed_is_used_twice(screened: Path) -> None:
    """A variant that was lucky in a short training would be lucky again in the full one."""
    short = set(pd.read_csv(screened / "reports" / "screen" / "repeats.csv")["seed"])
    members = read_json(screened / "reports" / "retrain" / "0" / "members.json")
    assert len(short) == 2
    assert not short & {row["seed"] for row in members}


def test_the_page_says_what_was_dropped_and_what_that_saved(screened: Path) -> None:
    page = unexplained((screened / "reports" / "report.html").read_text())
    history = pd.read_csv(screened / "reports" / "screen" / "history.csv")
    for row in history.itertuples():
        line = page[page.index("What screening dropped and kept") :].partition(
            f"<code>{row.variant}</code>"
        )[2]
        assert row.reason in line.partition("</tr>")[0]
    assert history["reason"].str.startswith("dropped: ").sum() == 2
    # 3 nulls: (3 + 3) * 2 seeds in full, against half of that and (1 + 3) * 2
    factor = read_json(screened / "reports" / "screen" / "metrics.json")["cost_factor"]
    assert factor == pytest.approx(12 / (0.5 * 12 + 8))
    assert f"cost {factor:.1f} times less" in page
    assert "<code>screen</code>: switched off" not in page


def test_without_screening_everything_is_trained(smoke: Path) -> None:
    found = read_json(smoke / "reports" / "screen" / "survivors.json")
    assert found == {"screened": False, "variants": ["cell_1_1", "cell_0_0", "contrast"]}
    for screened in ("false", "true"):
        names = read_json(smoke / "data" / "in_full" / f"screened-{screened}.json")
        assert names == {"variants": found["variants"]}
    page = (smoke / "reports" / "report.html").read_text()
    assert "Short trainings came first" not in page
    assert "<li><code>screen</code>: switched off by screen.enabled" in page
