"""What is put in the place of hidden segments.

A baseline is content that says nothing. Black says "background" where images are drawn on black,
and "dark object" elsewhere; which of the five is nothing depends on the data and on the network
(`baseline_check`), so that explanations under two of them are worth comparing (Sturmfels et al.
2020, doi 10.23915/distill.00022).
"""

import torch
from torch.nn import functional

from ganatomy.blur import gaussian_blur
from ganatomy.data.images import BLACK
from ganatomy.errors import InputError
from ganatomy.explain.lime.sampling import keys_of
from ganatomy.explain.lime.settings import AUTO, ORDER

NUM_DRAWS = 16  # of `marginal`
_BLUR = 1 / 8  # standard deviation, in sides of the image
_STILL = 1e-4  # change of a pixel, in [-1, 1], at which inpainting stops
_MOST_STEPS = 2000


def baselines(
    name: str,
    images: torch.Tensor,
    pool: torch.Tensor | None = None,
    *,
    seed: int = 0,
    segments: torch.Tensor | None = None,
) -> torch.Tensor:
    """Make the images that hidden segments are filled from.

    Parameters
    ----------
    name : {"black", "mean", "blur", "inpaint", "marginal"}
        ``black``: -1. ``mean``: the mean image of the pool. ``blur``: the image under a Gaussian
        of an eighth of its side. ``inpaint``: each segment by the smoothest content that fits the
        pixels around it (harmonic: every pixel is the mean of its neighbours); those pixels are
        the image's own even where the neighbouring segment is hidden as well. ``marginal``: other
        images of the pool, 16 for each image.
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    pool : Tensor of shape (k, c, h, w), float32 in [-1, 1]
        Of ``mean`` and ``marginal``.
    seed : int
        Of ``marginal``. Which images are drawn depends on it, the image and the pool alone.
    segments : LongTensor of shape (h, w) or (n, h, w)
        Of ``inpaint``.

    Returns
    -------
    Tensor of shape (n, m, c, h, w)
        m is 1, but 16 (or as many as there are) for ``marginal``. May be a view of fewer numbers:
        do not write to it.

    Raises
    ------
    InputError
        Another name; no pool, or no segments, where they are needed.
    """
    if name == "black":
        return images.new_full((), BLACK).expand(len(images), 1, *images.shape[1:])
    if name == "mean":
        mean = _given(pool, name).to(images).mean(0)
        return mean.expand(len(images), 1, *mean.shape)
    if name == "blur":
        return _blurred(images)[:, None]
    if name == "inpaint":
        if segments is None:
            raise InputError("inpaint needs segments", "baseline", "Give them.")
        return _inpainted(images, segments.to(images.device))[:, None]
    if name == "marginal":
        return _drawn(images, _given(pool, name).to(images), seed)
    if name == AUTO:
        raise InputError(
            "which baseline hides is not settled",
            "baseline",
            "Settle it by baseline_check.settled, or name one.",
        )
    raise InputError(f"no baseline {name!r}", "baseline", f"Use one of {', '.join(ORDER)}.")


def _given(pool: torch.Tensor | None, name: str) -> torch.Tensor:
    if pool is None or not len(pool):
        raise InputError(
            f"the baseline {name} needs a pool of images",
            "baseline",
            "Give one, or use black.",
        )
    return pool


def _blurred(images: torch.Tensor) -> torch.Tensor:
    sizes = images.shape[2:]
    down, across = (_BLUR * size for size in sizes)
    reaches = [min(int(3 * _BLUR * size) + 1, size - 1) for size in sizes]
    return gaussian_blur(images, (down, across), (reaches[0], reaches[1]), edges="replicate")


def _inpainted(images: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
    """Solve Laplace's equation in all segments at once, by Jacobi's iteration."""
    segments = segments.expand(len(images), -1, -1)[:, None]
    outside = torch.zeros_like(images)
    inside: list[tuple[torch.Tensor, tuple[int, int]]] = []
    neighbours = torch.zeros_like(images)
    for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        label = _shifted(segments + 1, step)
        there, same = label > 0, label == segments + 1
        neighbours += there
        outside += torch.where(there & ~same, _shifted(images, step), 0)
        inside.append((same, step))
    filled = images.mean((2, 3), keepdim=True).expand_as(images)
    for _ in range(_MOST_STEPS):
        total = outside.clone()
        for same, step in inside:
            total += torch.where(same, _shifted(filled, step), 0)
        total /= neighbours
        moved = float((total - filled).abs().max())
        filled = total
        if moved < _STILL:
            break
    return filled


def _shifted(values: torch.Tensor, step: tuple[int, int]) -> torch.Tensor:
    """The neighbour of each pixel in one direction; 0 beyond the edge."""
    down, right = step
    height, width = values.shape[-2:]
    padded = functional.pad(values, (1, 1, 1, 1))
    return padded[..., 1 + down : 1 + down + height, 1 + right : 1 + right + width]


def _drawn(images: torch.Tensor, pool: torch.Tensor, seed: int) -> torch.Tensor:
    drawn = []
    for image, key in zip(images, keys_of(seed, "marginal", images)):
        others = (pool != image).flatten(1).any(1).nonzero()[:, 0].cpu()
        if not len(others):
            raise InputError(
                "the pool holds no image but the explained one", "baseline", "Give others."
            )
        order = torch.randperm(len(others), generator=torch.Generator().manual_seed(key))
        drawn.append(others[order[:NUM_DRAWS]])
    fewest = min(map(len, drawn))
    return pool[torch.stack([each[:fewest] for each in drawn]).to(pool.device)]
