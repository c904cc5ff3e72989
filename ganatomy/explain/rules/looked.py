"""Images that are asked about together, as they are stored, and what was measured in them."""

from dataclasses import dataclass

import torch

from ganatomy.data.images import to_float, to_uint8
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.changes_of_latents import Latents
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.reading import steps_of
from ganatomy.explain.rules.table import ConceptTable


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
    table : ConceptTable
        Of the images, as read: see `as_read`.
    """

    subjects: Subjects
    images: torch.Tensor
    concepts: Concepts
    table: ConceptTable

    @staticmethod
    def at(subjects: Subjects, images: torch.Tensor, concepts: Concepts) -> "Looked":
        """Read the concepts of images; parameters as the attributes."""
        return Looked(subjects, images, concepts, as_read(concepts.table))

    def measure(self, images: torch.Tensor) -> ConceptTable:
        """Measure the concepts of other images alike: as they are stored, and as read."""
        return as_read(self.concepts.measure(as_stored(images)))

    def latents(self, held_out: torch.Tensor) -> Latents | None:
        """Return the latents of the generated images among some; None without a generator.

        Parameters
        ----------
        held_out : Tensor of shape (m,), int64
            Places: directions are found by all other generated images.
        """
        if not self.subjects.has_generator:
            return None
        num_real = len(self.subjects.real)
        inside = (held_out >= num_real).nonzero().flatten()
        known = torch.ones(len(self.subjects.z), dtype=torch.bool)
        known[held_out[inside] - num_real] = False
        return Latents(
            self.subjects.generator,
            self.subjects.z[held_out[inside] - num_real],
            inside,
            self.subjects.latent_dim,
            self.subjects.z[known],
            self.table.take(num_real + known.nonzero().flatten()),
        )


def as_stored(images: torch.Tensor) -> torch.Tensor:
    """Round images in [-1, 1] to 8 bits a channel."""
    return to_float(to_uint8(images))


def as_read(table: ConceptTable) -> ConceptTable:
    """Round concepts to what can be seen in an image, each as `reading.Reading.of` does.

    Brightness to grey levels, probabilities to tenths. Else a background that is black in every
    real image, and a thousandth of a level from it in every generated one, would be all that a
    rule has to say.

    Examples
    --------
    >>> values = torch.tensor([[0.0001, 0.5], [0.2001, 0.5]]).double()
    >>> units = ("mean, 0 black to 1 white", "pixels")
    >>> as_read(ConceptTable(("brightness", "thickness"), units, values)).column("brightness")
    tensor([0.0000, 0.2000], dtype=torch.float64)
    """
    steps = torch.tensor([steps_of(unit) for unit in table.units], dtype=torch.float64)
    rounded = (table.values * steps).round() / steps.clamp(min=1)
    return ConceptTable(table.names, table.units, torch.where(steps > 0, rounded, table.values))
