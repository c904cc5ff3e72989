"""Maps that know nothing of the network, for every measure to be compared with.

A map that a random order, the image's edges or its own blurred copy equal has shown nothing. An
edge detector looks as convincing as many explanations do (Adebayo et al. 2018, arXiv 1810.03292).
"""

import torch
from torch.nn import functional

from ganatomy.rng import generator

BLUR_SHARE = 1 / 8  # sigma of a blur, of the map's height and of its width


def controls(
    images: torch.Tensor, maps: dict[str, torch.Tensor], seed: int
) -> dict[str, dict[str, torch.Tensor]]:
    """Make the control maps of each method.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    maps : dict of str to Tensor of shape (n, h, w)
    seed : int
        Of the random maps.

    Returns
    -------
    dict of str to dict of str to Tensor of shape (n, h, w), float32 on the CPU
        Control to method to map. ``random``: uniform noise in [0, 1]. ``edge``: `edges`. Both are
        one tensor for all methods. ``blurred``: `blurred` copies of the method's own maps.
    """
    shape = (len(images), *images.shape[2:])
    noise = torch.rand(shape, generator=generator(seed, "faithfulness", "random map"))
    edge = edges(images)
    return {
        "random": dict.fromkeys(maps, noise),
        "edge": dict.fromkeys(maps, edge),
        "blurred": {name: blurred(part) for name, part in maps.items()},
    }


def with_controls(
    maps: dict[str, torch.Tensor], by_control: dict[str, dict[str, torch.Tensor]]
) -> tuple[dict[str, torch.Tensor], dict[tuple[str, str], str]]:
    """Join maps and controls, each once: the input of the measures.

    Returns
    -------
    together : dict of str to Tensor
        The maps, then the controls: shared ones by their own name, others as ``blurred(method)``.
    names : dict of (method, control) to str
        Where in `together` the control of a method is.
    """
    together = dict(maps)
    names = {}
    for control, by_method in by_control.items():
        for method, part in by_method.items():
            name = f"blurred({method})" if control == "blurred" else control
            together[name] = part
            names[method, control] = name
    return together, names


def edges(images: torch.Tensor) -> torch.Tensor:
    """Return the Sobel magnitude over all channels; (n, c, h, w) to (n, h, w)."""
    count, channels, height, width = images.shape
    kernel = images.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([kernel, kernel.T])[:, None]
    padded = functional.pad(images.reshape(-1, 1, height, width), (1, 1, 1, 1), mode="replicate")
    slopes = functional.conv2d(padded, kernels).view(count, channels * 2, height, width)
    return slopes.square().sum(1).sqrt().float().cpu()


def blurred(maps: torch.Tensor) -> torch.Tensor:
    """Blur maps of shape (n, h, w) by a Gaussian of an eighth of their size; float32 on the CPU.

    What is left if only the rough place counts. Weights beyond the border go to those within.
    """
    maps = maps.detach().float().cpu()
    rows, columns = (blur_matrix(size) for size in maps.shape[1:])
    return rows @ maps @ columns.T


def blur_matrix(size: int) -> torch.Tensor:
    """Return Gaussian weights between `size` places in a row, sigma ``size / 8``; rows sum to 1."""
    place = torch.arange(size, dtype=torch.float64)
    weights = torch.exp(-((place[:, None] - place) ** 2) / (2 * (size * BLUR_SHARE) ** 2))
    return (weights / weights.sum(1, keepdim=True)).float()
