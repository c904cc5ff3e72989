"""What directions do in each class of a conditional generator, the class held."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from ganatomy.explain.directions.effects import CLEAR_FROM
from ganatomy.explain.directions.found_again import Find, matched, matched_by_chance
from ganatomy.explain.directions.walks import moved, squared
from ganatomy.explain.units.dissection import Reader
from ganatomy.statistics import mark, paired_t

CLASS_COLUMNS = [
    *("class", "direction", "cosine", "by_chance", "change", "concept", "effect", "low", "high"),
    *("differs", "differs_low", "differs_high", "p", "q", "stands_out"),
]
MOST_CLASSES = 10


def class_table(
    generator: nn.Module,
    z: torch.Tensor,
    held_out: torch.Tensor,
    directions: torch.Tensor,
    readers: Sequence[tuple[str, Reader, float]],
    find: Find,
    *,
    class_names: Sequence[str] = (),
    fdr: float = 0.05,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Find directions with each class held, and measure the shown ones in each.

    Parameters
    ----------
    generator : nn.Module
    z, held_out : Tensor of shape (n, latent_dim + num_classes)
        To find directions by, and to measure them on: the same in every class but for the class.
    directions : Tensor of shape (k, latent_dim)
    readers : sequence of (str, callable, float)
        Of each direction the concept that is followed, its reader and its standard deviation.
    find : callable
        Of `methods`: generator, latents and latent_dim to `Candidates`.
    class_names : sequence of str
        By default ``0``, ``1`` and so on.
    fdr : float in (0, 1)
    seed : int
        Of the random directions beside which cosines stand.
    tick : callable
        Called after each class.

    Returns
    -------
    DataFrame
        One row for each class (`MOST_CLASSES` of them at most, at equal distances) and
        direction, `CLASS_COLUMNS`; none where there are no classes. `cosine`, as of `matched`,
        with the directions that are found in this class alone, and `by_chance`, what random ones
        have; `change`: root mean square of the image's change by a step; `effect` of a step on the
        concept in its standard deviations, with its 95 % interval over latents; `differs`: less
        the mean over classes, paired over latents, with interval, p and q; `stands_out`: q is at
        most `fdr`, and the size at least `effects.CLEAR_FROM`.
    """
    latent_dim = directions.shape[1]
    if z.shape[1] == latent_dim:
        return pd.DataFrame(columns=CLASS_COLUMNS)
    chosen = classes_of(z.shape[1] - latent_dim)
    names = class_names or [str(number) for number in range(z.shape[1] - latent_dim)]
    by_chance = matched_by_chance(directions, seed).numpy()
    cosines, changes, effects = [], [], []
    for number in chosen:
        found = find(generator, _held(z, latent_dim, number), latent_dim)
        theirs = found.directions[: len(directions)]
        cosines.append(matched(directions, theirs).numpy() if len(theirs) else by_chance * np.nan)
        own = _held(held_out, latent_dim, number)
        steps = [_step(generator, own, *each) for each in zip(directions, readers)]
        changes.append([change for change, _ in steps])
        effects.append(torch.stack([effect for _, effect in steps]))
        tick()
    whole = torch.stack(effects).double()  # (classes, directions, n)
    effect, low, high, _ = paired_t(whole.numpy())
    told = paired_t((whole - whole.mean(0)).numpy())
    rows = []
    for place, number in enumerate(chosen):
        for at in range(len(directions)):
            figures = (cosines[place][at], by_chance[at], changes[place][at], readers[at][0])
            own_effect = (effect[place, at], low[place, at], high[place, at])
            rows.append(
                (names[number], at + 1, *figures, *own_effect, *(each[place, at] for each in told))
            )
    table = mark(pd.DataFrame(rows, columns=CLASS_COLUMNS[:-2]), fdr)
    is_large = table["differs"].abs() >= CLEAR_FROM
    return table.assign(stands_out=table["stands_out"] & is_large)[CLASS_COLUMNS]


def classes_of(num_classes: int) -> list[int]:
    """Choose the classes that are asked about.

    Examples
    --------
    >>> classes_of(3), classes_of(1000)[:3]
    ([0, 1, 2], [0, 100, 200])
    """
    count = min(num_classes, MOST_CLASSES)
    return [place * num_classes // count for place in range(count)]


def _held(z: torch.Tensor, latent_dim: int, number: int) -> torch.Tensor:
    held = z.clone()
    held[:, latent_dim:] = 0.0
    held[:, latent_dim + number] = 1.0
    return held


def _step(
    generator: nn.Module,
    z: torch.Tensor,
    direction: torch.Tensor,
    followed: tuple[str, Reader, float],
) -> tuple[float, torch.Tensor]:
    """Half of what is changed from one step below to one above: in the image, and in a concept."""
    _, reader, spread = followed
    below, above = (moved(generator, z, direction, step) for step in (-1.0, 1.0))
    change = float(squared((above - below) / 2).mean() ** 0.5)
    return change, (reader(above) - reader(below)) / (2 * spread)
