"""The section on quality and copies: of an evaluator that guesses, and of one that does not."""

import math
import re
from dataclasses import replace

import pandas as pd
import pytest
import torch

from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.metrics.fidelity import INCEPTION_NAMES, NAMES
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, fill
from ganatomy.report.sections.evaluate import SECTION, Evaluated
from tests.unit.report.verdict.made_up import ABLE, GUESSING

FIGURES = ("value", "low", "high", "floor", "floor_low", "floor_high")
SUSPECTS = pd.DataFrame(
    [[1, 5, "pixels", 0, 0.9]], columns=["rank", "fake", "space", "nearest", "ratio"]
)


def _study(skill: EvaluatorSkill, *, kid: tuple[float, float] = (-1.0, 9.0)) -> EvaluationStudy:
    """Quality short of reals' but for kid, whose interval is given; reals' is -2 to 2."""
    names = (*NAMES, *INCEPTION_NAMES)
    figures = dict.fromkeys(names, (0.5, 0.4, 0.6, 0.9, 0.85, 1.0))
    figures["kid"] = (sum(kid) / 2, *kid, 0.0, -2.0, 2.0)
    if skill is GUESSING:
        figures |= dict.fromkeys(NAMES, (math.nan,) * 6)
    table = pd.DataFrame.from_dict(figures, orient="index", columns=FIGURES).reset_index(
        names="name"
    )
    lower = table["name"].str.match("fcd|fid|kid")
    copies = {"value": 0.0, "low": 0.0, "high": 0.01, "expected": 0.01, "p_value": 1.0}
    evidence = {
        "has_copies": False,
        "detectable": 0.03,
        "is_nearer": False,
        "copies": copies,
        "c_t": {"value": 0.1, "low": -0.2, "high": 0.4},
        "authenticity": {**copies, "floor": 0.0, "floor_low": 0.0, "floor_high": 0.02},
    }
    divergence = {"value": 0.1, "low": 0.0, "high": 0.2, "floor": 0.1, "floor_high": 0.2}
    classes = {
        "names": ["a", "b"],
        "real": [5, 5],
        "fake": [5, 5],
        "num_modes": 2,
        "num_found": 2,
        "missing": [],
        "unsettled": [],
        "jensen_shannon": divergence,
        "total_variation": divergence,
    }
    memorisation = {
        "verdict": "no sign of copying",
        "copies_found": False,
        "cannot_tell": False,
        "reason": "a reason.",
        "rule": "a rule.",
        "num_held_out": 100,
        "num_in_training": 0,
        "set_aside": True,
        "spaces": {"pixels": evidence},
    }
    shares = ("train_accuracy", "held_out_accuracy", "fake_accuracy", "auc_held_out_fake")
    gap = {"auc": 0.5, "auc_low": 0.4, "auc_high": 0.6, "gap_sd": 0.1, **dict.fromkeys(shares, 0.5)}
    images = torch.zeros(9, 1, 8, 8, dtype=torch.uint8)
    return EvaluationStudy(
        table.assign(count=1000, better=lower.map({True: "lower", False: "higher"})),
        memorisation,
        gap,
        {"names": [], "missing": []} if skill is GUESSING else classes,
        SUSPECTS,
        images,
        {"fake": images[:1], "pixels": images[:1]},
        skill=skill,
    )


def _page(study: EvaluationStudy) -> tuple[str, Part]:
    part = fill(SECTION, Evaluated(study, {"test_accuracy": 0.5, "by_rotation": 0}, True))
    return render_page(PageFrame("A title"), [part]), part


def test_an_evaluator_that_guesses_has_measured_nothing() -> None:
    study = _study(GUESSING)
    html, part = _page(study)
    assert "Not measured" in html
    assert study.unmeasured in html
    assert "no classes that G could fail to make" not in html  # nobody knows
    assert "fidelity" not in part.figures
    assert "fidelity_inception" in part.figures  # Inception does not guess
    assert {row["name"] for row in part.facts["quality"]["rows"]} <= set(INCEPTION_NAMES)
    assert not re.search(r"\bnan\b", re.sub(r"data:image[^\"]*", "", html))


@pytest.mark.parametrize(("kid", "folded"), [((-1.0, 9.0), True), ((3.0, 9.0), False)])
def test_a_kernel_distance_that_cannot_tell_is_folded(
    kid: tuple[float, float], folded: bool
) -> None:
    html, part = _page(_study(ABLE, kid=kid))
    quality = part.facts["quality"]
    assert ("kid" in {row["name"] for row in quality["folded"]}) == folded
    assert ("kid" in {row["name"] for row in quality["rows"]}) == (not folded)
    assert len(quality["rows"]) + len(quality["folded"]) == len(NAMES) + len(INCEPTION_NAMES)
    assert ("What could not tell" in html) == folded


def test_every_picture_says_what_it_shows_and_where_it_is_from() -> None:
    html, part = _page(_study(ABLE))
    assert set(part.pictures) == set(part.figures)
    for picture in part.pictures.values():
        assert picture.title.strip()
        assert picture.caption.strip()
        assert picture.source.startswith("evaluate/")
    assert html.count("<figure ") == len(part.figures)


def test_data_without_classes_have_none_to_miss() -> None:
    study = replace(_study(ABLE), classes={"names": [], "missing": []})
    html, part = _page(study)
    assert "no classes that G could fail to make" in html
    assert "classes" not in part.figures
