"""From a raw source to two clean splits, with everything that was refused written down."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganatomy.data.choices import ALL, AUTO, CROP, Background, Channels, Fit, Shape, Size, Window
from ganatomy.data.dataset import Dataset
from ganatomy.data.decoding import read_files
from ganatomy.data.duplicates import Duplicates, find_duplicates
from ganatomy.data.reading import Limits
from ganatomy.data.resizing import check_fit, resize
from ganatomy.data.shape import sides
from ganatomy.data.sources import TEST, UNSPLIT, Raw
from ganatomy.data.split import (
    CHOICES,
    DROP,
    TOGETHER,
    Repeats,
    count_repeats,
    draw_test,
    without_repeats,
)
from ganatomy.data.values import Values
from ganatomy.errors import InputError

_CHUNK = 512
_RGBA, _OPAQUE = 4, 255
_PROGRESS_EVERY = 1024
_GREY_TOLERANCE = 8  # JPEG makes grey pixels differ by a few levels between channels


@dataclass(frozen=True)
class Prepared:
    """Clean splits, the list of what did not make it into them, and that of what is there twice.

    Attributes
    ----------
    train, test : Dataset
    quarantine : list of dict
        ``file`` and ``reason`` of each image that was refused.
    repeats : Repeats
    duplicates : list of dict
        Of each image that repeats an earlier one: ``file``, ``repeats``, ``how``, ``split`` and
        ``split_of_repeated``.
    values : Values, optional
        What was done to the pixels of files.
    """

    train: Dataset
    test: Dataset
    quarantine: list[dict[str, str]]
    repeats: Repeats
    duplicates: list[dict[str, str]]
    values: Values | None = None


def prepare(
    raw: Raw,
    image_size: Size,
    channels: Channels,
    *,
    test_fraction: float,
    min_images: int,
    limits: Limits,
    seed: int,
    progress: Callable[[int, int], None],
    duplicates: str = TOGETHER,
    fit: Fit = CROP,
    window: Window = AUTO,
    background: Background = AUTO,
    num_workers: int = 1,
) -> Prepared:
    """Validate, convert, resize and split.

    Parameters
    ----------
    raw : Raw
    image_size : int or tuple of two int
        Side of square images, or height and width.
    channels : {0, 1, 3, "all"}
        1 grey, 3 RGB, 0 grey or RGB (RGB when any image has colour), ``all`` every channel, opacity
        too, as in `to_channels`.
    test_fraction : float in (0, 1)
        Share held out, drawn with `seed` within each class; a source's own split is kept as it is
        where it has both sides.
    min_images : int
        Fewer good images than this is an error.
    limits : Limits
        An image that takes more goes to quarantine.
    seed : int
    progress : callable
        Called with (done, total) images, each counted twice: read, and compared with the others.
        `done` never falls, `total` is the same in every call, and the last call has both equal.
    duplicates : str in {"keep", "together", "drop"}
        What becomes of images that are equal or nearly so: they stay where they are drawn, or on
        one side of a split that is drawn here (a source's own is kept as it is), or the first of
        them stays alone.
    fit : str in {"crop", "pad", "stretch"}
        What becomes of images of other proportions, as in `ganatomy.data.resizing.resize`.
    window : str in {"auto", "full", "seen"} or tuple of two float
        Of files: which levels of greys of 16 bits become black and white, as in
        `ganatomy.data.values.summarize`.
    background : "auto" or int in [0, 255]
        Of files: the grey that transparent pixels are laid on, as there.
    num_workers : int
        Processes that decode files; what is returned is the same for any number.

    Raises
    ------
    InputError
        Fewer than `min_images` good images remain, or all of them are one image.
    """
    if duplicates not in CHOICES:
        raise InputError(
            f"unknown choice {duplicates!r}", "duplicates", f"Use {', '.join(CHOICES)}."
        )
    check_fit(fit)
    quarantine: list[dict[str, str]] = []
    values = None
    reading, comparing = _in_two_parts(progress, len(raw.labels))
    if raw.images is not None:
        _check_enough(len(raw.images), min_images, quarantine)
        images = _resize(raw.images, sides(image_size), fit, reading)
        kept = torch.arange(len(raw.images))
    else:
        images, kept, refused, values = read_files(
            raw,
            image_size,
            limits,
            progress=reading,
            window=window,
            background=background,
            fit=fit,
            num_workers=num_workers,
            keep_all=channels == ALL,
        )
        quarantine = [*raw.refused, *refused]
    _check_enough(len(images), min_images, quarantine)
    whole = Dataset(
        to_channels(images, channels),
        raw.labels[kept],
        raw.class_names,
        {name: values[kept] for name, values in raw.attributes.items()},
    )
    matches, split = find_duplicates(whole.images, comparing), raw.split[kept]
    comparing(1, 1)  # where nothing is left to be compared too
    is_kept = torch.ones(len(whole), dtype=torch.bool)
    if duplicates == DROP:
        is_kept = without_repeats(matches, split != TEST)
        _check_enough(int(is_kept.sum()), min_images, quarantine)
    is_test = split == TEST
    if (split == UNSPLIT).any() or is_test[is_kept].all() or not is_test[is_kept].any():
        group = matches.group if duplicates == TOGETHER else None
        is_test = torch.zeros_like(is_kept)
        is_test[is_kept] = draw_test(whole.labels[is_kept], test_fraction, seed, group=group)
    return Prepared(
        whole.take(is_kept & ~is_test),
        whole.take(is_kept & is_test),
        quarantine,
        count_repeats(duplicates, matches, whole.labels, is_kept=is_kept, is_test=is_test),
        _listed(matches, _names(raw, kept), is_kept, is_test),
        values,
    )


def _in_two_parts(
    progress: Callable[[int, int], None], count: int
) -> tuple[Callable[[int, int], None], Callable[[int, int], None]]:
    def reading(done: int, total: int) -> None:
        progress(count * done // total, 2 * count)

    def comparing(done: int, total: int) -> None:
        progress(count + count * done // total, 2 * count)

    return reading, comparing


def _check_enough(count: int, min_images: int, quarantine: list[dict[str, str]]) -> None:
    if count < min_images:
        reasons = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in quarantine[:3])
        raise InputError(
            f"only {count} usable images, at least {min_images} are needed"
            + (f" ({len(quarantine)} refused: {reasons})" if quarantine else ""),
            "min_images",
            "Add images, mend the refused ones, or lower `min_images`.",
        )


def _names(raw: Raw, kept: torch.Tensor) -> list[str]:
    names = raw.file_names or tuple(path.name for path in raw.files)
    return [names[k] if names else f"image {k}" for k in kept.tolist()]


def _listed(
    matches: Duplicates, names: list[str], is_kept: torch.Tensor, is_test: torch.Tensor
) -> list[dict[str, str]]:
    side = [
        "dropped" if not there else "test" if test else "train"
        for there, test in zip(is_kept.tolist(), is_test.tolist())
    ]
    return [
        {
            "file": names[place],
            "repeats": names[first],
            "how": "equal" if matches.equal[place] != place else "nearly equal",
            "split": side[place],
            "split_of_repeated": side[first],
        }
        for place, first in enumerate(matches.group.tolist())
        if first != place
    ]


def _resize(
    images: torch.Tensor, shape: Shape, fit: Fit, progress: Callable[[int, int], None]
) -> torch.Tensor:
    if images.shape[-2:] == shape:
        progress(len(images), len(images))
        return images
    resized = torch.empty(*images.shape[:2], *shape, dtype=torch.uint8)
    for index, image in enumerate(images):
        pixels = resize(image.permute(1, 2, 0).numpy(), shape, fit)
        resized[index] = torch.from_numpy(pixels).permute(2, 0, 1)
        if (index + 1) % _PROGRESS_EVERY == 0 or index + 1 == len(images):
            progress(index + 1, len(images))
    return resized


def to_channels(images: torch.Tensor, channels: Channels | int) -> torch.Tensor:
    """Bring images to the channels that are asked for.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    channels : {0, 1, 3, "all"}
        1 grey, 3 RGB; 0 leaves them grey unless any has colour. ``all`` keeps every channel that
        says something: of four, which are RGB and opacity, the last unless all is opaque, and the
        first three, as one, if nothing has colour.

    Raises
    ------
    InputError
        Grey or RGB is asked for of images that have another number of channels.
    """
    if channels == ALL:
        return _telling(images) if images.shape[1] == _RGBA else images
    if images.shape[1] not in (1, 3):
        raise InputError(
            f"images of {images.shape[1]} channels",
            f"channels={channels}",
            "Keep them with `channels=all`, or give grey or colour images.",
        )
    if channels == 0:
        if images.shape[1] == 1:
            return images
        channels = 3 if any(map(_has_colour, images.split(_CHUNK))) else 1
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return images.repeat(1, 3, 1, 1)
    # by parts: as floats, and beside them weighted, all of it would take eight times its size
    return torch.cat([_luma(part) for part in images.split(_CHUNK)])


def _telling(images: torch.Tensor) -> torch.Tensor:
    """RGB and opacity without what says nothing: colour where all is grey, opacity of 255."""
    colour, opacity = images[:, :3], images[:, 3:]
    kept = to_channels(colour, 0)
    return kept if bool((opacity == _OPAQUE).all()) else torch.cat([kept, opacity], 1)


def _has_colour(images: torch.Tensor) -> bool:
    spread = images.amax(1).to(torch.int16) - images.amin(1).to(torch.int16)
    return bool((spread > _GREY_TOLERANCE).any())


def _luma(images: torch.Tensor) -> torch.Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601
    return (images * weights).sum(1, keepdim=True).round().clamp(0, 255).to(torch.uint8)
