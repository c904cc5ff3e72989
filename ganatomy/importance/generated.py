"""What G makes of the same latents when it was trained without each feature."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.gan.sampling import generate
from ganatomy.importance.members import Member
from ganatomy.tensors import read_tensors, write_tensors

_IMAGES = "generated.safetensors"
_ABOUT = "generated.json"


class GeneratedImages(NamedTuple):
    """Images of one variant's G.

    Attributes
    ----------
    variant : str
    meaning : str
        What the variant lacks, in words.
    images : Tensor of shape (k, c, s, s), uint8
    """

    variant: str
    meaning: str
    images: torch.Tensor


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


def save_sheets(sheets: Sequence[GeneratedImages], folder: Path) -> None:
    """Write the images of all sheets, and what they are."""
    if sheets:
        images = torch.stack([sheet.images for sheet in sheets])
        write_tensors(folder / _IMAGES, {"images": images})
    about = [{"variant": sheet.variant, "meaning": sheet.meaning} for sheet in sheets]
    write_json(folder / _ABOUT, about)


def load_sheets(folder: Path) -> tuple[GeneratedImages, ...]:
    """Read what `save_sheets` wrote; `InputError` where it is missing or does not fit."""
    about = read_json(folder / _ABOUT)
    images = read_tensors(folder / _IMAGES)["images"] if about else torch.empty(0)
    if len(images) != len(about):
        raise InputError(
            f"images of {len(images)} variants, but {len(about)} are named",
            str(folder / _ABOUT),
            "Remove the folder and run what writes it.",
        )
    return tuple(
        GeneratedImages(one["variant"], one["meaning"], own) for one, own in zip(about, images)
    )
