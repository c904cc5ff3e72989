"""The images of a source's files, and which of them cannot be used."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from ganatomy.data.choices import AUTO, CROP, Background, Fit, Shape, Size, Window
from ganatomy.data.reading import Limits, Picture, channels_of, read_content, read_image, reason_of
from ganatomy.data.shape import sides
from ganatomy.data.sources import Raw
from ganatomy.data.values import (
    Facts,
    Treatment,
    Values,
    is_changed,
    provisional,
    summarize,
)
from ganatomy.data.workers import AT_A_TIME, in_order

_PROGRESS_EVERY = 50
_RGB = 3
_PARCEL_BYTES = 1 << 20


class Decoded(NamedTuple):
    """The images of a source's files.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), uint8
        RGB, or every channel.
    kept : Tensor of shape (n,), int64
        Position among `Raw.files` of each image.
    quarantine : list of dict
        ``file``, as the user calls it, and ``reason`` of each of the others.
    values : Values
        What was done to the pixels.
    """

    images: torch.Tensor
    kept: torch.Tensor
    quarantine: list[dict[str, str]]
    values: Values


def read_files(
    raw: Raw,
    size: Size,
    limits: Limits,
    *,
    progress: Callable[[int, int], None],
    window: Window = AUTO,
    background: Background = AUTO,
    fit: Fit = CROP,
    keep_all: bool = False,
    num_workers: int = 1,
) -> Decoded:
    """Decode the files of a source; one that cannot be used never ends the reading of the others.

    Where all files together decide how some of them are treated, those are read a second time.

    Parameters
    ----------
    raw : Raw
        A source of `files`.
    size : int or tuple of two int
        Side of square images, or height and width.
    limits : Limits
    progress : callable
        Called with (done, total).
    window, background
        As in `ganatomy.data.values.summarize`.
    fit
        As in `ganatomy.data.resizing.resize`.
    keep_all : bool
        Every channel: of pictures RGB and opacity, of arrays as many as the first one has.
    num_workers : int
        Processes that decode; what is returned is the same for any number.
    """
    names = raw.file_names or tuple(path.name for path in raw.files)
    # one array from the start: a list of images would be held beside the array made of it
    shape = sides(size)
    num_channels = _num_channels(raw, limits) if keep_all else _RGB
    images = torch.empty(len(names), num_channels, *shape, dtype=torch.uint8)
    pixels = images.numpy()  # the same memory
    at_a_time = max(1, min(AT_A_TIME, _PARCEL_BYTES // (num_channels * math.prod(shape))))
    refused: dict[int, str] = {}
    facts: dict[int, Facts] = {}

    def read(indices: Sequence[int], treatment: Treatment) -> None:
        paths = [raw.files[index] for index in indices]
        one = partial(_read, shape=shape, limits=limits, treatment=treatment)
        results = in_order(one, paths, num_workers, lost=str, at_a_time=at_a_time)
        for index, found in zip(indices, results):
            if isinstance(found, str):
                refused[index] = found
                facts.pop(index, None)
            else:
                pixels[index] = found.pixels.transpose(2, 0, 1)
                facts[index] = found.facts
            if index % _PROGRESS_EVERY == _PROGRESS_EVERY - 1 or index + 1 == len(names):
                progress(len(facts) + len(refused), len(names))

    first = provisional(window, background, fit, num_channels=num_channels)
    read(range(len(names)), first)
    values = summarize(window, background, fit, facts.values(), num_channels=num_channels)
    then = values.treatment
    read([index for index in facts if is_changed(facts[index], first, then)], then)
    kept = torch.tensor(sorted(facts), dtype=torch.int64)
    return Decoded(
        images if len(kept) == len(images) else _gathered(images, kept),
        kept,
        [{"file": names[index], "reason": refused[index]} for index in sorted(refused)],
        values,
    )


def _num_channels(raw: Raw, limits: Limits) -> int:
    """The channels of the first file that can be read; the others must have as many."""
    for path in raw.files:
        with suppress(Exception):  # whatever is wrong with it is said when it is read
            return channels_of(read_content(path, limits.max_pixels))
    return _RGB


def _read(path: Path, shape: Shape, limits: Limits, treatment: Treatment) -> Picture | str:
    """Decode a file, or say why it cannot be used."""
    try:
        return read_image(read_content(path, limits.max_pixels), shape, limits, treatment)
    except Exception as error:  # decoders raise anything; whatever it is, it is this file's
        return reason_of(error)


def _gathered(images: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Move the images that are kept to the front, in place: a copy would double what is held."""
    for place, index in enumerate(kept.tolist()):
        if place != index:
            images[place] = images[index]
    return images[: len(kept)]
