"""Gaussian blur of images: one filter for those who take detail away."""

import torch
from torch.nn import functional


def gaussian_blur(
    images: torch.Tensor, sigmas: tuple[float, float], reaches: tuple[int, int], *, edges: str
) -> torch.Tensor:
    """Blur every channel by a Gaussian, first along columns of pixels and then along rows.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), floating point
    sigmas : (float, float)
        Standard deviations in pixels: down, and across.
    reaches : (int, int)
        Pixels to either side that are weighed, below h and w.
    edges : str in {"reflect", "replicate"}
        What is taken to lie beyond the image.

    Returns
    -------
    Tensor of the shape and dtype of `images`
    """
    channels = images.shape[1]
    for axis, (sigma, reach) in enumerate(zip(sigmas, reaches)):
        steps = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
        kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
        shape = (1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1)
        weight = (kernel / kernel.sum()).view(shape).expand(channels, -1, -1, -1)
        sides = (0, 0, reach, reach) if axis == 0 else (reach, reach, 0, 0)
        images = functional.conv2d(
            functional.pad(images, sides, mode=edges), weight, groups=channels
        )
    return images


def blur_matrix(
    size: int, sigma: float, reach: int, *, edges: str, like: torch.Tensor
) -> torch.Tensor:
    """Return the matrix that blurs a column of pixels, of the dtype and device of `like`.

    ``down @ images @ across.T`` is `gaussian_blur` but for the last bits, and far quicker where
    there are several channels; for what is only measured.

    Parameters
    ----------
    size : int
        Pixels of the column.
    sigma : float
    reach : int
    edges : str in {"reflect", "replicate"}
    like : Tensor

    Returns
    -------
    Tensor of shape (size, size)

    Examples
    --------
    >>> blur_matrix(2, 1.0, 0, edges="reflect", like=torch.zeros(1))
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows = torch.eye(size, dtype=like.dtype, device=like.device).view(1, 1, size, size)
    return gaussian_blur(rows, (sigma, 1.0), (reach, 0), edges=edges)[0, 0]
