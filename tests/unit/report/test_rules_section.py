"""The section on rules: pictures first, each rule with its figures, and no rule that is none."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.explain.rules.answer import DESCRIBES
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.marking import GENERATED, MIXED
from ganatomy.report.figures.canvas import narrow
from ganatomy.report.figures.formula_chart import formula_chart
from ganatomy.report.figures.rule_curves import rule_curves
from ganatomy.report.figures.rule_examples import rule_examples
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, gather
from ganatomy.report.sections.page_section import Picture
from ganatomy.report.sections.rules import SECTION
from ganatomy.report.sections.rules_words import short_question
from tests.pages import unexplained
from tests.unit.report.rules_study import LOW, answer, candidates, changes, images, study


def _page(found: RulesStudy, reports: Path) -> tuple[str, Part]:
    found.save(reports / "rules")
    parts, _ = gather(reports)
    (part,) = [each for each in parts if each.section is SECTION]
    return unexplained(render_page(PageFrame("A title"), [part])), part


def _block(html: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}">.*?</section>', html, re.S)
    return re.sub(r'src(?:set)?="data:[^"]*"', "", found.group()) if found else ""


def test_a_rule_stands_with_its_figures_its_images_and_what_became_of_the_decision(
    tmp_path: Path,
) -> None:
    html, part = _page(study(), tmp_path)
    of_d = _block(html, "rules")
    assert "2 of 3 questions have a rule that is worth showing" in of_d
    assert "D says real when contrast ≤ 0.31 and number of holes &gt; 1." in of_d
    assert "It agrees with D on 93 % (91 to 95 %) of 600 held-out images" in of_d
    assert "always saying “D says real” agrees on 61 %" in of_d
    assert "of 180 images changed so that it flips" in of_d
    first, second = of_d.index(">causes<"), of_d.index(f">{DESCRIBES}<")
    assert first < of_d.index("When is D&#39;s logit in its top third?") < second
    assert of_d.index("<figure ") < of_d.index("It agrees with D")
    assert "No rule is shown. No rule agrees more often than always saying the same" in of_d
    assert "examples_fake_taken_for_real" not in part.figures
    assert not re.search(r"\bnan\b|\binf\b|cell_1_1 ", of_d.partition("−4.1")[0])


def test_it_is_said_that_as_many_images_were_drawn_of_either_decision(tmp_path: Path) -> None:
    table = candidates().assign(baseline=0.5)
    even = {"train": 900, "choice": 300, "held_out": 600, "made": 300}
    found = replace(study(), answers=(answer("real", candidates=table, counts=even),))
    said = "as many of them were drawn of either decision"
    html, _ = _page(found, tmp_path)
    assert f"600 held-out images; {said}" in _block(html, "rules")
    assert "always saying “D says real”" not in _block(html, "rules")
    assert "It agrees on 93 %, always saying the same on 50 %." in _block(html, "rules")
    assert f"{said}, however rare it is" in found.verdict()


def test_a_rule_that_is_no_better_on_images_as_they_come_is_said_to_be(tmp_path: Path) -> None:
    table = candidates(natural=(0.69, 0.66, 0.72, 0.7, 0.3))
    html, part = _page(replace(study(), answers=(answer("real", candidates=table),)), tmp_path)
    said = "no better than always saying “D says generated”"
    assert f"On images as they come it is {said}: it agrees on 69 %" in _block(html, "rules")
    assert f"on images as they come it is {said}." in part.summary[0]
    of_others, _ = _page(study(), tmp_path)
    assert "On images as they come it agrees on 91 % (90 to 92 %), always saying" in of_others
    assert said not in of_others


def test_concepts_of_g_are_asked_about_in_words_and_exported_by_name(tmp_path: Path) -> None:
    asked = answer(
        "direction:1",
        network="G",
        question="When is cell_0_0 above -0.5, as in 33 % of images?",
        says="cell_0_0 is high",
        otherwise="cell_0_0 is not high",
    )
    html, part = _page(replace(study(), answers=(asked,)), tmp_path)
    words = "brightness of the upper left corner"
    of_g = _block(html, "rules-of-g")
    assert f"When is {words} above −0.5, as in 33 % of images?" in of_g
    assert f"{words.capitalize()} is high when contrast" in part.summary[0]
    shown, _, exported = of_g.partition("This rule for programs")
    assert "cell_0_0" not in shown
    assert "&#39;cell_0_0 is high&#39;" in exported
    saved = (tmp_path / "rules" / "rules.py").read_text()
    assert "'cell_0_0 is high'" in saved


def test_thresholds_have_their_unit_wherever_they_stand(tmp_path: Path) -> None:
    place = Condition("position_across", False, -0.025)
    whole = study()
    row = ("position_across", "pixels right of the middle", -3.0, 3.0, 0.0, 1.0, "")
    concepts = pd.DataFrame([row], columns=whole.concepts.columns)
    table = pd.concat([whole.concepts, concepts], ignore_index=True)
    tried = changes().assign(condition=[str(LOW), str(place)])
    coverage = whole.coverage.assign(text=[f"{place} and {LOW}", "contrast > 0.49"])
    rule = Rule(((LOW, place),))
    found = replace(
        whole,
        answers=(
            answer("real", rule=rule, changes=tried, candidates=_told(rule)),
            whole.answers[4],
        ),
        concepts=table,
        coverage=coverage,
    )
    html, part = _page(found, tmp_path)
    said = " ".join([html, *part.summary, found.verdict(), part.pictures["examples_real"].alt])
    said = unescape(re.sub(r"<pre.*?>.*?</pre>", "", re.sub(r'"data:[^"]*"', "", said), flags=re.S))
    assert said.count("≤ −0.025 pixels") >= 7
    assert not re.search(r"≤ −0.025(?! pixels)", said)
    assert re.search(r"contrast ≤ 0.31(?! pixel)", said)


def _told(rule: Rule) -> pd.DataFrame:
    return candidates().assign(text=str(rule))


def test_labels_above_images_are_what_the_rule_says_not_what_d_did(tmp_path: Path) -> None:
    figure = SECTION.figures(study())["examples_real"]
    assert isinstance(figure, Picture)
    drawn: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "ganatomy.report.sections.rules.rule_examples",
            lambda groups, **_: drawn.extend(label for label, _ in groups) or images(1)[0, 0],
        )
        patch.setattr("ganatomy.report.sections.rules.png", lambda drawn: b"")
        figure.draw()
    assert drawn == ["by the rule D says real", "by the rule D says generated"]


def test_titles_of_panels_leave_out_what_stands_in_brackets() -> None:
    long = "Which real images does D find most real (top against bottom third of its logit)?"
    assert short_question(answer("real", question=long)) == long.partition(" (")[0] + "?"


def test_each_rule_can_be_taken_away_as_it_is_saved(tmp_path: Path) -> None:
    html, _ = _page(study(), tmp_path)
    folded = re.findall(
        r"<details><summary>This rule for programs</summary>.*?</details>", html, re.S
    )
    assert len(folded) == sum(each.rule is not None for each in study().answers)
    source, document = map(
        unescape, re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", folded[0], re.S)
    )
    names: dict[str, Callable[[dict[str, float]], bool]] = {}
    exec(source, {}, names)
    assert names["real"]({"contrast": 0.31, "holes": 2})
    assert not names["real"]({"contrast": 0.32, "holes": 2})
    assert source in (tmp_path / "rules" / "rules.py").read_text()
    saved = json.loads((tmp_path / "rules" / "rules.json").read_text())
    assert json.loads(document) == {**saved, "rules": saved["rules"][:1]}


def test_a_concept_of_any_name_stays_text_in_what_is_taken_away(tmp_path: Path) -> None:
    rule = Rule(((Condition("</code></pre><script>'\"", True, 1.0),),))
    html, _ = _page(replace(study(), answers=(answer("real", rule=rule),)), tmp_path)
    assert "<script" not in html
    source, document = map(unescape, re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", html, re.S))
    assert rule.clauses[0][0].concept in json.loads(document)["rules"][0]["clauses"][0][0].values()
    names: dict[str, Callable[[dict[str, float]], bool]] = {}
    exec(source, {}, names)
    assert names["real"]({rule.clauses[0][0].concept: 2.0})


def test_what_g_does_stands_in_a_place_of_its_own(tmp_path: Path) -> None:
    html, part = _page(study(), tmp_path)
    of_g = _block(html, "rules-of-g")
    assert "41 of 500 real images, 3 of 700 generated" in of_g
    assert "share of the image that is figure &gt; 0.4 and number of holes &gt; 1" in of_g
    assert ">direction 2 of the latents &gt; 1 standard deviation<" in of_g
    assert part.pictures["examples_missed"].mark == MIXED
    assert part.pictures["examples_direction_2"].mark == GENERATED
    details = _block(html, "rules-details")
    assert details.count("<details>") == 6  # four with candidates, regions, concepts
    assert "Not asked: invented: no combination of concepts is G’s alone." in details.replace(
        "&#39;", "’"
    )
    assert "In no rule: strength of colours (needs images in colour)." in details


@pytest.mark.parametrize(
    ("network", "missing"), [("D", "rules-of-g"), ("G", "rules")], ids=["D alone", "G alone"]
)
def test_a_network_alone_has_its_own_block_and_no_other(
    network: str, missing: str, tmp_path: Path
) -> None:
    whole = study()
    own = tuple(each for each in whole.answers if each.network == network)
    alone = replace(whole, answers=own)
    if network == "D":
        empty = whole.coverage.iloc[:0]
        alone = replace(alone, coverage=empty, shifts=whole.shifts.iloc[:0])
        alone = replace(alone, forced=whole.forced.iloc[:0])
    else:
        alone = replace(alone, formula=whole.formula.iloc[:0], formula_figures={})
    html, _ = _page(alone, tmp_path)
    assert _block(html, missing) == ""
    assert {"rules", "rules-of-g"} - {missing} <= set(re.findall(r'<section id="([\w-]+)"', html))


def test_a_study_that_could_ask_nothing_is_told_in_the_details(tmp_path: Path) -> None:
    none = pd.DataFrame()
    reason = "there are fewer than 60 images of which D says generated"
    html, part = _page(RulesStudy((), study().concepts, none, {}, {"real": reason}), tmp_path)
    assert not part.figures
    assert _block(html, "rules") == _block(html, "rules-of-g") == ""
    assert f"Not asked: real: {reason}." in _block(html, "rules-details")
    assert part.summary == ["No decision could be asked about."]


def test_images_stay_as_they_are_whatever_their_shape() -> None:
    for channels, size in ((1, 28), (3, 64), (7, 12)):
        groups = [("one", images(8, channels, size)), ("two", images(3, channels, size))]
        wide = rule_examples(groups)
        with narrow():
            high = rule_examples(groups)
        assert high.shape[1] < wide.shape[1]
        assert high.shape[0] > wide.shape[0]
    black = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    drawn = rule_examples([("all black", black), ("none", black[:0])])
    assert 0.05 < (drawn == 0).all(-1).mean() < 0.5


def test_the_rule_that_is_shown_has_a_ring_and_the_baseline_a_band() -> None:
    ring = np.array([42, 113, 71])

    def green(drawn: np.ndarray) -> int:
        return int((np.abs(drawn.astype(int) - ring).max(-1) < 12).sum())

    shown = rule_curves({"a question": candidates()})
    without = rule_curves({"a question": candidates(None)})
    assert green(shown) > 1.4 * green(without)  # of which the legend's is left
    assert rule_curves({"a question": candidates().iloc[:0]}).shape[2] == 3
    with narrow():
        assert rule_curves({"one": candidates(), "two": candidates()}).shape[1] <= 512


def test_a_term_that_lowers_goes_to_the_left() -> None:
    terms = pd.DataFrame({"label": ["up", "down"], "moves": [1.0, 1.0], "sign": [1.0, -1.0]})
    drawn = formula_chart(terms).astype(int)
    red = (drawn[..., 0] - drawn[..., 2] > 60).nonzero()[1]
    blue = (drawn[..., 2] - drawn[..., 0] > 60).nonzero()[1]
    assert blue.max() <= red.min() + 2


def test_one_condition_is_one(tmp_path: Path) -> None:
    table = candidates(1)
    html, _ = _page(replace(study(), answers=(answer("real", candidates=table),)), tmp_path)
    assert "What is shown has 1 condition; rules of up to 4 were found." in html
