"""What a user gives as images: of any size, or those that a GAN has made.

A folder, or whatever else `ganatomy.data.sources.fetch` takes: an archive, arrays, Parquet files,
or ``module:Class``, a data set.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ganatomy.data.choices import Size
from ganatomy.data.decoding import read_files
from ganatomy.data.kinds import parquet_files
from ganatomy.data.prepare import to_channels
from ganatomy.data.reading import (
    DEFAULT_LIMITS,
    channels_of,
    is_array,
    read_content,
    reason_of,
    size_of,
)
from ganatomy.data.sources import Raw, fetch
from ganatomy.data.value_words import warnings_of
from ganatomy.errors import InputError

_PICTURES = (0, 1, 3)  # channels that any picture can be brought to


def images_of(
    folder: Path,
    *,
    size: Size,
    channels: int,
    count: int,
    where: str,
    fewest: int,
    warn: Callable[[str], None],
) -> torch.Tensor:
    """Read images of any size, cut and resized as the pipeline's are.

    Parameters
    ----------
    folder : Path
        Or a zip or tar file of one, ``.npy``, ``.npz``, Parquet; ``module:Class`` where there is
        nothing of that name.
    size : int or tuple of two int
        Side of square images, or height and width.
    channels : int
        0: one, or three if any has colour. Other numbers than 1 and 3 are those of all channels, as
        RGB and opacity.
    count : int
        At most so many, at equal distances in the order of their paths.
    where : str
        What the folder is called in an error.
    fewest : int
        How many there must be.
    warn : callable
        Told of each file that is left out, of what was done to the values of all, and of what
        arrays and the like were taken for.

    Returns
    -------
    Tensor of shape (n, c, h, w), uint8

    Raises
    ------
    InputError
        There is no such folder, too few images in it, or images of other channels.
    """
    with _given(folder, count, where, warn) as raw:
        images, _, refused, values = read_files(
            raw,
            size,
            DEFAULT_LIMITS,
            progress=lambda *_: None,
            keep_all=channels not in _PICTURES,
        )
    for note in [] if folder.is_dir() else raw.notes:  # such as which values mean black and white
        warn(note)
    for entry in [*raw.refused, *refused]:
        warn(f"{entry['file']} is left out: {entry['reason']}")
    for sentence in warnings_of(values.card()):
        warn(sentence)
    if len(images) < fewest:
        raise InputError(
            f"{len(images)} images that can be used", where, f"Give at least {fewest}."
        )
    if channels in _PICTURES:
        return to_channels(images, channels)
    if images.shape[1] != channels:
        raise InputError(
            f"images of {images.shape[1]} channels",
            where,
            f"Give images of {channels} channels, as arrays (.npy, .npz).",
        )
    return images


def size_of_all(folder: Path, *, count: int, where: str) -> int:
    """Find the side that all images of a folder have.

    Raises
    ------
    InputError
        There is no such folder, no image in it, or images that are not square or of several sizes.
    """
    found = {(width, height): name for (_, height, width), name in _shapes(folder, count, where)}
    if len(found) > 1 or any(width != height for width, height in found):
        told = ", ".join(f"{w} x {h} ({name})" for (w, h), name in list(found.items())[:3])
        raise InputError(
            f"images of {told}",
            where,
            "Generated images are compared as they are: give square ones of one size.",
        )
    return next(iter(found))[0]


def shapes_of_all(folder: Path, *, count: int, where: str) -> list[tuple[int, int, int]]:
    """List the shapes that the images of a folder have: channels, height, width, each once.

    Channels are 0 for a picture, which can be brought to several numbers of them.

    Raises
    ------
    InputError
        There is no such folder, or no image in it.
    """
    return [shape for shape, _ in _shapes(folder, count, where)]


def _shapes(folder: Path, count: int, where: str) -> list[tuple[tuple[int, int, int], str]]:
    """Each shape with the name of the first file that has it."""
    shapes: dict[tuple[int, int, int], str] = {}
    faults = []
    with _given(folder, count, where, lambda text: None) as raw:
        for path, name in zip(raw.files, raw.file_names):
            try:
                content = read_content(path, DEFAULT_LIMITS.max_pixels)
                width, height = size_of(content, DEFAULT_LIMITS)
                channels = channels_of(content) if is_array(content) else 0
                shapes.setdefault((channels, height, width), name.rpartition("/")[2])
            except Exception as error:  # decoders raise anything; it is left out when it is read
                faults.append(f"{path.name}: {reason_of(error)}")
    if not shapes:
        raise InputError(
            f"no image that can be read ({faults[0] if faults else 'it is empty'})",
            where,
            "Name a folder of images, or of a GAN.",
        )
    return list(shapes.items())


@contextmanager
def _given(folder: Path, count: int, where: str, warn: Callable[[str], None]) -> Iterator[Raw]:
    """The files, copies of which last as long as the block where they are no files of a folder."""
    is_class = ":" in folder.name and not folder.exists()
    with TemporaryDirectory(prefix="ganatomy-") as copies:
        into = None if folder.is_dir() and not parquet_files(folder, False) else Path(copies)
        try:
            raw = fetch(
                str(folder) if is_class else "image-folder",
                folder,
                count,
                retries=0,
                warn=warn,
                into=into and into / "files",
            )
        except InputError as error:  # it names what params.yaml calls the folder
            raise InputError(error.what, where, error.remedy) from None
        yield raw
