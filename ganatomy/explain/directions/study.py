"""Which directions of a generator's latents change what: the study, of G alone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.directions.candidates import Candidates, random_directions, without
from ganatomy.explain.directions.concepts import feature_readers, read
from ganatomy.explain.directions.effects import clearest, effect_table
from ganatomy.explain.directions.methods import ganspace, jacobian, sefa
from ganatomy.explain.directions.result import SEEN_FROM, STANDS_OUT_FROM, DirectionsStudy
from ganatomy.explain.directions.walks import (
    STEPS,
    Ratio,
    consistency,
    half_changes,
    moved,
    ratio_of_means,
    squared,
)
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.units.dissection import Reader
from ganatomy.statistics import Array

_NUM_SHOWN = 3  # latents of a strip
_DRAWS = 3  # random steps of each latent
_NONE = torch.zeros(0, 0, dtype=torch.float64)
_LEAST = 8  # latents to find directions by, and as many to judge them by


@dataclass(frozen=True)
class DirectionsSettings:
    """Numbers of what is drawn.

    Attributes
    ----------
    num_directions : int
        Of each method are judged, and of the one that is chosen shown.
    num_random : int
        Random directions whose effects on concepts stand beside theirs.
    num_held_out : int
        Latents, the last ones, that directions are judged by and not found by.
    num_images : int
        The most images that the Jacobian may take.
    """

    num_directions: int = 5
    num_random: int = 8
    num_held_out: int = 32
    num_images: int = 1500


DEFAULT_DIRECTIONS = DirectionsSettings()


def find_directions(
    generator: nn.Module,
    z: torch.Tensor,
    *,
    num_classes: int = 0,
    readers: dict[str, Reader] | None = None,
    settings: DirectionsSettings = DEFAULT_DIRECTIONS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> DirectionsStudy:
    """Find the directions of the latents that change a generator's images most, and say what.

    Three methods each find directions by the first latents: see `methods`. On the last latents,
    which none has seen, the one is chosen whose first directions change the image most (of
    equal ones the first). Its directions are then measured in every concept, beside random ones.

    Parameters
    ----------
    generator : nn.Module
        Latents to images of shape (n, c, h, w), float32 in [-1, 1], of any size.
    z : Tensor of shape (n, latent_dim + num_classes)
        Standard normal, a class behind; 512 and more are better, twice `latent_dim` at the least.
    num_classes : int
        Entries at the end of z that are a one-hot class: they are never moved.
    readers : dict of str to callable, optional
        What is measured: images to Tensor of shape (n,), by name. By default every feature of
        images that needs their pixels alone.
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
        Too few latents, images that are not finite or that are all the same, or no method that can
        be used here.

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
    readers = readers or feature_readers(untouched, on_warning=on_warning)
    if not readers:
        raise InputError("no concept varies", "readers", "Give what can be measured in the images.")
    count = min(settings.num_directions, latent_dim)
    total, done = 4 + count + settings.num_random, 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    found = _found(generator, fitting, latent_dim, settings.num_images, tick)
    randomly = random_directions(settings.num_random, latent_dim, seed)
    walked = [_Walk(generator, held_out, each, readers, tick) for each in randomly]
    chance = _by_chance(generator, held_out, latent_dim, seed, _NONE)
    methods, chosen = _judged(generator, held_out, found, count, chance)
    tick()
    walks = [_Walk(generator, held_out, each, readers, tick) for each in chosen.directions[:count]]
    walks.sort(key=lambda each: -float(each.changes.double().square().sum()))
    directions = torch.stack([each.direction for each in walks])
    of_left = [
        _by_chance(generator, held_out, latent_dim, seed, directions[:place])
        for place in range(1, len(walks))
    ]
    effects = effect_table(
        [each.readings for each in walks],
        [each.readings for each in walked],
        list(readers),
        _spreads(read(readers, untouched)),
    )
    signs = torch.tensor([_sign(effects, place + 1) for place in range(len(walks))]).double()
    mean_changes = torch.stack([each.changes.mean(0) for each in walks])
    return DirectionsStudy(
        chosen.method,
        len(held_out),
        methods,
        _changes(walks, [chance, *of_left], latent_dim),
        _turned(effects, signs.tolist()),
        signs[:, None] * directions,
        signs.float()[:, None, None, None] * mean_changes,
        torch.stack([each.strip(float(sign)) for sign, each in zip(signs, walks)]),
    )


def _found(
    generator: nn.Module,
    z: torch.Tensor,
    latent_dim: int,
    num_images: int,
    tick: Callable[[], None],
) -> list[Candidates]:
    found = []
    for find in (sefa, ganspace, partial(jacobian, num_images=num_images)):
        found.append(find(generator, z, latent_dim))
        tick()
    return found


class _Walk:
    """The images of latents at each step along a direction, and what is read there."""

    def __init__(
        self,
        generator: nn.Module,
        z: torch.Tensor,
        direction: torch.Tensor,
        readers: dict[str, Reader],
        tick: Callable[[], None],
    ) -> None:
        self.direction = direction
        images = [moved(generator, z, direction, step) for step in STEPS]
        self.changes = (images[STEPS.index(1.0)] - images[STEPS.index(-1.0)]) / 2
        self.readings = torch.stack([read(readers, each) for each in images])
        self.first = torch.stack([to_uint8(each[:_NUM_SHOWN]) for each in images], 1)
        tick()

    def strip(self, sign: float) -> torch.Tensor:
        """The first images at each step, the other way round for a negative sign."""
        return self.first if sign > 0 else self.first.flip(1)


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


def _by_chance(
    generator: nn.Module, z: torch.Tensor, latent_dim: int, seed: int, but: torch.Tensor
) -> Array:
    """The squared change of each latent's image by random steps of its own, orthogonal to some."""
    own = random_directions(_DRAWS * len(z), latent_dim, seed, "steps", len(but))
    own = without(own, but) if len(but) else own
    steps = own.unflatten(0, (len(z), _DRAWS)).unbind(1)
    mean: Array = np.mean([squared(half_changes(generator, z, each)) for each in steps], 0)
    return mean


def _judged(
    generator: nn.Module,
    z: torch.Tensor,
    found: list[Candidates],
    count: int,
    chance: Array,
) -> tuple[pd.DataFrame, Candidates]:
    """The table of methods, and the one whose first directions change the image most."""
    rows, best, most = [], None, -1.0
    for each in found:
        ratio = Ratio(*(3 * [float("nan")]))
        if len(each.directions):
            sizes = [squared(half_changes(generator, z, one)) for one in each.directions[:count]]
            ratio = ratio_of_means(np.mean(sizes, 0), chance)
            if np.mean(sizes) > most:
                best, most = each, float(np.mean(sizes))
        rows.append({"method": each.method, **vars(ratio), "reason": each.reason})
    if best is None:
        raise InputError(
            "; ".join(f"{each.method}: {each.reason}" for each in found),
            "generator",
            "Allow more images: `num_images`.",
        )
    table = pd.DataFrame(rows).rename(columns={"value": "ratio"})
    return table, best


def _changes(walks: list[_Walk], chance: list[Array], latent_dim: int) -> pd.DataFrame:
    rows, first = [], float(squared(walks[0].changes).mean())
    for place, (walk, of_left) in enumerate(zip(walks, chance)):
        sizes = squared(walk.changes)
        ratio, beside_left = ratio_of_means(sizes, chance[0]), ratio_of_means(sizes, of_left)
        is_seen = float(sizes.mean()) >= SEEN_FROM * first
        rows.append(
            {
                "direction": place + 1,
                "change": float(sizes.mean() ** 0.5),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                # a random direction has the mean of all dimensions, so their sum is known
                "share": min(1.0, ratio.value / latent_dim),
                "consistency": consistency(walk.changes),
                "ratio_of_left": beside_left.value,
                "low_of_left": beside_left.low,
                "stands_out": is_seen and bool(beside_left.low >= STANDS_OUT_FROM),
            }
        )
    return pd.DataFrame(rows)


def _spreads(readings: torch.Tensor) -> torch.Tensor:
    known = readings.isfinite()
    mean = readings.nanmean(1, keepdim=True)
    squares = torch.where(known, readings - mean, 0).square().sum(1)
    return (squares / (known.sum(1) - 1)).sqrt()


def _sign(effects: pd.DataFrame, direction: int) -> float:
    clear = clearest(effects, direction)
    return -1.0 if len(clear) and clear["effect"].iloc[0] < 0 else 1.0


def _turned(effects: pd.DataFrame, signs: list[float]) -> pd.DataFrame:
    """The effects of directions turned round."""
    sign = effects["direction"].map(lambda number: signs[int(number) - 1])
    low, high = effects["low"] * sign, effects["high"] * sign
    return effects.assign(
        effect=effects["effect"] * sign, low=np.minimum(low, high), high=np.maximum(low, high)
    )
