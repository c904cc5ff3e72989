"""How steady and how pure each direction is: monotony, one concept's share, overlap."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cosine_similarity

from ganatomy.explain.directions.effects import clearest, fitting
from ganatomy.explain.directions.walking import Walk
from ganatomy.explain.directions.walks import STEPS, Ratio, jackknife, slopes
from ganatomy.statistics import paired_t, rank_correlation

TRAIT_COLUMNS = [
    *("direction", "concept", "monotony", "monotony_low", "monotony_high"),
    *("purity", "purity_low", "purity_high", "purity_of_random"),
    *("overlap", "overlap_low", "overlap_high", "overlaps_with"),
]
_LEAST_SHRINKAGE = 0.05  # two concepts that are one but for rounding must not decide


def trait_table(
    walks: Sequence[Walk],
    random: Sequence[Walk],
    effects: pd.DataFrame,
    untouched: torch.Tensor,
    spreads: torch.Tensor,
) -> pd.DataFrame:
    """Say of each direction how steadily and how purely it moves its strongest concept.

    Parameters
    ----------
    walks, random : sequence of Walk
        Along learned and random directions.
    effects : DataFrame
        As of `effects.effect_table`, of the same walks.
    untouched : Tensor of shape (concepts, n)
        Concepts of images that nobody moved.
    spreads : Tensor of shape (concepts,)
        Their standard deviations.

    Returns
    -------
    DataFrame
        One row for each direction (from 1), `TRAIT_COLUMNS`, each figure with its 95 % interval
        over latents. `concept`: the one it is named after, else that of its largest effect;
        `monotony`: Spearman's correlation of that concept with the steps, mean over latents;
        `purity`: as of `purity`, and `purity_of_random`, the mean of random directions;
        `overlap`: the largest |cosine| of its mean change of the image with that of another
        direction, and `overlaps_with`, which (NaN and 0 where there is no other).
    """
    names = list(dict.fromkeys(effects["concept"]))
    correlations = shrunk_correlations(untouched)
    by_chance = [_purest(each, spreads, correlations).value for each in random]
    rows = []
    for place, walk in enumerate(walks):
        concept = _strongest(effects, place + 1)
        steady = monotony(walk.readings[:, names.index(concept)], _way(effects, place + 1, concept))
        pure = purity(slopes(walk.readings) / spreads[:, None], correlations, names.index(concept))
        overlap, other = _overlap(walks, place)
        told = (place + 1, concept, *vars(steady).values(), *vars(pure).values())
        rows.append((*told, float(np.mean(by_chance)), *vars(overlap).values(), other))
    return pd.DataFrame(rows, columns=TRAIT_COLUMNS)


def monotony(readings: torch.Tensor, is_rising: bool) -> Ratio:
    """Correlate a concept with the steps by ranks (Spearman) in each latent, and average.

    A latent in which it never moves counts 0.

    Parameters
    ----------
    readings : Tensor of shape (steps, n)
    is_rising : bool
        Which way counts as 1; the other is -1.

    Examples
    --------
    >>> found = monotony(torch.tensor([[0.0], [1.0], [5.0], [6.0], [9.0]]).expand(5, 4), True)
    >>> round(found.value, 6)
    1.0
    """
    own = readings.T.double().numpy()
    ranks = np.nan_to_num(rank_correlation(np.tile(STEPS, (len(own), 1)), own))
    mean, low, high, _ = paired_t(ranks if is_rising else -ranks)
    return Ratio(float(mean), max(-1.0, float(low)), min(1.0, float(high)))


def shrunk_correlations(values: torch.Tensor) -> torch.Tensor:
    """Correlate concepts over images, shrunk towards none (Ledoit & Wolf 2004).

    Parameters
    ----------
    values : Tensor of shape (concepts, n)
        One that is not known counts as the mean.

    Returns
    -------
    Tensor of shape (concepts, concepts), float64
        1 on its diagonal.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    centred = (values - values.nanmean(1, keepdim=True)).nan_to_num().double()
    standard = centred / centred.square().mean(1, keepdim=True).sqrt().clamp(min=1e-12)
    own = standard @ standard.T / standard.shape[1]
    shrinkage = max(_LEAST_SHRINKAGE, float(ledoit_wolf_shrinkage(standard.T.numpy())))
    shrunk = (1 - shrinkage) * own
    shrunk.fill_diagonal_(1.0)
    return shrunk


def purity(effects: torch.Tensor, correlations: torch.Tensor, concept: int) -> Ratio:
    r"""Return the share of a direction's effect that is that of one concept.

    Concepts go together in images: what is brighter has more contrast as well. So a direction
    is pure where it moves all concepts as they differ anyway with that one:
    :math:`e_c^2 / e^T R^{-1} e`, with the effects e in standard deviations and R the correlations.
    It is the squared cosine of e and R's column in the metric of R.

    Parameters
    ----------
    effects : Tensor of shape (concepts, n)
        Of each latent, in standard deviations of the concepts.
    correlations : Tensor of shape (concepts, concepts)
    concept : int
        Which one.

    Returns
    -------
    Ratio
        In [0, 1], with a jackknife interval over latents; NaN where nothing moves. Both squares
        are those of the mean effect, from products of two latents, so that latents which differ
        add nothing to them.

    Examples
    --------
    >>> both = torch.tensor([[1.0], [1.0]]).expand(2, 8)
    >>> [round(purity(both, torch.eye(2) + r * torch.eye(2).flip(0), 0).value, 3) for r in (0, 0.9)]
    [0.5, 0.95]
    """
    own = effects.nan_to_num().double()
    whole, wholes = _of_pairs(own.T @ torch.linalg.solve(correlations.double(), own))
    part, parts = _of_pairs(own[concept, :, None] * own[concept])
    if not whole > 0:
        return Ratio(*(3 * [float("nan")]))
    return _within_1(jackknife(part / whole, (parts / wholes).numpy()))


def _of_pairs(products: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Average products over pairs of two latents, and without each latent: chance adds nothing."""
    count, rows, own = len(products), products.sum(1), products.diagonal()
    whole = rows.sum() - own.sum()
    without = (whole - 2 * (rows - own)) / ((count - 1) * (count - 2))
    return float(whole / (count * (count - 1))), without


def _purest(walk: Walk, spreads: torch.Tensor, correlations: torch.Tensor) -> Ratio:
    effects = slopes(walk.readings) / spreads[:, None]
    return purity(effects, correlations, int(effects.nanmean(1).abs().argmax()))


def _within_1(found: Ratio) -> Ratio:
    """Cut a figure to [0, 1]; its interval is all of that where a latent decides if it exists."""
    if not isfinite(found.low):
        return Ratio(min(1.0, max(0.0, found.value)), 0.0, 1.0)
    return Ratio(*(min(1.0, max(0.0, each)) for each in vars(found).values()))


def _strongest(effects: pd.DataFrame, direction: int) -> str:
    clear = clearest(effects, direction)
    named = fitting(clear)
    if len(named):
        return str(named["concept"].iloc[0])
    if len(clear):
        return str(clear["concept"].iloc[0])
    own = effects[effects["direction"] == direction]
    return str(own["concept"].iloc[int(own["effect"].abs().fillna(0.0).to_numpy().argmax())])


def _way(effects: pd.DataFrame, direction: int, concept: str) -> bool:
    own = effects[(effects["direction"] == direction) & (effects["concept"] == concept)]
    return bool(own["effect"].iloc[0] >= 0)


def _overlap(walks: Sequence[Walk], place: int) -> tuple[Ratio, int]:
    """The largest |cosine| of mean changes with another direction, and its number."""
    flat = [each.changes.flatten(1).double().T for each in walks]  # (values, n)
    means = torch.stack([each.mean(1) for each in flat])
    unit = means / means.norm(dim=1, keepdim=True).clamp(min=1e-12)
    cosines = (unit @ unit[place]).abs()
    cosines[place] = -1.0
    other = int(cosines.argmax())
    if other == place:
        return Ratio(*(3 * [float("nan")])), 0

    both = torch.stack([flat[place], flat[other]])
    left_out = (both.sum(-1, keepdim=True) - both) / (both.shape[-1] - 1)
    without = cosine_similarity(left_out[0], left_out[1], dim=0).abs()
    return _within_1(jackknife(float(cosines[other]), without.numpy())), other + 1
