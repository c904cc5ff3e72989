"""Whether a discriminator is in order: the study."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from ganatomy.boundary import boundary
from ganatomy.data.images import to_float, to_uint8
from ganatomy.errors import InputError
from ganatomy.metrics.discriminator import findings
from ganatomy.metrics.discriminator.batch_dependence import batch_dependence
from ganatomy.metrics.discriminator.changes import Feed
from ganatomy.metrics.discriminator.findings import HealthFinding
from ganatomy.metrics.discriminator.given import GIVEN, HELD_OUT, called, left_out, unasked
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.saturation import saturation
from ganatomy.metrics.discriminator.separation import separation
from ganatomy.metrics.discriminator.tables import (
    KINDS,
    Examined,
    Tensors,
    feeds_table,
    forwards_table,
    harmless_table,
    unreal_table,
)
from ganatomy.metrics.discriminator.unreal import unreal_images
from ganatomy.rng import generator

FEWEST = 10  # images of a kind
_NUM_EXAMPLES = 4
_NUM_OF_GRADIENTS = 128  # images of a kind whose gradient is looked at


def examine_discriminator(
    discriminator: nn.Module,
    *,
    train: torch.Tensor | None = None,
    held_out: torch.Tensor | None = None,
    fakes: torch.Tensor | None = None,
    explained: nn.Module | None = None,
    num_reference: int = 0,
    has_level: bool = True,
    has_sigmoid: bool = True,
    batch_size: int = 32,
    num_images: int = 500,
    feeds: Mapping[str, Feed] | None = None,
    remedies: Mapping[str, str] | None = None,
    seed: int = 0,
) -> DiscriminatorHealth:
    """Examine what a discriminator tells apart, by what, and what it should not see.

    Of a discriminator that was trained elsewhere, hardly anybody knows on which images: then all
    real images are `held_out`, and the words call them the given ones.

    Parameters
    ----------
    discriminator : nn.Module
        As it was trained: images of shape (n, c, h, w) in [-1, 1] to logits. It stays as it is.
    train, held_out, fakes : Tensor of shape (n, c, h, w), uint8
        Real images that it was trained on and that it was not, and generated ones; 10 of each at
        least. What rests on a kind that is not given is left out with its reason; one of
        `held_out` and `fakes` is needed.
    explained : nn.Module, optional
        What is explained in its place, as of `fixed_statistics`; nearly all is measured of it.
    num_reference : int
        Images of each kind that these statistics were fixed from.
    has_level : bool
        Whether 0 is the boundary that it was trained for: see `logits_have_level`.
    has_sigmoid : bool
        Whether its loss makes probabilities of the logits, as bce does.
    batch_size : int
        While it was trained.
    num_images : int
        Of each kind, at most.
    feeds : mapping of str to Feed, optional
        Other ways in which it may have been given images, of which one at most is named; by
        default `changes.FEEDS`.
    remedies : mapping of str to str, optional
        By rules of `findings.RULES`: what to do about it, as an order, after what was seen.
    seed : int

    Raises
    ------
    InputError
        Images of another kind, too few of them or none, or logits that are not finite.

    Examples
    --------
    >>> D = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    >>> bright, dark = (torch.full((20, 1, 8, 8), level, dtype=torch.uint8) for level in (250, 5))
    >>> health = examine_discriminator(D, train=bright, held_out=bright, fakes=dark)
    >>> health.record["batch_trained"]["companions_train"]
    0.0
    """
    kinds = {"train": train, "held_out": held_out, "fakes": fakes}
    given = {name: part for name, part in kinds.items() if part is not None}
    _check(given)
    chosen = {name: _some(images, num_images, seed, name) for name, images in given.items()}
    images = {name: to_float(part) for name, part in chosen.items()}
    unreal = unreal_images(images["held_out"], seed=seed) if "held_out" in images else {}
    saved = Examined.of(discriminator, images, unreal)
    is_fixed = explained is not None and explained is not discriminator
    examined = Examined.of(explained, images, unreal) if explained and is_fixed else saved
    for each in (saved, examined):
        _check_finite(each.logits)
    forwards = forwards_table(
        discriminator, saved, examined if is_fixed else None, batch_size=batch_size, seed=seed
    )
    ranked, harmless = unreal_table(examined, seed), harmless_table(examined, seed)
    fed = feeds_table(examined, feeds)
    cut = boundary(*examined.pair) if examined.has_pair else None
    apart = {
        name: separation(examined.logits[name], examined.logits["fakes"], seed)
        if {name, "fakes"} <= images.keys()
        else None
        for name in ("held_out", "train")
    }
    asked, others = _companions(images, seed)
    trained_mates, explained_mates = (
        batch_dependence(
            each.network,
            asked,
            others,
            batch_size=batch_size,
            sd=each.sd,
            num_kinds=len(each.kinds),
        )
        for each in (saved, examined)
    )
    some = torch.cat([images[kind][:_NUM_OF_GRADIENTS] for kind in examined.kinds])
    ends = saturation(examined.network, some)
    num_reference = num_reference if is_fixed else 0
    of_pair = apart["held_out"]
    tells_apart = of_pair is not None and of_pair.low > 0.5
    found = (
        *(findings.of_separation(of_pair) if of_pair else ()),
        *(findings.of_boundary(cut) if cut and has_level and tells_apart else ()),
        *findings.of_batch(trained_mates, explained_mates, num_reference),
        *(findings.of_fixed(forwards.set_index("mode")) if of_pair else ()),
        *findings.of_feeds(fed, cut if has_level else None, feeds),
        *findings.of_saturation(ends, has_sigmoid),
        *(findings.of_harmless(harmless) if tells_apart else ()),
        *findings.of_unreal(ranked),
    )
    record = {
        **{name: asdict(each) if each else None for name, each in apart.items()},
        "boundary": asdict(cut) if cut else None,
        "batch_trained": asdict(trained_mates),
        "batch_explained": asdict(explained_mates),
        "saturation": {**asdict(ends), "reasons": list(ends.reasons)},
        "has_level": has_level,
        "has_sigmoid": has_sigmoid,
        "num_reference": num_reference,
        "num_images": {name: len(part) for name, part in chosen.items()},
        "sd": examined.sd,
        **_of_missing(given),
    }
    found = tuple(_in_terms(each, record, remedies or {}) for each in found)
    shown = {**images, **unreal}
    examples = {name: to_uint8(part[:_NUM_EXAMPLES]) for name, part in shown.items()}
    return DiscriminatorHealth(
        record, forwards, ranked, harmless, fed, found, examined.logits, examples
    )


def _companions(images: Tensors, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images to ask about, and others of another kind: noise, where one kind alone was given."""
    kinds = [images[kind] for kind in KINDS if kind in images]
    if len(kinds) == len(KINDS):
        return kinds[0], kinds[1]
    noise = torch.rand(kinds[0].shape, generator=generator(seed, "health", "companions"))
    return kinds[0], noise * 2 - 1


def _of_missing(given: Tensors) -> dict[str, Any]:
    """Add to a record what was not given, where something was not."""
    reasons = left_out(given)
    about = {"left_out": reasons, "unasked": list(unasked(given))} if reasons else {}
    return about if "train" in given else {**about, "reals": GIVEN}


def _in_terms(
    found: HealthFinding, record: dict[str, Any], remedies: Mapping[str, str]
) -> HealthFinding:
    remedy = remedies.get(found.rule, "")
    (text,) = called([found.text], record.get("reals", HELD_OUT))
    return found._replace(text=f"{text}; {remedy}" if remedy else text)


def _check(images: dict[str, torch.Tensor]) -> None:
    if not {*KINDS} & images.keys():
        raise InputError("no image to examine it with", "held_out, fakes", "Give some of either.")
    shape = next(iter(images.values())).shape[1:]
    for name, part in images.items():
        if part.dtype != torch.uint8 or part.ndim != 4 or part.shape[1:] != shape:
            raise InputError(
                f"{part.dtype} of shape {tuple(part.shape)}",
                name,
                "Give uint8 images (n, c, h, w), all of one size.",
            )
        if len(part) < FEWEST:
            raise InputError(f"{len(part)} images", name, f"Give at least {FEWEST}.")


def _check_finite(logits: dict[str, torch.Tensor]) -> None:
    for name, values in logits.items():
        if values.ndim != 1 or not bool(values.isfinite().all()):
            raise InputError(
                f"its output of {name} has shape {tuple(values.shape)}, and is finite or not",
                "discriminator",
                "Give one that returns a finite logit for each image.",
            )


def _some(images: torch.Tensor, count: int, seed: int, name: str) -> torch.Tensor:
    order = torch.randperm(len(images), generator=generator(seed, "health", name))
    return images[order[:count]]
