"""Which method's directions are taken: those that change the image most, on latents not seen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.directions.candidates import Candidates, random_directions, without
from ganatomy.explain.directions.result import SEEN_FROM, STANDS_OUT_FROM
from ganatomy.explain.directions.walking import Walk
from ganatomy.explain.directions.walks import (
    Ratio,
    consistency,
    half_changes,
    ratio_of_means,
    squared,
)
from ganatomy.statistics import Array

_DRAWS = 3  # random steps of each latent


def changes_by_chance(
    generator: nn.Module,
    z: torch.Tensor,
    latent_dim: int,
    seed: int,
    but: torch.Tensor | None = None,
) -> Array:
    """Square the change of each latent's image by random steps of its own, shape (n,).

    Parameters
    ----------
    but : Tensor of shape (m, latent_dim), optional
        Directions that the steps are orthogonal to.
    """
    count = 0 if but is None else len(but)
    own = random_directions(_DRAWS * len(z), latent_dim, seed, "steps", count)
    own = own if but is None else without(own, but)
    steps = own.unflatten(0, (len(z), _DRAWS)).unbind(1)
    mean: Array = np.mean([squared(half_changes(generator, z, each)) for each in steps], 0)
    return mean


def choose_method(
    generator: nn.Module,
    z: torch.Tensor,
    found: Sequence[Candidates],
    count: int,
    chance: Array,
) -> tuple[pd.DataFrame, Candidates]:
    """Return the table of methods, and the one whose first directions change the image most.

    Raises
    ------
    InputError
        None has found any.
    """
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


def change_table(walks: Sequence[Walk], chance: Sequence[Array], latent_dim: int) -> pd.DataFrame:
    """Measure how much each direction changes the image, beside steps by chance.

    Parameters
    ----------
    walks : sequence of Walk
        The strongest first.
    chance : sequence of array of shape (n,)
        As of `changes_by_chance`: for each direction by steps orthogonal to the stronger ones.

    Returns
    -------
    DataFrame
        As `DirectionsStudy.changes`.
    """
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
