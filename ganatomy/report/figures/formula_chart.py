"""A short formula: how far each of its terms moves what it foretells."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import LOWERS, RAISES
from ganatomy.report.figures.labels import nothing, shortened, wrapped

_WIDTH_IN, _ROW_IN, _REST_IN = 8.2, 0.42, 0.7
_NAME, _NARROW_NAME = 44, 26


def formula_chart(terms: pd.DataFrame, target: str = "D's logit") -> NDArray[np.uint8]:
    """Draw a bar for each term, the longest first.

    Parameters
    ----------
    terms : DataFrame
        ``label``, what the term is called; ``moves``, the standard deviation of what it adds over
        images; ``sign``: 1 where more of the concept raises the target, -1 where more lowers it,
        0 where it is neither.
    target : str
        What the formula foretells.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    rows = terms.sort_values("moves", ascending=False, kind="stable").to_dict("records")
    width = NARROW_IN if is_narrow() else _WIDTH_IN
    most = _NARROW_NAME if is_narrow() else _NAME
    with canvas(width, _REST_IN + _ROW_IN * max(1, len(rows))) as figure:
        axis = figure.subplots()
        if not rows:
            nothing(axis, "no term")
            return pixels(figure)
        signs = [float(row["sign"]) for row in rows]
        sizes = [float(row["moves"]) for row in rows]
        places = np.arange(len(rows))
        colours = [{1.0: RAISES, -1.0: LOWERS}.get(sign, MUTED) for sign in signs]
        ends = [size * (sign or 1.0) for size, sign in zip(sizes, signs)]
        axis.barh(places, ends, height=0.6, color=colours)
        axis.axvline(0, color=MUTED, linewidth=0.8)
        names = [wrapped(shortened(str(row["label"]), 2 * most), most) for row in rows]
        axis.set_yticks(places, names)
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=7.5)
        axis.tick_params(axis="x", labelsize=7.5)
        axis.spines["left"].set_visible(False)
        axis.set_xlabel(f"moves {target} by (standard deviation)", fontsize=7.5)
        return pixels(figure)
