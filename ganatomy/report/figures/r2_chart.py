"""How good LIME's surrogates are, where they were fitted and where they were not."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing

LEAST_R2 = -0.5  # where the axes begin at the least
_GROUPS = (("o", ACCENT), ("D", WARM), ("s", INK), ("^", MUTED))


def r2_chart(table: pd.DataFrame) -> NDArray[np.uint8]:
    """Draw how much of the target each surrogate explains: where fitted, and where held out.

    Far below the diagonal a surrogate has learned its own samples by heart: its coefficients are
    noise. Far left the target is not linear around the image: they are true, but say little.

    Parameters
    ----------
    table : DataFrame
        One row per explanation: group (as "real", "fake"; four at most), r2, held_out_r2. What is
        below `LEAST_R2` stands at the edge. Rows that are not finite are left out.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    known = table[np.isfinite(table[["r2", "held_out_r2"]].astype(float)).all(axis=1)]
    with canvas(4.6, 3.6) as figure:
        axis = figure.subplots()
        if known.empty:
            nothing(axis, "no surrogate was fitted")
            axis.spines[:].set_visible(False)
            return pixels(figure)
        values = known[["r2", "held_out_r2"]].to_numpy(dtype=np.float64)
        left, bottom = (max(float(least), LEAST_R2) for least in values.min(0).clip(max=0))
        axis.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, zorder=1)
        for level in (axis.axhline, axis.axvline):
            level(0, color=MUTED, linewidth=0.8, linestyle=":", zorder=1)
        groups = known["group"].to_numpy()
        for name, (mark, colour) in zip(dict.fromkeys(groups.tolist()), _GROUPS):
            fitted, held_out = values[groups == name].clip(LEAST_R2).T
            label = f"{name}: median {np.median(fitted):.2f}, held out {np.median(held_out):.2f}"
            axis.plot(fitted, held_out, mark, color=colour, ms=4, alpha=0.65, mew=0, label=label)
        axis.set_xlim(left - 0.03, 1.03)
        axis.set_ylim(bottom - 0.03, 1.03)
        axis.set_xlabel("R² of the samples that were fitted")
        axis.set_ylabel("R² of samples that were held out")
        axis.tick_params(labelsize=8)
        figure.legend(loc="outside upper left", ncols=1, fontsize=7.5)
        return pixels(figure)
