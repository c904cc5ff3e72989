"""The section on concepts of D: crops first, and what they explain hardly is said so."""

from dataclasses import replace
from pathlib import Path

import pytest

from ganatomy.explain.craft.result import DiscriminatorConcepts
from ganatomy.explain.craft.study import find_discriminator_concepts
from ganatomy.report.left_out import leave_out
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, gather
from ganatomy.report.sections.concepts import FOLDER, SECTION
from tests.pages import unexplained
from tests.unit.explain.craft.test_craft import QUICK, Textures, planted, subjects


@pytest.fixture(scope="module")
def textures() -> DiscriminatorConcepts:
    real, fake = planted(80, 0)[0], planted(80, 1)[0]
    given = subjects(Textures(), real, fake)
    return find_discriminator_concepts(given, layer="active", settings=QUICK)


def _page(study: DiscriminatorConcepts, reports: Path) -> tuple[str, Part]:
    leave_out(reports / "directions", "no generator was given")
    study.save(reports / FOLDER)
    parts, absences = gather(reports)
    (part,) = [each for each in parts if each.section is SECTION]
    assert not [each for each in absences if each.name == "concepts"]
    return unexplained(render_page(PageFrame("A title"), [part])), part


def test_each_that_stands_out_is_shown_with_what_it_speaks_for(
    textures: DiscriminatorConcepts, tmp_path: Path
) -> None:
    html, part = _page(textures, tmp_path)
    assert list(part.figures) == ["concept_01", "concept_02"]
    assert "oncept 1 speaks for real" in part.pictures["concept_01"].title
    assert "oncept 2 speaks for fake" in part.pictures["concept_02"].title
    assert html.count("<td>no</td>") == 2
    assert html.index("<figure ") < html.index("<table")
    assert set(part.hashes) == {f"{FOLDER}/concepts.safetensors"}


def test_where_none_stands_out_and_the_logit_is_not_told_both_are_said(
    textures: DiscriminatorConcepts, tmp_path: Path
) -> None:
    table = textures.table.assign(stands_out=False)
    poor = replace(textures, table=table, fidelity=-3.0, fidelity_low=-4.0, fidelity_high=0.04)
    html, part = _page(poor, tmp_path)
    assert "explains the logit hardly" in html
    assert "No concept counts more for D than random directions" in html
    assert list(part.figures) == ["concept_01"]
    assert "counts no more than random" in part.pictures["concept_01"].title


def test_what_was_left_out_has_its_reason_and_what_was_not_run_is_not_missed(
    tmp_path: Path,
) -> None:
    assert not [each for each in gather(tmp_path)[1] if each.name == "concepts"]
    leave_out(tmp_path / "directions", "no generator was given")
    leave_out(tmp_path / FOLDER, "no discriminator was given")
    (absence,) = [each for each in gather(tmp_path)[1] if each.name == "concepts"]
    assert absence.reason == "no discriminator was given"
