"""Tables of concepts without images, with decisions whose truth is known."""

import torch

from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

THICK, HOLES = Condition("thickness", True, 2.5), Condition("holes", False, 0.0)
TRUTH = Rule(((HOLES, THICK),))


def concepts(count: int, *, seed: int, others: int = 8) -> ConceptTable:
    """Thickness (continuous), holes (0 to 2), and concepts that go along with thickness or not."""
    draws = generator(seed, "planted table")
    thickness = 2.5 + torch.randn(count, generator=draws).double()
    holes = torch.randint(3, (count,), generator=draws).double()
    noise = torch.randn(count, others, generator=draws).double()
    noise[:, 0] += thickness
    names = ("thickness", "holes", *(f"other {place}" for place in range(others)))
    values = torch.cat([thickness[:, None], holes[:, None], noise], 1)
    return ConceptTable(names, ("px", *[""] * (others + 1)), values)


def coins(count: int, *, seed: int, share: float = 0.5) -> torch.Tensor:
    """Decisions that nothing explains."""
    return torch.rand(count, generator=generator(seed, "coins")) < share
