"""Is one method better than another on the same images?"""

from dataclasses import dataclass

import numpy as np
import torch

from ganatomy.errors import InputError
from ganatomy.statistics import LEVEL, half_width, two_sided_p


@dataclass(frozen=True)
class Paired:
    """Mean of ``a - b`` over images, with its interval and test.

    Attributes
    ----------
    mean : float
        NaN without a pair.
    low, high : float
        Student's t interval; NaN for fewer than two pairs.
    p : float
        Two-sided, of "no difference"; NaN for fewer than two pairs or where all differences are 0.
    n : int
        Pairs in which neither is NaN.
    """

    mean: float
    low: float
    high: float
    p: float
    n: int


def paired(a: torch.Tensor, b: torch.Tensor, level: float = LEVEL) -> Paired:
    """Run the paired t test, with its interval.

    Parameters
    ----------
    a, b : Tensor of shape (n,)
        A measure of the same images in the same order. NaN: not measured, the pair is left out.
    level : float in (0, 1)

    Raises
    ------
    InputError
        Different shapes.
    """
    if a.shape != b.shape or a.ndim != 1:
        raise InputError(
            f"values of shape {tuple(a.shape)} and {tuple(b.shape)}",
            "paired",
            "Give one value per image for both, in the same order.",
        )
    differences = (a.detach().double().cpu() - b.detach().double().cpu()).numpy()
    differences = differences[~np.isnan(differences)]
    n = len(differences)
    mean = float(differences.mean()) if n else float("nan")
    if n < 2:
        return Paired(mean, float("nan"), float("nan"), float("nan"), n)
    error = float(differences.std(ddof=1)) / n**0.5
    half = float(half_width(error, n - 1, level))
    with np.errstate(invalid="ignore", divide="ignore"):
        p = float(two_sided_p(np.float64(mean) / error, n - 1))
    return Paired(mean, mean - half, mean + half, p, n)
