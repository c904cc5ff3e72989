"""In which part of the image maps put what raises the target, and what lowers it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ganatomy.statistics import LEVEL, half_width, mean_and_error

PARTS = (
    *("upper left", "upper middle", "upper right"),
    *("middle left", "middle", "middle right"),
    *("lower left", "lower middle", "lower right"),
)
"""Ninths of the image, row by row, in words."""

COLUMNS = ["part", "share", "low", "high", "by_size"]
_SIDE = 3


@dataclass(frozen=True)
class Place:
    """A part of the image, and the share of what raises or lowers the target that lies there.

    Attributes
    ----------
    part : str
        Of `PARTS`.
    share, low, high : float
        The mean over maps and its interval.
    by_size : float
        The share of the image that the part takes.
    """

    part: str
    share: float
    low: float
    high: float
    by_size: float


def ninth(height: int, width: int) -> torch.Tensor:
    """Number the ninth of the image that each pixel lies in; LongTensor of shape (height, width).

    Examples
    --------
    >>> ninth(4, 4).tolist()
    [[0, 0, 1, 2], [0, 0, 1, 2], [3, 3, 4, 5], [6, 6, 7, 8]]
    """
    row, column = (
        torch.div(torch.arange(length) * _SIDE, length, rounding_mode="floor")
        for length in (height, width)
    )
    return _SIDE * row[:, None] + column[None]


def shares(maps: torch.Tensor, sign: int, level: float = LEVEL) -> pd.DataFrame:
    """Measure which share of what maps call important lies in each ninth of the image.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
        Signed attributions; one that is not finite, or has nothing of this sign, is left out.
    sign : int
        1: of what raises the target; -1: of what lowers it.
    level : float in (0, 1)
        Of the intervals.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row for each of `PARTS`: the mean share over maps, its t interval, and the
        share of the image that the part takes. NaN without a map.

    Examples
    --------
    >>> maps = torch.zeros(2, 3, 3)
    >>> maps[:, 0, 0], maps[:, 1, 1] = 1.0, 3.0
    >>> table = shares(maps, 1).set_index("part")
    >>> float(table["share"]["upper left"]), float(table["share"]["middle"])
    (0.25, 0.75)
    """
    one_sign = (maps.detach().cpu().double() * sign).clamp(min=0).flatten(1)
    totals = one_sign.sum(1)
    usable = totals.isfinite() & (totals > 0)
    which = ninth(maps.shape[-2], maps.shape[-1]).flatten()
    inside = torch.nn.functional.one_hot(which, _SIDE**2).double()
    each = (one_sign[usable] @ inside) / totals[usable, None]
    means, errors, freedom = mean_and_error(each.T.numpy())
    half = half_width(errors, freedom, level)
    by_size = inside.mean(0).numpy()
    return pd.DataFrame(dict(zip(COLUMNS, (PARTS, means, means - half, means + half, by_size))))


def standing_out(maps: torch.Tensor, sign: int) -> Place | None:
    """Find the ninth with the largest share, if its interval lies above the part's size.

    Parameters
    ----------
    maps, sign
        As of `shares`. Nine parts are looked at, so the intervals hold all together in 95 % of
        cases (Bonferroni).

    Returns
    -------
    Place or None
        None where no part has more than its size, as far as can be told.
    """
    level = 1 - (1 - LEVEL) / len(PARTS)
    rows = [Place(*row) for row in shares(maps, sign, level).itertuples(index=False)]
    largest = max(rows, key=lambda row: np.nan_to_num(row.share - row.by_size, nan=-1.0))
    return largest if largest.low > largest.by_size else None
