"""The sheet of first images beside the verdict, of images of any size and channels."""

import torch
from torch.nn import functional

from ganatomy.data.images import contact_sheet
from ganatomy.marking import GENERATED
from ganatomy.report.sections.page_section import Picture, png
from ganatomy.wording import counted

_HEAD = (8, 4)  # columns and rows of images at the page's head
_HEAD_SIDE = 52  # small images are enlarged to about so many pixels
_LARGEST = 128


def viewable(images: torch.Tensor, side: int) -> torch.Tensor:
    """Make images fit for a sheet: grey or RGB, and of at most twice `side` pixels across.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
        Of others than 1 or 3 channels the mean over channels is shown.
    side : int

    Returns
    -------
    Tensor of shape (n, 1 or 3, h', w'), uint8
    """
    values = images if images.shape[1] in (1, 3) else images.float().mean(1, keepdim=True)
    factor = images.shape[-1] // side
    if factor > 1 and len(images):
        values = functional.avg_pool2d(values.float(), factor)
    return values.round().to(torch.uint8) if values.is_floating_point() else values


def first_samples(images: torch.Tensor, source: str) -> Picture:
    """Make the picture that stands beside the verdict.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), uint8
        The first generated ones.
    source : str
        The file they are read from, below the folder of reports.
    """
    first = viewable(images[: _HEAD[0] * _HEAD[1]], _LARGEST)
    scale = max(1, round(_HEAD_SIDE / first.shape[-1]))
    return Picture(
        lambda: png(contact_sheet(first, _HEAD[0], scale=scale)),
        title=f"The first {counted(len(first), 'image')} that G makes",
        caption="First draws, not picked.",
        alt=f"{counted(len(first), 'image')} made by the generator",
        source=source,
        kind="pixels",
        mark=GENERATED,
    )
