"""What the page is told: alarms, guards, and the film in its order."""

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ganatomy.data.images import write_png
from ganatomy.explain.faithfulness.region_comparison import RegionComparison
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.lime.settings import Hiding
from ganatomy.files import read_json, write_json
from ganatomy.gan.training_guards import RULES
from ganatomy.report.parts import fill
from ganatomy.report.sections import evaluate as evaluate_section
from ganatomy.report.sections import faithfulness as faithfulness_section
from ganatomy.report.sections import train as train_section
from tasks.faithfulness import __main__ as faithfulness
from tasks.gradcam import __main__ as gradcam
from tasks.lime import __main__ as lime
from tasks.report import __main__ as report
from tasks.report import unfinished
from tasks.shared.events import Events
from tasks.shared.results import image_path, write_curves
from tests.tasks.explained import has_numbers_alone, make_discriminator_constant

TRAIN = Path("reports/train")
FAITHFULNESS = Path("reports/faithfulness")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("copies_found", "cannot_tell", "missing", "said"),
    [
        (False, False, [], []),
        (True, False, [], ["repeats training images"]),
        (False, True, [], ["cannot be told"]),
        (False, False, ["2", "3"], ["these classes: 2, 3"]),
        (True, False, ["2"], ["repeats", ": 2"]),
    ],
)
def test_what_must_not_be_overlooked(
    copies_found: bool, cannot_tell: bool, missing: list[str], said: list[str]
) -> None:
    verdict = {"copies_found": copies_found, "cannot_tell": cannot_tell}
    study = SimpleNamespace(memorisation=verdict, classes={"missing": missing}, unmeasured="")
    found = SimpleNamespace(study=study)
    alarms = evaluate_section.SECTION.alarms(found)
    assert len(alarms) == len(said)
    assert all(text in alarm for text, alarm in zip(said, alarms))
    study.unmeasured = "a guess is as good"
    guessing, *others = evaluate_section.SECTION.alarms(found)
    assert guessing.endswith("are not measured: a guess is as good")
    assert others == alarms


def _training(findings: list[Any] | None = None, steps: tuple[int, ...] = (0,)) -> None:
    """What the stage train leaves."""
    write_json(TRAIN / "guards.json", findings or [])
    write_json(TRAIN / "metrics.json", {"published_step": 0, "num_steps": 1})
    write_json(TRAIN / "settings.json", {"method": {"loss": "bce"}})
    write_curves(TRAIN, [(step, "train/diversity", 1.0) for step in steps])


def test_each_rule_gets_its_findings() -> None:
    findings = [{"guard": "collapse", "step": step, "text": f"at {step}"} for step in (5, 9)]
    _training(findings)
    write_png(image_path(TRAIN, "samples_00"), np.zeros((8, 8, 3), dtype=np.uint8))
    result = train_section.SECTION.load(TRAIN)
    assert train_section.SECTION.alarms(result) == ["at 5", "at 9"]
    found = train_section.SECTION.facts(result)["guards"]
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
    _training(steps=tuple(10 * index for index in range(count)))
    result = train_section.SECTION.load(TRAIN)
    part = fill(train_section.SECTION, result)
    picture = Image.open(io.BytesIO(part.figures["film"]))
    assert picture.n_frames == count  # type: ignore[attr-defined]
    levels = []
    for index in range(count):
        picture.seek(index)
        levels.append(np.asarray(picture.convert("RGB")).mean())
    assert levels == list(range(count))
    chosen = train_section._chosen(result)
    assert len(chosen) == min(count, 5)
    assert (chosen[0], chosen[-1]) == (0, count - 1)
    assert chosen == sorted(set(chosen))
    last = f"step {10 * (count - 1):,}"
    for name in ("stills", "film"):
        assert f"step 0 to {last}" in part.pictures[name].title


def _trust_on_disk(folder: Path) -> None:
    """One kind of map that was judged and one that was refused, two images."""
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
    rows = [
        (image, method, control, "infidelity", value + image + (10 if control else 0))
        for method, value in (("lime", 0.25), ("occlusion", np.nan))
        for control in ("", "random")
        for image in range(2)
    ]
    cells = {f"cell_{row}": np.arange(4).reshape(2, 2) // 2 == row for row in range(2)}
    table = pd.DataFrame({"lime": [1.0, 2.0], "occlusion": [2.0, 1.0]}, index=list(cells))
    cascade = pd.DataFrame({"step": [1], "method": ["lime"], "absolute": [0.125]})
    measures = pd.DataFrame(
        [
            ("lime", "randomisation_signed", "", 0.4, 0.35, 0.5),
            ("occlusion", "sensitivity", "", *[np.nan] * 3),
        ],
        columns=["method", "measure", "against", "value", "low", "high"],
    )
    FaithfulnessStudy(
        trust,
        measures,
        pd.DataFrame({"method": ["lime"]}),
        pd.DataFrame(rows, columns=["image", "method", "control", "measure", "value"]),
        {"d": cascade},
        RegionComparison(table, cells, np.zeros((1, 2, 2))),
        pd.DataFrame({"method": ["lime"], "pointing": [1.0], "iou": [0.5], "mass": [0.75]}),
        {"stable": "another rule", "faithful": "a rule"},
        (),
        {"lime": torch.zeros(2, 2, 2)},
        Hiding(baseline="blur"),
    ).save(folder)


def test_what_is_told_of_faithfulness_is_what_the_stage_found() -> None:
    _trust_on_disk(FAITHFULNESS)
    _refused_on_disk()
    section = faithfulness_section.SECTION
    found = section.facts(section.load(FAITHFULNESS))["faithfulness"]
    judged, refused = found["rows"]
    assert (judged["method"], judged["sane"], judged["why"]) == ("lime", "fail", "too sure")
    assert judged["trusted"] is False
    figure = "likeness to the map of random weights 0.50; below 0.3 (margin -0.2)"
    assert judged["cells"][2] == {"word": "fail", "figure": figure}
    assert refused["why"] == "nothing measured; a constant, of course"
    assert [cell["figure"] for cell in refused["cells"]] == ["", "", ""]
    assert found["counts"] == {"kinds": 2, "passed": 0, "failed": 1, "unmeasured": 1}
    assert refused["seed_stability"] is None
    assert list(found["rules"].items()) == [("faithful", "a rule"), ("stable", "another rule")]
    assert found["num_images"] == 2
    assert found["infidelity"]["lime"] == pytest.approx(0.75)  # of images 0 and 1, no control
    assert np.isnan(found["infidelity"]["occlusion"])
    agree = found["agree"]
    assert agree["sentences"][0] == "occlusion ranks cell_0 first, LIME second of 2."
    assert agree["title"] == "2 regions are too few to tell whether the ways of asking agree"
    assert found["verdict"].startswith("None of 2 kinds of map can be trusted.")
    assert found["planted"][0]["mass"] == 0.75


ABOUT = {"case": "d_real", "method": "gradcam layers.0", "images": 3, "reason": "flat"}


def _refused_on_disk() -> None:
    write_json(Path("reports/gradcam/refusals.json"), [ABOUT])
    Path("reports/lime").mkdir()
    table = pd.DataFrame(
        {
            "group": ["d_real", "d_fake", "d_fake", "d_fake"],
            "r2": [0.5, np.nan, np.nan, np.nan],
            "refusal": ["", "constant", "constant", "too few, really"],
        }
    )
    table.to_csv("reports/lime/surrogates.csv", index=False)


def test_refusals_of_all_stages_are_told_together() -> None:
    _trust_on_disk(FAITHFULNESS)
    _refused_on_disk()
    section = faithfulness_section.SECTION
    found = section.facts(section.load(FAITHFULNESS))["refusals"]
    assert found[0] == {**ABOUT, "stage": "gradcam"}
    of_lime = [(row["case"], row["reason"], row["images"]) for row in found[1:]]
    assert of_lime == [("d_fake", "constant", 2), ("d_fake", "too few, really", 1)]
    assert {row["method"] for row in found[1:]} == {"lime"}


def test_a_run_that_failed_has_a_page_of_what_there_is(
    smoke: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("prepare", "train", "evaluator", "evaluate"):
        shutil.copytree(smoke / "reports" / name, tmp_path / "reports" / name)
    shutil.copy(smoke / "params.yaml", tmp_path)  # but nothing that says where results come from
    (tmp_path / "reports" / "evaluate" / "classes.json").write_text("{broken")
    (tmp_path / "reports" / "lime").mkdir()  # of an earlier run
    missing = {"gradcam": "failed: <planted>", "lime": "not run: it needs gradcam, which failed"}
    unfinished.main("stage gradcam: <planted>", missing)
    folder = tmp_path / "reports" / "unfinished"
    html = (folder / "report.html").read_text()
    head, verdict, *sections = html.split("<section id=")
    names = {section.split('"')[1] for section in sections}
    assert {"training", "data"} <= names
    assert not {"works", "importance", "trust"} & names
    told = read_json(folder / "verdict.json")
    assert told["outcome"] in ("no", "unknown")  # in seconds no training goes far
    assert told["headline"] in verdict
    by_question = {clause["question"]: clause["words"] for clause in told["clauses"]}
    assert "evaluate: cannot be shown: not valid JSON" in by_question["works"]
    assert by_question["features"].endswith("importance: not run.")
    head += verdict
    assert "<p>stage gradcam: &lt;planted&gt;</p>" in head
    assert "(<code>gradcam</code>): failed: &lt;planted&gt;</li>" in head
    assert "(<code>lime</code>): not run: it needs gradcam, which failed</li>" in head
    assert "(<code>importance</code>): not run</li>" in head
    assert "(<code>evaluate</code>): cannot be shown: not valid JSON" in head
    summary = (folder / "summary.md").read_text().splitlines()
    assert summary[2] == "**This run failed: stage gradcam: <planted>**"
    assert summary[4] == f"**{told['headline']}**"
    assert {path.name for path in (folder / "images").iterdir()} == {"train", "prepare"}


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
        stage.main(Events(stage.__name__.split(".")[1], None))
    for name in ("gradcam", "lime", "faithfulness"):  # as the record takes them
        assert has_numbers_alone(project / "reports" / name / "metrics.json")
    page = (project / "reports" / "report.html").read_text()
    trust = page.partition('<section id="trust">')[2].partition("</section>")[0]
    assert "0 of 9</b> kinds of map pass all three tests" in trust
    assert trust.count(">not measured</span>") == 3 * 9
    assert ">pass</span>" not in trust
    assert "it does not look at them" in trust
    assert "the target is constant: 0" in trust
    twin = read_json(project / "reports" / "report" / "report.json")
    assert twin["verdict"] == read_json(project / "reports" / "report" / "verdict.json")
    figures = [figure for section in twin["sections"] for figure in section["figures"]]
    assert len(figures) == page.count("<figure id=")
    assert all(figure["sha256"] for figure in figures if figure["source"])
    assert str(project) not in json.dumps(twin)
    summary = (project / "reports" / "report" / "summary.md").read_text()
    assert "explanations that can be trusted: none (0 of 9 methods)" in summary
