"""Images that are asked about together, as they are stored, and what was measured in them."""

from dataclasses import dataclass

import torch

from ganatomy.data.images import to_float, to_uint8
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.changes_of_latents import Latents
from ganatomy.explain.rules.measuring import Concepts


@dataclass(frozen=True, eq=False)
class Looked:
    """All images that are asked about, the real ones first, and what was seen in them.

    Attributes
    ----------
    subjects : Subjects
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        Of 8 bits a channel.
    concepts : Concepts
        Made on these very images.
    """

    subjects: Subjects
    images: torch.Tensor
    concepts: Concepts

    def latents(self, held_out: torch.Tensor) -> Latents | None:
        """Return the latents of the generated images among some; None without a generator.

        Parameters
        ----------
        held_out : Tensor of shape (m,), int64
            Places: directions are found by all other generated images.
        """
        if not self.subjects.has_generator:
            return None
        num_real, table = len(self.subjects.real), self.concepts.table
        inside = (held_out >= num_real).nonzero().flatten()
        known = torch.ones(len(self.subjects.z), dtype=torch.bool)
        known[held_out[inside] - num_real] = False
        return Latents(
            self.subjects.generator,
            self.subjects.z[held_out[inside] - num_real],
            inside,
            self.subjects.latent_dim,
            self.subjects.z[known],
            table.take(num_real + known.nonzero().flatten()),
        )


def as_stored(images: torch.Tensor) -> torch.Tensor:
    """Round images in [-1, 1] to 8 bits a channel."""
    return to_float(to_uint8(images))
