"""Everything that a section of the page says, read against results of every kind."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganatomy.data.recipe import Recipe
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.faithfulness.verdict import trust
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.structure.study import describe_structure
from ganatomy.explain.topology.clouds import CloudSettings, compare_clouds
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.map_study import topology_of_maps
from ganatomy.explain.topology.result import TopologyStudy
from ganatomy.gan.adopt.contract import Contract
from ganatomy.gan.adopt.manners import Manners
from ganatomy.gan.adopt.origin import Origin
from ganatomy.gan.adopt.probe import Oddity
from ganatomy.gan.adopt.reference import Agreement
from ganatomy.gan.training_guards import RULES
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.importance.sizes import amount, in_words, span
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.fidelity import NAMES, RANDOM_NAMES
from ganatomy.metrics.memorisation import CANNOT_TELL, COPIES, NO_SIGN
from ganatomy.metrics.result import RANDOM, EvaluationStudy
from ganatomy.metrics.samples import SamplesStudy
from ganatomy.report.sections import (
    evaluate,
    faithfulness_words,
    gradcam_words,
    importance,
    prepare,
    train,
    variants,
)
from ganatomy.report.sections.discriminator_words import sign_in_words
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import PageSection, Picture, all_sections
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.verdict import Verdict
from tests.unit.explain.structure.networks import networks
from tests.unit.report import rules_study
from tests.unit.sentences.made import NUMBERS, SHARES, few, intervals, reads, some
from tests.unit.sentences.reading import faults
from tests.unit.sentences.test_of_explanations import directions, measures
from tests.unit.sentences.test_of_importance import importances
from tests.unit.sentences.test_of_metrics import healths, samples_studies, studies

_OF_BASELINE = ("baseline_low", "baseline_high")
COUNTS = st.sampled_from([0, 1, 7])
LABELS = (COPIES, NO_SIGN, CANNOT_TELL)  # beside which the reason stands
SECTIONS = {section.name: section for section in all_sections()}
NEEDS_A_RUN = {
    "faithfulness": "its words are those of the study and of the verdicts, both read",
    "gradcam": "its words are those of the study and of D's sign, both read",
    "lime": "its words are those of the study, which are read",
}
"""Sections whose facts are made of tensors; with what of them is read elsewhere."""
_NO_WORDS = ("rule", "meaning", "meanings", "rules", "modes", "labels", "reliance_meanings")


def texts(value: Any) -> Iterator[str]:
    """Every text of more than one word in plain values, but fixed rules and meanings."""
    if isinstance(value, str):
        yield from [value] if " " in value and value not in LABELS else []
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from () if name in _NO_WORDS else texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def said(section: PageSection[Any], result: Any) -> Iterator[str]:
    """All that a section says: its facts, its alarms, its clauses, and the words of its figures."""
    yield from texts(section.facts(result))
    yield from (*section.alarms(result), *section.summary(result), *section.lead(result))
    for figure in section.figures(result).values():
        if isinstance(figure, Picture):
            yield from (figure.title, figure.caption, figure.alt)
    for clause in section.clauses(result, Gate()):
        yield clause.words
        assert "  " not in clause.words


def read_all(section: PageSection[Any], result: Any) -> None:
    for text in said(section, result):
        assert not faults(text)


def test_every_section_is_read() -> None:
    tested = {
        *("evaluate", "discriminator", "importance", "train", "prepare", "variants", "contract"),
        *("directions", "concepts", "rules", "samples", "structure", "topology"),
    }
    assert tested | set(NEEDS_A_RUN) == set(SECTIONS)


@reads(
    *(f"report.sections.page_section.PageSection.{name}" for name in ("alarms", "lead", "summary")),
    "report.sections.quality_words.",
    "metrics.sentences.on_copies",
)
@given(studies(), st.booleans())
@few
def test_the_section_on_quality(study: EvaluationStudy, has_level: bool) -> None:
    rows = [(1, 0, space, 0, 0.5) for space in study.memorisation["spaces"]]
    suspects = pd.DataFrame(rows, columns=["rank", "fake", "space", "nearest", "ratio"])
    vars(study).update(suspects=suspects)
    shown = evaluate.Evaluated(study, {"test_accuracy": 0.93, "by_rotation": False}, has_level)
    read_all(SECTIONS["evaluate"], shown)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Draw what is known of a GAN of one network or of both."""
    amount_of_change = st.sampled_from([0.0, 1e-7, 0.02, 0.5, 12.0])
    origins, manners, agreed = {}, {}, []
    for name in draw(
        st.sampled_from([["generator"], ["discriminator"], ["generator", "discriminator"]])
    ):
        package, code = draw(st.sampled_from([("", 1), ("own 1.0", 7), ("", 0)]))
        weights = draw(st.sampled_from(["", "g.pt"]))
        digest = "ab" * 32
        origins[name] = Origin(
            *(
                "nets:Net",
                package,
                code,
                digest if code else "",
                weights,
                digest if weights else "",
            ),
            draw(st.sampled_from([0, 1, 1234567])),
        )
        changes = [draw(amount_of_change) for _ in range(3)]
        manners[name] = Manners(*changes, draw(st.one_of(st.none(), amount_of_change)))
        if draw(st.booleans()):
            agreed.append(Agreement(name, 1 + draw(COUNTS), draw(amount_of_change), 0.01))
    has_g = "generator" in origins
    return Contract(
        *(origins, "7 numbers, normal, of shape (n, 7)" if has_g else ""),
        *(
            "w, 9 numbers that `mapping` makes" if has_g and draw(st.booleans()) else "",
            (3, 28, 32),
        ),
        *((-1.0, 0.99) if has_g else (None, None)),
        tuple(Oddity("range", "Something is odd: mend it") for _ in range(draw(COUNTS))),
        *(("a note",), manners, tuple(agreed), "cpu"),
    )


@given(studies())
@few
def test_the_section_on_quality_beside_given_images(study: EvaluationStudy) -> None:
    rows = [(1, 0, space, 0, 0.5) for space in study.memorisation["spaces"]]
    names = dict(zip(NAMES, RANDOM_NAMES))
    vars(study).update(
        suspects=pd.DataFrame(rows, columns=["rank", "fake", "space", "nearest", "ratio"]),
        fidelity=study.fidelity.fillna(0.5).replace({"name": names}),
        generalisation={},
        classes={"names": [], "missing": []},
        skill=None,
        features=RANDOM,
    )
    assert not faults(study.verdict())
    read_all(SECTIONS["evaluate"], evaluate.Evaluated(study, {}, False))


@reads("gan.adopt.contract.", "gan.adopt.manners.", "gan.adopt.reference.Agreement.words")
@given(contracts())
@few
def test_the_section_on_whose_gan_it_is(contract: Contract) -> None:
    read_all(SECTIONS["contract"], contract)


@given(samples_studies())
@few
def test_the_section_on_samples(study: SamplesStudy) -> None:
    read_all(SECTIONS["samples"], study)


@reads("report.sections.directions_words.", "report.sections.directions_judged.")
@given(directions())
@few
def test_the_section_on_directions(study: DirectionsStudy) -> None:
    read_all(SECTIONS["directions"], study)


@reads(
    *("explain.topology.result.", "report.sections.topology_parts."),
    *("explain.topology.map_topology.", "explain.topology.latent_topology."),
)
@given(intervals(), SHARES, st.integers(0, 3), st.booleans())
@few
def test_the_section_on_topology(
    figures: tuple[float, float, float], share: float, count: int, alone: bool
) -> None:
    draw = torch.Generator().manual_seed(count)
    kinds = [torch.randn(48, 3, generator=draw) for _ in range(1 if alone else 2)]
    settings = CloudSettings(num_points=48, num_permutations=9, num_subsamples=2)
    cloud = compare_clouds(
        kinds[0], torch.zeros(0, 3) if alone else kinds[1], "pixels", settings=settings
    )
    of_counts = {"count": count + cloud.counts.index % 2, "agree": share}
    spread = dict(zip(("divergence", "low", "high"), figures))
    cloud = replace(
        cloud,
        counts=cloud.counts.assign(**of_counts),
        ways=cloud.ways.assign(**spread, p=share / 10),
    )
    generator = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    subjects = Subjects.of(generator, None, z=torch.randn(10, 6, generator=draw))
    study = TopologyStudy(
        (cloud,), topology_of_maps(subjects), topology_of_latents(subjects, num_paths=2), {}
    )
    read_all(SECTIONS["topology"], study)


@reads("report.sections.structure_drawing.", "explain.structure.result.")
@given(st.sampled_from(["residual", "normalised", "minibatch", "generator"]))
@few
def test_the_section_on_structure(kind: str) -> None:
    network, inputs = networks()[kind]
    inputs = inputs[:1].expand(6, *inputs.shape[1:])
    is_g = inputs.ndim == 2
    subjects = Subjects.of(
        network if is_g else None,
        None if is_g else nn.Sequential(network, nn.Flatten(0)),
        real=None if is_g else inputs,
        z=inputs if is_g else None,
    )
    read_all(SECTIONS["structure"], describe_structure(subjects))


@reads(
    "report.sections.rules_words.",
    *("explain.rules.telling.", "explain.rules.result.", "explain.rules.answer."),
)
@given(st.data())
@few
def test_the_section_on_rules(data: st.DataObject) -> None:
    whole = rules_study.study()
    rows = whole.answers[0].candidates
    for name, low, high in (("fidelity", "low", "high"), ("baseline", *_OF_BASELINE)):
        value, below, above = data.draw(intervals(shares=True))
        rows = rows.assign(**{name: value, low: below, high: above})
    counts = {"train": 1, "choice": 1, "held_out": data.draw(st.sampled_from([1, 7, 1500]))}
    changes = whole.answers[0].changes.assign(
        num_images=data.draw(st.sampled_from([1, 90])), by_rule=data.draw(SHARES)
    )
    answers = [
        replace(
            each,
            candidates=rows if len(each.candidates) else each.candidates,
            changes=changes if len(each.changes) else each.changes,
            counts={**counts, "made": data.draw(st.integers(0, counts["held_out"]))},
        )
        for each in whole.answers
    ]
    kept = data.draw(st.lists(st.sampled_from(answers), unique_by=lambda each: each.name))
    coverage = whole.coverage.assign(**dict(zip(("ratio", "low", "high"), data.draw(intervals()))))
    figures = dict(zip(("r2", "low", "high"), data.draw(intervals(shares=True))))
    study = replace(
        whole,
        answers=tuple(kept),
        coverage=coverage.iloc[: data.draw(st.integers(0, 2))],
        formula=whole.formula.iloc[: data.draw(st.integers(2, 4))],
        formula_figures={**figures, "num_images": counts["held_out"]},
    )
    read_all(SECTIONS["rules"], study)
    assert not faults(study.verdict())


@reads(
    "report.sections.discriminator_words.",
    "report.sections.health_readings.feed_in_words",
    "metrics.discriminator.health.DiscriminatorHealth.asked",
)
@given(healths(), st.sampled_from([-5.0, 0.0, 5.0]))
@few
def test_the_section_on_the_discriminator(health: DiscriminatorHealth, shift: float) -> None:
    logits = {name: torch.linspace(-1, 1, 9) + shift for name in health.record["num_images"]}
    logits |= {kind: torch.zeros(9) for kind in health.unreal["kind"]}
    vars(health).update(logits=logits)
    read_all(SECTIONS["discriminator"], health)
    if shift < 0:  # no logit is above 0
        assert "cuts near 0" not in sign_in_words(health)


@reads(
    "report.sections.importance_findings.",
    "importance.telling.",
    "importance.power.agreement_in_words",
    *(
        f"importance.result.ImportanceStudy.{name}"
        for name in (
            "answer",
            "by_evaluator",
            "firmness",
            "not_shown",
            "of_subsets",
        )
    ),
    "report.feature_names.",
)
@given(importances())
@few
def test_the_section_on_features(study: ImportanceStudy) -> None:
    recipes = [
        Recipe(name, (name,), "remove", 0, "it is gone", "colour")
        for name in study.ranking["variant"]
    ]
    entries = [VariantEntry(recipe, "", "c0ffee", 9, 1.0) for recipe in recipes]
    read_all(SECTIONS["importance"], _told(study, entries))


def _told(study: ImportanceStudy, entries: list[VariantEntry]) -> Any:
    kept = [entry.recipe.name for entry in entries]
    return importance._Told(study, VariantSet(tuple(entries)), ScreeningStudy.without(kept), {})


@reads("importance.sizes.in_words", "importance.sizes.amount", "importance.sizes.span")
@given(st.sampled_from(["g_fcd", "d_contrast", "d_shift"]), NUMBERS)
@few
def test_the_size_of_an_effect(readout: str, size: float) -> None:
    size = max(size, -1.0) if readout == "g_fcd" else size
    ends = (min(size, 0.996), max(size, 0.996))
    span_of = span(readout[0], size, *ends)
    for text in (in_words(readout, size), amount(readout[0], size), span_of):
        assert not faults(text.replace("−", ""))
        assert "e+" not in text or abs(size) >= 100
    if readout == "g_fcd":
        assert ("closer" in in_words(readout, size)) == (size < 0 or size == 0)


@reads("report.sections.training_words.")
@given(st.lists(NUMBERS, min_size=1, max_size=4), st.integers(0, 3), st.booleans())
@few
def test_the_section_on_training(values: list[float], published: int, is_broken: bool) -> None:
    points = [(10 * place, "train/fcd@500", abs(value)) for place, value in enumerate(values)]
    points += [(10 * place, "train/diversity", 0.8) for place in range(len(values))]
    findings = [{"guard": next(iter(RULES)), "step": 3, "text": "d_loss is too large at step 3"}]
    result = train._TrainResult(
        {"published_step": 10 * published, "num_steps": 30, "train/diversity": 0.8},
        {"method": {"loss": "bce"}},
        pd.DataFrame(points, columns=["step", "name", "value"]),
        findings if is_broken else [],
        (),
    )
    for text in texts(train.SECTION.facts(result)):
        assert not faults(text)
    curves = train.finding_of_curves(result.points, 10 * published)
    assert not faults(curves)
    if len(values) > 1 and "hardly" not in curves:
        first, last = abs(values[0]), abs(values[-1])
        assert ("fell from" in curves) == (last < first)
    clauses = [*train.SECTION.clauses(result, Gate())]
    for clause in clauses:
        assert not faults(clause.words)


@reads("report.sections.data_words.")
@given(COUNTS, COUNTS, st.lists(st.integers(0, 9), max_size=8))
@few
def test_the_section_on_data(refused: int, shared: int, counts: list[int]) -> None:
    part = {"image_size": 28, "num_images": max(1, sum(counts)), "channels": 1}
    classes = {f"c{place}": count for place, count in enumerate(counts)}
    card = {
        "origin": "a folder",
        "train": {**part, "class_counts": classes},
        "test": {**part, "num_images": 1},
        "num_quarantined": refused,
        "duplicates": {"num_held_out_in_training": shared},
    }
    result = prepare._PrepareResult(card, [], torch.zeros(1, 1, 4, 4, dtype=torch.uint8))
    read_all(SECTIONS["prepare"], result)


@given(st.booleans(), NUMBERS)
@few
def test_the_section_on_what_was_changed(is_class: bool, change: float) -> None:
    kind = "class" if is_class else "colour"
    recipe = Recipe("class_1", ("class_1",), "remove", 0, "it is left out", kind)
    entry = VariantEntry(recipe, "", "c0ffee", 9, abs(change))
    index = [entry.to_json()]
    previews = {"class_1": torch.zeros(2, 1, 4, 4, dtype=torch.uint8)}
    read_all(SECTIONS["variants"], variants._VariantsResult(index, previews))


@reads(
    *(
        f"report.sections.faithfulness_words.{name}"
        for name in (
            "best_removal",
            "controlled",
            "randomised",
        )
    ),
    *(f"report.sections.gradcam_words.{name}" for name in ("carriers", "causes", "reasons")),
)
@given(measures(), st.lists(st.booleans(), min_size=1, max_size=4))
@few
def test_the_titles_of_what_maps_and_their_tests_show(table: pd.DataFrame, out: list[bool]) -> None:
    verdicts = trust(table)
    units = pd.DataFrame({"layer": "layers.0", "unit": range(len(out)), "stands_out": out})
    found = [
        faithfulness_words.best_removal(table),
        gradcam_words.carriers(units),
        gradcam_words.causes(
            units.rename(columns={"stands_out": "passes"}).assign(
                high=[0.5 if each or place % 2 else -0.5 for place, each in enumerate(out)]
            )
        ),
        gradcam_words.reasons([("LIME", "it is flat"), ("Grad-CAM", "it is flat")]),
    ]
    if len(verdicts):
        found.append(faithfulness_words.controlled(verdicts))
        last = [("lime", 0.63), ("occlusion", 0.75), ("gradcam layers.0", -0.1)]
        after = pd.DataFrame(last, columns=["method", "absolute"]).assign(step=1)
        for tables in ({}, {"d": after}, {"d": after.head(1)}, {"d": after.tail(1)}):
            study: Any = SimpleNamespace(verdicts=verdicts, randomised=tables)
            found.append(faithfulness_words.randomised(study, Kinds(verdicts, {})))
    for text in found:
        assert not faults(text)
    assert ("by all" in found[1]) == (all(out) and len(out) > 1)
    assert ("in none" in found[2]) == (not any(out) and len(out) > 1)


@reads("report.verdict.verdict.Verdict.headline", "report.verdict.verdict.Verdict.lines")
@given(st.data())
@few
def test_the_verdict(data: st.DataObject) -> None:
    gate = Gate()
    clauses = []
    for question in some(data.draw, ("works", "classes", "copies", "training", "discriminator")):
        outcome = data.draw(st.sampled_from(["yes", "no", "unknown", "told"]))
        clauses.append(Clause(question, outcome, f"On {question} nothing more."))
    verdict = Verdict.of(clauses, gate)
    for text in (verdict.headline, *verdict.lines()):
        assert not faults(text.replace("no sign of copies", "copies"))
    opening = {"yes": "Yes", "no": "No", "unknown": "Not to be decided"}[verdict.outcome]
    assert verdict.headline.startswith(f"{opening}: ")
    if "no" not in {clause.outcome for clause in clauses}:
        assert verdict.outcome != "no"
