"""The strongest directions of a generator: found, chosen, walked along, turned and measured."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from ganatomy.explain.directions.candidates import Candidates, random_directions
from ganatomy.explain.directions.choosing import change_table, changes_by_chance, choose_method
from ganatomy.explain.directions.concepts import read
from ganatomy.explain.directions.effects import clearest, effect_table
from ganatomy.explain.directions.found_again import Find
from ganatomy.explain.directions.methods import ganspace, jacobian, sefa
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.traits import trait_table
from ganatomy.explain.directions.walking import Walk, walk_along
from ganatomy.explain.units.dissection import Reader


@dataclass(frozen=True, eq=False)
class Strongest:
    """Directions of the method that was chosen, the strongest first, and random ones beside.

    Attributes
    ----------
    method : str of `methods.METHODS`
    find : callable
        Finds directions by this method: generator, latents and latent_dim to `Candidates`.
    found : tuple of Candidates
        Of every method.
    methods, changes, effects, traits : DataFrame
        As of `DirectionsStudy`.
    walks, random : tuple of Walk
        Along the directions, each turned so that its clearest effect rises, and random ones.
    spreads : Tensor of shape (concepts,)
        Standard deviations of concepts over images that nobody moved.
    """

    method: str
    find: Find
    found: tuple[Candidates, ...]
    methods: pd.DataFrame
    changes: pd.DataFrame
    effects: pd.DataFrame
    traits: pd.DataFrame
    walks: tuple[Walk, ...]
    random: tuple[Walk, ...]
    spreads: torch.Tensor

    @property
    def directions(self) -> torch.Tensor:
        """Return them, shape (k, latent_dim), float64, each of length 1."""
        return torch.stack([each.direction for each in self.walks])

    @property
    def mean_changes(self) -> torch.Tensor:
        """Average over latents what a step changes in the image, shape (k, c, h, w)."""
        return torch.stack([each.changes.mean(0) for each in self.walks])


def find_strongest(
    generator: nn.Module,
    z: torch.Tensor,
    held_out: torch.Tensor,
    latent_dim: int,
    *,
    untouched: torch.Tensor,
    readers: dict[str, Reader],
    judges: dict[str, Reader],
    settings: DirectionsSettings,
    seed: int,
    tick: Callable[[], None],
) -> Strongest:
    """Find directions by every method, and follow those of the one whose change the image most.

    Parameters
    ----------
    generator : nn.Module
    z, held_out : Tensor of shape (n, latent_dim + num_classes)
        To find directions by, and to judge them by.
    latent_dim : int
    untouched : Tensor of shape (m, c, h, w)
        Images of the generator.
    readers, judges : dict of str to callable
        Images to Tensor of shape (n,).
    settings : DirectionsSettings
    seed : int
    tick : callable
        Called after each step of 4 and as many as there are directions, learned and random.
    """
    ways: dict[str, Find] = {
        "sefa": sefa,
        "ganspace": ganspace,
        "jacobian": partial(
            jacobian, num_images=settings.num_images, num_untangled=settings.num_directions
        ),
    }
    found = []
    for find in ways.values():
        found.append(find(generator, z, latent_dim))
        tick()
    walk = partial(walk_along, generator, held_out, readers=readers, judges=judges, tick=tick)
    random = [walk(each) for each in random_directions(settings.num_random, latent_dim, seed)]
    chance = changes_by_chance(generator, held_out, latent_dim, seed)
    count = min(settings.num_directions, latent_dim)
    methods, chosen = choose_method(generator, held_out, found, count, chance)
    tick()
    walks = [walk(each) for each in chosen.directions[:count]]
    walks.sort(key=lambda each: -float(each.changes.double().square().sum()))
    unsigned = torch.stack([each.direction for each in walks])
    of_left = [
        changes_by_chance(generator, held_out, latent_dim, seed, unsigned[:place])
        for place in range(1, len(walks))
    ]
    concepts = read(readers, untouched)
    spreads = _spreads(concepts)
    effects = effect_table(
        [each.readings for each in walks],
        [each.readings for each in random],
        list(readers),
        spreads,
    )
    signs = [_sign(effects, place + 1) for place in range(len(walks))]
    turned = tuple(each.turned(sign) for each, sign in zip(walks, signs))
    effects = _turned(effects, signs)
    return Strongest(
        chosen.method,
        ways[chosen.method],
        tuple(found),
        methods,
        change_table(walks, [chance, *of_left], latent_dim),
        effects,
        trait_table(turned, random, effects, concepts, spreads),
        turned,
        tuple(random),
        spreads,
    )


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
