"""From a raw source to two clean splits, with everything that was refused written down."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ganatomy.data.dataset import Dataset
from ganatomy.data.decoding import read_files
from ganatomy.data.reading import Limits
from ganatomy.data.sources import TEST, UNSPLIT, Raw
from ganatomy.errors import InputError
from ganatomy.rng import generator

_GREY_TOLERANCE = 8  # JPEG makes grey pixels differ by a few levels between channels


@dataclass(frozen=True)
class Prepared:
    """Clean splits and the list of what did not make it into them."""

    train: Dataset
    test: Dataset
    quarantine: list[dict[str, str]]


def prepare(
    raw: Raw,
    image_size: int,
    channels: int,
    test_fraction: float,
    min_images: int,
    limits: Limits,
    seed: int,
    progress: Callable[[int, int], None],
) -> Prepared:
    """Validate, convert, resize and split.

    Parameters
    ----------
    raw : Raw
    image_size : int
        Side of the square images; the shorter side is resized to it and the rest cropped evenly.
    channels : int
        1 grey, 3 RGB, 0 whatever the source is (a folder is RGB when any image has colour).
    test_fraction : float in (0, 1)
        Share held out, drawn with `seed` within each class; a source's own split is kept as it is
        where it has both sides.
    min_images : int
        Fewer good images than this is an error.
    limits : Limits
        An image that takes more goes to quarantine.
    seed : int
    progress : callable
        Called with (done, total).

    Raises
    ------
    InputError
        Fewer than `min_images` good images remain.
    """
    quarantine: list[dict[str, str]] = []
    if raw.images is not None:
        images, kept = _resize(raw.images, image_size, progress), torch.arange(len(raw.images))
    else:
        images, kept, refused = read_files(raw, image_size, limits, progress)
        quarantine = [*raw.refused, *refused]
    if len(images) < min_images:
        reasons = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in quarantine[:3])
        raise InputError(
            f"only {len(images)} usable images, at least {min_images} are needed"
            + (f" ({len(quarantine)} refused: {reasons})" if quarantine else ""),
            "prepare.min_images",
            "Add images, mend the refused ones, or lower prepare.min_images.",
        )
    whole = Dataset(
        _to_channels(images, channels),
        raw.labels[kept],
        raw.class_names,
        {name: values[kept] for name, values in raw.attributes.items()},
    )
    is_test = raw.split[kept] == TEST
    if (raw.split[kept] == UNSPLIT).any() or is_test.all() or not is_test.any():
        is_test = _draw_test(whole.labels, test_fraction, seed)
    return Prepared(whole.take(~is_test), whole.take(is_test), quarantine)


def _draw_test(labels: torch.Tensor, fraction: float, seed: int) -> torch.Tensor:
    """A stratified mask with round(n_class * fraction) true entries in each class, at least one
    image on either side over all."""
    order = torch.randperm(len(labels), generator=generator(seed, "prepare", "split"))
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = order[labels[order] == label]
        is_test[members[: round(len(members) * fraction)]] = True
    if not is_test.any() or is_test.all():
        is_test[order[0]] = not is_test[order[0]]
    return is_test


def _resize(images: torch.Tensor, size: int, progress: Callable[[int, int], None]) -> torch.Tensor:
    if images.shape[-2:] == (size, size):
        progress(len(images), len(images))
        return images
    parts = []
    for start in range(0, len(images), 1024):
        batch = images[start : start + 1024].to(torch.float32)
        batch = functional.interpolate(
            batch, (size, size), mode="bilinear", antialias=True, align_corners=False
        )
        parts.append(batch.round().clamp(0, 255).to(torch.uint8))
        progress(min(start + 1024, len(images)), len(images))
    return torch.cat(parts)


def _to_channels(images: torch.Tensor, channels: int) -> torch.Tensor:
    if channels == 0:
        if images.shape[1] == 1:
            return images
        spread = images.amax(1).to(torch.int16) - images.amin(1).to(torch.int16)
        channels = 3 if (spread > _GREY_TOLERANCE).any() else 1
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return images.repeat(1, 3, 1, 1)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601 luma
    return (images * weights).sum(1, keepdim=True).round().clamp(0, 255).to(torch.uint8)
