"""Deletion and insertion (Petsiuk et al. 2018, arXiv 1806.07421): does a map rank pixels rightly?

Where pixels that a map calls important are hidden first, the target falls early; where they are
shown first, it rises early.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.ranks import Cells, removal_ranks
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target


@dataclass(frozen=True)
class Curves:
    """The target while pixels are hidden (deletion) or shown (insertion), best-ranked first.

    NaN for an image whose map is not finite.

    Attributes
    ----------
    shares : Tensor of shape (num_steps + 1,)
        Of the pixels, from 0 to 1.
    deletion, insertion : Tensor of shape (n, num_steps + 1), float32
        In units of the target.
    """

    shares: torch.Tensor
    deletion: torch.Tensor
    insertion: torch.Tensor

    @property
    def deletion_auc(self) -> torch.Tensor:
        """Mean of the target over the shares (trapezoids), shape (n,); low is good."""
        return torch.trapezoid(self.deletion, self.shares)

    @property
    def insertion_auc(self) -> torch.Tensor:
        """Mean of the target over the shares (trapezoids), shape (n,); high is good."""
        return torch.trapezoid(self.insertion, self.shares)

    @property
    def faithfulness(self) -> torch.Tensor:
        """``insertion_auc - deletion_auc``, shape (n,): around 0 for a random order."""
        return self.insertion_auc - self.deletion_auc


def deletion_insertion(
    target: Target,
    images: torch.Tensor,
    maps: dict[str, torch.Tensor],
    *,
    fill: torch.Tensor,
    cells: Cells | None = None,
    num_steps: int = 14,
    seed: int = 0,
    batch_size: int = 512,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> dict[str, Curves]:
    """Measure the curves of many maps of the same images, in one stream of batches.

    Pixels are ranked by their signed value, highest first: what speaks against the target goes
    last. Equal values come in an order drawn per image, the same for every map, so that a flat map
    is a random one and not one of rows from the top.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    maps : dict of str to Tensor of shape (n, h, w)
        Attributions and controls, by name.
    fill : Tensor that broadcasts to (n, c, h, w)
        What is there instead of a hidden pixel.
    cells : dict of str to LongTensor of shape (h, w) or (n, h, w), optional
        The cells that a coarse map ranks, which are hidden whole; of a map without any, pixels.
    num_steps : int
        Of equal size, as far as whole pixels, or cells, allow.
    seed : int
        Of the order of equal values.
    batch_size : int
    on_progress : callable
        Called with (done, total) changed images.
    on_warning : callable
        Told where the memory did not hold a batch.

    Returns
    -------
    dict of str to Curves

    Raises
    ------
    InputError
        No maps, maps of another shape than the images, or no or more steps than pixels.
    """
    given = stacked(images, maps)
    num_maps, count, height, width = given.shape
    pixels = height * width
    if not 1 <= num_steps <= pixels:
        raise InputError(
            f"{num_steps} steps for {pixels} pixels",
            "deletion_insertion",
            "Use at least one step and no more than there are pixels.",
        )
    cutoffs = torch.linspace(0, pixels, num_steps + 1).round().to(images.device)
    fill = fill.to(images).expand_as(images)
    ranks = ranks_of(maps, given, cells, seed).to(images.device)
    layout = (2, num_maps, count, num_steps - 1)  # both ends are the same for every map
    total = 2 * num_maps * count * (num_steps - 1)

    def compute(start: int, stop: int) -> torch.Tensor:
        items = torch.arange(start, stop, device=images.device)
        kind, of_map, at, step = torch.unravel_index(items, layout)
        first = ranks[of_map, at] < cutoffs[step + 1, None, None]
        hidden = (first == (kind == 0)[:, None, None])[:, None]
        values = target.values(torch.where(hidden, fill[at], images[at])).float().cpu()
        on_progress(stop, total)
        return values

    with undisturbed(target.model), torch.no_grad():
        ends = torch.cat([images, fill])
        whole = torch.cat(
            in_batches(
                lambda start, stop: target.values(ends[start:stop]).float().cpu(),
                len(ends),
                batch_size,
                on_warning=on_warning,
            )
        )
        between = in_batches(compute, total, batch_size, on_warning=on_warning)
    inner = torch.cat([torch.empty(0), *between]).view(layout)
    full, empty = (part.expand(num_maps, -1)[..., None] for part in whole.chunk(2))
    deletion = torch.cat([full, inner[0], empty], 2)
    insertion = torch.cat([empty, inner[1], full], 2)
    for curve in (deletion, insertion):
        curve[~finite(given)] = torch.nan
    shares = cutoffs.cpu() / pixels
    return {
        name: Curves(shares, deletion[index], insertion[index]) for index, name in enumerate(maps)
    }


def ranks_of(
    maps: dict[str, torch.Tensor], given: torch.Tensor, cells: Cells | None, seed: int
) -> torch.Tensor:
    """Stack the `removal_ranks` of maps that are `stacked`."""
    of = cells or {}
    return torch.stack([removal_ranks(part, of.get(name), seed) for name, part in zip(maps, given)])


def stacked(images: torch.Tensor, maps: dict[str, torch.Tensor]) -> torch.Tensor:
    """Stack the maps, (num_maps, n, h, w) on the CPU; `InputError` if their shapes differ.

    Raises
    ------
    InputError
        No maps, or a map whose shape is not that of the images without channels.
    """
    if not maps:
        raise InputError("no maps were given", "faithfulness", "Give at least one.")
    shape = (len(images), *images.shape[2:])
    for name, part in maps.items():
        if part.shape != shape:
            raise InputError(
                f"map {name} is {tuple(part.shape)}, the images ask for {shape}",
                "faithfulness",
                "Give one map of the image's height and width for each image.",
            )
    return torch.stack([part.detach().float().cpu() for part in maps.values()])


def finite(maps: torch.Tensor) -> torch.Tensor:
    """Mark the maps that hold finite values alone; (..., h, w) to (...,) bool."""
    return maps.isfinite().flatten(-2).all(-1)
