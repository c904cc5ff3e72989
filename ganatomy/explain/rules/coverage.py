"""What the data has and G does not make, and the other way round: regions of concept space.

Regions are searched for on one half of the images and tested on the other, on which nothing was
chosen. A region counts when one set has it at less than half of the share of the other. A concept
that by itself tells the two sets apart is told once, and combinations are made of the others.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import bdtr

from ganatomy.errors import InputError
from ganatomy.explain.rules.holes import (
    DEFAULT_COVERAGE,
    KINDS,
    CoverageSettings,
    expected_ratio,
    searched_holes,
    turned,
)
from ganatomy.explain.rules.rule import Clause, Rule
from ganatomy.explain.rules.shifts import shift_table
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator as random_generator
from ganatomy.statistics import mark, share_interval

COVERAGE_COLUMNS = [
    *("kind", "text", "length", "real_count", "real_total", "fake_count", "fake_total"),
    *("ratio", "low", "high", "p", "q", "expected", "is_shown"),
]
LESS_THAN = 0.5
"""Of the other set's share: whatever is made more often than that is no hole."""

MIN_IMAGES = 40
"""Of each set: fewer are no half to search and no half to test."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """Regions that one of two sets of images lacks.

    Attributes
    ----------
    table : DataFrame
        One row for each region that was carried to the test, `COVERAGE_COLUMNS`: ``kind`` of
        `KINDS`; the region as ``text``; ``real_count`` of ``real_total`` and ``fake_count`` of
        ``fake_total`` images of the half that was not searched lie in it; ``ratio``, ``low``,
        ``high``: the share of the set that lacks it over that of the other, with a 95 % interval;
        ``p``: of a ratio of `LESS_THAN` or more; ``q`` over all rows; ``expected``: the ratio that
        each of its concepts, by itself, would give: the product of theirs. Far above ``ratio`` the
        combination lacks; near it single concepts are shifted.
    shifts : DataFrame
        As of `shifts.shift_table`, over all images.
    rules : dict of str to Rule
        Of each kind the regions that are shown, joined by or; without clauses where there are none.
    tested : tuple of two Tensors, int64
        Rows of the real and of the fake images that were not searched.
    """

    table: pd.DataFrame
    shifts: pd.DataFrame
    rules: dict[str, Rule]
    tested: tuple[torch.Tensor, torch.Tensor]


def find_coverage(
    real: ConceptTable,
    fake: ConceptTable,
    *,
    settings: CoverageSettings = DEFAULT_COVERAGE,
    seed: int = 0,
) -> Coverage:
    """Find combinations of concepts that one set of images has and the other has not.

    Parameters
    ----------
    real, fake : ConceptTable
        Of the same concepts.
    settings : CoverageSettings
    seed : int
        Of which half is searched.

    Raises
    ------
    InputError
        Too few images of either.

    Examples
    --------
    >>> draw = torch.Generator().manual_seed(0)
    >>> values = torch.rand(2000, 2, generator=draw).double()
    >>> real = ConceptTable(("size", "light"), ("", ""), values[:1000])
    >>> made = values[1000:][~(values[1000:] > 0.7).all(1)]
    >>> found = find_coverage(real, ConceptTable(real.names, real.units, made))
    >>> found.rules["missed"].concepts, found.rules["invented"].clauses
    (('light', 'size'), ())
    """
    _require(real, fake)
    (searched_real, tested_real), (searched_fake, tested_fake) = (
        _halves(len(table), seed) for table in (real, fake)
    )
    searched = real.take(searched_real), fake.take(searched_fake)
    tested = real.take(tested_real), fake.take(tested_fake)
    found = searched_holes(*searched, settings)
    rows = [_row(kind, clause, *tested) for kind, clause in found]
    table = _shown(pd.DataFrame(rows, columns=COVERAGE_COLUMNS), settings.fdr)
    shown = [each for each, is_shown in zip(found, table["is_shown"]) if is_shown]
    rules = {kind: Rule(tuple(clause for own, clause in shown if own == kind)) for kind in KINDS}
    shifts = shift_table(real, fake, fdr=settings.fdr)
    return Coverage(table, shifts, rules, (tested_real, tested_fake))


def _require(real: ConceptTable, fake: ConceptTable) -> None:
    for name, table in (("real", real), ("fake", fake)):
        if len(table) < MIN_IMAGES:
            raise InputError(
                f"{len(table)} images", name, f"Give at least {MIN_IMAGES}; 1,000 are better."
            )


def _halves(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    order = torch.randperm(count, generator=random_generator(seed, "rules", "coverage"))
    return order[: count // 2], order[count // 2 :]


def _row(kind: str, clause: Clause, real: ConceptTable, fake: ConceptTable) -> dict[str, object]:
    rule, sets = Rule((clause,)), (real, fake)
    counts, totals = [int(rule.holds(each).sum()) for each in sets], [len(each) for each in sets]
    return {
        "kind": kind,
        "text": str(rule),
        "length": len(clause),
        "real_count": counts[0],
        "real_total": totals[0],
        "fake_count": counts[1],
        "fake_total": totals[1],
        **_judged(turned(kind, *counts), turned(kind, *totals)),
        "expected": expected_ratio(clause, *turned(kind, *sets)),
    }


def _judged(counts: tuple[int, int], totals: tuple[int, int]) -> dict[str, float]:
    """The share of who lacks a region over that of who has it, given how many lie in it in all.

    Exact for counts that are Poisson (Przyborowski & Wilenski 1940); shares of a sum scatter less.
    """
    count, other = counts
    if count + other == 0:
        return {"ratio": np.nan, "low": 0.0, "high": np.inf, "p": 1.0}
    per_image = totals[0] / totals[1]
    low, high = share_interval(other, count + other)
    at_least = LESS_THAN / (LESS_THAN + per_image)
    return {
        "ratio": other / count * per_image if count else np.inf,
        "low": _odds(low) * per_image,
        "high": _odds(high) * per_image,
        "p": float(bdtr(other, count + other, at_least)),
    }


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf


def _shown(table: pd.DataFrame, fdr: float) -> pd.DataFrame:
    if table.empty:
        return table
    marked = mark(table, fdr)
    return marked.assign(is_shown=marked["stands_out"])[COVERAGE_COLUMNS]
