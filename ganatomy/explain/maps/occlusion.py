"""Occlusion (Zeiler & Fergus 2014, arXiv 1311.2901)."""

from collections.abc import Callable

import torch

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target


def occlusion(
    target: Target,
    images: torch.Tensor,
    side: int,
    *,
    fill: torch.Tensor,
    batch_size: int = 512,
    on_warning: Callable[[str], None] = lambda text: None,
) -> torch.Tensor:
    """Measure how far the target falls when a window is hidden.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    side : int
        Of the square windows, in pixels. They do not overlap; at the lower and the right border
        they are smaller where `side` does not divide the image.
    fill : Tensor that broadcasts to (n, c, h, w)
        What is there instead of a hidden pixel.
    batch_size : int
    on_warning : callable

    Returns
    -------
    Tensor of shape (n, h, w), float32 on the CPU
        The fall, at every pixel of its window.

    Raises
    ------
    InputError
        Windows smaller than a pixel.

    Examples
    --------
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> linear = torch.nn.Linear(4, 1)
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))
    >>> images = torch.ones(1, 1, 2, 2)
    >>> maps = occlusion(d_logit(network), images, side=1, fill=-images)
    >>> torch.allclose(maps.flatten(), 2 * linear.weight[0], atol=1e-5)
    True
    """
    if side < 1:
        raise InputError(f"windows of {side} pixels", "side", "Use a side of at least 1.")
    count, _, height, width = images.shape
    fill = fill.to(images).expand_as(images)
    num_columns = -(-width // side)
    rows = torch.arange(height, device=images.device)[:, None] // side
    windows = rows * num_columns + torch.arange(width, device=images.device) // side
    num_windows = int(windows.max()) + 1

    def compute(start: int, stop: int) -> torch.Tensor:
        items = torch.arange(start, stop, device=images.device)
        at, window = items // (num_windows + 1), items % (num_windows + 1)
        hidden = (windows == window[:, None, None])[:, None]  # the last window is none: whole image
        return target.values(torch.where(hidden, fill[at], images[at])).float().cpu()

    with undisturbed(target.model), torch.no_grad():
        parts = in_batches(compute, count * (num_windows + 1), batch_size, on_warning=on_warning)
    values = torch.cat(parts).view(count, num_windows + 1)
    return (values[:, -1:] - values[:, :-1])[:, windows.cpu()]
