"""What latents that are far along a direction force: concepts that nearly all their images have."""

from functools import partial

import pandas as pd
import torch

from ganatomy.explain.rules.regions import best_regions, worthwhile
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.tidy import tidied
from ganatomy.statistics import share_interval

FORCED_COLUMNS = ["direction", "side", "threshold", "text", "share", "low", "high", "of_all"]
BEYOND = 1.0
"""Standard deviations from which on a latent counts as far along a direction."""
FORCED_FROM = 0.9
"""Of the images far along, by those that are searched: fewer are not forced."""

_CONDITION = 0.05  # share of all images that one more condition has to rule out
_MOST_CONDITIONS = 2
_LEAST = 20  # images far along


def forced_table(
    along: ConceptTable, concepts: ConceptTable, is_searched: torch.Tensor
) -> pd.DataFrame:
    """Find what images far along each direction have in common and others have not.

    Parameters
    ----------
    along : ConceptTable
        Of the latents, ``direction:<k>``.
    concepts : ConceptTable
        Of their images.
    is_searched : Tensor of shape (n,), bool
        On the others each conjunction is measured.

    Returns
    -------
    DataFrame
        One row for each direction and side that forces something, `FORCED_COLUMNS`: of the images
        far along, ``share`` has what ``text`` says, with a 95 % interval; ``of_all``: the share of
        all images. Left out where the interval reaches down to that of all.

    Examples
    --------
    >>> values = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0)).double()
    >>> along = ConceptTable(("direction:1",), ("",), values)
    >>> concepts = ConceptTable(("light",), ("",), values)
    >>> forced_table(along, concepts, torch.arange(2000) < 1000)["side"].tolist()
    ['>', '≤']
    """
    rows = []
    for name in along.names:
        for is_above in (True, False):
            far = Condition(name, is_above, BEYOND if is_above else -BEYOND)
            row = _row(far, far.holds(along), concepts, is_searched)
            rows += [] if row is None else [row]
    return pd.DataFrame(rows, columns=FORCED_COLUMNS)


def _row(
    far: Condition, is_far: torch.Tensor, concepts: ConceptTable, is_searched: torch.Tensor
) -> dict[str, object] | None:
    searched, group = concepts.take(is_searched), is_far[is_searched]
    others, tested = concepts.take(~is_searched), is_far[~is_searched]
    if min(int(group.sum()), int(tested.sum())) < _LEAST:
        return None
    counts = int(group.sum()), len(group)
    regions = best_regions(
        searched,
        group,
        partial(_lift, *counts),
        is_allowed=partial(_is_common, counts[0]),
        max_length=_MOST_CONDITIONS,
    )
    if (found := worthwhile(regions, _CONDITION)) is None:
        return None
    rule = tidied(Rule((found.clause,)), searched)
    has = rule.holds(others)
    share = int((has & tested).sum()), int(tested.sum())
    low, high = share_interval(*share)
    if low <= share_interval(int(has.sum()), len(has))[1]:
        return None
    return {
        "direction": far.concept,
        "side": ">" if far.is_above else "≤",
        "threshold": far.threshold,
        "text": str(rule),
        "share": share[0] / share[1],
        "low": low,
        "high": high,
        "of_all": float(has.double().mean()),
    }


def _lift(total: int, of_all: int, inside: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return inside / total - (inside + others) / of_all


def _is_common(total: int, inside: torch.Tensor, _others: torch.Tensor) -> torch.Tensor:
    return inside >= FORCED_FROM * total
