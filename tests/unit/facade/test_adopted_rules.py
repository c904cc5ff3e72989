"""Rules on the page of an adopted GAN: quickly made, they are found as well."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

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
