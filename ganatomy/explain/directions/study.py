"""Which directions of a generator's latents change what: the study, of G alone or beside others."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.directions.concepts import feature_readers
from ganatomy.explain.directions.found_again import (
    History,
    found_by_others,
    found_in_history,
    found_in_other_latents,
    joined,
)
from ganatomy.explain.directions.judges import DISTANCE, judges_of
from ganatomy.explain.directions.per_class import MOST_CLASSES, class_table
from ganatomy.explain.directions.responses import curve_table, response_table
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.settings import DEFAULT_DIRECTIONS, DirectionsSettings
from ganatomy.explain.directions.strongest import Strongest, find_strongest
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.units.dissection import Reader

__all__ = ["DEFAULT_DIRECTIONS", "DirectionsSettings", "find_directions"]

_LEAST = 8  # latents to find directions by, and as many to judge them by


def find_directions(
    generator: nn.Module,
    z: torch.Tensor,
    *,
    num_classes: int = 0,
    class_names: Sequence[str] = (),
    readers: dict[str, Reader] | None = None,
    discriminator: nn.Module | None = None,
    real: torch.Tensor | None = None,
    evaluator: nn.Module | None = None,
    features: str = "the evaluator's features",
    history: History = (),
    settings: DirectionsSettings = DEFAULT_DIRECTIONS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> DirectionsStudy:
    """Find the directions of the latents that change a generator's images most, and say what.

    Three methods each find directions by the first latents: see `methods`. On the last latents,
    which none has seen, the one is chosen whose first directions change the image most (of
    equal ones the first). Its directions are then measured in every concept, beside random ones;
    in D's logit and in the distance to the data where these are given; and it is asked whether
    they are found again from other latents, in each class, and earlier in the training.

    Parameters
    ----------
    generator : nn.Module
        Latents to images of shape (n, c, h, w), float32 in [-1, 1], of any size.
    z : Tensor of shape (n, latent_dim + num_classes)
        Standard normal, a class behind; 512 and more are better, twice `latent_dim` at the least.
    num_classes : int
        Entries at the end of z that are a one-hot class: they are never moved.
    class_names : sequence of str
        Of these classes.
    readers : dict of str to callable, optional
        What is measured: images to Tensor of shape (n,), by name. By default every feature of
        images that needs their pixels alone.
    discriminator : nn.Module, optional
        Images to logits of shape (n,), positive for real.
    real : Tensor of shape (m, c, h, w), float32 in [-1, 1], optional
        To whose nearest the distance is measured; some hundreds are enough.
    evaluator : nn.Module, optional
        With ``features``, images to vectors, in which it is measured.
    features : str
        What these are called.
    history : iterable of (int, nn.Module)
        Step and generator of the training's course, the oldest first.
    settings : DirectionsSettings
    seed : int
        Of the random directions.
    on_progress : callable
        Told steps done, and of how many.
    on_warning : callable
        Told of features that images of this kind do not have.

    Raises
    ------
    InputError
        Too few latents, images that are not finite or that are all the same, no method that can
        be used here, or a discriminator, an evaluator or real images that do not fit G's images.

    Examples
    --------
    >>> generator = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    >>> study = find_directions(generator, torch.randn(64, 8))
    >>> study.directions.shape
    torch.Size([5, 8])
    """
    latent_dim, z = z.shape[1] - num_classes, z.detach().cpu()
    fitting, held_out = _parted(z, settings.num_held_out)
    untouched = outputs_of(generator, z[-4 * len(held_out) :])
    _require_images(untouched)
    judges, left_out = judges_of(discriminator, real, evaluator, untouched)
    readers = readers or feature_readers(untouched, on_warning=on_warning)
    if not readers:
        raise InputError("no concept varies", "readers", "Give what can be measured in the images.")
    count = min(settings.num_directions, latent_dim)
    num_again = settings.num_draws + 1 + min(num_classes, MOST_CLASSES)
    total, done = 4 + count + settings.num_random + num_again, 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    found = find_strongest(
        generator,
        fitting,
        held_out,
        latent_dim,
        untouched=untouched,
        readers=readers,
        judges=judges,
        settings=settings,
        seed=seed,
        tick=tick,
    )
    again = [
        found_by_others(found.found, found.method, found.directions, seed=seed),
        found_in_other_latents(
            *(generator, fitting, found.directions, found.find),
            num_draws=settings.num_draws,
            seed=seed,
            tick=tick,
        ),
        found_in_history(
            *(history, fitting, held_out, found.directions, found.mean_changes, found.find),
            num_random=settings.num_random,
            seed=seed,
        ),
    ]
    tick()
    classes = class_table(
        *(generator, fitting, held_out[: settings.num_in_class], found.directions),
        _followed(found, readers),
        found.find,
        class_names=class_names,
        seed=seed,
        tick=tick,
    )
    judged = [each.judged for each in found.walks], [each.judged for each in found.random]
    return DirectionsStudy(
        found.method,
        len(held_out),
        found.methods,
        found.changes,
        found.effects,
        found.directions,
        found.mean_changes,
        torch.stack([each.strip for each in found.walks]),
        found.traits,
        response_table(*judged, list(judges)),
        curve_table(*judged, list(judges)),
        joined(again),
        classes,
        features if DISTANCE in judges else "",
        left_out,
    )


def _followed(found: Strongest, readers: dict[str, Reader]) -> list[tuple[str, Reader, float]]:
    """The concept of each direction that is followed through the classes, and its spread."""
    spreads = dict(zip(readers, found.spreads.tolist()))
    return [(name, readers[name], spreads[name]) for name in found.traits["concept"]]


def _parted(z: torch.Tensor, num_held_out: int) -> tuple[torch.Tensor, torch.Tensor]:
    if len(z) < num_held_out + _LEAST or num_held_out < _LEAST:
        raise InputError(
            f"{len(z)} latents, {num_held_out} of them to judge by",
            "z",
            f"Give at least {_LEAST} more than num_held_out, which is {_LEAST} or more; 512 are "
            "better.",
        )
    return z[:-num_held_out], z[-num_held_out:]


def _require_images(images: torch.Tensor) -> None:
    if not bool(images.isfinite().all()):
        raise InputError("images that are not finite", "generator", "See what its weights are.")
    if torch.equal(images, images[:1].expand_as(images)):
        raise InputError(
            "every latent gives the same image", "generator", "It has no directions to find."
        )
