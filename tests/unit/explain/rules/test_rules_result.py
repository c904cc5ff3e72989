"""The study of rules saved, loaded, in figures and in words."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from math import isnan
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.rules.answer import CANDIDATE_COLUMNS, CAUSES, CHANGE_COLUMNS, NOT_TRIED
from ganatomy.explain.rules.as_they_come import NATURAL_COLUMNS
from ganatomy.explain.rules.export import SCHEMA
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.result import DESCRIBES, Answer, RulesStudy
from ganatomy.explain.rules.rule import Condition, Rule

RULE = Rule(((Condition("contrast", True, 0.1 + 0.2), Condition("holes", False, 1.0)),))
AGREES = "it agrees on 80 % (75 to 85 %)"
COVERAGE = ["kind", "text", "real_count", "real_total", "fake_count", "fake_total", "is_shown"]


def _candidates() -> pd.DataFrame:
    common = (0.61, 0.57, 0.65, 0.4, 0.9, 0.95)
    natural = (0.66, 0.63, 0.69, 0.64, 0.36)
    rows = [
        ("tree", 1, "contrast > 0.3", 0.8, 0.77, 0.83, *common, 0.5, 0.81, False, *natural),
        ("figs", 2, str(RULE), 0.93, 0.91, 0.95, *common, 0.9, 0.94, True, *natural),
    ]
    return pd.DataFrame(rows, columns=CANDIDATE_COLUMNS)


def _changes(holds: bool = True, reason: str = "") -> pd.DataFrame:
    first, second = RULE.clauses[0]
    none = float("nan")
    rows = [
        (str(first), "feature", 90, 80, 0.5, 0.4, 0.6, 0.6, 0.1, 0.0, holds, ""),
        (str(second), "", 0, 0, *5 * [none], 0.0, False, reason or "nothing changes it"),
    ]
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _answer(**changed: object) -> Answer:
    counts = {"train": 900, "choice": 300, "held_out": 600, "made": 366}
    images = torch.arange(2 * 12, dtype=torch.uint8).view(2, 3, 2, 2)
    question = "When does D take an image for real?"
    says = ("D says real", "D says fake")
    tables = (_candidates(), _changes())
    read = {"contrast": Reading(0.25, 255), "holes": Reading(1.0)}
    whole = Answer(
        *("real", "D", question, *says),
        *(RULE, "", counts, *tables, images, images[:1], read),
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def _none(name: str = "high_logit") -> Answer:
    tables = {"candidates": _candidates().iloc[:0], "changes": _changes().iloc[:0]}
    none = {"rule": None, "reason": "no concept explains it", "readings": {}}
    return _answer(name=name, **none, **tables)


def _study(*answers: Answer) -> RulesStudy:
    concepts = pd.DataFrame(
        [("contrast", "", 0.0, 1.0, 0.5, 0.1, ""), ("hue", "", *4 * [float("nan")], "grey")],
        columns=["name", "unit", "low", "high", "mean", "std", "reason"],
    )
    coverage = pd.DataFrame(
        [("missed", "holes > 1", 61, 750, 4, 750, True), ("invented", "x", 1, 2, 3, 4, False)],
        columns=COVERAGE,
    )
    formula = pd.DataFrame({"concept": ["contrast"], "weight": [0.1 + 0.2]})
    figures = {"r2": 0.5, "low": 0.4, "high": 0.6, "num_images": 600}
    left_out = {"real_rejected": "D rejects 3 of 1,500 real images: too few"}
    return RulesStudy(answers, concepts, formula, figures, left_out, coverage)


def _assert_equal(now: pd.DataFrame, was: pd.DataFrame) -> None:
    # pandas has several types of text, and of no columns
    loose = {"check_dtype": False, "check_column_type": False, "check_index_type": False}
    pd.testing.assert_frame_equal(now, was, **loose, check_exact=True)  # type: ignore[arg-type]


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    study = _study(_answer(), _none())
    study.save(tmp_path)
    loaded = RulesStudy.load(tmp_path)
    for name in ("concepts", "formula", "coverage", "shifts", "forced"):
        _assert_equal(getattr(loaded, name), getattr(study, name))
    assert loaded.formula_figures == study.formula_figures
    assert loaded.left_out == study.left_out
    assert len(loaded.answers) == len(study.answers)
    for one, other in zip(loaded.answers, study.answers):
        for each in fields(Answer):
            was, now = getattr(other, each.name), getattr(one, each.name)
            if isinstance(was, pd.DataFrame):
                _assert_equal(now, was)
            elif isinstance(was, torch.Tensor):
                assert torch.equal(now, was)
                assert now.dtype == was.dtype
            else:
                assert now == was
    assert loaded.verdict() == study.verdict()


def test_saved_twice_is_the_same_bytes_and_nothing_stale_is_left(tmp_path: Path) -> None:
    _study(_answer()).save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    _study(_answer()).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    none = pd.DataFrame()
    bare = RulesStudy((), _study().concepts, none, {}, {"real": "there is no discriminator"})
    bare.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "answers.json",
        "concepts.csv",
        "examples.safetensors",
        "rules.json",
    }
    assert RulesStudy.load(tmp_path).formula.empty


@pytest.mark.parametrize(
    "name", ["answers.json", "rules.json", "candidates.csv", "examples.safetensors"]
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    _study(_answer()).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        RulesStudy.load(tmp_path)


def test_the_rules_are_saved_as_a_function_that_needs_no_import(tmp_path: Path) -> None:
    _study(_answer(), _none()).save(tmp_path)
    found: dict[str, Callable[[dict[str, float]], bool]] = {}
    exec((tmp_path / "rules.py").read_text(), found)
    assert found["real"]({"contrast": 0.31, "holes": 1.0})
    assert not found["real"]({"contrast": 0.31, "holes": 2.0})
    assert not found["real"]({"contrast": 0.3, "holes": 1.0})  # 76 of 255 grey levels
    assert found["real"]({"contrast": 0.301, "holes": 1.0})  # 77
    assert not found["real"]({"contrast": float("nan"), "holes": 1.0})
    assert found["real"].__doc__ == "D says real"
    assert "high_logit" not in found


def test_a_damaged_rule_is_named(tmp_path: Path) -> None:
    _study(_answer()).save(tmp_path)
    (tmp_path / "rules.json").write_text('{"rules": []}')
    with pytest.raises(InputError, match=r"rules\.json"):
        RulesStudy.load(tmp_path)


def test_a_damaged_result_is_one_error(tmp_path: Path) -> None:
    _study(_answer()).save(tmp_path)
    (tmp_path / "candidates.csv").write_text("answer,text\nreal,x\n")
    with pytest.raises(InputError, match="no whole result"):
        RulesStudy.load(tmp_path)


def test_figures() -> None:
    figures = _study(_answer(), _none()).metrics()
    assert figures == {
        "num_decisions_asked": 2,
        "num_rules_shown": 1,
        "num_rules_that_cause": 1,
        "num_rules_that_describe": 0,
        "num_rules_better_as_they_come": 0,
        "fidelity_real": 0.93,
        "natural_fidelity_real": 0.66,
        "natural_baseline_real": 0.64,
        "gain_real": pytest.approx(0.32),
        "formula_r2": 0.5,
    }


def test_a_rule_is_told_with_its_interval_its_baseline_and_what_changing_it_does() -> None:
    assert _study(_answer()).sentences() == [
        "D says real when contrast > 0.3 and holes ≤ 1: this agrees with D on 93 % (91 to 95 %) of "
        "600 held-out images; always saying “D says real” agrees on 61 %.",
        "On images as they come it is no better than always saying “D says fake”: it agrees on "
        "66 % (63 to 69 %), that on 64 %.",
        "Changing an image so that contrast > 0.3 turns, and the rule with it, moves the decision "
        "in 60 % of 80 images; as large a change that leaves the rule as it is does in 10 %.",
        "Holes ≤ 1 could not be turned: nothing changes it.",
        "The rule causes, as far as it could be tried.",
        "The data has images with holes > 1 that G makes too rarely: 61 of 750 real ones, 4 of "
        "750 generated ones.",
        "A short sum of concepts foretells D's logit with R² 0.50 (0.40 to 0.60).",
        "D rejects 3 of 1,500 real images: too few.",
    ]


@pytest.mark.parametrize(
    ("natural", "said"),
    [
        (
            (0.8, 0.75, 0.85, 0.64, 0.36),
            f"{AGREES}, always saying “D says fake”",
        ),
        (
            (0.8, 0.75, 0.85, 0.64, 0.64),
            f"{AGREES}, always saying “D says real”",
        ),
        ((0.5, 0.45, 0.55, 0.64, 0.36), "it is worse than always saying “D says fake”"),
        ((0.5, 0.45, 0.64, 0.64, 0.36), "it is no better than always saying “D says fake”"),
    ],
)
def test_what_a_rule_is_worth_on_images_as_they_come_is_said(
    natural: tuple[float, ...], said: str
) -> None:
    table = _candidates().assign(**dict(zip(NATURAL_COLUMNS, natural)))
    study = _study(_answer(candidates=table))
    (told,) = [each for each in study.sentences() if "as they come" in each]
    assert told.startswith(f"On images as they come {said}")
    assert study.metrics()["num_rules_better_as_they_come"] == (natural[1] > 0.64)


def test_a_study_of_before_is_read_and_says_nothing_of_images_as_they_come(tmp_path: Path) -> None:
    old = _candidates().drop(columns=list(NATURAL_COLUMNS))
    _study(_answer(candidates=old)).save(tmp_path)
    loaded = RulesStudy.load(tmp_path)
    assert loaded.answers[0].as_they_come is None
    assert "as they come" not in loaded.verdict()
    assert isnan(loaded.metrics()["natural_fidelity_real"])


def test_the_rules_for_programs_have_the_figures(tmp_path: Path) -> None:
    _study(_answer()).save(tmp_path)
    document = json.loads((tmp_path / "rules.json").read_text())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    figures = document["rules"][0]["figures"]
    assert (figures["fidelity"], figures["natural_fidelity"]) == (0.93, 0.66)


def test_a_decision_without_a_rule_is_told_with_the_reason() -> None:
    assert (
        _study(_none())
        .verdict()
        .startswith("When does D take an image for real? No concept explains it.")
    )


def test_a_rule_is_marked_by_what_changing_it_does() -> None:
    untried = _changes().iloc[1:]
    assert _answer().mark == CAUSES
    assert _answer(changes=_changes(holds=False)).mark == DESCRIBES
    assert "describes, does not cause" in _study(_answer(changes=_changes(False))).verdict()
    assert _answer(changes=untried).mark == NOT_TRIED
    assert "is not known" in _study(_answer(changes=untried)).verdict()
    assert _none().mark == ""
