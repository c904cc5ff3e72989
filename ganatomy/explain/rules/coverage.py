"""What the data has and G does not make, and the other way round: regions of concept space.

Regions are searched for on one half of the images and tested on the other, on which nothing was
chosen. A region counts when one set has it at less than half of the share of the other. A concept
that by itself tells the two sets apart is told once, and combinations are made of the others.
"""

from dataclasses import dataclass
from math import log
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
from scipy.special import bdtr

from ganatomy.errors import InputError
from ganatomy.explain.rules.regions import Region, best_regions, num_conditions, worthwhile
from ganatomy.explain.rules.rule import Clause, Rule
from ganatomy.explain.rules.shifts import shift_table
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator as random_generator
from ganatomy.statistics import mark, share_interval

T = TypeVar("T")

KINDS = ("missed", "invented")
COVERAGE_COLUMNS = [
    *("kind", "text", "length", "real_count", "real_total", "fake_count", "fake_total"),
    *("ratio", "low", "high", "p", "q", "expected", "is_shown"),
]
LESS_THAN = 0.5
"""Of the other set's share: whatever is made more often than that is no hole."""
FOUND_BELOW = 0.25
"""The same on the images that are searched, where a ratio looks smaller than it is."""

_LEAST = 40  # images of each set: fewer are no half to search and no half to test
_CONDITION = 2.0  # times the logarithm of how many there are to choose from: what one more costs


@dataclass(frozen=True)
class CoverageSettings:
    """Numbers of what is searched.

    Attributes
    ----------
    max_length : int from 1 to 3
        Conditions of a region.
    num_regions : int
        The most regions of a kind that are carried to the test: of one concept, and as many of
        several.
    min_share : float in (0, 1)
        Of a set's images: smaller regions are not looked for.
    fdr : float in (0, 1)
        Share of false ones among the regions that are shown.
    """

    max_length: int = 3
    num_regions: int = 3
    min_share: float = 0.02
    fdr: float = 0.05


DEFAULT_COVERAGE = CoverageSettings()


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
    (('size', 'light'), ())
    """
    _require(real, fake)
    (searched_real, tested_real), (searched_fake, tested_fake) = (
        _halves(len(table), seed) for table in (real, fake)
    )
    searched = real.take(searched_real), fake.take(searched_fake)
    tested = real.take(tested_real), fake.take(tested_fake)
    rows, clauses = [], []
    for kind, region in _carried(*searched, settings):
        rows.append(_row(kind, region.clause, *tested))
        clauses.append(region.clause)
    table = _shown(pd.DataFrame(rows, columns=COVERAGE_COLUMNS), settings.fdr)
    kept = zip(clauses, table["kind"], table["is_shown"])
    shown = [(clause, kind) for clause, kind, is_shown in kept if is_shown]
    rules = {kind: Rule(tuple(each for each, own in shown if own == kind)) for kind in KINDS}
    shifts = shift_table(real, fake, fdr=settings.fdr)
    return Coverage(table, shifts, rules, (tested_real, tested_fake))


def _require(real: ConceptTable, fake: ConceptTable) -> None:
    for name, table in (("real", real), ("fake", fake)):
        if len(table) < _LEAST:
            raise InputError(
                f"{len(table)} images", name, f"Give at least {_LEAST}; 1,000 are better."
            )


def _halves(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    order = torch.randperm(count, generator=random_generator(seed, "rules", "coverage"))
    return order[: count // 2], order[count // 2 :]


def _carried(
    real: ConceptTable, fake: ConceptTable, settings: CoverageSettings
) -> list[tuple[str, Region]]:
    """Regions to test, each with its kind: those of one concept, then those of all others."""
    cost = _CONDITION * log(num_conditions(_together(real, fake)))
    singles, told = [], set[str]()
    for kind in KINDS:
        found = _of_one_concept(*_turned(kind, real, fake), settings, cost)
        told |= {region.clause[0].concept for region in found}
        singles += [(kind, region) for region in found[: settings.num_regions]]
    others = [name for name in real.names if name not in told]
    several = [
        (kind, region)
        for kind in KINDS
        for region in _of_several(
            *_turned(kind, real.only(others), fake.only(others)), settings, cost
        )
    ]
    return singles + several


def _turned(kind: str, real: T, fake: T) -> tuple[T, T]:
    """Put the set that has a region before the set that lacks it."""
    return (real, fake) if kind == "missed" else (fake, real)


def _of_one_concept(
    has: ConceptTable, lacks: ConceptTable, settings: CoverageSettings, cost: float
) -> list[Region]:
    """For each concept its region, where there is one; the best first."""
    found = []
    for name in has.names:
        columns = has.only([name]), lacks.only([name])
        region = _best(*columns, (len(has), len(lacks)), settings, cost, max_length=1)
        found += [] if region is None else [region]
    return sorted(found, key=lambda each: -each.gain)


def _of_several(
    has: ConceptTable, lacks: ConceptTable, settings: CoverageSettings, cost: float
) -> list[Region]:
    """One region after the other; what lies in one is no longer there for the next."""
    found: list[Region] = []
    totals = len(has), len(lacks)
    while len(found) < settings.num_regions:
        region = _best(has, lacks, totals, settings, cost, max_length=settings.max_length)
        if region is None:
            break
        found.append(region)
        rule = Rule((region.clause,))
        has, lacks = has.take(~rule.holds(has)), lacks.take(~rule.holds(lacks))
    return found


def _best(
    has: ConceptTable,
    lacks: ConceptTable,
    totals: tuple[int, int],
    settings: CoverageSettings,
    cost: float,
    *,
    max_length: int,
) -> Region | None:
    """The best region of those that are left, with shares of all images."""

    def is_hole(inside: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        is_large = inside >= settings.min_share * totals[0]
        return is_large & (others * totals[0] <= FOUND_BELOW * inside * totals[1])

    table = _together(has, lacks)
    regions = best_regions(
        table,
        torch.arange(len(table)) < len(has),
        lambda inside, others: _likelihood_ratio(inside, others, *totals),
        is_allowed=is_hole,
        max_length=max_length,
    )
    return worthwhile(regions, cost)


def _together(one: ConceptTable, other: ConceptTable) -> ConceptTable:
    return ConceptTable(one.names, one.units, torch.cat([one.values, other.values]))


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
        **_judged(_turned(kind, *counts), _turned(kind, *totals)),
        "expected": _expected(clause, *_turned(kind, *sets)),
    }


def _likelihood_ratio(
    inside: torch.Tensor, others: torch.Tensor, total: int, total_others: int
) -> torch.Tensor:
    """G of a region by its counts: twice the log likelihood of two rates over that of one."""
    both = inside + others
    expected = both * (total / (total + total_others))
    found: torch.Tensor = 2 * (
        torch.xlogy(inside, inside / expected) + torch.xlogy(others, others / (both - expected))
    )
    return torch.where(inside > expected, found, 0.0)


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


def _expected(clause: Clause, has: ConceptTable, lacks: ConceptTable) -> float:
    ratio = 1.0
    for name in Rule((clause,)).concepts:
        alone = Rule((tuple(each for each in clause if each.concept == name),))
        shares = [float(alone.holds(each).double().mean()) for each in (has, lacks)]
        ratio *= shares[1] / shares[0] if shares[0] else np.nan
    return ratio


def _shown(table: pd.DataFrame, fdr: float) -> pd.DataFrame:
    if table.empty:
        return table
    marked = mark(table, fdr)
    return marked.assign(is_shown=marked["stands_out"])[COVERAGE_COLUMNS]
