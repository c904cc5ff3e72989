"""Planted discriminators through the whole study: what they decide by is known."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.data.features.strokes import Thickness
from ganatomy.data.features.topology import Holes
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.directions.readable import learned_readers
from ganatomy.explain.directions.study import DirectionsSettings, find_directions
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.answer import CAUSES, DESCRIBES, Answer
from ganatomy.explain.rules.choosing import NO_CONCEPT
from ganatomy.explain.rules.decisions import decisions_of
from ganatomy.explain.rules.discriminator import answer_of, logits_in
from ganatomy.explain.rules.looked import Looked, as_read, as_stored
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.explain.rules.study import RulesStudy, explain_by_rules
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator
from tests.planted import digits
from tests.unit.explain.rules.planted_decisions import (
    LEARNED,
    Judge,
    holes,
    noise,
    patterns,
    strokes,
    texture,
    textured,
    thick_without_hole,
)

QUICK = RulesSettings(num_draws=0)


def _about_real(discriminator: nn.Module, images: torch.Tensor, seed: int = 0) -> Answer:
    """The answer about `real` alone."""
    half = len(images) // 2
    subjects = Subjects.of(None, discriminator, real=images[:half], fake=images[half:])
    looked = Looked.at(subjects, images, Concepts.on(images))
    logits = logits_in(subjects, images)
    decisions, _ = decisions_of(logits, subjects, boundary_at_0=True, least=40)
    assert decisions[0].name == "real"
    return answer_of(decisions[0], looked, QUICK, seed)


@pytest.mark.parametrize("seed", range(10))
def test_thick_and_no_hole_is_recovered_exactly(seed: int) -> None:
    images = to_float(digits(2400, seed).images)
    cut = float(Thickness().values(images).median())
    found = _about_real(thick_without_hole(cut, Holes().measure), images, seed)
    assert found.rule is not None
    ((first, second),) = found.rule.clauses
    conditions = {each.concept: each for each in (first, second)}
    assert set(conditions) == {"thickness", "holes"}
    assert conditions["thickness"].is_above
    assert conditions["thickness"].threshold == pytest.approx(cut, abs=0.03)
    assert not conditions["holes"].is_above
    assert 0 <= conditions["holes"].threshold < 1
    row = found.shown_row
    assert row is not None
    assert row["fidelity"] >= 0.99
    assert found.mark == CAUSES
    tried = found.tried.set_index("condition")
    assert tried.index.tolist() == [str(conditions["thickness"])]
    assert tried["by_rule"].iloc[0] >= 0.95  # 8 bits round some across the threshold
    assert "no generated images" in found.changes["reason"].str.cat()


def test_the_exported_function_decides_as_the_study_does_on_every_image(tmp_path: Path) -> None:
    """From raw concepts; without readings of grey levels it would not."""
    images = as_stored(to_float(digits(1200, 0).images))
    contrast = images.std((1, 2, 3), correction=0)
    judge = Judge(lambda given: given.std((1, 2, 3), correction=0) - contrast.median())
    subjects = Subjects.of(None, judge, real=images[:600], fake=images[600:])
    study = explain_by_rules(subjects, boundary_at_0=True, settings=QUICK)
    study.save(tmp_path)
    exported: dict[str, Any] = {}
    exec((tmp_path / "rules.py").read_text(), exported)
    concepts = Concepts.on(images)
    raw, read = concepts.table, as_read(concepts.table)
    shown = [each for each in study.answers if each.rule and each.network == "D"]
    assert "contrast" in {name for each in shown for name in each.readings}
    rows = [dict(zip(raw.names, row)) for row in raw.values.tolist()]
    for each in shown:
        assert each.rule is not None
        holds = each.rule.holds(read)
        assert [exported[each.name](row) for row in rows] == holds.tolist()
        undefined = {**rows[0], **dict.fromkeys(each.rule.concepts, float("nan"))}
        medians = {name: how.of(how.median) for name, how in each.readings.items()}
        whole = torch.tensor([[medians.get(name, 0.0) for name in read.names]])
        at_median = ConceptTable(read.names, read.units, whole.double())
        assert exported[each.name](undefined) is bool(each.rule.holds(at_median))
    assert any(
        not torch.equal(each.rule.holds(raw), each.rule.holds(read)) for each in shown if each.rule
    )
    again = RulesStudy.load(tmp_path)
    assert [each.readings for each in again.answers] == [each.readings for each in study.answers]


@pytest.mark.parametrize("seed", range(3))
def test_decisions_by_a_hash_are_explained_by_nothing(seed: int) -> None:
    found = _about_real(noise(), strokes(1000, seed), seed)
    assert found.rule is None
    assert found.reason.startswith(NO_CONCEPT)
    assert found.mark == ""
    assert found.satisfying.shape == (0, 1, 16, 16)


@pytest.mark.parametrize("seed", range(3))
def test_a_texture_in_a_corner_is_no_concept(seed: int) -> None:
    images = textured(strokes(1000, seed), seed)
    found = _about_real(texture(), images, seed)
    assert found.counts["held_out"] > 200  # both decisions are made
    assert found.rule is None
    assert found.reason.startswith(NO_CONCEPT)


@pytest.mark.parametrize("seed", range(3))
def test_what_goes_along_with_the_reason_describes_and_does_not_cause(seed: int) -> None:
    contrast = 0.1 + 0.5 * torch.rand(1200, generator=generator(seed, "planted", "contrast"))
    likely = torch.where(contrast > 0.35, 0.95, 0.05)
    found = _about_real(texture(), textured(patterns(contrast, seed), seed, likely), seed)
    assert found.rule is not None
    row = found.shown_row
    assert row is not None
    assert row["fidelity"] > 0.85
    assert found.mark == DESCRIBES, found.changes.to_string()


def test_the_study_is_saved_loaded_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    images = strokes(700, 0)
    cut = float(Thickness().values(images)[1::2].median())
    subjects = Subjects.of(
        None, thick_without_hole(cut, holes), real=images[:400], fake=images[400:]
    )
    warned: list[str] = []
    told: list[tuple[int, int]] = []
    study, again = (
        explain_by_rules(
            subjects,
            learned={LEARNED: holes},
            boundary_at_0=True,
            settings=QUICK,
            on_progress=lambda *done: told.append(done),
            on_warning=warned.append,
        )
        for _ in range(2)
    )
    assert [each.name for each in study.answers if each.network == "D"] == [
        "real",
        "high_logit",
        "fake_taken_for_real",
        "real_rejected",
    ]
    for name, one in (("one", study), ("two", again)):
        one.save(tmp_path / name)
    files = [sorted((tmp_path / name).iterdir()) for name in ("one", "two")]
    assert [each.read_bytes() for each in files[0]] == [each.read_bytes() for each in files[1]]
    assert RulesStudy.load(tmp_path / "one").verdict() == study.verdict()
    assert told[-1][0] == told[-1][1]
    real = study.answer("real")
    assert real is not None
    assert real.satisfying.shape == real.violating.shape == (8, 1, 16, 16)
    assert f"{real.rule}" in study.verdict()


def test_what_nobody_can_see_is_no_concept() -> None:
    """A hundredth of a grey level, as a generator leaves it in what is black."""
    images = strokes(60, 0)
    faint = (images + 0.02 / 255).clamp(-1, 1)
    concepts = Concepts.on(images)
    looked = Looked.at(Subjects.of(None, noise(), real=images), images, concepts)
    assert not torch.equal(concepts.measure(faint).values, concepts.table.values)
    assert torch.equal(looked.measure(faint).values, looked.table.values)


def test_without_a_discriminator_there_is_no_decision_of_it() -> None:
    network = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    subjects = Subjects.of(network, None, z=torch.randn(80, 4))
    warned: list[str] = []
    study = explain_by_rules(subjects, settings=QUICK, on_warning=warned.append)
    assert not [each for each in study.answers if each.network == "D"]
    assert study.left_out["real"] == study.left_out["high_logit"]
    assert study.left_out["real"] in warned
    assert study.concepts["mean"].notna().any()


def test_a_decision_by_a_direction_has_a_rule_of_its_reading_and_g_has_none() -> None:
    """The direction is a checkerboard, dark or bright first, below shades that vary freely."""
    draw = generator(0, "planted", "latents")
    board = torch.where(torch.arange(16).view(-1, 1) + torch.arange(16) & 1 == 0, 1.0, -1.0)
    linear = nn.Linear(6, 256)
    network = nn.Sequential(linear, nn.Unflatten(1, (1, 16, 16)))
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        linear.weight[:, 0] = 0.15 * board.flatten()
        shades = torch.randn(5, 1, 4, 4, generator=draw)
        shades = nn.functional.interpolate(shades, size=(16, 16), mode="bicubic")
        linear.weight[:, 1:] = 0.06 * shades.flatten(1).T
    z, found_by, read_by = (torch.randn(count, 6, generator=draw) for count in (600, 96, 400))
    directions = find_directions(network, found_by, settings=DirectionsSettings(num_directions=2))
    readers = learned_readers(directions, network, read_by)
    first = directions.directions[0, 0].abs()
    assert first > 0.99
    side = Judge(lambda images: (images[:, 0] * board).mean((1, 2)))
    subjects = Subjects.of(network, side, z=z)
    study, without = (
        explain_by_rules(
            subjects,
            learned=given,
            directions=directions.directions,
            boundary_at_0=True,
            settings=QUICK,
        )
        for given in (readers, {})
    )
    asked, unaided = (each.answer("fake_taken_for_real") for each in (study, without))
    assert asked is not None
    assert asked.rule is not None
    assert unaided is not None
    assert unaided.rule is None
    assert {each.concept for clause in asked.rule.clauses for each in clause} == {"learned:1"}
    row = asked.shown_row
    assert row is not None
    assert row["fidelity"] >= 0.97
    of_g = [each for each in study.answers if each.network == "G"]
    assert of_g
    assert not [each for each in of_g if "learned:" in each.question + str(each.rule)]
    assert "learned:" not in study.forced.to_csv()


@pytest.mark.parametrize("where", ["real", "generator"])
def test_images_that_are_not_finite_are_refused_and_not_taken_for_black_ones(where: str) -> None:
    real, fake = (to_float(digits(60, seed).images) for seed in (0, 1))
    (real if where == "real" else fake)[3, 0, 5, 5] = torch.nan
    subjects = Subjects.of(None, nn.Flatten(), real=real, fake=fake)
    with pytest.raises(InputError, match="images that are not finite") as found:
        explain_by_rules(subjects)
    assert found.value.where == where
