"""What G makes of the same latents when it was trained without each feature."""

from collections.abc import Iterable, Iterator, Sequence

import torch

from ganatomy.data.images import to_uint8
from ganatomy.gan.sampling import generate
from ganatomy.importance.members import Member
from ganatomy.importance.sheets import GeneratedImages


class Sampler:
    """Let members pass, and keep images of those of the smallest seed at the end of their training.

    Parameters
    ----------
    z : Tensor of shape (k, latent_dim + num_classes)
    """

    def __init__(self, z: torch.Tensor) -> None:
        self.z = z
        self._seed: int | None = None
        self._sheets: dict[str, GeneratedImages] = {}
        self._null: str | None = None

    def passing(self, members: Iterable[Member]) -> Iterator[Member]:
        """Yield the members, and no network is kept."""
        for member in members:
            self._see(member)
            yield member
            del member  # the next one is loaded before this name would be taken again

    def sheets(self, variants: Sequence[str]) -> tuple[GeneratedImages, ...]:
        """Give the first null's images, and those of the variants that were not left out."""
        names = variants if self._null is None else [self._null, *variants]
        return tuple(self._sheets[name] for name in names if name in self._sheets)

    def _see(self, member: Member) -> None:
        if self._seed is None or member.seed < self._seed:
            self._seed, self._sheets, self._null = member.seed, {}, None
        if member.seed != self._seed or member.share < 1 or member.generator is None:
            return
        recipe = member.recipe
        images = to_uint8(generate(member.generator, self.z))
        self._sheets[recipe.name] = GeneratedImages(recipe.name, recipe.meaning, images)
        if recipe.is_null and self._null is None:
            self._null = recipe.name
