"""How much of the ranking a smaller budget would have found: fewer seeds, or shorter trainings."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import torch

from ganatomy.importance.differences import Differences, differences, effects_of
from ganatomy.importance.sizes import sizes_of
from ganatomy.rng import generator
from ganatomy.statistics import rank_correlation

COLUMNS = ["kind", "value", "rank_correlation", "low", "high", "same_top3"]

_TOP = 3


def power_of_seeds(repeats: pd.DataFrame, *, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Compare rankings from 2 to S - 1 of the S seeds with the ranking from all.

    A ranking from some seeds shares them with the full one, so agreement rises to 1 by construction
    as they become all: it says what was gained by the last seeds, not whether there were enough.
    For that see `split_half_stability`.

    Parameters
    ----------
    repeats : DataFrame
        As for `summarise`. Ranked by size alone, as a few seeds can hardly test what stands out.
    draws : int
        Random sets of seeds for each number; all sets where there are no more than this.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        kind ("seeds"), value (how many), rank_correlation (Spearman, mean over draws), low and high
        (5 and 95 % of draws), same_top3 (share of draws with the same three first, in any order).
        NaN with fewer than three variants, or where nothing can be judged.
    """
    given = differences(repeats)
    full = _scores(given)
    num_seeds = len(given.seeds)
    rows = []
    for count in range(2, num_seeds):
        pairs = [
            (_scores(given.take(chosen)), full)
            for chosen in _subsets(num_seeds, count, draws, seed)
        ]
        rows.append(_agreement("seeds", count, pairs))
    return pd.DataFrame(rows, columns=COLUMNS)


def power_of_share(repeats: pd.DataFrame) -> pd.DataFrame:
    """Compare rankings from earlier in training, with all seeds, with the ranking from its end.

    Returns
    -------
    DataFrame
        As `power_of_seeds`, with kind "share", value the share of the training's steps, and NaN for
        low and high: there is one such ranking. Empty if only the end was read.
    """
    full = _scores(differences(repeats))
    rows = []
    for share in sorted(set(repeats["share"]) - {1.0}):
        early = _scores(differences(repeats, share=share))
        rows.append(
            _agreement("share", share, [(early.reindex(full.index, fill_value=-1.0), full)])
        )
    return pd.DataFrame(rows, columns=COLUMNS).assign(low=np.nan, high=np.nan)


def split_half_stability(repeats: pd.DataFrame, *, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Measure how well the rankings from two disjoint halves of the seeds agree.

    What to expect between this experiment at half its seeds and another one like it.

    Returns
    -------
    DataFrame
        One row as of `power_of_seeds`, with kind "split_half" and value the seeds in a half; none
        with fewer than two seeds.
    """
    given = differences(repeats)
    num_seeds = len(given.seeds)
    half = num_seeds // 2
    pairs = []
    for first in _subsets(num_seeds, half, draws, seed) if half else ():
        second = [at for at in range(num_seeds) if at not in first][:half]
        pairs.append((_scores(given.take(first)), _scores(given.take(second))))
    rows = [_agreement("split_half", half, pairs)] if pairs else []
    return pd.DataFrame(rows, columns=COLUMNS)


def agreement_in_words(correlation: float) -> str:
    """Say how alike two rankings from disjoint halves of the seeds are.

    Examples
    --------
    >>> agreement_in_words(0.95)
    'Two halves of the seeds put them in much the same order (rank correlation 0.95)'
    """
    much, partly = 0.7, 0.3
    alike = "orders that have little in common"
    if correlation >= partly:
        alike = f"{'much' if correlation >= much else 'partly'} the same order"
    return f"Two halves of the seeds put them in {alike} (rank correlation {correlation:.2f})"


def _scores(given: Differences) -> pd.Series:
    """Largest size of each variant, by its name; below all others where nothing can be judged."""
    effects = effects_of(given)
    sizes = np.abs(np.where(np.isfinite(effects.t), sizes_of(given, effects.effect), np.nan))
    largest = np.where(np.isnan(sizes), -1, sizes).max(0, initial=-1)
    return pd.Series(largest, index=given.variants["variant"]).sort_index()


def _subsets(total: int, count: int, draws: int, seed: int) -> list[list[int]]:
    """`draws` random subsets of `count` places, or all if there are no more."""
    if comb(total, count) <= draws:
        return [list(chosen) for chosen in combinations(range(total), count)]
    draw = generator(seed, "power", count)
    return [torch.randperm(total, generator=draw)[:count].tolist() for _ in range(draws)]


def _agreement(
    kind: str, value: float, pairs: list[tuple[pd.Series, pd.Series]]
) -> tuple[str, float, float, float, float, float]:
    correlations = np.array([_spearman(*pair) for pair in pairs])
    same = np.array([_same_top(*pair) for pair in pairs])
    low, high = np.quantile(correlations, [0.05, 0.95])
    mean, top = float(correlations.mean()), float(same.mean())
    return kind, float(value), mean, float(low), float(high), top


def _spearman(one: pd.Series, other: pd.Series) -> float:
    """Correlation of the ranks (ties share theirs); NaN for fewer than 3, or if all are equal."""
    if len(one) < _TOP:
        return float("nan")
    rows = (series.to_numpy(dtype=float)[None] for series in (one, other))
    return float(rank_correlation(*rows)[0])


def _same_top(one: pd.Series, other: pd.Series) -> float:
    if len(one) < _TOP:
        return float("nan")
    first, second = (set(_first(series)) for series in (one, other))
    return float(first == second)


def _first(scores: pd.Series) -> list[str]:
    """The names of the largest; the series is in order of names, which decides between equals."""
    return scores.sort_values(ascending=False, kind="stable").index[:_TOP].tolist()
