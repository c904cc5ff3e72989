"""The order in which a map has an image's parts removed: pixels, or cells where it is coarse.

A map of a layer of 7 x 7 places says nothing of the pixels within a place. Removed pixel by pixel,
in an order that its interpolation made up, it is judged by what it does not say; whole cells are
what it ranks.
"""

import torch

from ganatomy.rng import generator

Cells = dict[str, torch.Tensor]
"""By map: the number of each pixel's cell, from 0, of shape (h, w) or (n, h, w)."""


def grid_cells(grid: tuple[int, int], size: tuple[int, int]) -> torch.Tensor:
    """Number the cells of a layer's grid, laid over an image; shape (height, width), int64.

    Examples
    --------
    >>> grid_cells((2, 2), (4, 4))
    tensor([[0, 0, 1, 1],
            [0, 0, 1, 1],
            [2, 2, 3, 3],
            [2, 2, 3, 3]])
    """
    rows, columns = (torch.arange(side) * min(of, side) // side for of, side in zip(grid, size))
    return rows[:, None] * min(grid[1], size[1]) + columns


def removal_ranks(maps: torch.Tensor, cells: torch.Tensor | None, seed: int) -> torch.Tensor:
    """Say for each pixel how many have been removed when half of its cell has, best-ranked first.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
        Of a cell, the mean counts.
    cells : LongTensor of shape (h, w) or (n, h, w), optional
        Without them each pixel is a cell.
    seed : int
        Of the order of equal cells.

    Returns
    -------
    Tensor of shape (n, h, w), float32
        All pixels of a cell alike, so that a bound on it never divides one.

    Examples
    --------
    >>> maps = torch.tensor([[[1.0, 1.0, 5.0, 3.0]]])
    >>> removal_ranks(maps, torch.tensor([[0, 0, 1, 1]]), seed=0)
    tensor([[[3., 3., 1., 1.]]])
    """
    if cells is None:
        return pixel_ranks(maps, seed) + 0.5
    labels = cells.expand(maps.shape).flatten(1)
    values = maps.detach().float().cpu().flatten(1)
    empty = torch.zeros(len(maps), int(cells.max()) + 1)
    sizes = empty.scatter_add(1, labels, torch.ones_like(values))
    # one image may have fewer cells than another: the missing ones go last, and hold nothing
    means = torch.where(sizes > 0, empty.scatter_add(1, labels, values) / sizes, -torch.inf)
    ranks = pixel_ranks(means[:, None], seed)[:, 0].long()
    in_order = empty.scatter(1, ranks, sizes)
    middles = (in_order.cumsum(1) - in_order / 2).gather(1, ranks)
    return middles.gather(1, labels).view(maps.shape)


def pixel_ranks(maps: torch.Tensor, seed: int) -> torch.Tensor:
    """Rank each pixel by value, from 0 for the highest; shape (n, h, w), int32.

    Equal values in an order drawn per image from `seed` and the shape alone.
    """
    values = maps.flatten(1).cpu()
    draw = torch.rand(values.shape, generator=generator(seed, "faithfulness", "ties"))
    shuffle = draw.argsort(1)
    order = values.gather(1, shuffle).argsort(dim=1, descending=True, stable=True)
    places = torch.arange(values.shape[1], dtype=torch.int32).expand(len(values), -1)
    ranks = torch.empty_like(places, memory_format=torch.contiguous_format)
    return ranks.scatter_(1, shuffle.gather(1, order), places).view(maps.shape)
