"""What directions change, concept by concept, beside random directions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from ganatomy.explain.directions.walks import monotone, slopes
from ganatomy.statistics import mark, paired_t

EFFECT_COLUMNS = [
    *("direction", "concept", "effect", "low", "high", "p", "q", "of_random", "monotone", "clear"),
]
CLEAR_FROM = 0.25
"""Standard deviations of a concept, for one of the latent: a smaller effect is none to tell."""
FITS_FROM = 0.5
"""A smaller effect gives no name: less than a quarter of how images differ in the concept."""
STEADY_FROM = 0.75
"""Share of the latents in which a concept moves the same way at every step, for a name."""

_TIE = 0.05


def effect_table(
    learned: Sequence[torch.Tensor],
    random: Sequence[torch.Tensor],
    concepts: Sequence[str],
    spreads: torch.Tensor,
    *,
    fdr: float = 0.05,
) -> pd.DataFrame:
    """Measure how much each direction moves each concept.

    Parameters
    ----------
    learned, random : sequence of Tensor of shape (steps, concepts, n)
        Of each direction the readings along `walks.STEPS` of n latents.
    concepts : sequence of str
    spreads : Tensor of shape (concepts,)
        Standard deviation of each concept over images that nobody moved.
    fdr : float in (0, 1)
        Share of false ones among all effects whose q is below it.

    Returns
    -------
    DataFrame
        One row for each direction (from 1) and concept, `EFFECT_COLUMNS`. `effect` is the slope in
        the concept's standard deviations for one of the latent, its mean over latents; `low` and
        `high` its 95 % interval over them; `p`, `q`: two-sided t test, Benjamini-Hochberg over the
        table; `of_random`: the largest size that it has for a random direction; `monotone`: share
        of latents in which it moves so at every step. `clear`: q is at most `fdr`, the size at
        least `CLEAR_FROM` and above `of_random`.
    """
    scale = spreads[:, None]
    by_chance = [(slopes(each) / scale).nanmean(1).abs() for each in random]
    of_random = torch.stack(by_chance).amax(0).numpy()
    rows = []
    for place, readings in enumerate(learned):
        mean, low, high, p = paired_t((slopes(readings) / scale).numpy())
        rows.append(
            pd.DataFrame(
                {
                    "direction": place + 1,
                    "concept": list(concepts),
                    "effect": mean,
                    "low": low,
                    "high": high,
                    "p": p,
                    "of_random": of_random,
                    "monotone": monotone(readings, torch.from_numpy(mean > 0)).numpy(),
                }
            )
        )
    table = mark(pd.concat(rows, ignore_index=True), fdr)
    size = table["effect"].abs()
    is_large = (size >= CLEAR_FROM) & (size > table["of_random"])
    return table.assign(clear=table["stands_out"] & is_large)[EFFECT_COLUMNS]


def clearest(effects: pd.DataFrame, direction: int) -> pd.DataFrame:
    """Give the clear effects of a direction, the largest that is certain first.

    By the end of the interval that is nearest to none: a few latents with much of it do not make a
    name. Of those that are within `_TIE` of the largest, the one that the table has first.
    """
    own = effects[(effects["direction"] == direction) & effects["clear"].astype(bool)]
    certain = own[["low", "high"]].abs().min(axis=1).to_numpy()
    order = np.argsort(-certain, kind="stable")
    if len(order):
        first = int(np.argmax(certain >= (1 - _TIE) * certain.max()))
        order = np.array([first, *order[order != first]])
    return own.iloc[order]


def fitting(clear: pd.DataFrame) -> pd.DataFrame:
    """Keep of clear effects those that are large and steady enough to give a direction a name.

    Examples
    --------
    >>> effects = {"concept": ["a", "b", "c"], "effect": [0.4, -0.8, 0.9]}
    >>> fitting(pd.DataFrame({**effects, "monotone": [1, 0.9, 0.6]}))["concept"].tolist()
    ['b']
    """
    is_large = clear["effect"].abs() >= FITS_FROM
    return clear[is_large & (clear["monotone"] >= STEADY_FROM)]
