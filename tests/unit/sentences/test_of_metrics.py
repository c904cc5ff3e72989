"""Sentences on quality, copies and the discriminator, read against generated figures."""

import math
import re
from typing import Any

import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.boundary import Boundary
from ganatomy.metrics.discriminator import findings
from ganatomy.metrics.discriminator.batch_dependence import BatchDependence
from ganatomy.metrics.discriminator.changes import FEEDS, HARMLESS
from ganatomy.metrics.discriminator.given import GIVEN, HELD_OUT, called, left_out, unasked
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.saturation import Saturation
from ganatomy.metrics.discriminator.separation import Separation
from ganatomy.metrics.discriminator.unreal import UNREAL
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.metrics.fidelity import NAMES
from ganatomy.metrics.memorisation import CANNOT_TELL, COPIES, NO_SIGN, judge_memorisation
from ganatomy.metrics.nearness import three_samples
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.metrics.samples import SamplesStudy
from ganatomy.metrics.sentences import beside_held_out, beside_reals
from tests.unit.sentences.made import NUMBERS, SHARES, few, intervals, reads, rows_of_fidelity, some
from tests.unit.sentences.reading import faults, untold

CLASSES = ("one", "shirt", "cat")
ROWS = st.sampled_from(NAMES).flatmap(rows_of_fidelity)


def are_apart(row: dict[str, Any]) -> bool:
    return bool(row["low"] > row["floor_high"] or row["high"] < row["floor_low"])


@reads("metrics.sentences.beside_reals")
@given(ROWS)
@few
def test_a_figure_beside_that_of_reals(row: dict[str, Any]) -> None:
    said = beside_reals(row)
    assert not faults(said)
    if math.isnan(row["value"]):
        assert said == "not measured"
        return
    is_worse = row["high"] < row["floor_low"]
    if row["better"] == "lower":
        is_worse = row["low"] > row["floor_high"]
    assert said.startswith("worse") == is_worse
    assert said.startswith(("above", "better")) == (are_apart(row) and not is_worse)
    if number := re.search(r"at (least|most) ([\d,.]+) (times|%)", said):
        told = float(number.group(2).replace(",", ""))
        assert told > 1.04 if number.group(3) == "times" else told <= 99


def test_only_a_bound_that_rounds_to_all_of_the_reals_is_perhaps_only_just() -> None:
    row = {"name": "precision", "value": 0.908, "low": 0.888, "better": "higher"}
    row |= {"floor": 0.976, "floor_low": 0.966, "floor_high": 0.985}
    assert beside_reals({**row, "high": 0.923}) == "worse: at most 96 % of the reals'"
    assert beside_reals({**row, "high": 0.965}) == "worse than reals, perhaps only just"


@given(ROWS)
@few
def test_a_difference_that_is_said_to_show_would_show(row: dict[str, Any]) -> None:
    """Moved by a little more than is told, the same intervals are apart."""
    if size := re.search(r"above ([\d.e+-]+) would show", beside_reals(row)):
        sign = 1 if row["better"] == "lower" else -1
        centre = row["floor"] + sign * 1.06 * float(size.group(1)) + sign * 1e-9
        moved = {**row, "value": centre}
        moved |= {end: centre + row[end] - row["value"] for end in ("low", "high")}
        assert beside_reals(moved).startswith("worse")


def _evidence(draw: st.DrawFn) -> dict[str, Any]:
    c_t, share, authentic, floor = (
        draw(intervals(shares=is_share)) for is_share in (False, True, True, True)
    )
    names = ("value", "low", "high")
    floors = dict(zip(("floor", "floor_low", "floor_high"), floor))
    return {
        "has_copies": draw(st.booleans()),
        "detectable": draw(SHARES),
        "is_nearer": draw(st.booleans()),
        "copies": {**dict(zip(names, share)), "expected": 0.01, "p_value": 0.5, "threshold": 1.0},
        "c_t": {**dict(zip(names, c_t)), "p_value": 0.5},
        "authenticity": {**dict(zip(names, authentic)), **floors},
    }


evidences = st.composite(_evidence)


@reads("metrics.sentences.beside_held_out")
@given(evidences())
@few
def test_a_measure_of_copying_beside_held_out_images(evidence: dict[str, Any]) -> None:
    for measure in ("copies", "c_t", "authenticity"):
        assert not faults(beside_held_out(measure, evidence))
    assert (beside_held_out("copies", evidence) == "copies") == evidence["has_copies"]
    c_t, said = evidence["c_t"], beside_held_out("c_t", evidence)
    assert ("off the data" in said) == (c_t["low"] > 0)
    assert said.startswith("nearer") == (c_t["high"] < 0)


def _studies(draw: st.DrawFn) -> EvaluationStudy:
    rows = [draw(rows_of_fidelity(name)) for name in NAMES]
    verdict = draw(st.sampled_from([COPIES, NO_SIGN, CANNOT_TELL]))
    shared = draw(st.sampled_from([0, 1, 7]))
    auc, low, high = draw(intervals(shares=True))
    classes: dict[str, Any] = {"names": [], "missing": []}
    if draw(st.booleans()):
        kinds = [draw(st.sampled_from(["found", "missing", "unsettled"])) for _ in CLASSES]
        by_kind = {
            kind: [name for name, each in zip(CLASSES, kinds) if each == kind]
            for kind in ("found", "missing", "unsettled")
        }
        classes = {
            **{key: by_kind[key] for key in ("missing", "unsettled")},
            "names": list(CLASSES),
            "num_modes": len(CLASSES),
            "num_found": len(by_kind["found"]),
            "jensen_shannon": dict.fromkeys(("value", "low", "high", "floor", "floor_high"), 0.1),
            "total_variation": dict.fromkeys(("value", "low", "high", "floor", "floor_high"), 0.1),
        }
    evidence = draw(evidences())
    skill = draw(st.sampled_from([None, EvaluatorSkill("", 930, 1000, 0.1)]))
    guesses = EvaluatorSkill("", 10, 80, 0.1)
    return EvaluationStudy(
        pd.DataFrame(rows),
        {
            "verdict": verdict,
            "copies_found": verdict == COPIES,
            "cannot_tell": verdict == CANNOT_TELL,
            "reason": "pixels: 0.1 % of fakes below the threshold, 1.0 % expected.",
            "rule": "",
            "num_held_out": 1000,
            "num_in_training": shared,
            "set_aside": True,
            "spaces": {"pixels": {**evidence, "has_copies": verdict == COPIES}},
        },
        {
            **dict.fromkeys(("gap", "gap_sd", "train_accuracy", "held_out_accuracy"), 0.1),
            "fake_accuracy": 0.5,
            "auc": auc,
            "auc_low": low,
            "auc_high": high,
            "over_fits": low > 0.5,
            "auc_held_out_fake": 0.7,
        },
        classes,
        pd.DataFrame(columns=["rank", "fake", "space", "nearest", "ratio"]),
        torch.zeros(1, 1, 4, 4, dtype=torch.uint8),
        {},
        skill=guesses if math.isnan(rows[0]["value"]) else skill,
    )


studies = st.composite(_studies)


@reads(
    "metrics.result.EvaluationStudy.verdict",
    "metrics.result.EvaluationStudy.warnings",
    "metrics.result.EvaluationStudy.unmeasured",
)
@given(studies())
@few
def test_the_verdict_on_the_images(study: EvaluationStudy) -> None:
    said = study.verdict()
    for text in (said, *study.warnings()):
        assert not faults(text)
    gap, classes, fcd = study.generalisation, study.classes, study.fidelity.iloc[0]
    figures = [*fcd[["value", "low", "high", "floor", "count"]], 1000, 0.5, 0.001, 0.999]
    figures += [gap[name] for name in ("auc", "auc_low", "auc_high")]
    figures += [study.memorisation["num_in_training"], len(CLASSES), classes.get("num_found")]
    figures += [each["detectable"] for each in study.memorisation["spaces"].values()]
    skill = study.skill
    if skill is not None:
        figures += [skill.accuracy, *skill.interval, skill.chance, skill.num_images]
    assert not untold(said, figures)
    assert ("D knows its training images" in said) == (gap["auc_low"] > 0.5)
    assert ("all 3 classes" in said) == (classes.get("num_found") == 3)
    assert ("missing" in said) == bool(classes["missing"])


@reads("metrics.evaluator_skill.EvaluatorSkill.in_words")
@given(st.integers(1, 2000), SHARES, SHARES)
@few
def test_the_skill_of_an_evaluator(total: int, share: float, chance: float) -> None:
    skill = EvaluatorSkill("", round(share * total), total, max(chance, 0.01))
    said = skill.in_words()
    assert not faults(said)
    figures = [skill.accuracy, *skill.interval, skill.chance, total, 0.01, 0.99]
    assert not untold(said, figures)


@reads("metrics.memorisation.judge_memorisation")
@given(st.integers(0, 99), st.sampled_from([0, 1, 20, 60]), st.sampled_from([5, 60]))
@few
def test_the_reason_of_the_verdict_on_copies(seed: int, copied: int, held_out: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    train, real, fake = (torch.randn(n, 3, generator=draw) for n in (100, held_out, 60))
    fake[:copied] = train[:copied]
    found = judge_memorisation({"features": three_samples(train, real, fake)}, seed)
    assert not faults(found.reason)
    evidence = found.spaces["features"]
    figures = [evidence.copies.share, evidence.copies.expected, evidence.detectable, held_out, 0.5]
    assert not untold(found.reason, figures)
    assert ("would be called copies" in found.reason) == (found.verdict == NO_SIGN)
    if found.verdict == NO_SIGN:
        assert evidence.detectable <= 0.5


SEPARATIONS = intervals(shares=True).map(lambda each: Separation(*each))
BOUNDARIES = st.builds(Boundary, SHARES, SHARES, NUMBERS, st.floats(0, 0.1))
MOVES = st.one_of(st.sampled_from([0.0, 0.01, 0.0101, 3.0]), st.floats(0, 20))
BATCHES = st.builds(BatchDependence, MOVES, MOVES, MOVES)


def _health(draw: st.DrawFn) -> DiscriminatorHealth:
    def table(column: str, names: list[str]) -> pd.DataFrame:
        rows = [(name, *draw(intervals(shares=True)), draw(NUMBERS)) for name in names]
        return pd.DataFrame(rows, columns=[column, "auc", "low", "high", "moved"])

    kinds = draw(st.sampled_from(KINDS_GIVEN))
    has_reals, has_pair = "held_out" in kinds, {"held_out", "fakes"} <= {*kinds}
    held_out, cut, has_level = draw(SEPARATIONS), draw(BOUNDARIES), draw(st.booleans())
    unreal = table("kind", some(draw, tuple(UNREAL), 1)).assign(mean=0.1)
    harmless, feeds = (table("change", list(kinds)) for kinds in (HARMLESS, FEEDS))
    feeds = feeds.assign(gain=feeds["auc"] - held_out.auc, gain_low=0.01, gain_high=0.3)
    feeds = feeds.assign(accuracy_at_0=draw(SHARES), is_off=draw(st.booleans()))
    if not has_pair:
        feeds, harmless = feeds[:0], harmless.assign(auc=NAN, low=NAN, high=NAN)
    if not has_reals:
        unreal, harmless = unreal[:0], harmless[:0]
    trained, explained = draw(BATCHES), draw(BATCHES)
    number = draw(st.sampled_from([0, 1, 64]))
    ends = Saturation(
        draw(st.sampled_from(["", "sigmoid"])), draw(SHARES), 0.7, draw(SHARES), ("it is flat",)
    )
    columns = ["mode", "auc", "low", "high", "spearman_real", "spearman_fake"]
    forwards = pd.DataFrame(
        [
            (mode, *draw(intervals(shares=True)), *(draw(SHARES),) * 2)
            for mode in ("trained", "saved", "explained")
        ],
        columns=columns,
    ).assign(real=0.1, fake=-0.1, real_above_0=0.6, fake_below_0=0.5, noise=0.0, blur=0.0)
    tells = has_pair and held_out.low > 0.5
    found = (
        *(findings.of_separation(held_out) if has_pair else ()),
        *(findings.of_boundary(cut) if has_level and tells else ()),
        *findings.of_batch(trained, explained, number),
        *(findings.of_fixed(forwards.set_index("mode")) if has_pair else ()),
        *findings.of_feeds(feeds, cut if has_level else None),
        *findings.of_saturation(ends, True),
        *(findings.of_harmless(harmless) if tells else ()),
        *findings.of_unreal(unreal),
    )
    reals = HELD_OUT if "train" in kinds else GIVEN
    found = tuple(each._replace(text=called([each.text], reals)[0]) for each in found)
    kept = tuple(each for each in found if draw(st.integers(0, 2)) or each.rule in CONTRADICTED)
    record = {
        "held_out": vars(held_out) if has_pair else None,
        "train": vars(held_out) if has_pair and "train" in kinds else None,
        "boundary": vars(cut) if has_pair else None,
        "batch_trained": vars(trained),
        "batch_explained": vars(explained),
        "saturation": {**vars(ends), "reasons": []},
        "has_level": has_level,
        "has_sigmoid": True,
        "num_reference": number,
        "num_images": dict.fromkeys(kinds, 500),
        "sd": 1.0,
        **({} if "train" in kinds else {"reals": reals}),
        **({"left_out": left_out(kinds), "unasked": unasked(kinds)} if left_out(kinds) else {}),
    }
    return DiscriminatorHealth(record, forwards, unreal, harmless, feeds, kept, {}, {})


NAN = float("nan")
KINDS_GIVEN = (*(("train", "held_out", "fakes"), ("held_out", "fakes"), ("held_out",), ("fakes",)),)
CONTRADICTED = ("separation", "boundary", "batch", "unreal")  # else said to be in order
healths = st.composite(_health)


@reads(
    "metrics.discriminator.health.DiscriminatorHealth.verdict",
    "metrics.discriminator.health.DiscriminatorHealth.warnings",
    "metrics.discriminator.health.DiscriminatorHealth.left_out",
    "metrics.discriminator.health.DiscriminatorHealth.reals",
    *("metrics.discriminator.given.called", "metrics.discriminator.given.left_out"),
    *(
        f"metrics.discriminator.findings.of_{name}"
        for name in (
            "separation",
            "boundary",
            "batch",
            "fixed",
            "feeds",
            "saturation",
            "harmless",
            "unreal",
        )
    ),
)
@given(healths())
@few
def test_the_verdict_on_the_discriminator(health: DiscriminatorHealth) -> None:
    said = health.verdict()
    for text in (said, *health.warnings(), *(each.text for each in health.findings)):
        assert not faults(text)
    held_out, wrong = health.record["held_out"], {each.rule for each in health.findings}
    assert all(reason in said.lower() for reason in map(str.lower, health.left_out))
    if held_out:
        reals = health.reals
        assert (f"D tells {reals} reals" in said) == (held_out["low"] > 0.5)
        assert (f"does not tell {reals}" in said) == (
            held_out["low"] <= 0.5 <= held_out["high"] <= 0.55
        )
    else:
        assert "AUC" not in said
    assert ("sign is turned around" in said) == bool(held_out and held_out["high"] < 0.5)
    assert ("But " in said or "not in order" in said) == bool(wrong)
    for level in re.findall(r"AUC ([\d.]+), ([\d.]+) to ([\d.]+)", said):
        auc, low, high = map(float, level)
        assert low <= auc <= high
    for finding in health.findings:
        if finding.rule == "harmless":
            low, high = map(float, re.search(r", ([\d.]+) to ([\d.]+)\)", finding.text).groups())  # type: ignore[union-attr]
            assert high < 0.5
        if finding.rule == "boundary":
            assert "at +0.00" not in finding.text


@st.composite
def samples_studies(draw: st.DrawFn) -> SamplesStudy:
    """Draw what is seen in samples: none, some or all of them near-identical."""
    total = draw(st.sampled_from([10, 500]))
    near = draw(st.sampled_from([0, 1, 2, total // 2, total]))
    by_chance = draw(st.sampled_from([0.0, 0.7, total / 2]))
    shape = (draw(st.sampled_from([1, 3, 16])), 8, 12)
    return SamplesStudy(
        shape,
        *(-1.0, draw(st.sampled_from([0.9, 1.0, 3.25])), draw(SHARES)),
        draw(st.sampled_from([0.0, 0.4, 61.23])),
        *(total, near, by_chance),
        shown=torch.zeros(10, *shape, dtype=torch.uint8),
        pairs=torch.zeros(min(2, near // 2), 2, *shape, dtype=torch.uint8),
    )


@reads(*(f"metrics.samples.SamplesStudy.{name}" for name in ("verdict", "variety")))
@given(samples_studies())
@few
def test_what_is_seen_in_samples(study: SamplesStudy) -> None:
    said = study.verdict()
    assert not faults(said)
    figures = [*study.shape, study.num_near, study.num_images, study.num_expected]
    figures += [*study.interval, study.apart, 255, study.beyond, study.low, study.high, -1]
    assert not untold(said.replace("less than 0.1 %", "").replace("more than 99.9 %", ""), figures)
    assert ("collapse:" in said.split("No sign of")[0]) == study.is_collapsed
