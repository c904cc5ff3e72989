"""What G made of the same latents when it was trained without each feature, on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
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
