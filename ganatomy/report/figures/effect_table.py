"""Every effect at one glance: features down, readouts across."""

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, DIVERGING, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing, shortened, wrapped

_ROW_IN = 0.22
_NAME = 34
_TITLE = 11
_CLIP_PERCENTILE = 90
_LEAST_LIMIT = 3.0  # so that a table of noise looks faint
_INSET = 0.06  # keeps the outlines of neighbours apart
_GROUPS = (("generator", "G", ACCENT), ("discriminator", "D", WARM))


def effect_table(
    summary: pd.DataFrame, ranking: pd.DataFrame, titles: dict[str, str]
) -> NDArray[np.uint8]:
    """Draw a cell for each feature and readout, coloured by its signed effect in null sd.

    Features stand in rank order, G's readouts left of D's. The number in a cell is the effect; what
    stands out is bold in an outline; what cannot be judged is hatched. Colours are symmetric about
    zero and clipped at a high percentile of the magnitudes, so that one giant does not pale all
    others.

    Parameters
    ----------
    summary : DataFrame
        One row per feature and readout: variant, readout, network, standardised, t, stands_out.
        Where the effect or t is not finite, or the row is missing, it could not be judged.
    ranking : DataFrame
        Columns variant, rank.
    titles : dict of str to str
        A short title for each readout; their order is the order of the columns.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of features.
    """
    order = ranking.sort_values("rank", kind="stable")["variant"].tolist()
    summary = summary[summary["variant"].isin(order)]
    groups = [
        (letter, colour, [name for name in titles if name in taken])
        for network, letter, colour in _GROUPS
        if (taken := set(summary.loc[summary["network"] == network, "readout"]))
    ]
    with canvas(8.2, 1.9 + _ROW_IN * max(2, len(order))) as figure:
        if not order or not groups:
            nothing(figure.subplots(), "no feature to rank")
            return pixels(figure)
        norm = _norm(summary.loc[np.isfinite(summary["t"]), "standardised"].to_numpy(np.float64))
        axes = figure.subplots(
            1,
            len(groups),
            sharey=True,
            squeeze=False,
            width_ratios=[len(readouts) for *_, readouts in groups],
        )[0]
        heads = [[wrapped(titles[name], _TITLE) for name in readouts] for *_, readouts in groups]
        lines = max(head.count("\n") + 1 for group in heads for head in group)
        for axis, (letter, colour, readouts), group in zip(axes, groups, heads):
            _cells(axis, summary, order, readouts, norm)
            axis.set_xticks(np.arange(len(readouts)), group)
            axis.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
            axis.tick_params(length=0, labelcolor=INK, labelsize=8)
            axis.tick_params(axis="x", labelsize=6.5)
            axis.set_title(letter, color=colour, y=1.0, pad=6 + 8.2 * lines)
            axis.spines[:].set_visible(False)
        axes[0].set_yticks(np.arange(len(order)), [shortened(name, _NAME) for name in order])
        axes[0].set_ylim(len(order) - 0.5, -0.5)
        bar = figure.colorbar(
            ScalarMappable(norm, DIVERGING),
            ax=list(axes),
            location="bottom",
            extend="both",
            shrink=0.5,
            aspect=40,
            pad=0.02,
        )
        bar.ax.tick_params(labelsize=7)
        bar.set_label("effect in null sd", fontsize=7.5, color=MUTED)
        figure.supxlabel(
            "red raises the readout, blue lowers it; outlined, bold: stands out; "
            "hatched: cannot be judged",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _norm(effects: NDArray[np.float64]) -> Normalize:
    magnitudes = np.abs(effects[np.isfinite(effects)])
    limit = np.percentile(magnitudes, _CLIP_PERCENTILE) if len(magnitudes) else 0.0
    limit = max(_LEAST_LIMIT, float(limit))
    return Normalize(-limit, limit)


def _cells(
    axis: Axes, summary: pd.DataFrame, order: list[str], readouts: list[str], norm: Normalize
) -> None:
    rows = {(row["variant"], row["readout"]): row for row in summary.to_dict("records")}
    colours = matplotlib.colormaps[DIVERGING]
    for place, variant in enumerate(order):
        for column, readout in enumerate(readouts):
            row = rows.get((variant, readout), {})
            effect = float(row.get("standardised", np.nan))
            if not np.isfinite([effect, row.get("t", np.nan)]).all():
                _box(axis, column, place, 0, facecolor=BAND, edgecolor="white", hatch="////")
                _number(axis, column, place, "–", INK, "normal")
                continue
            out = bool(row["stands_out"])
            colour = colours(float(norm(effect)))
            _box(axis, column, place, 0, facecolor=colour, edgecolor="white", linewidth=0.8)
            if out:
                for edge, width in (("white", 3.0), (INK, 1.4)):  # shows on light and on dark
                    _box(axis, column, place, _INSET, fill=False, edgecolor=edge, linewidth=width)
            ink = "white" if np.dot(colour[:3], (0.299, 0.587, 0.114)) < 0.52 else INK
            _number(axis, column, place, signed(effect), ink, "bold" if out else "normal")
    axis.set_xlim(-0.5, len(readouts) - 0.5)


def _box(axis: Axes, column: int, place: int, inset: float, **look: Any) -> None:
    side = 1 - 2 * inset
    corner = (column - 0.5 + inset, place - 0.5 + inset)
    axis.add_patch(Rectangle(corner, side, side, **look))


def _number(axis: Axes, column: int, place: int, text: str, ink: str, weight: str) -> None:
    axis.text(
        column, place, text, color=ink, fontweight=weight, fontsize=6.5, ha="center", va="center"
    )


def signed(effect: float) -> str:
    """Write a signed number short enough for a cell, thousands as k."""
    size = abs(effect)
    if size < 0.05:
        return "0.0"
    if size < 9.95:
        text = f"{effect:+.1f}"
    else:
        text = f"{effect:+.0f}" if size < 9999.5 else f"{effect / 1000:+.0f}k"
    return text.replace("-", "−")
