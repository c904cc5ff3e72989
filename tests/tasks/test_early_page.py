"""The page of a run that is still at work: its head, its training so far, nothing of old runs."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganatomy.data.images import write_png
from tasks.report import unfinished
from tasks.report.going_on import GoingOn
from tasks.report.training_so_far import training_so_far
from tasks.shared.events import Events, events_path
from tests.harness import ROOT

PAGE = Path("reports/unfinished/report.html")
AT_WORK = GoingOn(
    "2026-01-02 03:04:05",
    "5 of 19 stages, about 4 min left",
    done=["fetch", "prepare"],
    at_work=["train", "retrain@0"],
    to_come=["lime"],
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def _train(folder: Path, *steps: int) -> Path:
    """What a training says in a folder of a run."""
    run = folder / "run"
    events = Events("train", run)
    for step in steps:
        picture = folder / f"{step:09d}.png"
        write_png(picture, np.full((16, 16), step, dtype=np.uint8))
        events.metric("train/d_loss", step, 1.0 / (1 + step))
        events.metric("train/fcd@500", step, 10.0 - step)
        events.image("samples", step, picture)
    events.progress(1280, 2560, "images")
    return run


def _sections(html: str) -> list[str]:
    """The ids of what tells of a stage."""
    found = re.findall(r'<section id="([\w-]+)"', html)
    return [name for name in found if name not in ("left-out", "glossary")]


def test_its_head_says_that_it_goes_on_what_is_done_and_what_is_to_come(project: Path) -> None:
    (project / "reports" / "lime").mkdir(parents=True)  # an earlier run's, and it is broken
    missing = {"train": "at work", "lime": "yet to come"}
    unfinished.main_so_far(AT_WORK, missing, _train(project, 0, 7))
    html = PAGE.read_text()
    head = html.partition("<section")[0]
    assert "<b>This run is still going on</b>" in head
    for words in (
        "As of 2026-01-02 03:04:05: 5 of 19 stages, about 4 min left.",
        "Done: fetch, prepare.",
        "At work: train, retrain@0.",
        "Yet to come: lime.",
        "Reload this page to see more",
    ):
        assert words in head
    assert "This run failed" not in html
    assert "cannot be shown" not in html
    assert "(<code>gradcam</code>): not run</li>" in html  # nobody has said why
    assert not re.search("<code>(lime|train)</code>", html)  # of these it is said above
    assert _sections(html) == ["training"]  # no provenance: dvc.lock is not this run's yet


def test_a_training_shows_its_newest_images_and_its_curves(project: Path) -> None:
    part = training_so_far(_train(project, 0, 7))
    assert part is not None
    with Image.open(io.BytesIO(part.figures["samples"])) as shown:  # its mark is its own
        assert np.array_equal(np.asarray(shown), np.full((16, 16), 7))
    assert part.picture("samples").title == "Images that G makes after 7 steps"
    assert part.facts == {"step": 7, "done": (1280, 2560)}
    unfinished.main_so_far(AT_WORK, {}, project / "run")
    assert "1,280 of 2,560 training images shown to D" in PAGE.read_text()
    before = part.figures["curves"]
    part = training_so_far(_train(project, 8, 9))
    assert part is not None
    assert part.figures["curves"] != before


def test_before_its_first_picture_a_training_has_no_section(project: Path) -> None:
    assert training_so_far(project / "run") is None
    run = _train(project)
    assert training_so_far(run) is None
    with events_path(run, "train").open("a") as file:
        file.write('{"kind": "image", "key": "samples", "step": 3, "path": "go')  # cut off
    assert training_so_far(run) is None
    unfinished.main_so_far(AT_WORK, {"train": "at work"}, run)
    assert _sections(PAGE.read_text()) == []


def test_a_picture_that_is_gone_is_passed_over(project: Path) -> None:
    run = _train(project, 0, 7)
    (project / "000000007.png").unlink()
    part = training_so_far(run)
    assert part is not None
    assert part.facts["step"] == 0


def test_of_a_training_that_is_done_its_own_section_is_shown(project: Path) -> None:
    run = _train(project, 0, 7)
    done = GoingOn(AT_WORK.at, "5 of 6 stages, a few seconds left", ["train"], [], ["lime"])
    unfinished.main_so_far(done, {}, run)
    assert _sections(PAGE.read_text()) == []
    assert "At work: " not in PAGE.read_text()


def test_images_that_are_too_large_for_the_page_lie_beside_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _train(project, 0)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    write_png(project / f"{0:09d}.png", noise)
    monkeypatch.setattr("ganatomy.report.page.MAX_BYTES", 100_000)
    unfinished.main_so_far(AT_WORK, {}, run)
    beside = PAGE.with_name("images") / "train" / "samples.png"
    with Image.open(beside) as shown:
        np.testing.assert_array_equal(np.asarray(shown), noise)
    assert "<code>images/train/samples.png</code>" in PAGE.read_text()
    assert len(PAGE.read_bytes()) <= 100_000
