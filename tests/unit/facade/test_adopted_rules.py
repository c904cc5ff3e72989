"""Rules on the page of an adopted GAN: quickly made, they are found as well."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.explain.directions.study import find_directions
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.facade.adopted_given import Given
from ganatomy.facade.adopted_parts import PARTS
from tests.unit.explain.rules.planted_generators import LATENT_DIM, Painter

(RULES,) = [part for part in PARTS if part.name == "rules"]


class _Painted:
    """A generator alone, without a file."""

    port = SimpleNamespace(discriminator=None)

    def latents(self, count: int, seed: int, purpose: str) -> torch.Tensor:
        return torch.randn(count, LATENT_DIM, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("is_quick", [False, True], ids=["whole", "quick"])
def test_a_generator_alone_is_given_a_rule(is_quick: bool) -> None:
    painted: Any = _Painted()
    few = Subjects.of(Painter(), None, z=painted.latents(8, 0, "shown"))
    warned: list[str] = []
    given = Given(painted, few, None, None, 0, 0, is_quick, warned.append)
    found = RULES.run(given, {})
    assert isinstance(found, RulesStudy)
    shown = [each for each in found.answers if each.rule is not None]
    assert {each.name.partition(":")[0] for each in shown} == {"direction"}
    assert not [text for text in warned if "nothing is asked: there are" in text]


class _Sides(nn.Module):
    """Real is what is brighter on the left: nothing but the second entry of the latent."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[..., :3].mean((1, 2, 3)) - images[..., 3:].mean((1, 2, 3))


def test_a_learned_direction_is_a_concept_that_d_may_decide_by() -> None:
    painted: Any = _Painted()
    reals = Painter()(painted.latents(300, 1, "reals"))
    few = Subjects.of(Painter(), _Sides(), real=reals[:8], z=painted.latents(8, 0, "shown"))
    found = find_directions(Painter(), painted.latents(300, 2, "directions"))
    learned = [f"learned:{number}" for number in (1, 2)]
    for is_quick in (False, True):
        given = Given(painted, few, reals, None, 0, 0, is_quick, lambda text: None)
        rules = RULES.run(given, {"directions": found})
        assert isinstance(rules, RulesStudy)
        there = [name for name in learned if name in set(rules.concepts["name"])]
        assert there == ([] if is_quick else learned)
