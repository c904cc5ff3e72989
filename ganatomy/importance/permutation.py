"""An exact test beside Student's t: which of a seed's GANs is called the variant does not matter.

If a change does nothing, a variant and the K nulls of its seed can change places: of all
``(K + 1) ** S`` ways to call one of each seed's GANs the variant, those with a mean difference at
least as large as the one found are counted. That holds whatever the distribution of the noise
(nearly so for ``d_shift``, whose nulls are measured from each other, and for variants with fewer
images), where t asks for a normal one (Fisher 1935; Phipson & Smyth 2010 for drawn arrangements).
"""

import numpy as np
import torch

from ganatomy.importance.differences import Differences
from ganatomy.rng import generator
from ganatomy.statistics import Array

# With fewer ways no p is small enough to be found in a table of many rows: t stands alone.
FEWEST = 500
_MOST = 10_000  # beyond, so many are drawn
_EQUAL = 1 - 1e-9  # sums in another order differ in their last bits


def permutation_p(given: Differences) -> Array:
    """Return the two-sided p of each effect, shape (r, v); NaN for fewer than 500 arrangements.

    The variant as it is counts as one of the arrangements, so p is never below one over their
    number: 1/625 for 4 nulls and 4 seeds.
    """
    num_readouts, num_variants, _ = given.values.shape
    p = np.full((num_readouts, num_variants), np.nan)
    for readout in range(num_readouts):
        if given.null_squares[readout].sum() == 0:
            continue
        for variant in range(num_variants):
            differences = given.values[readout, variant]
            places = [
                _places(differences[seed], given.null_deviations[readout, :, seed])
                for seed in np.flatnonzero(np.isfinite(differences))
            ]
            if num_arrangements([len(place) - 1 for place in places]) >= FEWEST:
                p[readout, variant] = _share_beyond(places)
    return p


def num_arrangements(num_nulls: list[int]) -> float:
    """Return in how many ways one GAN of each seed can be called the variant.

    Examples
    --------
    >>> num_arrangements([4, 4, 4, 4])
    625.0
    """
    return float(np.prod([count + 1.0 for count in num_nulls]))


def _places(difference: float, deviations: Array) -> Array:
    """Differences of each GAN of a seed from the mean of the others, that of the variant first."""
    there = deviations[np.isfinite(deviations)]
    count = len(there)
    return np.append(difference, (1 + 1 / count) * there - difference / count)


def _share_beyond(places: list[Array]) -> float:
    found = abs(sum(place[0] for place in places)) * _EQUAL
    if num_arrangements([len(place) - 1 for place in places]) <= _MOST:
        sums = places[0]
        for place in places[1:]:
            sums = np.add.outer(sums, place).ravel()
        return float((np.abs(sums) >= found).mean())
    draw = generator(0, "arrangements")
    sums = np.zeros(_MOST - 1)
    for place in places:
        sums = sums + place[torch.randint(len(place), (_MOST - 1,), generator=draw).numpy()]
    return float((1 + (np.abs(sums) >= found).sum()) / _MOST)
