"""Where a path tears: steps that do not shrink while their interval is halved.

The step of a continuous function halves, in the end, when its interval does, however steep it is.
That over a jump stays as large as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

HALVINGS = 12
"""Of an interval between two neighbouring places of a path."""

_LAST = 4  # halvings over which a step is compared: of a continuous function 16 times smaller then
_STAYS_FROM = 0.5
_GIVEN_UP_BELOW = 0.25
_CANDIDATE_FROM = 0.6  # of a step's share in its half: 0.5 where both halves are alike
_MOST = 8  # candidates of a path
_OF_TYPICAL = 0.25  # of the path's median step: smaller jumps are not looked for
_ROUNDING = 1e-4  # of the length of what is seen


@dataclass(frozen=True)
class Tear:
    """A jump.

    Attributes
    ----------
    low, high : float in [0, 1]
        It lies between these places of the path.
    size : float
        How far apart what is seen at both is.
    beside : float
        How far the two intervals beside it go, in the mean, each as long as its first one: what
        the slope there would have it be.
    """

    low: float
    high: float
    size: float
    beside: float

    @property
    def t(self) -> float:
        """Where it lies."""
        return (self.low + self.high) / 2


def find_tears(
    look: Callable[[torch.Tensor], torch.Tensor], t: torch.Tensor, found: torch.Tensor
) -> list[Tear]:
    """Find jumps of a function by halving the intervals in which it goes suspiciously far.

    Jumps smaller than a quarter of the median step are not looked for, and something continuous
    that rises within 2^-8 of an interval is told from a jump by nobody here.

    Parameters
    ----------
    look : callable
        Places of shape (k,) to what is seen there, (k, f).
    t : Tensor of shape (2 n + 1,), float64
        Places, evenly spaced.
    found : Tensor of shape (2 n + 1, f)
        What is seen there.

    Returns
    -------
    list of Tear
        By place.

    Examples
    --------
    >>> look = lambda t: (t + (t > 0.3)).float()[:, None]
    >>> places = torch.linspace(0, 1, 17, dtype=torch.float64)
    >>> [(round(tear.t, 4), round(tear.size, 2)) for tear in find_tears(look, places, look(places))]
    [(0.3, 1.0)]
    """
    steps = _apart(found[1:], found[:-1])
    least = max(
        _OF_TYPICAL * float(steps.median()), _ROUNDING * float(found.norm(dim=1).mean()), 1e-12
    )
    places = _candidates(found, steps, least)
    if not len(places):
        return []
    low, high = t[places].clone(), t[places + 1].clone()
    ends = found[places].clone(), found[places + 1].clone()
    sizes = [steps[places]]
    going = torch.arange(len(places))
    for level in range(1, HALVINGS + 1):
        if not len(going):
            return []
        size = _halve(look, low, high, ends, going)
        sizes.append(sizes[-1].index_put((going,), size))
        if level >= _LAST:
            going = going[(size >= _GIVEN_UP_BELOW * sizes[level - _LAST][going]) & (size >= least)]
    stays = sizes[-1][going] >= _STAYS_FROM * sizes[-1 - _LAST][going]
    return [
        Tear(float(low[i]), float(high[i]), float(sizes[-1][i]), _beside(steps, int(places[i])))
        for i in going[stays].tolist()
    ]


def _apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    apart: torch.Tensor = (one.double() - other.double()).norm(dim=1)
    return apart


def _candidates(found: torch.Tensor, steps: torch.Tensor, least: float) -> torch.Tensor:
    """Intervals that have most of what two neighbouring ones go together; the largest of them."""
    twice = _apart(found[2::2], found[:-2:2]).repeat_interleave(2)
    uneven = (steps >= _CANDIDATE_FROM * twice) & (steps >= least)
    places = uneven.nonzero()[:, 0]
    largest = steps[places].argsort(descending=True, stable=True)[:_MOST]
    return places[largest].sort().values


def _halve(
    look: Callable[[torch.Tensor], torch.Tensor],
    low: torch.Tensor,
    high: torch.Tensor,
    ends: tuple[torch.Tensor, torch.Tensor],
    going: torch.Tensor,
) -> torch.Tensor:
    """Go on, in place, in the half of each interval that goes further; return how far it goes."""
    middle = (low[going] + high[going]) / 2
    seen = look(middle)
    first, second = _apart(seen, ends[0][going]), _apart(ends[1][going], seen)
    earlier = first >= second
    high[going[earlier]], low[going[~earlier]] = middle[earlier], middle[~earlier]
    ends[1][going[earlier]], ends[0][going[~earlier]] = seen[earlier], seen[~earlier]
    return torch.maximum(first, second)


def _beside(steps: torch.Tensor, place: int) -> float:
    own = [int(each) for each in (place - 1, place + 1) if 0 <= each < len(steps)]
    return float(steps[own].mean())
