"""All that is asked about a generator, and what cannot be asked."""

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.generator import GeneratorRules, answers_of_generator
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

SIDE = 12


class Discs(nn.Module):
    """Draw discs by two uniform numbers, size and light; some combinations are left out."""

    def __init__(self, *, leaves_out: bool = False) -> None:
        super().__init__()
        self.leaves_out = leaves_out

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        size, light = torch.distributions.Normal(0, 1).cdf(z[:, :2]).unbind(1)
        if self.leaves_out:
            light = torch.where((size > 0.6) & (light > 0.6), 0.6 * torch.rand_like(light), light)
        return disc(size, light)


def disc(size: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
    across = torch.arange(SIDE) - (SIDE - 1) / 2
    distance = (across[:, None] ** 2 + across[None, :] ** 2).sqrt()
    covers = (2 + 3 * size[:, None, None] - distance).clamp(0, 1)
    return (2 * (0.2 + 0.8 * light[:, None, None]) * covers - 1)[:, None]


def measured(images: torch.Tensor) -> ConceptTable:
    tone = (images + 1) / 2
    light = tone.amax((1, 2, 3))
    area = tone.sum((1, 2, 3)) / light.clamp_min(0.01)
    corner = tone[:, 0, 0, 0]
    values = torch.stack([area, light, corner], 1).double()
    return ConceptTable(("area", "light", "corner"), ("pixels", "", ""), values)


def _latents(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 4, generator=generator(seed, "discs"))


def _reals(count: int, seed: int) -> torch.Tensor:
    return Discs()(_latents(count, seed + 1000))


def _asked(*, leaves_out: bool, real: torch.Tensor | None, seed: int = 0) -> GeneratorRules:
    maker = Discs(leaves_out=leaves_out)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        subjects = Subjects.of(maker, None, real=real, z=_latents(1000, seed))
        return answers_of_generator(
            subjects, measured, directions=torch.eye(4).double()[:2], seed=seed
        )


@pytest.mark.parametrize("seed", range(10))
def test_discs_that_are_large_and_bright_are_missed(seed: int) -> None:
    found = _asked(leaves_out=True, real=_reals(1000, seed), seed=seed)
    answers = {each.name: each for each in found.answers}
    missed = answers["missed"].rule
    assert missed is not None
    [large, bright] = missed.clauses[0]
    assert (large.concept, large.is_above) == ("area", True)
    assert (bright.concept, bright.is_above) == ("light", True)
    truth = float(measured(disc(torch.tensor([0.6]), torch.tensor([0.6]))).column("area"))
    assert large.threshold == pytest.approx(truth, rel=0.05)
    assert bright.threshold == pytest.approx(0.2 + 0.8 * 0.6, abs=0.05)
    row = found.coverage[found.coverage["is_shown"]].iloc[0]
    assert row["kind"] == "missed"
    assert row["high"] < row["expected"]


def test_what_is_missed_is_shown_beside_the_nearest_that_is_made() -> None:
    found = _asked(leaves_out=True, real=_reals(1000, 3), seed=3)
    [missed] = [each for each in found.answers if each.name == "missed"]
    assert missed.rule is not None
    assert missed.satisfying.shape == missed.violating.shape == (8, 1, SIDE, SIDE)
    tone = missed.satisfying.double().mean((1, 2, 3)), missed.violating.double().mean((1, 2, 3))
    assert (tone[0] > tone[1]).double().mean() >= 0.75, "those that are made are darker or smaller"
    assert missed.counts["held_out"] == 500
    assert missed.counts["made"] > 40


def test_the_same_discs_are_neither_missed_nor_invented() -> None:
    found = _asked(leaves_out=False, real=_reals(1000, 4), seed=4)
    answers = {each.name: each for each in found.answers}
    assert answers["missed"].rule is None
    assert answers["invented"].rule is None
    assert answers["missed"].reason.startswith("no region of concepts was found")
    assert not found.shifts["stands_out"].any()
    assert answers["direction:1"].says == "area is high"
    assert answers["direction:2"].says == "light is high"


def test_part_of_a_grey_level_is_no_difference() -> None:
    """A corner that is black in the data, and a third of a grey level from it in G's images."""
    real = _reals(1000, 5)
    assert (real[:, 0, 0, 0] == -1).all()
    maker = nn.Sequential(Discs(), _Lifted(0.9 / 255))
    subjects = Subjects.of(maker, None, real=real, z=_latents(1000, 5))
    lifted = answers_of_generator(subjects, measured, directions=torch.eye(4).double()[:2], seed=5)
    assert lifted.coverage[lifted.coverage["is_shown"].astype(bool)].empty
    bright = Subjects.of(
        nn.Sequential(Discs(), _Lifted(12 / 255)), None, real=real, z=_latents(1000, 5)
    )
    seen = answers_of_generator(bright, measured, directions=torch.eye(4).double()[:2], seed=5)
    assert seen.coverage["is_shown"].any()


def test_what_nobody_can_see_is_not_decided_by_a_direction() -> None:
    """A corner that follows a direction by a third of a grey level, and by twelve of them."""

    def asked(by: float) -> GeneratorRules:
        subjects = Subjects.of(_Tinted(by), None, z=_latents(1000, 6))
        return answers_of_generator(
            subjects, _corner_in_greys, directions=torch.eye(4).double()[3:], seed=6
        )

    unseen, seen = asked(0.6 / 255), asked(24 / 255)
    assert unseen.answers == ()
    assert unseen.forced.empty
    assert [each.says for each in seen.answers] == ["corner is high"]
    assert set(seen.forced["side"]) == {">", "≤"}


class _Tinted(nn.Module):
    """The corner is as bright as the last entry says, between two grey levels at most `by`."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        images = Discs()(z)
        share = torch.distributions.Normal(0, 1).cdf(z[:, 3])
        images[:, 0, 0, 0] = -1 + self.by * share
        return images


def _corner_in_greys(images: torch.Tensor) -> ConceptTable:
    table = measured(images).only(("corner",))
    return ConceptTable(table.names, ("mean, 0 black to 1 white",), table.values)


class _Lifted(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images + self.by).clamp(-1, 1)


def test_without_real_images_nothing_is_said_of_coverage() -> None:
    found = _asked(leaves_out=False, real=None)
    reason = "what G misses or invents is not asked: there are no real images"
    assert found.left_out == dict.fromkeys(("missed", "invented"), reason)
    assert found.coverage.empty
    assert found.shifts.empty
    assert {each.name for each in found.answers} == {"direction:1", "direction:2"}


def test_without_a_generator_nothing_is_said_of_directions() -> None:
    judge = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 1), nn.Flatten(0))
    real = _reals(400, 6)
    subjects = Subjects.of(None, judge, real=real, fake=_reals(400, 7))
    found = answers_of_generator(subjects, measured)
    reason = "of directions nothing is asked: there is no generator"
    assert found.left_out == {"directions": reason}
    assert [each.name for each in found.answers] == ["missed", "invented"]
    assert found.forced.empty


def test_too_few_images_are_a_reason_and_no_error() -> None:
    maker = Discs()
    subjects = Subjects.of(maker, None, real=_reals(30, 8), z=_latents(100, 8))
    found = answers_of_generator(subjects, measured)
    assert found.answers == ()
    reason = "what G misses or invents is not asked: there are 30 real images, and 40 are needed"
    of_latents = "of G's directions nothing is asked: there are 100 latents, and rules need 200"
    assert found.left_out == {"directions": of_latents, "missed": reason, "invented": reason}


def test_directions_of_another_generator_are_refused() -> None:
    subjects = Subjects.of(Discs(), None, real=_reals(400, 9), z=_latents(400, 9))
    with pytest.raises(InputError, match=r"\[directions\]"):
        answers_of_generator(subjects, measured, directions=torch.eye(5).double())
