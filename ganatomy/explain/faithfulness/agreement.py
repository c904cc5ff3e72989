"""Do methods agree on which regions matter? Where they do not, that is said first."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ganatomy.errors import InputError
from ganatomy.statistics import two_sided_p
from ganatomy.wording import listed, ordinal

FEWEST_REGIONS = 4
MOST_PERMUTED = 8  # regions; 8! = 40,320 orders

Array = NDArray[np.float64]

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_EQUAL = 1e-9


@dataclass(frozen=True)
class Agreement:
    """The agreement of methods on the order of the same regions.

    Attributes
    ----------
    ranks : DataFrame, region x method
        1 is the most important; equals share the mean of their ranks. Only regions that all methods
        judge, in the order of their mean rank.
    correlations : DataFrame, method x method
        Spearman; NaN where a method puts all regions level, or fewer than two are compared.
    p : DataFrame, method x method
        Chance of a correlation at least so far from 0 if the orders had nothing to do with each
        other: over all orders up to `MOST_PERMUTED` regions, above that by Student's t.
    too_few : bool
        Fewer than `FEWEST_REGIONS` regions: then methods that agree perfectly have p = 1/3 or more.
    disputed : DataFrame
        Regions whose ranks differ, the most disputed first: region, spread (ranks between the
        methods that are farthest apart), sentence.
    left_out : tuple of str
        Regions that some method does not judge, and methods that judge none.
    """

    ranks: pd.DataFrame
    correlations: pd.DataFrame
    p: pd.DataFrame
    too_few: bool
    disputed: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The sentences of the report, the largest disagreement first."""
        sentences: list[str] = self.disputed["sentence"].tolist()
        count, methods = self.ranks.shape
        if methods < 2 or count < 2:
            return ["Fewer than two methods or regions: nothing can be compared."]
        if not sentences and bool((self.ranks.nunique() == 1).all()):
            sentences = [f"All methods put the {count} regions level."]
        elif not sentences:
            sentences = [f"All methods put the {count} regions in the same order."]
        if self.too_few:
            sentences = [
                *sentences,
                f"Only {count} regions are compared: with fewer than {FEWEST_REGIONS}, agreement "
                "and disagreement can both be chance.",
            ]
        return sentences


def region_importance(
    maps: dict[str, torch.Tensor], regions: dict[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    """Measure how much of each region a method calls important, for or against.

    Parameters
    ----------
    maps : dict of str to Tensor of shape (n, h, w)
    regions : dict of str to ndarray of shape (h, w), bool

    Returns
    -------
    DataFrame, region x method
        Mean of |map| over the region's pixels and the images, each method in its own units. Images
        whose map is not finite are left out; NaN if there is no other.

    Raises
    ------
    InputError
        A region that is empty or of another size than the maps.
    """
    table: dict[str, dict[str, float]] = {}
    for method, values in maps.items():
        finite = values[values.flatten(1).isfinite().all(1)]
        mean = finite.double().abs().mean(0).cpu().numpy()  # NaN of no image
        for name, mask in regions.items():
            inside = np.asarray(mask, dtype=bool)
            if inside.shape != mean.shape or not inside.any():
                raise InputError(
                    f"region {name} has shape {inside.shape} and {int(inside.sum())} pixels, the "
                    f"maps of {method} have {mean.shape}",
                    "agreement",
                    "Give masks of the size of the images, with at least one pixel set.",
                )
            table.setdefault(method, {})[name] = float(mean[inside].mean())
    return pd.DataFrame(table, index=list(regions), columns=list(maps))


def agreement(table: pd.DataFrame) -> Agreement:
    """Compare the orders in which methods put regions.

    Parameters
    ----------
    table : DataFrame, region x method
        Importance, each method in its own units: only its order counts. NaN: not judged.
    """
    table = table.astype(float)
    judging = table.loc[:, table.notna().any(axis=0)]
    common = judging.dropna(axis=0)
    left_out = [str(name) for name in table.columns.difference(judging.columns, sort=False)]
    left_out += [str(name) for name in table.index.difference(common.index, sort=False)]
    ranks = common.rank(ascending=False)
    ranks = ranks.loc[ranks.mean(axis=1).sort_values(kind="stable").index]
    correlations, p = _correlations(ranks)
    return Agreement(
        ranks, correlations, p, len(ranks) < FEWEST_REGIONS, _disputed(ranks), tuple(left_out)
    )


def _correlations(ranks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    count, methods = ranks.shape
    values = ranks.to_numpy(dtype=np.float64)
    centred = values - values.mean(0) if count else values
    lengths = np.linalg.norm(centred, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        units = np.where(lengths > 0, centred / lengths, np.nan)
    rho = units.T @ units if count > 1 else np.full((methods, methods), np.nan)
    p = np.full_like(rho, np.nan)
    if 1 < count <= MOST_PERMUTED:
        orders = np.array(list(permutations(range(count))))
        for one, other in zip(*np.triu_indices(methods)):
            if np.isfinite(rho[one, other]):
                by_chance = units[:, other][orders] @ units[:, one]
                extreme = np.abs(by_chance) >= abs(rho[one, other]) - _EQUAL
                p[one, other] = p[other, one] = extreme.mean()
    elif count > 1:
        sure = np.abs(rho).clip(max=1)
        with np.errstate(divide="ignore"):
            t = sure * np.sqrt((count - 2) / (1 - sure**2))
        p = two_sided_p(t, count - 2)
    names = ranks.columns
    return pd.DataFrame(rho, names, names), pd.DataFrame(p, names, names)


def _disputed(ranks: pd.DataFrame) -> pd.DataFrame:
    spread = (ranks.max(axis=1) - ranks.min(axis=1)).to_numpy(dtype=np.float64)
    rows = [
        (str(ranks.index[at]), float(spread[at]), _sentence(at, ranks))
        for at in np.argsort(-spread, kind="stable")
        if spread[at] > 0
    ]
    return pd.DataFrame(rows, columns=["region", "spread", "sentence"])


def _sentence(at: int, ranks: pd.DataFrame) -> str:
    """Say who puts the region at this place of the table highest, and who lowest."""
    own = ranks.iloc[at]
    (high, top), (low, bottom) = (_who(rank, own, ranks) for rank in (own.min(), own.max()))
    verb = "ranks" if len(high) == 1 else "rank"
    region = ranks.index[at]
    return f"{listed(high)} {verb} {region} {top}, {listed(low)} {bottom} of {len(ranks)}."


def _who(rank: float, own: "pd.Series[float]", ranks: pd.DataFrame) -> tuple[list[str], str]:
    """The methods that give a region this rank, and the place that it stands for, in words."""
    places = {str(name): _place(rank, ranks[name]) for name in own.index[own == rank]}
    first = next(iter(places.values()))  # the middle of three equals is as high as a second
    return [name for name, place in places.items() if place == first], first


def _place(rank: float, of: pd.Series) -> str:
    equals = int((of == rank).sum())
    best = round(rank - (equals - 1) / 2)
    place = _PLACES[best - 1] if best <= len(_PLACES) else ordinal(best)
    return place if equals == 1 else f"joint {place}"
