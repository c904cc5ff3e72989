"""One rule for when an axis or a colour bar leaves the linear scale."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm, Normalize
from numpy.typing import NDArray

_WIDE = 30.0
WORDS = "logarithmic beyond 1"


def is_wide(magnitudes: NDArray[np.float64]) -> bool:
    """Tell whether magnitudes span so much that small ones would vanish on a linear scale.

    Parameters
    ----------
    magnitudes : ndarray
        Multiples of a noise level, at least 0. Those below 1 count as 1: that noise is small is no
        reason to stretch it. Entries that are not finite do not count.
    """
    finite = magnitudes[np.isfinite(magnitudes)]
    return bool(len(finite)) and bool(finite.max() > _WIDE * max(1.0, float(finite.min())))


def norm(largest: float, wide: bool) -> Normalize:
    """Map 0 to `largest` to colours, on the scale of `is_wide`."""
    return AsinhNorm(1.0, 0.0, largest) if wide else Normalize(0.0, largest)


def ticks(largest: float) -> list[float]:
    """Choose 0 and round numbers up to `largest`, for an axis that is logarithmic beyond 1."""
    decades = [10.0**k for k in range(1 + int(np.log10(max(largest, 1.0))))]
    most = 1.05 * max(largest, 1.0)
    steps = (1.0, 3.0) if len(decades) <= 3 else (1.0,)
    return [0.0, *(step * decade for decade in decades for step in steps if step * decade <= most)]


def stretch(axis: Axes, low: float, high: float) -> None:
    """Make the x axis logarithmic beyond 1 (an inverse hyperbolic sine: it passes through 0).

    Its ticks lie between `low`, at most 0, and `high`; set the limits afterwards.
    """
    axis.set_xscale("asinh", linear_width=1.0)
    below = [-tick for tick in reversed(ticks(-low)[1:])] if low <= -1 else []
    axis.set_xticks(below + ticks(high))
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter("{x:g}")
