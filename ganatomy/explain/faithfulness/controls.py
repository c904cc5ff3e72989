"""Maps that know nothing of the network, for every measure to be compared with.

A map that a random order, the image's edges or the same method's map of another image equal has
shown nothing of this image. An edge detector looks as convincing as many explanations do (Adebayo
et al. 2018, arXiv 1810.03292).
"""

import torch
from torch.nn import functional

from ganatomy.explain.faithfulness.ranks import Cells
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
        one tensor for all methods. ``other``: the method's map of the image before, which explains
        another image; of the first, that of the last.
    """
    shape = (len(images), *images.shape[2:])
    noise = torch.rand(shape, generator=generator(seed, "faithfulness", "random map"))
    edge = edges(images)
    return {
        "random": dict.fromkeys(maps, noise),
        "edge": dict.fromkeys(maps, edge),
        "other": {name: part.detach().float().cpu().roll(1, 0) for name, part in maps.items()},
    }


def with_controls(
    maps: dict[str, torch.Tensor],
    by_control: dict[str, dict[str, torch.Tensor]],
    cells: Cells | None = None,
) -> tuple[dict[str, torch.Tensor], dict[tuple[str, str], str], Cells]:
    """Join maps and controls, each once: the input of the measures.

    Parameters
    ----------
    maps : dict of str to Tensor of shape (n, h, w)
    by_control : dict of str to dict of str to Tensor of shape (n, h, w)
        As of `controls`.
    cells : dict of str to LongTensor, optional
        By method: a control is judged in the cells of the map that it is compared with.

    Returns
    -------
    together : dict of str to Tensor
        The maps, then the controls, as ``control(method)``: one that several methods share, in the
        same cells, under the first one's name.
    names : dict of (method, control) to str
        Where in `together` the control of a method is.
    cells : dict of str to LongTensor
        Of all of them.
    """
    of = cells or {}
    together, in_cells = dict(maps), {name: of[name] for name in maps if name in of}
    names: dict[tuple[str, str], str] = {}
    for control, by_method in by_control.items():
        for method, part in by_method.items():
            shared = (
                names[first, control]
                for first, other in by_method.items()
                if (first, control) in names and other is part and _alike(of, first, method)
            )
            name = next(shared, f"{control}({method})")
            names[method, control] = name
            if name not in together:
                together[name] = part
                if method in of:
                    in_cells[name] = of[method]
    return together, names, in_cells


def _alike(cells: Cells, first: str, second: str) -> bool:
    one, two = cells.get(first), cells.get(second)
    if one is None or two is None:
        return one is two
    return torch.equal(one, two)


def edges(images: torch.Tensor) -> torch.Tensor:
    """Return the Sobel magnitude over all channels; (n, c, h, w) to (n, h, w)."""
    count, channels, height, width = images.shape
    kernel = images.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([kernel, kernel.T])[:, None]
    padded = functional.pad(images.reshape(-1, 1, height, width), (1, 1, 1, 1), mode="replicate")
    slopes = functional.conv2d(padded, kernels).view(count, channels * 2, height, width)
    return slopes.square().sum(1).sqrt().float().cpu()


def blur_matrix(size: int) -> torch.Tensor:
    """Return Gaussian weights between `size` places in a row, sigma ``size / 8``; rows sum to 1."""
    place = torch.arange(size, dtype=torch.float64)
    weights = torch.exp(-((place[:, None] - place) ** 2) / (2 * (size * BLUR_SHARE) ** 2))
    return (weights / weights.sum(1, keepdim=True)).float()
