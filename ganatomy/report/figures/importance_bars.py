"""Features ranked by their influence on G and D, beside what changing nothing does."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from numpy.typing import NDArray
from scipy.special import stdtrit

from ganatomy.report.figures.canvas import ACCENT, BAND, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing, one_line, shortened
from ganatomy.report.figures.scales import WORDS, is_wide, stretch

MOST_ROWS = 30
_ROW_IN = 0.25
_NAME = 34
_TITLE = 36
_BAR_SHARE = 0.5  # of a panel's width; the rest is for the text at the bars
_BAND_SHARE = 0.95
_PANELS = (("generator", "G", "g", ACCENT), ("discriminator", "D", "d", WARM))


def importance_bars(
    ranking: pd.DataFrame, summary: pd.DataFrame, titles: dict[str, str]
) -> NDArray[np.uint8]:
    """Draw a bar for each feature and network: the largest |t| of the network's readouts.

    Both panels share one scale. What stands out is coloured and its number bold. The grey band is
    where a feature without influence would fall (`null_band`). When more than `MOST_ROWS` features
    are ranked the first ones are drawn, and a note counts the others.

    Parameters
    ----------
    ranking : DataFrame
        One row per feature: variant, rank, g_readout, g_abs_t, d_readout, d_abs_t, found_by_g,
        found_by_d. Where a network has no readout that can be judged its |t| is not finite.
    summary : DataFrame
        One row per feature and readout: readout, network, freedom, t.
    titles : dict of str to str
        A short title for each readout, written at the bars.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of bars.
    """
    ordered = ranking.sort_values("rank", kind="stable")
    rows = ordered.head(MOST_ROWS)
    lengths = rows[["g_abs_t", "d_abs_t"]].to_numpy(dtype=np.float64)
    wide = is_wide(lengths)
    largest = float(lengths[np.isfinite(lengths)].max(initial=1.0))
    more = len(ordered) - len(rows)
    with canvas(8.2, 0.9 + _ROW_IN * max(2, len(rows) + bool(more))) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, (network, letter, prefix, colour) in zip(axes, _PANELS):
            axis.set_title(f"{letter}: the {network}", color=colour)
            if rows.empty:
                nothing(axis, "no feature to rank")
                continue
            _limits(axis, largest, wide)
            band = _band(summary, network)
            if band is not None:
                axis.axvspan(0, band, color=BAND, zorder=0)
            _bars(axis, rows, prefix, colour, titles)
        names = [shortened(name, _NAME) for name in rows["variant"].tolist()]
        names += [f"+{more} more"] if more else []
        axes[0].set_yticks(np.arange(len(names)), names)
        axes[0].set_ylim(max(1, len(names)) - 0.4, -0.6)
        for axis in axes:
            axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
            axis.tick_params(axis="x", labelsize=8)
        scale = f" ({WORDS})" if wide else ""
        figure.supxlabel(
            f"largest |t| against retraining on unchanged data{scale}; coloured, bold: stands out\n"
            f"grey band: where {_BAND_SHARE:.0%} of features without influence fall",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def null_band(freedom: float, num_readouts: int) -> float:
    """Return what the largest |t| of a feature without influence stays below in 95 % of cases.

    Exact for independent readouts; when they agree with each other it holds more often.

    Parameters
    ----------
    freedom : float
        Degrees of freedom of each t.
    num_readouts : int
        Over how many the largest is taken.
    """
    each = _BAND_SHARE ** (1.0 / num_readouts)
    return float(stdtrit(freedom, 0.5 + 0.5 * each))


def _band(summary: pd.DataFrame, network: str) -> float | None:
    """The widest band among a network's readouts; None when none of them can be judged."""
    judged = summary[(summary["network"] == network) & np.isfinite(summary["t"])]
    if judged.empty:
        return None
    return null_band(float(judged["freedom"].min()), judged["readout"].nunique())


def _limits(axis: Axes, largest: float, wide: bool) -> None:
    if wide:
        stretch(axis, 0, largest)
        axis.set_xlim(0, np.sinh(np.arcsinh(largest) / _BAR_SHARE))
    else:
        axis.set_xlim(0, largest / _BAR_SHARE)
        axis.locator_params(axis="x", nbins=10, steps=[1, 2, 5, 10])
        axis.set_xticks([tick for tick in axis.get_xticks() if tick <= 1.05 * largest])


def _bars(axis: Axes, rows: pd.DataFrame, prefix: str, colour: str, titles: dict[str, str]) -> None:
    for place, row in enumerate(rows.to_dict("records")):
        length, out = float(row[f"{prefix}_abs_t"]), bool(row[f"found_by_{prefix}"])
        if not np.isfinite(length):
            _text(axis, (0, place), "data", "cannot be judged")
            continue
        axis.barh(place, length, color=colour if out else MUTED, height=0.64, zorder=2)
        text = f"{length:.1f}" if length < 100 else f"{length:.0f}"
        weight = "bold" if out else "normal"
        number = _text(axis, (length, place), "data", text, weight)
        _text(axis, (1, 0.5), number, one_line(titles[row[f"{prefix}_readout"]], _TITLE))


def _text(
    axis: Axes,
    place: tuple[float, float],
    of: str | Annotation,
    text: str,
    weight: str = "normal",
) -> Annotation:
    """Right of a place, which is given in data coordinates or within another text."""
    return axis.annotate(
        text,
        place,
        (4, 0),
        xycoords=of,
        textcoords="offset points",
        va="center",
        fontsize=6.5,
        color=INK,
        fontweight=weight,
    )
