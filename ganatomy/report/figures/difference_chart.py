"""Two GANs readout by readout: which is closer to the data, in units of noise."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, INK, MUTED, canvas, pixels
from ganatomy.report.figures.labels import nothing, one_line
from ganatomy.report.figures.scales import is_wide, stretch

_ROW_IN = 0.28
_TITLE = 44


def difference_chart(
    rows: pd.DataFrame, titles: dict[str, str], *, names: tuple[str, str], unit: str
) -> NDArray[np.uint8]:
    """Draw each readout's difference with its interval from sampling, beside the band of noise.

    Parameters
    ----------
    rows : DataFrame
        readout, towards (the difference, positive where B is better or, where neither can be,
        larger), low, high (of `towards`), noise (what noise reaches to), found (bool). A row
        without noise is left out.
    titles : dict of str to str
        A short title for each readout.
    names : (str, str)
        Of A, towards the left, and of B.
    unit : str
        What the band is.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of readouts.
    """
    noise = rows["noise"].astype(float)
    known = rows[np.isfinite(noise) & (noise > 0)]
    with canvas(8.2, 0.95 + _ROW_IN * max(2, len(known))) as figure:
        axis = figure.subplots()
        if known.empty:
            nothing(axis, "no noise to compare with")
            return pixels(figure)
        axis.axvspan(-1, 1, color=BAND, zorder=0)
        axis.axvline(0, color=MUTED, linewidth=0.8)
        ends = known[["towards", "low", "high"]].div(known["noise"], axis=0).to_numpy(dtype=float)
        largest = max(1.5, float(np.abs(ends).max()))
        if is_wide(np.abs(ends).max(1)):
            stretch(axis, -largest, largest)
        axis.set_xlim(-1.05 * largest, 1.05 * largest)
        for place, ((value, low, high), found) in enumerate(zip(ends, known["found"], strict=True)):
            colour = ACCENT if found else MUTED
            axis.plot([low, high], [place, place], color=colour, linewidth=1.6, zorder=2)
            axis.plot([value], [place], "o", color=colour, markersize=6, zorder=3)
        labels = [one_line(titles.get(name, name), _TITLE) for name in known["readout"]]
        axis.set_yticks(np.arange(len(known)), labels)
        axis.set_ylim(len(known) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
        axis.tick_params(axis="x", labelsize=8)
        arrows = (
            f"\N{LEFTWARDS ARROW} {names[0]} closer    |    {names[1]} closer \N{RIGHTWARDS ARROW}"
        )
        axis.set_xlabel(arrows, fontsize=8, color=MUTED)
        figure.supxlabel(f"grey, and the unit: {unit}; coloured: more", fontsize=8, color=MUTED)
        return pixels(figure)
