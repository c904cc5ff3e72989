"""Networks whose answer is known, to score explanations by the truth.

The discriminator is built by hand: its logit is the mean brightness of one region. What a method
says of it can be right or wrong, which no measure on a trained network can tell.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import distance_transform_edt
from scipy.stats import hypergeom
from torch import nn
from torch.nn import functional

from ganatomy.data.images import BLACK
from ganatomy.errors import InputError
from ganatomy.explain.networks.targets import Target, d_logit
from ganatomy.rng import generator

LAYERS = ("early", "middle", "late")
RANDOM = "random map (expected)"
COLUMNS = ["method", "pointing", "iou", "mass", "n"]

Explainer = Callable[[Target, torch.Tensor], torch.Tensor]

_SHARES = (0.1, 0.2, 0.3, 0.4)  # of what each channel carries: no two are alike
_STRIDES = 4  # of the two strided convolutions together


class PlantedDiscriminator(nn.Module):
    """Discriminator with logit = gain * (mean brightness of a region) + bias, exactly.

    Three convolutions with LeakyReLUs that stay in their linear half: ``early`` (3x3) sees the
    whole image; then a window lets the region alone pass; ``middle`` and ``late`` (2x2, stride 2)
    see what is left, and a mean over positions follows. Black adds nothing, so each pixel's share
    is known: see `contributions`.

    What can be read at a layer differs. At ``middle`` and ``late`` the gradient is the same at each
    position, so all CAMs are the truth at that layer's resolution. At ``early`` the gradient is
    zero outside of the region: what multiplies position by position (HiResCAM, LayerCAM) is exact,
    and what averages the gradient over positions (Grad-CAM) shows the brightness of the whole
    image. That is a property of the method (Draelos & Carin 2020, arXiv 2011.08891).

    Parameters
    ----------
    image_size : int
        A multiple of 4.
    channels : int
    region : Tensor of shape (image_size, image_size), bool
    gain, bias : float

    Raises
    ------
    InputError
        Another size, or a region that is empty.
    """

    def __init__(
        self,
        image_size: int,
        channels: int,
        region: torch.Tensor,
        gain: float = 4.0,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        if image_size % _STRIDES:
            raise InputError(f"image size {image_size}", "planted", f"Use {_STRIDES}, 8, 12, ...")
        if region.shape != (image_size, image_size) or not bool(region.any()):
            raise InputError(
                f"a region of shape {tuple(region.shape)} with {int(region.sum())} pixels",
                "planted",
                f"Mark at least one pixel of {image_size} by {image_size}.",
            )
        self.gain = gain
        self.region: torch.Tensor
        self.register_buffer("region", region.clone())
        width = len(_SHARES)
        self.early = nn.Conv2d(channels, width, 3, padding=1)
        self.middle = nn.Conv2d(width, width, 2, stride=2, bias=False)
        self.late = nn.Conv2d(width, width, 2, stride=2, bias=False)
        self.activation = nn.LeakyReLU(0.2)
        self.logit = nn.Linear(width, 1)
        shares = torch.tensor(_SHARES)
        # each column adds up to 1, so that channels mix and their total stays
        mixing = torch.stack([shares.roll(k) for k in range(width)], 1) / shares.sum()
        with torch.no_grad():
            self.early.weight.zero_()
            self.early.weight[:, :, 1, 1] = (shares / channels)[:, None]
            assert self.early.bias is not None
            self.early.bias.copy_(shares * -BLACK)
            for layer in (self.middle, self.late):
                layer.weight.copy_(mixing[:, :, None, None].expand(-1, -1, 2, 2) / 4)
            self.logit.weight.fill_(gain * image_size**2 / float(region.sum()))
            self.logit.bias.fill_(bias + gain * BLACK)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, (n,), of images of shape (n, c, h, w) in [-1, 1]."""
        hidden = self.activation(self.early(images)) * self.region
        hidden = self.activation(self.middle(hidden))
        hidden = self.activation(self.late(hidden))
        logits: torch.Tensor = self.logit(hidden.mean((2, 3))).squeeze(1)
        return logits

    def contributions(self, images: torch.Tensor) -> torch.Tensor:
        """Return each pixel's part of the logit, against black: (n, h, w), zero outside."""
        above_black = images.mean(1) - BLACK
        return self.gain / self.region.sum() * above_black * self.region


def pointing_game(maps: torch.Tensor, mask: torch.Tensor, tolerance: float = 0.0) -> torch.Tensor:
    """Say whether the largest value lies in the region (Zhang et al. 2016, arXiv 1608.00507).

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
    mask : Tensor of shape (h, w), bool
    tolerance : float
        Pixels that it may lie beside the region. The paper has 15 at photographs' sizes.

    Returns
    -------
    Tensor of shape (n,), bool
        Where several places share the largest value all of them must be inside; a flat map and
        one that holds NaN never are.
    """
    inside = _grown(mask, tolerance).flatten()
    values = maps.flatten(1).cpu()
    at_largest = values == values.amax(1, keepdim=True)
    return at_largest.any(1) & ~(at_largest & ~inside).any(1)


def iou(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Divide intersection by union of the region and as many pixels of the largest values.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
    mask : Tensor of shape (h, w), bool

    Returns
    -------
    Tensor of shape (n,), float64, in [0, 1]
        Where equal values compete for the last places, each gets its part of them. NaN for a map
        that holds NaN.
    """
    inside = mask.flatten().cpu()
    values = maps.flatten(1).cpu().double()
    count = int(inside.sum())
    edge = values.topk(count, 1).values[:, -1:]
    above, level = values > edge, values == edge
    left = count - above.sum(1)
    shared = (above & inside).sum(1) + left * (level & inside).sum(1) / level.sum(1)
    return torch.where(values.isfinite().all(1), shared / (2 * count - shared), torch.nan)


def mass_inside(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the share of a map's positive values that lies in the region.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
    mask : Tensor of shape (h, w), bool

    Returns
    -------
    Tensor of shape (n,), float64, in [0, 1]
        NaN where nothing is positive.
    """
    positive = maps.flatten(1).cpu().double().clamp_min(0)
    return positive[:, mask.flatten().cpu()].sum(1) / positive.sum(1)


def planted_truth(
    explainers: dict[str, Explainer],
    seed: int,
    image_size: int = 28,
    *,
    channels: int = 1,
    num_regions: int = 4,
    num_images: int = 8,
    tolerance: float = 0.0,
) -> pd.DataFrame:
    """Score methods on planted discriminators, one for each of some random rectangles.

    Parameters
    ----------
    explainers : dict of str to callable
        By name, ``explain(target, images) -> maps`` of shape (n, h, w). The target's model is a
        `PlantedDiscriminator`, whose convolutions are `LAYERS`.
    seed : int
        Of the regions and the images (smooth noise).
    image_size : int
        A multiple of 4.
    channels, num_regions, num_images : int
    tolerance : float
        Pixels, of the pointing game.

    Returns
    -------
    DataFrame
        method, pointing (share of hits), iou, mass (means), n (maps). The last row, `RANDOM`, has
        what maps of independent uniform noise get on average; as the same for each method, n is
        that of the others.
    """
    draw = generator(seed, "planted", image_size)
    scores: dict[str, list[torch.Tensor]] = {name: [] for name in [*explainers, RANDOM]}
    for _ in range(num_regions):
        region = random_rectangle(image_size, draw)
        target = d_logit(PlantedDiscriminator(image_size, channels, region).eval())
        images = _smooth_noise(num_images, channels, image_size, draw)
        for name, explain in explainers.items():
            maps = explain(target, images)
            hits = pointing_game(maps, region, tolerance).double()
            measured = [hits, iou(maps, region), mass_inside(maps, region)]
            scores[name].append(torch.stack(measured, 1))
        scores[RANDOM].append(torch.tensor([by_chance(region, tolerance)] * num_images))
    rows = []
    for name, parts in scores.items():
        table = torch.cat(parts)
        rows.append((name, *table.nanmean(0).tolist(), len(table)))
    return pd.DataFrame(rows, columns=COLUMNS)


def by_chance(mask: torch.Tensor, tolerance: float = 0.0) -> tuple[float, float, float]:
    """Return the means of `pointing_game`, `iou` and `mass_inside` for uniform noise."""
    total, count = mask.numel(), int(mask.sum())
    common = np.arange(count + 1)
    weights = hypergeom.pmf(common, total, count, count)
    overlap = float((weights * common / (2 * count - common)).sum())
    return float(_grown(mask, tolerance).double().mean()), overlap, count / total


def _grown(mask: torch.Tensor, by: float) -> torch.Tensor:
    distance = distance_transform_edt(~mask.cpu().numpy())
    return torch.from_numpy(np.asarray(distance <= by))


def random_rectangle(size: int, draw: torch.Generator) -> torch.Tensor:
    """Draw a rectangle, (size, size), bool; sides between a quarter and a half of the image's."""
    region = torch.zeros(size, size, dtype=torch.bool)
    sides = torch.randint(size // 4, size // 2 + 1, (2,), generator=draw).tolist()
    top, left = (int(torch.randint(size - side + 1, (1,), generator=draw)) for side in sides)
    region[top : top + sides[0], left : left + sides[1]] = True
    return region


def _smooth_noise(
    count: int, channels: int, size: int, draw: torch.Generator, blocks: int = 7
) -> torch.Tensor:
    coarse = torch.rand(count, channels, blocks, blocks, generator=draw) * 2 - 1
    return functional.interpolate(coarse, (size, size), mode="bilinear", align_corners=True)
