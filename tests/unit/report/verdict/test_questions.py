"""Each question with a yes, a no and what lies between, by results made by hand."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch

from ganatomy.importance.champion import CHAMPION, THIS, BesideChampion
from ganatomy.importance.comparison import COLUMNS, Comparison, ComparisonFacts
from ganatomy.metrics.discriminator.findings import RULES as HEALTH
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.champion import champion
from ganatomy.report.verdict.questions.copies import copies
from ganatomy.report.verdict.questions.discriminator import discriminator
from ganatomy.report.verdict.questions.features import features
from ganatomy.report.verdict.questions.maps import maps
from ganatomy.report.verdict.questions.quality import classes, works
from ganatomy.report.verdict.questions.training import training
from tests.unit.report.verdict.made_up import ABLE, GUESSING, evaluation, health

GATE = Gate()


@pytest.mark.parametrize(
    ("given", "outcome", "said"),
    [
        (
            {},
            "yes",
            "It works: precision 0.9 (real images: 1, asked: 70 % of that) and coverage 0.8 "
            "(real images: 1, asked: 70 % of that), their intervals included.",
        ),
        ({"precision": 0.72}, "yes", "precision 0.72 (real"),  # 0.70: just so
        (
            {"precision": 0.71},
            "no",
            "It does not work well enough: precision 0.71 (0.69 to 0.73) is not surely above 0.70, "
            "which is 70 % of what real images reach.",
        ),
        ({"coverage": 0.01}, "no", "coverage 0.01 (-0.01 to 0.03) is below 0.70"),
        ({"precision": 0.2, "coverage": 0.1}, "no", "of what real images reach; coverage 0.10"),
        (
            {"floor": 0.5, "precision": 0.4, "coverage": 0.38},
            "yes",
            "(real images: 0.5, asked: 70 % of that)",
        ),
        ({"half": 0.15}, "no", "coverage 0.80 (0.65 to 0.95) is not surely above 0.70"),
        ({"skill": GUESSING}, "unknown", "right about 10 % of 100 held-out images (5 % to 18 %)"),
        ({"skill": None}, "unknown", "was not examined"),
        ({"precision": float("nan")}, "unknown", "no numbers"),
        (
            {"precision": float("nan"), "coverage": 0.01},
            "no",
            "It does not work well enough: coverage 0.01",
        ),
    ],
)
def test_whether_it_works(given: dict[str, Any], outcome: str, said: str) -> None:
    clause = works(evaluation(**given), GATE)
    assert clause.outcome == outcome
    assert said in clause.words
    assert clause.anchor == "works"


def test_figures_stand_with_threshold_and_margin_where_they_pass_too() -> None:
    skill, precision, coverage = works(evaluation(floor=0.9), GATE).checks
    assert (precision.value, precision.threshold) == pytest.approx((0.88, 0.63))
    assert precision.margin == pytest.approx(0.25)
    assert (coverage.value, coverage.margin) == pytest.approx((0.78, 0.15))
    assert skill.value == pytest.approx(ABLE.skill)
    assert not skill.is_blocking


def test_a_guess_leaves_no_number_that_could_be_compared() -> None:
    clause = works(evaluation(1.0, 1.0, skill=GUESSING), GATE)
    assert [check.value for check in clause.checks[1:]] == [None, None]
    assert classes(evaluation(skill=GUESSING), GATE).checks[0].value is None


def test_the_gate_may_ask_for_a_better_evaluator() -> None:
    fair = EvaluatorSkill("", 700, 1000, 0.1)
    assert works(evaluation(skill=fair), GATE).outcome == "yes"
    assert works(evaluation(skill=fair), Gate(evaluator_skill=0.8)).outcome == "unknown"


def test_shares_of_their_own_are_told_one_by_one() -> None:
    words = works(evaluation(), Gate(precision_share=0.5)).words
    assert "precision 0.9 (real images: 1, asked: 50 % of that)" in words
    assert "coverage 0.8 (real images: 1, asked: 70 % of that)" in words


@pytest.mark.parametrize(
    ("given", "gate", "outcome", "words"),
    [
        ({}, GATE, "yes", "All 10 classes are made."),
        (
            {"missing": ("3", "8")},
            GATE,
            "no",
            "8 of 10 classes are made; missing: 3 and 8.",
        ),
        (
            {"missing": ("3",)},
            Gate(classes_missing=1),
            "yes",
            "9 of 10 classes are made; missing: 3.",
        ),
        (
            {"unsettled": ("3",)},
            GATE,
            "yes",
            "No class is known to be missing; 9 of 10 classes are made; of 3 there are too few to "
            "tell.",
        ),
        ({"names": ()}, GATE, "told", "The data have no classes that could be missing."),
    ],
)
def test_whether_classes_are_missing(
    given: dict[str, Any], gate: Gate, outcome: str, words: str
) -> None:
    clause = classes(evaluation(**given), gate)
    assert (clause.outcome, clause.words) == (outcome, words)


def test_what_was_not_measured_are_not_data_without_classes() -> None:
    clause = classes(evaluation(names=(), skill=GUESSING), GATE)
    assert clause.outcome == "unknown"
    assert "a guess about 10 %" in clause.words


@pytest.mark.parametrize(
    ("given", "outcome", "said"),
    [
        ({}, "yes", "an observed share from 3 % on would have been called copies"),
        (
            {"has_copies": True, "share": 0.4},
            "no",
            "40 % of its images are as near to one as copies are, where 1 % would be by chance",
        ),
        ({"cannot_tell": True}, "unknown", "cannot be told"),
    ],
)
def test_whether_it_copies(given: dict[str, Any], outcome: str, said: str) -> None:
    clause = copies(evaluation(**given), GATE)
    assert clause.outcome == outcome
    assert said in clause.words


_TRAINED = {"published_step": 90, "num_steps": 100}


@pytest.mark.parametrize(
    ("metrics", "guards", "diversity", "outcome", "said"),
    [
        (_TRAINED, [], 1.0, "yes", "The training held; step 90 of 100 is published."),
        (_TRAINED, ["collapse"], 0.9, "no", "the images collapsed into looking alike"),
        (_TRAINED, ["saturation", "no_gain"], 1.0, "no", "D won outright and no step was better"),
        ({**_TRAINED, "published_step": 10}, [], 1.0, "yes", "step 10 of 100"),
        ({**_TRAINED, "published_step": 9}, [], 1.0, "no", "9 of 100, is among the first"),
        ({**_TRAINED, "published_step": 0}, [], 1.0, "no", "0 of 100, is among the first"),
        (_TRAINED, [], 0.4999, "no", "0.4999 times as much as real ones"),
        (_TRAINED, [], None, "unknown", "not known"),
        ({"published_step": 0, "num_steps": 0}, [], 1.0, "unknown", "not known"),
    ],
)
def test_whether_the_training_held(
    metrics: dict[str, Any], guards: list[str], diversity: float | None, outcome: str, said: str
) -> None:
    findings = [{"guard": name, "text": "seen"} for name in guards]
    clause = training(metrics, findings, diversity, GATE)
    assert clause.outcome == outcome
    assert said in clause.words


def test_a_guard_that_does_not_block_is_a_note() -> None:
    findings = [{"guard": "no_gain", "text": "seen"}]
    clause = training(_TRAINED, findings, 1.0, Gate(training_blocking=("collapse",)))
    assert clause.outcome == "yes"
    assert clause.words.endswith("though no step was better than the untrained networks.")
    assert [check.is_blocking for check in clause.checks if check.passed is False] == [False]


@pytest.mark.parametrize("rule", sorted(HEALTH))
def test_each_finding_about_d_blocks_or_is_told(rule: str) -> None:
    clause = discriminator(health(rule), GATE)
    assert clause.outcome == ("no" if rule in GATE.discriminator_blocking else "yes")
    assert ("beware" in clause.words) == (clause.outcome == "yes")


def test_what_d_gets_wrong_is_named_precisely() -> None:
    harmless = pd.DataFrame({"change": ["jpeg", "resize"], "low": [0.7, 0.2], "high": [0.8, 0.4]})
    unreal = pd.DataFrame({"kind": ["noise", "black"], "low": [0.0, 1.0], "high": [0.1, 1.0]})
    found = replace(health("harmless", "unreal"), harmless=harmless, unreal=unreal)
    assert discriminator(found, GATE).words.endswith(
        "; beware: it ranks real images resized to three quarters and back, by other filters, "
        "below generated ones; it ranks black above real images."
    )


def test_a_d_in_order_has_every_rule_that_applies() -> None:
    clause = discriminator(health(has_level=False), GATE)
    assert clause.outcome == "yes"
    assert (
        clause.words == "D may be explained (AUC 0.80 of held-out reals against generated images)."
    )
    assert len(clause.checks) == len(HEALTH)  # less the boundary, and with the AUC itself
    assert not any("sign of its logit" in check.name for check in clause.checks)


RETRAINED = "in GANs retrained for it (the published one was not tested)"


def _ranking(*matters: bool | None) -> Any:
    names = [f"feature_{place}" for place in range(len(matters))]
    table = {
        "variant": names,
        "stands_out": [each is not None for each in matters],
        "matters": [bool(each) for each in matters],
        "max_abs_t": [float("nan") if each is None else 3.0 for each in matters],
    }
    return SimpleNamespace(ranking=pd.DataFrame(table))


@pytest.mark.parametrize(
    ("matters", "outcome", "said"),
    [
        (
            (True, False),
            "yes",
            f"1 of 2 features that were changed matters {RETRAINED}: feature_0.",
        ),
        (
            (True, True),
            "yes",
            f"2 of 2 features that were changed matter {RETRAINED}: feature_0 and feature_1.",
        ),
        ((True,) * 7, "yes", "feature_4 and 2 more."),
        ((False, False), "no", f"None of 2 features that were changed matters {RETRAINED};"),
        ((None, None), "unknown", "none could be judged"),
        ((), "unknown", "none could be judged"),
    ],
)
def test_which_features_matter(matters: tuple[bool | None, ...], outcome: str, said: str) -> None:
    clause = features(_ranking(*matters), GATE)
    assert clause.outcome == outcome
    assert said in clause.words


@pytest.mark.parametrize(
    ("trusted", "total", "outcome", "words"),
    [
        (["lime"], 3, "yes", "1 of 3 kinds of map may be relied on: lime."),
        ([], 3, "no", "None of 3 kinds of map may be relied on."),
        ([], 0, "unknown", "Which maps may be relied on is not known: none was tested."),
    ],
)
def test_which_maps_may_be_relied_on(
    trusted: list[str], total: int, outcome: str, words: str
) -> None:
    clause = maps(trusted, total, GATE)
    assert (clause.outcome, clause.words) == (outcome, words)


def _beside(
    gains: dict[str, tuple[float, float]], *, knows: bool = True, same_data: bool = True
) -> BesideChampion:
    """By readout: this run minus the champion, and the chance that two trainings differ so."""
    rows = [
        {
            **dict.fromkeys(COLUMNS, 0.0),
            "readout": name,
            "difference": difference,
            "band": 0.1 if knows else float("nan"),
            "noise_p": chance if knows else float("nan"),
            "noise_q": chance if knows else float("nan"),
        }
        for name, (difference, chance) in gains.items()
    ]
    facts = ComparisonFacts(CHAMPION, THIS, 100, True, True, 0.5)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return BesideChampion(
        Comparison(table, facts, torch.zeros(0), torch.zeros(0)), same_data=same_data
    )


@pytest.mark.parametrize(
    ("beside", "outcome", "said"),
    [
        (_beside({"g_fcd": (-2.0, 0.01)}), "yes", "It is better than the last champion in"),
        (_beside({"g_fcd": (2.0, 0.01)}), "no", "It is worse than the last champion in"),
        (_beside({"g_coverage": (0.2, 0.01)}), "yes", "better"),
        (_beside({"g_coverage": (-0.2, 0.01)}), "no", "worse"),
        (_beside({"g_fcd": (-0.5, 0.4)}), "unknown", "within what another training would do"),
        (
            _beside({"g_fcd": (-2.0, 0.01), "g_coverage": (-0.2, 0.01)}),
            "unknown",
            "it is better in",
        ),
        (_beside({"g_fcd": (-9.0, 0.01)}, knows=False), "unknown", "is not known"),
        (_beside({"g_fcd": (2.0, 0.01)}, same_data=False), "unknown", "may have seen"),
        (_beside({"g_fcd": (-2.0, 0.01)}, same_data=False), "yes", "better"),
        (BesideChampion(None, same_data=True), "unknown", "itself, to the byte"),
    ],
)
def test_how_it_stands_against_the_champion(
    beside: BesideChampion, outcome: str, said: str
) -> None:
    clause = champion(beside)
    assert clause.outcome == outcome
    assert said in clause.words
    failed = [check.is_blocking for check in clause.checks if check.passed is False]
    assert any(failed) == (outcome == "no")


def test_what_lies_within_the_noise_of_retraining_is_named_so() -> None:
    clause = champion(_beside({"g_fcd": (-2.0, 0.01), "g_coverage": (-0.2, 0.4)}))
    first, second = clause.checks
    assert (first.value, first.threshold, first.passed) == (2.0, -0.1, True)
    assert first.name == "Fréchet distance, evaluator features: gain over the champion"
    assert second.name.endswith(", not to be told from the noise of retraining")
    assert [check.is_blocking for check in clause.checks] == [True, False]
