"""A new explanation is six files and no list elsewhere, as CONTRIBUTING.md says: one is added."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import ignored
from tests.harness import flows, stages

STUDY = '''\
"""How bright generated images are beside real ones."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.files import read_json, write_json


@dataclass(frozen=True)
class BrightnessStudy:
    """Mean brightness, of images in [-1, 1]."""

    real: float
    fake: float

    def save(self, folder: Path) -> None:
        write_json(folder / "brightness.json", {"real": self.real, "fake": self.fake})

    @staticmethod
    def load(folder: Path) -> "BrightnessStudy":
        return BrightnessStudy(**read_json(folder / "brightness.json"))

    def metrics(self) -> dict[str, float]:
        return {"real": self.real, "fake": self.fake}

    def verdict(self) -> str:
        word = "brighter" if self.fake > self.real else "darker"
        return f"Generated images are {word} than real ones."


def compare_brightness(real: torch.Tensor, fake: torch.Tensor) -> BrightnessStudy:
    return BrightnessStudy(real.mean().item(), fake.mean().item())
'''
SECTION = '''\
"""How bright generated images are."""

from ganatomy.explain.brightness import BrightnessStudy
from ganatomy.report.figures.class_bars import class_bars
from ganatomy.report.sections.page_section import Block, PageSection, png


SECTION = PageSection(
    name="brightness",
    place=55,
    blocks=(Block("brightness", "How bright are they?", "looks"),),
    load=BrightnessStudy.load,
    facts=lambda study: {"verdict": study.verdict(), "captions": {"means": "Mean brightness"}},
    figures=lambda study: {"means": lambda: png(class_bars(["all"], [1], [1]))},
    summary=lambda study: [study.verdict()],
)
'''
PARAMS = '''\
"""Section `brightness`."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Brightness(Section):
    """How many images are looked at."""

    name: ClassVar[str] = "brightness"

    num_images: int = Field(20, ge=1)
'''
STAGE = '''\
"""Stage brightness: how bright generated images are."""

import torch

from ganatomy.explain.brightness import compare_brightness
from ganatomy.files import whole_folder
from tasks.brightness.params import Brightness
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.events import Events
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/brightness"""
    base, params = Base.load(), Brightness.load()
    subjects = load_subjects(params.num_images, base.seed, torch.device("cpu"))
    found = compare_brightness(subjects.real, subjects.fake)
    with whole_folder(REPORTS / "brightness") as report:
        found.save(report)
        write_metrics(report, found.metrics())


if __name__ == "__main__":
    stage.run(main, "brightness")
'''
NEW = {
    "ganatomy/explain/brightness.py": STUDY,
    "ganatomy/report/sections/brightness.py": SECTION,
    "tasks/brightness/params.py": PARAMS,
    "tasks/brightness/__main__.py": STAGE,
}


def _git(project: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.invalid", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout


def _named_anew(entry: Any) -> Any:
    """The entry of gradcam in dvc.yaml as that of the new stage."""
    return yaml.safe_load(yaml.safe_dump(entry).replace("gradcam", "brightness"))


def _changed(project: Path) -> list[str]:
    lines = _git(project, "status", "--porcelain", "-uall").splitlines()
    return sorted(line[3:] for line in lines)


@pytest.fixture
def project(smoke: Path, tmp_path: Path) -> Path:
    """A finished run to whose code one explanation was added, nothing of it committed."""
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "what the runs have left")
    for name, text in NEW.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    with (project / "params.yaml").open("a") as file:
        file.write("\nbrightness:\n  num_images: 12\n")
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text())
    made = pipeline["stages"]
    entry = copy.deepcopy(made["gradcam"]) | {"params": ["base", "brightness"]}
    entry["deps"].remove("reports/${gradcam.after}")  # what a learned target waits for
    made["report"]["deps"].append("reports/brightness")
    made["report"]["params"].append("brightness")
    pipeline["stages"] = made | {"brightness": _named_anew(entry), "report": made.pop("report")}
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    return project


def test_a_new_explanation_is_six_files_and_on_the_page(project: Path) -> None:
    six = sorted([*NEW, "dvc.yaml", "params.yaml"])
    assert len(six) == 6
    assert _changed(project) == six

    done = stages(project, "brightness", "report")
    assert done.returncode == 0, done.stderr
    ignored.hide(project, ["reports/brightness"])  # as a run does before the stage begins
    assert _changed(project) == six  # git does not see what the stage has written
    metrics = json.loads((project / "reports" / "brightness" / "metrics.json").read_text())
    assert -1 <= metrics["fake"] <= 1
    html = (project / "reports" / "report.html").read_text()
    section = html.partition('<section id="brightness">')[2].partition("</section>")[0]
    word = "brighter" if metrics["fake"] > metrics["real"] else "darker"
    assert f"<p>Generated images are {word} than real ones.</p>" in section
    assert 'src="data:image/webp;base64,' in section
    assert '<a href="#brightness">How bright are they?</a>' in html
    assert html.index('id="lime"') < html.index('id="brightness"') < html.index('id="trust"')
    report = project / "reports" / "report"
    assert (report / "images" / "brightness" / "means.png").is_file()  # for the run's record
    assert f"- Generated images are {word}" in (report / "summary.md").read_text()

    planned = flows(project, "plan", "--set", "brightness.num_images=13")
    assert planned.returncode == 0, planned.stderr
    assert "params.yaml: brightness.num_images: 12 -> 13" in planned.stdout
    assert any(line.startswith("brightness ") for line in planned.stdout.splitlines())
