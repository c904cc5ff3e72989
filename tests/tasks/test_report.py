"""What the page is told: alarms, guards, and the film in its order."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganatomy.data.images import write_png
from ganatomy.files import write_json
from ganatomy.gan.guards import RULES
from tasks import report_facts, report_figures
from tasks.results import image_path, write_curves

TRAIN = Path("reports/train")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _facts(
    findings: tuple[str, ...] = (), copies_found: bool = False, missing: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "guards": [{"findings": []}, {"findings": list(findings)}],
        "memorisation": {"copies_found": copies_found},
        "classes": {"missing": list(missing)},
        "class_word": "classes",
    }


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (_facts(), []),
        (_facts(findings=("collapsed", "again")), ["collapsed", "again"]),
        (_facts(copies_found=True), ["repeats training images"]),
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
