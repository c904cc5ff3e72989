"""The parts of an image that are shown or hidden together.

A segmentation is a LongTensor that gives every pixel the number of its segment, from 0 on without
gaps: of shape (h, w) for all images alike, or (n, h, w) with one for each image.
"""

import torch

from ganatomy.errors import InputError
from ganatomy.extras import extra

FEWEST = 8


def default_side(size: int) -> int:
    """Return the side of the squares for images of `size` pixels: 4 at 28 and at 32."""
    return -(-size // 8)


def grid(height: int, width: int, side: int) -> torch.Tensor:
    """Number the side x side squares row by row, shape (h, w); the last ones may be smaller."""
    if side < 1:
        raise InputError(f"squares of {side} px", "segment_side", "Use 1 or more.")
    rows = torch.arange(height) // side
    columns = torch.arange(width) // side
    return rows[:, None] * (int(columns.max()) + 1) + columns


def slic(images: torch.Tensor, num_segments: int = 50, compactness: float = 0.1) -> torch.Tensor:
    """Divide into superpixels of about equal size (SLIC, Achanta et al. 2012), by scikit-image.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    num_segments : int
        About as many are found.
    compactness : float
        Larger is squarer. Colours are in [0, 1] and not turned into Lab.

    Returns
    -------
    LongTensor of shape (n, h, w)
    """
    with extra("lime", "segments that follow the image"):
        from skimage import segmentation

    pixels = (images.detach().cpu().permute(0, 2, 3, 1).double().numpy() + 1) / 2
    return _numbered(
        [
            segmentation.slic(
                image,
                n_segments=num_segments,
                compactness=compactness,
                channel_axis=-1,
                convert2lab=False,
            )
            for image in pixels
        ]
    )


def quickshift(
    images: torch.Tensor,
    kernel_size: float = 4,
    max_dist: float = 200,
    *,
    ratio: float = 0.2,
    seed: int = 0,
) -> torch.Tensor:
    """Divide into superpixels by modes of colour and place (Vedaldi & Soatto 2008).

    The defaults are those of `lime_image`. On small images of few colours they find next to no
    segments: two on a digit of 28 px, which `check` refuses.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    kernel_size, max_dist, ratio : float
        Width of the smoothing in pixels, largest distance within a segment, weight of colour
        against place.
    seed : int
        Of the noise that breaks ties.

    Returns
    -------
    LongTensor of shape (n, h, w)
    """
    with extra("lime", "segments that follow the image"):
        from skimage import segmentation

    pixels = (images.detach().cpu().permute(0, 2, 3, 1).double().numpy() + 1) / 2
    if pixels.shape[-1] == 1:
        pixels = pixels.repeat(3, -1)
    return _numbered(
        [
            segmentation.quickshift(
                image, kernel_size=kernel_size, max_dist=max_dist, ratio=ratio, rng=seed
            )
            for image in pixels
        ]
    )


def from_masks(masks: torch.Tensor) -> torch.Tensor:
    """Number the segments that the user drew; what no mask covers becomes one more, the last.

    Parameters
    ----------
    masks : Tensor of shape (k, h, w), bool

    Returns
    -------
    LongTensor of shape (h, w)

    Raises
    ------
    InputError
        An empty mask, or masks that overlap.
    """
    covered = masks.sum(0)
    if bool((covered > 1).any()):
        row, column = (covered > 1).nonzero()[0].tolist()
        at = masks[:, row, column].nonzero()[:, 0].tolist()
        raise InputError(
            f"masks {at[0]} and {at[1]} overlap at row {row}, column {column}",
            "masks",
            "Give each pixel to one mask at most.",
        )
    empty = (~masks.flatten(1).any(1)).nonzero()[:, 0].tolist()
    if empty:
        raise InputError(f"mask {empty[0]} is empty", "masks", "Leave it out.")
    return torch.where(covered > 0, masks.int().argmax(0), len(masks))


def check(segments: torch.Tensor) -> torch.Tensor:
    """Count the segments of each segmentation.

    Returns
    -------
    LongTensor of shape (n,), or () for a segmentation of all images

    Raises
    ------
    InputError
        Fewer than 8 segments (in every image, if each has its own): they explain nothing.
        Numbers with gaps.
    """
    flat = segments.reshape(-1, segments.shape[-2] * segments.shape[-1])
    numbers = flat.amax(1) + 1
    for row, count in zip(flat, numbers.tolist()):
        if len(row.unique()) != count or int(row.min()) != 0:
            raise InputError(
                "segments are not numbered from 0 on without gaps",
                "segments",
                "Number them 0, 1, 2, ... as from_masks does.",
            )
    if int(numbers.max()) < FEWEST:
        raise InputError(
            f"only {int(numbers.max())} segments in an image of {segments.shape[-2]} x "
            f"{segments.shape[-1]}: too few to explain anything",
            "segments",
            f"Use a grid of smaller squares, or other superpixels: at least {FEWEST}.",
        )
    return numbers.view(segments.shape[:-2])


def _numbered(segmentations: list[object]) -> torch.Tensor:
    tensors = [torch.as_tensor(labels).long() for labels in segmentations]
    return torch.stack([labels.unique(return_inverse=True)[1] for labels in tensors])
