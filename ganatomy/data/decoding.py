"""The images of a source's files, and which of them cannot be used."""

from collections.abc import Callable

import torch

from ganatomy.data.reading import Limits, read_content, read_image, reason_of
from ganatomy.data.sources import Raw

_PROGRESS_EVERY = 50


def read_files(
    raw: Raw,
    size: int,
    limits: Limits,
    *,
    progress: Callable[[int, int], None],
    background: int = 0,
) -> tuple[torch.Tensor, torch.Tensor, list[dict[str, str]]]:
    """Decode the files of a source; one that cannot be used never ends the reading of the others.

    Parameters
    ----------
    raw : Raw
        A source of `files`.
    size : int
        Side of the square images.
    limits : Limits
    progress : callable
        Called with (done, total).
    background : int in [0, 255]
        The grey that transparent pixels are laid on.

    Returns
    -------
    images : Tensor of shape (n, 3, size, size), uint8
    kept : Tensor of shape (n,), int64
        Position among `raw.files` of each image.
    quarantine : list of dict
        ``file``, as the user calls it, and ``reason`` of each of the others.
    """
    names = raw.file_names or tuple(path.name for path in raw.files)
    # one array from the start: a list of images would be held beside the array made of it
    images = torch.empty(len(names), 3, size, size, dtype=torch.uint8)
    kept: list[int] = []
    quarantine: list[dict[str, str]] = []
    for index, (path, name) in enumerate(zip(raw.files, names)):
        try:
            content = read_content(path, limits.max_pixels)
            pixels = read_image(content, size, limits, background=background)
        except Exception as error:  # decoders raise anything; whatever it is, it is this image's
            quarantine.append({"file": name, "reason": reason_of(error)})
        else:
            images[len(kept)] = torch.tensor(pixels).permute(2, 0, 1)
            kept.append(index)
        if index % _PROGRESS_EVERY == _PROGRESS_EVERY - 1 or index + 1 == len(names):
            progress(index + 1, len(names))
    return images[: len(kept)], torch.tensor(kept, dtype=torch.int64), quarantine
