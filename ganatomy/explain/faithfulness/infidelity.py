"""Infidelity and sensitivity (Yeh et al. 2019, arXiv 1901.09392).

Infidelity: does the sum of a map over what is hidden foretell how far the target falls?
Sensitivity: does the map stay when the image hardly changes?
"""

from collections.abc import Callable

import torch

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.removal import finite, stacked
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import generator

Maps = dict[str, torch.Tensor]

_ROUNDING = 1e-6  # of float32, relative to the largest answer


def infidelity(
    target: Target,
    images: torch.Tensor,
    maps: Maps,
    *,
    fill: torch.Tensor,
    seed: int,
    num_samples: int = 64,
    relative: bool = True,
    batch_size: int = 512,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> dict[str, torch.Tensor]:
    """Return the mean squared error of maps as forecasts of hiding a rectangle ("square removal").

    A map is read as each pixel's contribution: its sum over the hidden pixels should be the fall
    of the target. Maps of different methods have different units, so each map of each image is
    first scaled by the factor that serves it best, as captum's ``normalize=True`` does. Ours is
    never negative: a map that points the wrong way is not put right, it counts as no map at all.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    maps : dict of str to Tensor of shape (n, h, w)
    fill : Tensor that broadcasts to (n, c, h, w)
        What is there instead of a hidden pixel.
    seed : int
        Of the rectangles, which are the same for every map; see `rectangles`.
    num_samples : int
        Rectangles for each image.
    relative : bool
        In shares of the mean square of the falls: 0 is a perfect map, 1 as good as none. Else in
        squared units of the target, as captum.
    batch_size : int
    on_progress : callable
        Called with (done, total) changed images.
    on_warning : callable

    Returns
    -------
    dict of str to Tensor of shape (n,), float32
        Low is good. NaN where the map is not finite or, if `relative`, the target never changes.

    Raises
    ------
    InputError
        No maps, maps of another shape, or fewer than two samples.
    """
    given = stacked(images, maps)
    if num_samples < 2:
        raise InputError(
            f"{num_samples} samples: one factor explains one fall exactly",
            "infidelity",
            "Use at least 2; 50 or more give a steady figure.",
        )
    count, _, height, width = images.shape
    hidden = rectangles(count, num_samples, height, width, seed=seed)
    masks, fill = hidden.to(images.device).flatten(0, 1), fill.to(images).expand_as(images)
    total = count * num_samples

    def compute(start: int, stop: int) -> torch.Tensor:
        at = torch.arange(start, stop, device=images.device) // num_samples
        changed = torch.where(masks[start:stop, None], fill[at], images[at])
        values = target.values(changed).double().cpu()
        on_progress(stop, total)
        return values

    with undisturbed(target.model), torch.no_grad():
        whole = torch.cat(
            in_batches(
                lambda start, stop: target.values(images[start:stop]).double().cpu(),
                count,
                batch_size,
                on_warning=on_warning,
            )
        )
        after = torch.cat(in_batches(compute, total, batch_size, on_warning=on_warning))
    falls = whole[:, None] - after.view(count, num_samples)
    weights = hidden.flatten(2).double()
    sums = torch.einsum("nsp,mnp->mns", weights, given.flatten(2).double())
    squares, products = sums.square().mean(2), (sums * falls).mean(2)
    factor = (products / squares).nan_to_num(0).clamp_min(0)  # 0 / 0: a map of zeros
    errors = (factor[..., None] * sums - falls).square().mean(2)
    if relative:
        size = falls.square().mean(1)
        # the same image answers a little differently in another batch: that is no fall
        size[size.sqrt() <= _ROUNDING * whole.abs().max()] = torch.nan
        errors = errors / size
    errors[~finite(given)] = torch.nan
    return {name: errors[index].float() for index, name in enumerate(maps)}


def rectangles(count: int, num_samples: int, height: int, width: int, *, seed: int) -> torch.Tensor:
    """Draw random rectangles, shape (count, num_samples, height, width), bool.

    Each side is uniform between one pixel and half of the image, then its place among those where
    it fits, so that no rectangle is cut.
    """
    draw = torch.rand(
        4, count, num_samples, generator=generator(seed, "faithfulness", "infidelity")
    )
    inside = []
    for (side_draw, place_draw), size in zip(draw.view(2, 2, count, num_samples), (height, width)):
        side = 1 + (side_draw * max(size // 2, 1)).long()
        first = (place_draw * (size - side + 1)).long()
        place = torch.arange(size)
        inside.append((place >= first[..., None]) & (place < (first + side)[..., None]))
    rows, columns = inside
    windows: torch.Tensor = rows[..., :, None] & columns[..., None, :]
    return windows


def sensitivity(
    explain: Callable[[torch.Tensor], Maps],
    images: torch.Tensor,
    seed: int,
    *,
    radius: float = 0.04,
    num_samples: int = 10,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, torch.Tensor]:
    """Return the largest relative change of a map under small noise on the image.

    ``max over samples of |map(image + noise) - map(image)| / |map(image)|``, Euclidean norms, noise
    uniform in [-radius, radius]. For a method that draws its samples by the image (LIME), the
    change of its draw is in the figure too, as it would be for a user.

    Parameters
    ----------
    explain : callable
        Images of shape (n, c, h, w) to maps by name, each of shape (n, ...).
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    seed : int
    radius : float
        captum's default is 0.02 for images in [0, 1]: 0.04 is the same on our scale.
    num_samples : int
        Calls of `explain` beside the first.
    on_progress : callable
        Called with (done, total) noisy batches.

    Returns
    -------
    dict of str to Tensor of shape (n,), float32
        Low is stable. NaN where a map is not finite or all zero.
    """
    original = {name: part.detach().float().cpu() for name, part in explain(images).items()}
    largest = {name: torch.zeros(len(images)) for name in original}
    draw = generator(seed, "faithfulness", "sensitivity")
    for sample in range(num_samples):
        noise = (torch.rand(images.shape, generator=draw) * 2 - 1) * radius
        noisy = explain(images + noise.to(images))
        for name, part in original.items():
            change = noisy[name].detach().float().cpu() - part
            ratio = change.flatten(1).norm(dim=1) / part.flatten(1).norm(dim=1)
            ratio[~ratio.isfinite()] = torch.nan
            largest[name] = torch.maximum(largest[name], ratio)  # NaN stays
        on_progress(sample + 1, num_samples)
    return largest
