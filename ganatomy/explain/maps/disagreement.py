"""Whether G puts its effort where D looks: maps of the two on the same images, compared.

The maps' units differ, one is of D's logit and one of G's image, so only where their magnitude
lies is compared: each map becomes a distribution over the pixels.
"""

from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.statistics import rank_correlation


@dataclass(frozen=True)
class Disagreement:
    """The difference between where D looks and where G works, and their agreement.

    Attributes
    ----------
    map : Tensor of shape (n, h, w), float32
        D's share of each pixel minus G's: positive where D looks and G does little. Sums to 0; all
        0 where one of the two maps is flat.
    overlap : Tensor of shape (n,), float32
        Sum of the smaller of both shares, in [0, 1]; 1 is the same distribution.
    correlation : Tensor of shape (n,), float32
        Spearman's, of the magnitudes, in [-1, 1].
    chance_overlap : Tensor of shape (n,), float32
        Mean overlap of D's map with G's maps of the other images: what all images have in common
        is no agreement about this one.

    Figures are NaN where a map has no mass (all 0, or not finite); correlation also where one is
    constant, chance_overlap where there is no other image.
    """

    map: torch.Tensor
    overlap: torch.Tensor
    correlation: torch.Tensor
    chance_overlap: torch.Tensor


def disagreement(d_maps: torch.Tensor, g_maps: torch.Tensor) -> Disagreement:
    """Compare where the magnitudes of two sets of maps lie, image by image.

    Parameters
    ----------
    d_maps, g_maps : Tensor of shape (n, h, w)
        Attributions of D and of G at the same images; the sign does not count.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if d_maps.ndim != 3 or d_maps.shape != g_maps.shape:
        raise InputError(
            f"maps of shape {tuple(d_maps.shape)} and {tuple(g_maps.shape)}",
            "disagreement",
            "Give maps of the same images at the same size: (n, h, w).",
        )
    d_mass, d_there = _mass(d_maps)
    g_mass, g_there = _mass(g_maps)
    both = d_there & g_there
    # sum of minima of two distributions = 1 - half of their L1 distance
    overlaps = 1 - torch.cdist(d_mass, g_mass, p=1) / 2
    others = g_there[None] & ~torch.eye(len(d_maps), dtype=torch.bool)
    chance = (overlaps * others).sum(1) / others.sum(1)  # 0 / 0 is NaN
    difference = torch.where(both[:, None], d_mass - g_mass, 0)
    return Disagreement(
        difference.view(d_maps.shape).float(),
        overlaps.diagonal().clamp(0, 1).where(both, torch.nan).float(),
        _rank_correlation(d_mass, g_mass).where(both, torch.nan).float(),
        chance.clamp(0, 1).where(d_there, torch.nan).float(),
    )


def _mass(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnitudes that sum to 1, shape (n, pixels), and which maps have any."""
    sizes = maps.detach().cpu().double().abs().flatten(1)
    total = sizes.sum(1, keepdim=True)
    there = total.isfinite() & (total > 0)
    return torch.where(there, sizes / total, 0), there[:, 0]


def _rank_correlation(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(rank_correlation(one.numpy(), two.numpy()))
