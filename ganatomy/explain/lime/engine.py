"""LIME for images: which segments speak for a target, and which against it.

Ribeiro et al. 2016, arXiv 1602.04938. Images are explained side by side: their perturbed copies
are painted on the device and go through the network in one stream of big batches.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.explanations import (
    ExplanationsBuilder,
    LimeExplanations,
    refused_beforehand,
)
from ganatomy.explain.lime.memory_layout import channels_last
from ganatomy.explain.lime.reference import PACKAGE_RIDGE, explain_by_package
from ganatomy.explain.lime.sampling import ValuesOf, keys_of, surrogates
from ganatomy.explain.lime.segments import check
from ganatomy.explain.lime.settings import DEFAULT_SAMPLING, LimeSampling
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target

_CPU_PIXELS, _GPU_PIXELS = 2**17, 2**23  # of a batch: what fits the cache, what fills the device


def lime(
    target: Target,
    images: torch.Tensor,
    segments: torch.Tensor,
    *,
    fills: torch.Tensor,
    seed: int,
    sampling: LimeSampling = DEFAULT_SAMPLING,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> LimeExplanations:
    """Explain a target at n images by LIME: one linear surrogate over segments for each.

    Parameters
    ----------
    target : Target
        Takes images of shape (n, c, h, w) in [-1, 1].
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        On the device of the target's network.
    segments : LongTensor of shape (h, w) or (n, h, w)
        See `segments.grid` and its neighbours.
    fills : Tensor of shape (n, m, c, h, w), float32
        What hides a segment of each image, from `baselines.baselines`; the m are used in turn.
    seed : int
        With an image's content it decides its samples: whatever else is explained beside it, in
        batches of any size, gives the same masks, and coefficients to float rounding.
    sampling : LimeSampling
    on_progress : callable
        Perturbed images done, and planned by now.
    on_warning : callable

    Returns
    -------
    LimeExplanations
        Refused, in words, where hiding changes nothing: an image that equals its baseline in all
        segments or in all but one, a constant target, or too few segments where others have enough.

    Raises
    ------
    InputError
        Fewer than 8 segments; shapes that do not belong together; too few samples.

    Examples
    --------
    >>> from ganatomy.explain.lime.baselines import baselines
    >>> from ganatomy.explain.lime.segments import grid
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> parts = torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
    >>> images = torch.rand(1, 1, 8, 8)
    >>> fills = baselines("black", images)
    >>> target = d_logit(torch.nn.Sequential(*parts))
    >>> explanations = lime(target, images, grid(8, 8, 2), fills=fills, seed=0)
    >>> explanations.maps.shape, explanations.refusals
    (torch.Size([1, 8, 8]), [''])
    """
    counts = _check(images, segments, fills)
    apart = segments.cpu().expand(len(images), -1, -1)
    fills = fills.to(images.device)
    builder = ExplanationsBuilder(
        apart, counts, refused_beforehand(images, fills, apart, num_segments=counts)
    )
    rows = builder.explained()
    with undisturbed(target.model):
        _score_the_refused(builder, target, images)
        if sampling.engine == "lime":
            explain_by_package(
                builder,
                target,
                images,
                fills=fills[:, 0],
                keys=keys_of(seed, "lime", images),
                num_samples=sampling.num_samples,
                kernel_width=sampling.kernel_width,
                ridge=PACKAGE_RIDGE if sampling.ridge is None else sampling.ridge,
                on_progress=on_progress,
            )
            return builder.finished()
        batched = replace(sampling, batch_size=sampling.batch_size or _fastest_batch(images))
        with channels_last(target.model, lambda: target.values(_laid_out(images[:1]))) as last:
            done = 0
            for count in sorted({counts[row] for row in rows}):
                members = [row for row in rows if counts[row] == count]
                later = sampling.num_samples * sum(counts[row] > count for row in rows)
                fitted = surrogates(
                    _painter(target, images, fills, segments, members, last),
                    count,
                    keys_of(seed, "lime", images[members]),
                    sampling=batched,
                    device=images.device,
                    on_progress=partial(_add_progress, on_progress, done, later),
                    on_warning=on_warning,
                )
                builder.put(members, fitted)
                done += int(fitted.num_samples.sum())
    return builder.finished()


def _check(images: torch.Tensor, segments: torch.Tensor, fills: torch.Tensor) -> list[int]:
    """Count the segments of each image."""
    if images.ndim != 4 or not len(images):
        raise InputError(
            f"a tensor of shape {tuple(images.shape)}",
            "images",
            "Give (n, c, h, w), n > 0.",
        )
    if fills.ndim != 5 or fills.shape[0] != len(images) or fills.shape[2:] != images.shape[1:]:
        raise InputError(
            f"fills of shape {tuple(fills.shape)} for images of shape {tuple(images.shape)}",
            "fills",
            "Give a tensor of shape (n, m, c, h, w), as baselines does.",
        )
    shapes = (images.shape[2:], (len(images), *images.shape[2:]))
    if tuple(segments.shape) not in shapes:
        raise InputError(
            f"segments of shape {tuple(segments.shape)} for images of shape {tuple(images.shape)}",
            "segments",
            "Give a tensor of shape (h, w) or (n, h, w).",
        )
    counts: list[int] = check(segments).expand(len(images)).tolist()
    return counts


def _score_the_refused(builder: ExplanationsBuilder, target: Target, images: torch.Tensor) -> None:
    rows = [row for row, reason in enumerate(builder.refusals) if reason]
    if rows:
        with torch.inference_mode():
            builder.target_values[rows] = target.values(images[rows]).double().cpu()


def _painter(
    target: Target,
    images: torch.Tensor,
    fills: torch.Tensor,
    segments: torch.Tensor,
    members: list[int],
    is_channels_last: bool,
) -> ValuesOf:
    """The target of the members (items 0, 1, ...) with what a mask hides painted over."""
    _, channels, height, width = images.shape
    # (n, h * w, c): a pixel's channels side by side are hidden by one entry of the mask
    pixels = images[members].flatten(2).mT.contiguous()
    paint = fills.flatten(3).mT
    rows = torch.tensor(members, device=images.device)
    labels = segments.to(images.device).flatten(-2)

    def values_of(item: torch.Tensor, masks: torch.Tensor, draw: torch.Tensor) -> torch.Tensor:
        if labels.ndim == 1:
            # whole rows are copied: on a CPU 20 times faster than masks[:, labels]
            shown = masks.mT.contiguous()[labels].mT.contiguous()
        else:
            shown = masks.gather(1, labels[rows[item]])
        with torch.inference_mode():
            fill = paint[rows[item], draw % paint.shape[1]]
            painted = torch.where(shown[..., None], pixels[item], fill)
            painted = painted.view(-1, height, width, channels).permute(0, 3, 1, 2)
            return target.values(painted if is_channels_last else painted.contiguous())

    return values_of


def _laid_out(images: torch.Tensor) -> torch.Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _fastest_batch(images: torch.Tensor) -> int:
    budget = _GPU_PIXELS if images.is_cuda else _CPU_PIXELS
    return max(budget // images[0, 0].numel(), 8)


def _add_progress(
    on_progress: Callable[[int, int], None], before: int, later: int, done: int, total: int
) -> None:
    on_progress(before + done, before + total + later)
