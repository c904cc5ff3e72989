"""How far each concept's whole distribution lies from that of the data: read before any hole."""

from math import log, sqrt

import pandas as pd
import torch
from scipy.special import kolmogorov

from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import LEVEL, mark

SHIFT_COLUMNS = [
    *("concept", "real_mean", "fake_mean", "real_std", "distance", "low", "high", "p", "q"),
    "stands_out",
]


def shift_table(real: ConceptTable, fake: ConceptTable, *, fdr: float = 0.05) -> pd.DataFrame:
    """Compare the distribution of each concept in two sets of images.

    Parameters
    ----------
    real, fake : ConceptTable
        Of the same concepts.
    fdr : float in (0, 1)

    Returns
    -------
    DataFrame
        One row for each concept, the furthest first, `SHIFT_COLUMNS`. `distance`: the largest
        difference of the two distribution functions (Kolmogorov-Smirnov), from 0 to 1; `low`,
        `high`: 95 %, by the inequality of Dvoretzky, Kiefer and Wolfowitz (Massart 1990, doi
        10.1214/aop/1176990746), which is right at least as often; `p` of none, `q` over the table.

    Examples
    --------
    >>> values = torch.arange(100.0).double()[:, None]
    >>> real = ConceptTable(("size",), ("",), values)
    >>> shifts = shift_table(real, ConceptTable(("size",), ("",), values + 25))
    >>> round(float(shifts["distance"][0]), 6)
    0.25
    """
    counts = len(real), len(fake)
    width = sum(sqrt(log(4 / (1 - LEVEL)) / (2 * count)) for count in counts)
    rows = []
    for name in real.names:
        ours, theirs = real.column(name), fake.column(name)
        distance = kolmogorov_smirnov(ours, theirs)
        rows.append(
            {
                "concept": name,
                "real_mean": float(ours.mean()),
                "fake_mean": float(theirs.mean()),
                "real_std": float(ours.std(correction=0)),
                "distance": distance,
                "low": max(0.0, distance - width),
                "high": min(1.0, distance + width),
                "p": float(kolmogorov(sqrt(counts[0] * counts[1] / sum(counts)) * distance)),
            }
        )
    if not rows:
        return pd.DataFrame(columns=SHIFT_COLUMNS)
    table = mark(pd.DataFrame(rows), fdr)[SHIFT_COLUMNS]
    return table.sort_values("distance", ascending=False, kind="stable", ignore_index=True)


def kolmogorov_smirnov(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the largest difference of two distribution functions, of values of shape (n,)."""
    places = torch.cat([one, other]).unique()
    below = [
        torch.searchsorted(each.sort().values, places, right=True).double() / len(each)
        for each in (one, other)
    ]
    return float((below[0] - below[1]).abs().max())
