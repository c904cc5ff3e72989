"""A walk along one direction: its images, what is read in them, and what others make of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.explain.directions.concepts import read
from ganatomy.explain.directions.walks import STEPS, moved
from ganatomy.explain.units.dissection import Reader

NUM_SHOWN = 3
"""Latents of a strip."""


@dataclass(frozen=True, eq=False)
class Walk:
    """The result of a walk of n latents along a direction, at each of `walks.STEPS`.

    Attributes
    ----------
    direction : Tensor of shape (latent_dim,), float64
    changes : Tensor of shape (n, c, h, w)
        Half of what the image gains from one step below to one above.
    readings : Tensor of shape (steps, concepts, n), float64
    judged : Tensor of shape (steps, judges, n), float64
    strip : Tensor of shape (NUM_SHOWN, steps, c, h, w), uint8
        Images of the first latents.
    """

    direction: torch.Tensor
    changes: torch.Tensor
    readings: torch.Tensor
    judged: torch.Tensor
    strip: torch.Tensor

    def turned(self, sign: float) -> "Walk":
        """Return the walk as it is, or for a negative sign the other way round."""
        if sign > 0:
            return self
        return replace(
            self,
            direction=-self.direction,
            changes=-self.changes,
            readings=self.readings.flip(0),
            judged=self.judged.flip(0),
            strip=self.strip.flip(1),
        )


def walk_along(
    generator: nn.Module,
    z: torch.Tensor,
    direction: torch.Tensor,
    readers: dict[str, Reader],
    judges: Mapping[str, Reader],
    tick: Callable[[], None] = lambda: None,
) -> Walk:
    """Move latents along a direction, and read what their images have and what they are worth.

    Parameters
    ----------
    z : Tensor of shape (n, latent_dim + num_classes)
    direction : Tensor of shape (latent_dim,), of length 1
    readers, judges : dict of str to callable
        Images to Tensor of shape (n,).
    """
    images = [moved(generator, z, direction, step) for step in STEPS]
    judged = [read(dict(judges), each) if judges else torch.zeros(0, len(z)) for each in images]
    found = Walk(
        direction,
        (images[STEPS.index(1.0)] - images[STEPS.index(-1.0)]) / 2,
        torch.stack([read(readers, each) for each in images]),
        torch.stack(judged).double(),
        torch.stack([to_uint8(each[:NUM_SHOWN]) for each in images], 1),
    )
    tick()
    return found
