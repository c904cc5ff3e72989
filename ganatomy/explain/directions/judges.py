"""What an image is worth to others: D's logit, and how far from the data it lies."""

from collections.abc import Callable

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import device_of, outputs_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.units.dissection import Reader

D_LOGIT, DISTANCE = "d_logit", "distance"
JUDGES = (D_LOGIT, DISTANCE)

_BATCH = 256
_LEAST = 8  # real images: the nearest of fewer says little


def judges_of(
    discriminator: nn.Module | None,
    real: torch.Tensor | None,
    evaluator: nn.Module | None,
    images: torch.Tensor,
) -> tuple[dict[str, Reader], dict[str, str]]:
    """Return what can judge images, and of what cannot the reason, both by `JUDGES`.

    Parameters
    ----------
    discriminator : nn.Module or None
        Images to logits of shape (n,).
    real : Tensor of shape (m, c, h, w), or None
    evaluator : nn.Module or None
        With ``features``, images to vectors.
    images : Tensor of shape (n, c, h, w)
        Of the kind that will be judged.

    Raises
    ------
    InputError
        Logits of another shape, an evaluator without features, or real images of another shape.
    """
    found: dict[str, Reader] = {}
    reasons: dict[str, str] = {}
    if discriminator is None:
        reasons[D_LOGIT] = "no discriminator was given"
    else:
        found[D_LOGIT] = logit_reader(discriminator, images)
    if real is None or not len(real):
        reasons[DISTANCE] = "no real images were given"
    elif len(real) < _LEAST:
        few = "1 real image was" if len(real) == 1 else f"{len(real)} real images were"
        reasons[DISTANCE] = f"{few} given, fewer than {_LEAST}"
    elif evaluator is None:
        reasons[DISTANCE] = "no network in whose features images could be compared was given"
    else:
        found[DISTANCE] = distance_reader(evaluator, real, images)
    return found, reasons


def logit_reader(discriminator: nn.Module, images: torch.Tensor) -> Reader:
    """Return a reader of D's logit; `InputError` where it does not give one for each image."""
    logits = outputs_of(discriminator, images[:2])
    if logits.shape != (2,):
        raise InputError(
            f"logits of shape {tuple(logits.shape)} for 2 images",
            "discriminator",
            "Give a network that returns one logit for each image, shape (n,).",
        )
    return lambda images: outputs_of(discriminator, images)


def distance_reader(evaluator: nn.Module, real: torch.Tensor, images: torch.Tensor) -> Reader:
    """Return a reader of the distance to the nearest real image, in an evaluator's features."""
    if not callable(getattr(evaluator, "features", None)):
        raise InputError(
            f"a {type(evaluator).__name__} without `features`",
            "evaluator",
            "Give a network with a method `features`: images to vectors.",
        )
    if real.shape[1:] != images.shape[1:]:
        raise InputError(
            f"images of shape {tuple(real.shape[1:])}, generated of {tuple(images.shape[1:])}",
            "real",
            "Give both of one shape.",
        )
    data = _features(evaluator, real)

    def distances(images: torch.Tensor) -> torch.Tensor:
        # from differences, not from products: a copy is at no distance
        far = torch.cdist(
            _features(evaluator, images), data, compute_mode="donot_use_mm_for_euclid_dist"
        )
        return far.amin(1)

    return distances


@torch.no_grad()
def _features(evaluator: nn.Module, images: torch.Tensor) -> torch.Tensor:
    read: Callable[[torch.Tensor], torch.Tensor] = evaluator.features  # type: ignore[assignment]
    device = device_of(evaluator)
    with undisturbed(evaluator):
        parts = [read(part.to(device)).cpu() for part in images.split(_BATCH)]
    return torch.cat(parts).double().flatten(1)
