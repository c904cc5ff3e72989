"""What the page is told: alarms, guards, and the film in its order."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ganatomy.data.images import write_png
from ganatomy.files import write_json
from ganatomy.gan.guards import RULES
from tasks import faithfulness, gradcam, lime, report, report_facts, report_figures
from tasks.events import Events
from tasks.results import image_path, write_curves
from tests.tasks.explained import has_numbers_alone, make_discriminator_constant

TRAIN = Path("reports/train")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _facts(
    findings: tuple[str, ...] = (),
    copies_found: bool = False,
    missing: tuple[str, ...] = (),
    cannot_tell: bool = False,
) -> dict[str, Any]:
    return {
        "guards": [{"findings": []}, {"findings": list(findings)}],
        "memorisation": {"copies_found": copies_found, "cannot_tell": cannot_tell},
        "classes": {"missing": list(missing)},
    }


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (_facts(), []),
        (_facts(findings=("collapsed", "again")), ["collapsed", "again"]),
        (_facts(copies_found=True), ["repeats training images"]),
        (_facts(cannot_tell=True), ["cannot be told"]),
        (_facts(missing=("2", "3")), ["these classes: 2, 3"]),
        (_facts(("collapsed",), True, ("2",)), ["collapsed", "repeats", ": 2"]),
    ],
)
def test_what_must_not_be_overlooked(facts: dict[str, Any], said: list[str]) -> None:
    alarms = report_facts._alarms(facts)
    assert len(alarms) == len(said)
    assert all(text in alarm for text, alarm in zip(said, alarms))


def test_each_rule_gets_its_findings() -> None:
    findings = [{"guard": "collapse", "step": step, "text": f"at {step}"} for step in (5, 9)]
    write_json(TRAIN / "guards.json", findings)
    found = report_facts._guards()
    assert [guard["rule"] for guard in found] == list(RULES.values())
    assert {guard["name"]: guard["findings"] for guard in found if guard["findings"]} == {
        "collapse": ["at 5", "at 9"]
    }


@pytest.mark.parametrize("count", [2, 5, 102])
def test_the_film_and_its_stills_go_from_first_to_last(count: int) -> None:
    """Frame k is all of grey level k."""
    (TRAIN / "images").mkdir(parents=True)
    for index in range(count):
        write_png(
            image_path(TRAIN, f"samples_{index:02d}"), np.full((8, 8, 3), index, dtype=np.uint8)
        )
    write_curves(TRAIN, [(10 * index, "train/diversity", 1.0) for index in range(count)])
    figures, stills = report_figures.training_film()
    picture = Image.open(io.BytesIO(figures.pop("film")))
    assert picture.n_frames == count  # type: ignore[attr-defined]
    levels = []
    for index in range(count):
        picture.seek(index)
        levels.append(np.asarray(picture.convert("RGB")).mean())
    assert levels == list(range(count))
    assert [still["name"] for still in stills] == list(figures)
    assert len(stills) == min(count, 5)
    assert stills[0] == {"name": "samples_00", "step": 0}
    assert stills[-1]["step"] == 10 * (count - 1)
    for still in stills:
        level = np.asarray(Image.open(io.BytesIO(figures[still["name"]]))).mean()
        assert level == still["step"] / 10


def test_the_film_of_explanations_goes_from_first_to_last() -> None:
    """Steps are sorted as numbers: 9 comes before 100."""
    steps = (0, 9, 100, 1000)
    folder = Path("reports/gradcam")
    for index, step in enumerate(steps):
        path = image_path(folder, f"film_{step}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, np.full((8, 8, 3), 40 * index, dtype=np.uint8))
    write_png(image_path(folder, "d_real"), np.zeros((8, 8, 3), dtype=np.uint8))
    picture = Image.open(io.BytesIO(report_figures.explained_film()))
    levels = []
    for index in range(picture.n_frames):  # type: ignore[attr-defined]
        picture.seek(index)
        levels.append(float(np.asarray(picture.convert("RGB")).mean()))
    assert levels == [0, 40, 80, 120]


def _trust_on_disk(folder: Path) -> None:
    """One kind of map that was judged and one that was refused, two images."""
    folder.mkdir(parents=True)
    trust = pd.DataFrame(
        {
            "method": ["lime", "occlusion"],
            "faithful": ["pass", "not measured"],
            "stable": ["pass", "not measured"],
            "sane": ["fail", "not measured"],
            "trusted": [False, False],
            "why": ["too sure", "nothing measured"],
            "seed_stability": [0.9, np.nan],
            "refused": ["", "a constant, of course"],
        }
    )
    trust.to_csv(folder / "trust.csv", index=False)
    rows = [
        (image, method, control, "infidelity", value + image + (10 if control else 0))
        for method, value in (("lime", 0.25), ("occlusion", np.nan))
        for control in ("", "random")
        for image in range(2)
    ]
    columns = ["image", "method", "control", "measure", "value"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "scores.parquet", index=False)
    planted = {"method": ["lime"], "pointing": [1.0], "iou": [0.5], "mass": [0.75], "n": [32]}
    pd.DataFrame(planted).to_csv(folder / "planted.csv", index=False)
    write_json(folder / "rules.json", {"faithful": "a rule"})
    write_json(folder / "agreement.json", {"sentences": ["one", "two"]})


def test_what_is_told_of_faithfulness_is_what_the_stage_found() -> None:
    _trust_on_disk(Path("reports/faithfulness"))
    found = report_facts._faithfulness()
    judged, refused = found["rows"]
    assert (judged["method"], judged["sane"], judged["why"]) == ("lime", "fail", "too sure")
    assert judged["refused"] == ""
    assert judged["trusted"] is False
    assert refused["refused"] == "a constant, of course"
    assert refused["seed_stability"] is None
    assert found["num_images"] == 2
    assert found["infidelity"]["lime"] == pytest.approx(0.75)  # of images 0 and 1, no control
    assert np.isnan(found["infidelity"]["occlusion"])
    assert found["sentences"] == ["one", "two"]
    assert found["planted"][0]["mass"] == 0.75


def test_refusals_of_all_stages_are_told_together() -> None:
    about = {"case": "d_real", "method": "gradcam layers.0", "images": 3, "reason": "flat"}
    write_json(Path("reports/gradcam/refusals.json"), [about])
    Path("reports/lime").mkdir()
    table = pd.DataFrame(
        {
            "group": ["d_real", "d_fake", "d_fake", "d_fake"],
            "r2": [0.5, np.nan, np.nan, np.nan],
            "refusal": ["", "constant", "constant", "too few, really"],
        }
    )
    table.to_csv("reports/lime/surrogates.csv", index=False)
    found = report_facts._refusals()
    assert found[0] == {**about, "stage": "gradcam"}
    of_lime = [(row["case"], row["reason"], row["images"]) for row in found[1:]]
    assert of_lime == [("d_fake", "constant", 2), ("d_fake", "too few, really", 1)]
    assert {row["method"] for row in found[1:]} == {"lime"}


def test_there_is_a_page_of_a_gan_whose_discriminator_sees_nothing(
    smoke: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last layer is all zeros: the page says so in place of each map."""
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    make_discriminator_constant(project)
    monkeypatch.chdir(project)
    for stage in (gradcam, lime, faithfulness, report):
        if stage is not report:
            monkeypatch.setattr(stage, "make_deterministic", lambda num_threads: None)
            monkeypatch.setattr(stage, "keep_freed_memory", lambda: None)
        stage.main(Events(stage.__name__.rpartition(".")[2], None))
    for name in ("gradcam", "lime", "faithfulness"):  # as the record takes them
        assert has_numbers_alone(project / "reports" / name / "metrics.json")
    page = (project / "reports" / "report.html").read_text()
    trust = page.partition('<section id="trust">')[2].partition("</section>")[0]
    assert "0 of 9</b> kinds of map pass all three tests" in trust
    assert trust.count(">not measured</td>") == 3 * 9
    assert ">pass</td>" not in trust
    assert "it does not look at them" in trust
    assert "the target is constant: 0" in trust
    summary = (project / "reports" / "report" / "summary.md").read_text()
    assert "explanations that can be trusted: none (0 of 9 methods)" in summary
