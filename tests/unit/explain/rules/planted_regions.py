"""Tables in which it is known what one set of images has and the other lacks."""

import torch

from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

NAMES = ("size", "light", "slant", "holes", "edge", "noise")
LARGE, BRIGHT = 0.7, 0.6


def table_of(values: torch.Tensor) -> ConceptTable:
    return ConceptTable(NAMES[: values.shape[1]], ("",) * values.shape[1], values.double())


def alike(count: int, seed: int, *purpose: str) -> torch.Tensor:
    """Concepts that are uniform and depend on each other; holes are a count."""
    values = torch.rand(count, len(NAMES), generator=generator(seed, "planted regions", *purpose))
    values[:, 2] = (values[:, 0] + values[:, 2]) / 2
    values[:, 3] = (3 * values[:, 3]).floor()
    return values


def is_left_out(values: torch.Tensor) -> torch.Tensor:
    """What is large and bright."""
    return (values[:, 0] > LARGE) & (values[:, 1] > BRIGHT)
