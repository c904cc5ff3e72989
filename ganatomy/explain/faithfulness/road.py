"""ROAD, remove and debias (Rong et al. 2022, arXiv 2202.00449): removal without a telling hole.

Where removed pixels are painted in one colour, the mask itself can be read off the image, and the
network may answer to that. Here they are filled in from their surroundings, with a little noise.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.controls import blur_matrix
from ganatomy.explain.faithfulness.ranks import Cells
from ganatomy.explain.faithfulness.removal import finite, ranks_of, stacked
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import generator

IMPUTERS = ("noisy_linear", "blur", "hot_deck")
SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)

_DONORS = 256
_TOLERANCE = 1e-5  # residual of the linear equations; a hundredth of the noise even in big holes


def road(
    target: Target,
    images: torch.Tensor,
    maps: dict[str, torch.Tensor],
    *,
    imputer: str = "noisy_linear",
    pool: torch.Tensor | None = None,
    cells: Cells | None = None,
    shares: tuple[float, ...] = SHARES,
    noise: float = 0.01,
    seed: int = 0,
    batch_size: int = 512,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> dict[str, torch.Tensor]:
    """Compare the cost of removing what a map calls important with that of removing the rest.

    The target with the least relevant pixels removed (LeRF), minus that with the most relevant
    removed (MoRF), averaged over the shares. The order is by signed value, as in
    `deletion_insertion`. The noise of a pixel is the same for every map and share.

    Parameters
    ----------
    target : Target
        Of images.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    maps : dict of str to Tensor of shape (n, h, w)
    imputer : str
        ``noisy_linear``: `linear_fill`, the paper's. ``blur``: `blur_fill`. ``hot_deck``:
        `hot_deck_fill`, which no method of ours is made with.
    pool : Tensor of shape (k, c, h, w), optional
        The donors of ``hot_deck``: the first 256 of them, less the explained image itself.
    cells : dict of str to LongTensor of shape (h, w) or (n, h, w), optional
        As of `deletion_insertion`.
    shares : tuple of float in (0, 1)
        Of the pixels that are removed.
    noise : float
        Standard deviation of what is added to imputed pixels.
    seed : int
        Of the noise and of the order of equal values.
    batch_size : int
    on_progress : callable
        Called with (done, total) imputed images.
    on_warning : callable

    Returns
    -------
    dict of str to Tensor of shape (n,), float32
        In units of the target, high is good, around 0 for a random order; NaN for an image whose
        map is not finite, or
        for which ``hot_deck`` has no other image.

    Raises
    ------
    InputError
        No maps or maps of another shape, an unknown imputer, shares outside (0, 1).
    """
    given = stacked(images, maps)
    if imputer not in IMPUTERS:
        raise InputError(f"no imputer {imputer!r}", "road", f"Use {' or '.join(IMPUTERS)}.")
    if not shares or not all(0 < share < 1 for share in shares):
        raise InputError(f"shares {shares}", "road", "Name shares above 0 and below 1.")
    num_maps, count, height, width = given.shape
    pixels = height * width
    numbers = torch.tensor([min(max(round(share * pixels), 1), pixels - 1) for share in shares])
    ranks = ranks_of(maps, given, cells, seed).to(images.device)
    draw = torch.randn(images.shape, generator=generator(seed, "faithfulness", "road"))
    noisy = noise * draw.to(images)
    bounds = numbers.to(images.device)
    layout = (len(shares), 2, num_maps, count)
    total = 2 * len(shares) * num_maps * count
    donors, others = _others(images, pool if imputer == "hot_deck" else None)

    def fill(at: torch.Tensor, removed: torch.Tensor) -> torch.Tensor:
        if imputer == "hot_deck":
            return hot_deck_fill(images[at], removed, donors, others=others[at])
        return (linear_fill if imputer == "noisy_linear" else blur_fill)(images[at], removed)

    def compute(start: int, stop: int) -> torch.Tensor:
        items = torch.arange(start, stop, device=images.device)
        share, kind, of_map, at = torch.unravel_index(items, layout)
        rank = ranks[of_map, at]
        bound = bounds[share, None, None]
        least = (kind == 0)[:, None, None]  # the last ones of the order
        removed = torch.where(least, rank > pixels - bound, rank < bound)
        filled = fill(at, removed) + noisy[at] * removed[:, None]
        values = target.values(filled).float().cpu()
        on_progress(stop, total)
        return values

    alone = ~others.any(1).cpu() if imputer == "hot_deck" else torch.zeros(count, dtype=torch.bool)
    if bool(alone.all()):
        return {name: torch.full((count,), torch.nan) for name in maps}
    with undisturbed(target.model), torch.no_grad():
        values = torch.cat(in_batches(compute, total, batch_size, on_warning=on_warning)).view(
            layout
        )
    scores = (values[:, 0] - values[:, 1]).mean(0)
    scores[~finite(given)] = torch.nan
    scores[:, alone] = torch.nan
    return {name: scores[index] for index, name in enumerate(maps)}


def _others(images: torch.Tensor, pool: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Donors, and which of them are another image than each; (k, c, h, w) and (n, k), bool."""
    donors = images[:0] if pool is None else pool[:_DONORS].to(images)
    return donors, torch.stack([(donors != image).flatten(1).any(1) for image in images])


def linear_fill(images: torch.Tensor, removed: torch.Tensor) -> torch.Tensor:
    """Fill each removed pixel with the weighted mean of its neighbours, removed ones included.

    Weights 1/6 for the four next to it and 1/12 for the four diagonal ones, renormalised at the
    border, as in the paper. The equations are symmetric and positive definite: conjugate gradients
    solve them for the whole batch at once, until no residual is above 1e-5.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w)
    removed : Tensor of shape (n, h, w), bool
        Must leave at least one pixel of each image.

    Returns
    -------
    Tensor of shape (n, c, h, w)
        Without noise.
    """
    hole = removed[:, None].to(images)
    weight = _neighbours(torch.ones_like(images[:1, :1]))
    tiny = torch.finfo(images.dtype).tiny
    solution = blur_fill(images, removed) * hole  # a start that is near

    def rest(values: torch.Tensor) -> torch.Tensor:
        return (weight * values - _neighbours(values)) * hole

    residual = _neighbours(images * (1 - hole)) * hole - rest(solution)
    direction = residual / weight
    product = (residual * direction).sum((2, 3), keepdim=True)
    for _ in range(images[0, 0].numel()):
        if not bool((residual.abs() > _TOLERANCE).any()):
            break
        image = rest(direction)
        curvature = (direction * image).sum((2, 3), keepdim=True)
        length = product / curvature.clamp_min(tiny)
        solution = solution + length * direction
        residual = residual - length * image
        scaled = residual / weight
        previous, product = product, (residual * scaled).sum((2, 3), keepdim=True)
        direction = scaled + product / previous.clamp_min(tiny) * direction
    return torch.where(removed[:, None], solution, images)


def blur_fill(images: torch.Tensor, removed: torch.Tensor) -> torch.Tensor:
    """Fill each removed pixel with the Gaussian-weighted mean of the pixels that are left.

    Normalised convolution (Knutsson & Westin 1993), sigma an eighth of the image's size: unlike a
    blurred copy of the image, it tells nothing of what was removed. Shapes as in `linear_fill`.
    """
    left = (~removed)[:, None].to(images)
    rows, columns = (blur_matrix(size).to(images) for size in images.shape[2:])
    mean = (rows @ (images * left) @ columns.T) / (rows @ left @ columns.T)
    return torch.where(removed[:, None], mean, images)


def hot_deck_fill(
    images: torch.Tensor,
    removed: torch.Tensor,
    donors: torch.Tensor,
    *,
    others: torch.Tensor | None = None,
) -> torch.Tensor:
    """Fill removed pixels from the donor that is nearest in the pixels that are left.

    The nearest-neighbour hot deck of surveys (Andridge & Little 2010, Int. Stat. Rev. 78, 40): what
    is filled in is content of a real image, chosen by nothing of what was removed. No baseline of
    an explanation does so.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w)
    removed : Tensor of shape (n, h, w), bool
    donors : Tensor of shape (k, c, h, w)
    others : Tensor of shape (n, k), bool, optional
        Which donors each image may take from.

    Returns
    -------
    Tensor of shape (n, c, h, w)
    """
    left = (~removed)[:, None].expand_as(images).to(images).flatten(1)
    flat = donors.flatten(1)
    # squared distance, less what all donors have in common
    distances = left @ (flat**2).T - 2 * (images.flatten(1) * left) @ flat.T
    if others is not None:
        distances = torch.where(others, distances, torch.inf)
    return torch.where(removed[:, None], donors[distances.argmin(1)], images)


def _neighbours(values: torch.Tensor) -> torch.Tensor:
    """Weighted sums of the eight neighbours; none beyond the border."""
    padded = functional.pad(values, (1, 1, 1, 1))
    sums = padded[..., :-2] + padded[..., 2:] + 2 * padded[..., 1:-1]
    sums = sums[..., :-2, :] + sums[..., 2:, :] + 2 * sums[..., 1:-1, :]
    return (sums - 4 * values) / 12
