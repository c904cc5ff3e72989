"""Findings of feature importance: read off hand-made tables, and silent where nothing is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.importance.judging import judge
from ganatomy.importance.region_masks import RegionMasks
from ganatomy.importance.repeats import ReadOut
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.telling import hardly_changed, order_by_evaluator, what_is_open
from ganatomy.report.sections import importance_findings as findings
from ganatomy.report.sections.importance import _published_fcd
from tests.unit.importance.retrained import repeats

READOUTS = ["g_fcd", "d_shift"]
NAMES = {"cell_1_1": "upper left of the middle"}


def _study(effects: dict[str, tuple[float, float]], seeds: int = 4) -> ImportanceStudy:
    """Nulls of g_fcd 10 and d_shift 0.5 that hardly differ; effects are added to them."""
    draw = np.random.default_rng(0)
    level = np.array([[10.0], [0.5]])

    def gans(effect: tuple[float, float]) -> Any:
        noise = draw.normal(size=(2, seeds)) * [[1e-3], [1e-4]]
        return level + noise + np.array(effect)[:, None]

    values = {name: gans(effect) for name, effect in effects.items()}
    values |= {f"null_{k}": gans((0.0, 0.0)) for k in range(5)}
    table = repeats(values, READOUTS)
    empty = pd.DataFrame({"variant": [], "is_null": [], "features": [], "stands_out": []})
    inside = {"cell_1_1": torch.ones(4, 4, dtype=torch.bool)}
    return ImportanceStudy(
        ReadOut(table, pd.DataFrame(), empty),
        **judge(table, 0.05),
        interactions=empty,
        subsets=pd.DataFrame({"readout": [], "lds": [], "lds_low": []}),
        reliance=empty,
        sheets=(),
        regions=RegionMasks(torch.zeros(1, 4, 4), inside),
        fdr=0.05,
    )


def test_each_network_is_told_its_own_first() -> None:
    study = _study({"cell_1_1": (40.0, 0.2), "blur": (20.0, 0.6), "idle": (0.0, 0.0)})
    said = findings.of_ranking(study, NAMES)
    assert said.startswith("With upper left of the middle changed G's images lie 5 times as far")
    assert "; with blur changed D's logits move by 0.6 spreads more" in said
    assert findings.of_images(study, NAMES).startswith("With upper left of the middle changed G's")
    assert findings.of_regions(study, NAMES) == (
        "Of 1 region upper left of the middle matters most to G and D"
    )
    answer = study.answer(NAMES)
    assert answer.startswith("2 of 3 changes matter to G or D: upper left of the middle and blur.")
    assert "then blur (3 times as far by the evaluator)." in answer
    assert "Not found: idle. Changes below " in study.not_shown(NAMES)


def test_one_feature_that_is_first_for_both_is_named_once() -> None:
    study = _study({"blur": (40.0, 0.6), "idle": (0.0, 0.0)})
    said = findings.of_ranking(study, {})
    assert said.count("blur") == 1
    assert said.startswith("With blur changed G's images lie 5 times")
    assert ", and D's logits move by 0.6" in said


def test_the_order_by_the_evaluator_is_told_where_it_is_another() -> None:
    """By hand: 6 and 4 levels by the evaluator, 3 and 9 by random features."""
    rows = [("a", "g_fcd", 6.0), ("b", "g_frd", 9.0), ("c", "g_fcd", 0.5)]
    ranking = pd.DataFrame(rows, columns=["variant", "g_readout", "g_size"])
    ranking["g_matters"] = True
    sizes = [("a", "g_fcd", 6.0), ("b", "g_fcd", 4.0), ("c", "g_fcd", 0.5), ("a", "g_frd", 3.0)]
    summary = pd.DataFrame(sizes, columns=["variant", "readout", "size"])
    summary["stands_out"] = summary["variant"] != "c"
    assert order_by_evaluator(ranking, summary, {"b": "blur"}) == (
        "By the evaluator alone (FCD) the order for G is another: a (7 times as far), "
        "blur (5 times as far) and c (+50 %, not found by it)."
    )
    summary.loc[1, "size"] = 20.0  # b is first by either
    assert order_by_evaluator(ranking, summary, {}) == ""
    assert order_by_evaluator(ranking.assign(g_matters=False), summary, {}) == ""


def test_limits_are_those_of_the_readouts_of_the_row() -> None:
    """By hand: another readout would have seen less, and is not the one that is told."""
    rows = [("a", "g_frd", "d_shift"), ("b", "g_fcd", "d_contrast"), ("c", "g_frd", "d_shift")]
    ranking = pd.DataFrame(rows, columns=["variant", "g_readout", "d_readout"])
    ranking = ranking.assign(max_abs_t=0.4, stands_out=False, matters=False)
    limits = pd.DataFrame(
        [
            ("g_frd", "", 0.05, 0.196),
            ("g_fcd", "", 2.4, 0.19),
            ("d_shift", "", 0.094, 0.14),
            ("d_contrast", "b", 0.0078, np.nan),
        ],
        columns=["readout", "variant", "effect", "relative"],
    )
    assert list(what_is_open(ranking, limits, 0.1, {"a": "corner"})) == [
        "Not found: corner and c. Changes below 20 % of G's distance by random features and 0.094 "
        "spreads of D's logits would seldom have been seen.",
        "Not found: b. Changes below 19 % of G's distance by the evaluator and 0.0078 spreads of "
        "D's preference for the feature would seldom have been seen.",
    ]


def test_an_image_that_was_hardly_changed_shows_nothing() -> None:
    ranking = pd.DataFrame({"variant": ["a", "b", "c"], "stands_out": [False, False, True]})
    said = hardly_changed(ranking, {"a": 0.043, "b": 7.0, "c": 0.01}, {"a": "corner"})
    assert said.startswith("Images were hardly changed at all: corner (by 0.043 of 255 on average)")
    assert " b " not in said
    assert " c " not in said
    assert hardly_changed(ranking, {"b": 7.0}, {}) == ""  # a is not of images


def test_the_retrained_gans_are_set_beside_the_published_one() -> None:
    study = _study({"blur": (40.0, 0.0)})  # nulls of g_fcd 10
    said = findings.of_retrained(study, 0.7049)
    assert "data their images lie 10 from real ones (FCD), the published one's 0.705. That" in said
    assert said.endswith("That the order holds for the published one was not tested.")
    assert "lie 10 from real ones (FCD). That" in findings.of_retrained(study, None)


def test_the_published_one_is_that_of_the_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "fidelity.csv"
    assert _published_fcd(path) is None
    path.write_text("name,value\nkid,3.0\nfcd,0.75\n")
    assert _published_fcd(path) == 0.75
    path.write_text("name,value\nkid,3.0\n")
    assert _published_fcd(path) is None


def test_where_nothing_is_found_no_feature_is_named() -> None:
    study = _study({"blur": (0.0, 0.0), "cell_1_1": (0.0, 0.0)})
    assert not study.ranking["matters"].any()
    for said in (
        findings.of_ranking(study, NAMES),
        findings.of_images(study, NAMES),
        findings.of_regions(study, NAMES),
    ):
        assert "found" in said
        assert "blur" not in said
        assert "middle" not in said


def test_the_surest_effect_is_named_and_all_that_stand_out_are_counted() -> None:
    study = _study({"blur": (40.0, 0.0), "idle": (0.0, 0.0)})
    found = int(study.summary["stands_out"].sum())
    assert found == 1
    said = findings.of_effects(study, {})
    assert said == "1 of 4 effects stands out; the surest is blur in distance to real images (FCD)"


def test_trust_is_one_sentence_and_says_what_is_not_known() -> None:
    many = {f"v{at}": (4.0 * at, 0.0) for at in range(1, 6)}
    study = _study(many)
    said = findings.trust(study)
    assert said.startswith("Two halves of the seeds put them in much the same order")
    assert "the same three are first in 100 % of the splits" in said
    assert said.count(". ") == 0
    assert "not known" in findings.trust(_study({"blur": (4.0, 0.0)}))  # no order of one


@pytest.mark.parametrize(
    ("g", "d", "stands_out", "t", "said"),
    [
        (True, True, True, 9.0, "matters to G and D"),
        (False, True, True, 9.0, "matters to D"),
        (False, False, True, 9.0, "sure, but small"),
        (False, False, False, 1.0, "not found"),
        (False, False, False, None, "not judged"),
    ],
)
def test_judgement_of_a_row(g: bool, d: bool, stands_out: bool, t: float | None, said: str) -> None:
    row = {"g_matters": g, "d_matters": d, "stands_out": stands_out, "max_abs_t": t}
    assert findings.judgement(row) == said


def test_pairs_that_act_together_are_counted_and_named() -> None:
    study = _study({"blur": (4.0, 0.0)})
    rows = [("a+b", "g_fcd", True), ("a+b", "d_shift", False), ("b+c", "g_fcd", False)]
    table = pd.DataFrame(rows, columns=["features", "readout", "stands_out"])
    said = findings.of_interactions(replace(study, interactions=table))
    assert said.startswith("1 of 2 pairs shown to do more or less together")
    assert said.endswith(": a+b")
