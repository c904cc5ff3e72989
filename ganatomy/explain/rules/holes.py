"""The search for regions that one set of images has and the other lacks.

What a single concept tells is kept apart from combinations: where a concept is shifted, every
combination with it tells the sets apart too, and none of them says anything new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan
from typing import TypeVar

import torch

from ganatomy.explain.rules.regions import Region, best_regions, num_conditions, worthwhile
from ganatomy.explain.rules.rule import Clause, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.tidy import tidied

T = TypeVar("T")

KINDS = ("missed", "invented")
FOUND_BELOW = 0.25
"""Of the other set's share, where it is searched: a ratio looks smaller there than it is."""
BEYOND_SINGLE = 0.5
"""Of what its concepts give by themselves: a combination has to be made less often than that."""

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


def turned(kind: str, real: T, fake: T) -> tuple[T, T]:
    """Put the set that has a region before the set that lacks it.

    Examples
    --------
    >>> turned("missed", "real", "fake"), turned("invented", "real", "fake")
    (('real', 'fake'), ('fake', 'real'))
    """
    return (real, fake) if kind == "missed" else (fake, real)


def searched_holes(
    real: ConceptTable, fake: ConceptTable, settings: CoverageSettings
) -> list[tuple[str, Clause]]:
    """Search for regions of either kind, step by step the one that gains most.

    What lies in a combination is no longer there for the next one of its kind. A concept that by
    itself tells the sets apart is told once, and no longer there for either kind.

    Returns
    -------
    list of (str of `KINDS`, clause)
        With round thresholds, where that changes nothing in these images.
    """
    names, found = list(real.names), list[tuple[str, Clause]]()
    searches = {kind: _Search(*turned(kind, real, fake), settings) for kind in KINDS}
    steps: dict[str, _Step | None] = {}
    while True:
        for kind in KINDS:
            if kind not in steps:
                steps[kind] = searches[kind].step(names)
        ready = {kind: step for kind, step in steps.items() if step is not None}
        if not ready:
            return [(kind, _tidied(clause, real, fake)) for kind, clause in found]
        kind = max(ready, key=lambda each: ready[each].gain)
        step = ready[kind]
        if step.is_told and _has_room(kind, step.clause, found, settings):
            found.append((kind, step.clause))
        if step.shifted:
            names.remove(step.shifted)
            steps.clear()
        else:
            searches[kind].leave_out(step.clause)
            del steps[kind]
        if sum(each == kind and _is_of_several(clause) for each, clause in found) >= (
            settings.num_regions
        ):
            searches[kind].max_length = 1


def _tidied(clause: Clause, real: ConceptTable, fake: ConceptTable) -> Clause:
    [tidy] = tidied(Rule((clause,)), _together(real, fake)).clauses
    return tidy


def expected_ratio(clause: Clause, has: ConceptTable, lacks: ConceptTable) -> float:
    """Multiply the ratios that each concept of a region has by itself."""
    ratio = 1.0
    for name in Rule((clause,)).concepts:
        ratio *= _ratio(tuple(each for each in clause if each.concept == name), has, lacks)
    return ratio


def _ratio(clause: Clause, has: ConceptTable, lacks: ConceptTable) -> float:
    shares = [float(Rule((clause,)).holds(each).double().mean()) for each in (has, lacks)]
    return shares[1] / shares[0] if shares[0] else nan


def _is_of_several(clause: Clause) -> bool:
    return len(Rule((clause,)).concepts) > 1


def _has_room(
    kind: str, clause: Clause, found: Sequence[tuple[str, Clause]], settings: CoverageSettings
) -> bool:
    alike = [
        each == kind and _is_of_several(other) == _is_of_several(clause) for each, other in found
    ]
    return sum(alike) < settings.num_regions


@dataclass(frozen=True)
class _Step:
    """A region, what it gains, and the concept that by itself tells the sets apart, or ""."""

    clause: Clause
    gain: float
    shifted: str
    is_told: bool = True


class _Search:
    """The search for regions of one kind, among the images that are left."""

    def __init__(self, has: ConceptTable, lacks: ConceptTable, settings: CoverageSettings) -> None:
        self.max_length = settings.max_length
        self._has, self._lacks = has, lacks
        self._left = has, lacks
        self._min_share = settings.min_share
        self._cost = _CONDITION * log(num_conditions(_together(has, lacks)))

    def leave_out(self, clause: Clause) -> None:
        """Take out what lies in a region."""
        has, lacks = (each.take(~Rule((clause,)).holds(each)) for each in self._left)
        self._left = has, lacks

    def step(self, names: Sequence[str]) -> _Step | None:
        """Find the region of these concepts that gains most; None where none is worth it."""
        regions = self._regions(names)
        if best := worthwhile([each for each in regions if self._says_more(each)], self._cost):
            several = _is_of_several(best.clause)
            shifted = "" if several else best.clause[0].concept
            return _Step(best.clause, self._gain(best), shifted)
        if best := worthwhile(regions, self._cost):
            return _Step(best.clause, self._gain(best), self._most_shifted(best), is_told=False)
        return None

    def _gain(self, region: Region) -> float:
        return region.gain - self._cost * len(region.clause)

    def _regions(self, names: Sequence[str]) -> list[Region]:
        has, lacks = (each.only(names) for each in self._left)
        totals = len(self._has), len(self._lacks)

        def is_hole(inside: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
            is_large = inside >= self._min_share * totals[0]
            return is_large & (others * totals[0] <= FOUND_BELOW * inside * totals[1])

        table = _together(has, lacks)
        return best_regions(
            table,
            torch.arange(len(table)) < len(has),
            lambda inside, others: _likelihood_ratio(inside, others, *totals),
            is_allowed=is_hole,
            max_length=self.max_length,
        )

    def _says_more(self, region: Region) -> bool:
        if not _is_of_several(region.clause):
            return True
        sets = self._has, self._lacks
        alone = expected_ratio(region.clause, *sets)
        return _ratio(region.clause, *sets) <= BEYOND_SINGLE * alone

    def _most_shifted(self, region: Region) -> str:
        def alone(name: str) -> float:
            own = tuple(each for each in region.clause if each.concept == name)
            return _ratio(own, self._has, self._lacks)

        return min(Rule((region.clause,)).concepts, key=alone)


def _together(one: ConceptTable, other: ConceptTable) -> ConceptTable:
    return ConceptTable(one.names, one.units, torch.cat([one.values, other.values]))


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
