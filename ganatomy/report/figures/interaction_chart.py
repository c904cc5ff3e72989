"""What two features do together beyond what their single effects add up to."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.effect_table import signed
from ganatomy.report.figures.labels import nothing, one_line, shortened
from ganatomy.report.figures.scales import WORDS, is_wide, stretch

_NAME = 34
_TITLE = 36
_LINE_IN = 0.17
_PANELS = (("generator", "G", ACCENT), ("discriminator", "D", WARM))


def interaction_chart(
    interactions: pd.DataFrame, summary: pd.DataFrame, titles: dict[str, str]
) -> NDArray[np.uint8]:
    """Draw each pair's interaction, for each network in the readout with the largest |t|.

    The bar is what both changes together did beyond the sum of the single effects, with its
    interval, in null sd. Above it stand the readout, that sum and what was found. What stands out
    is coloured and bold.

    Parameters
    ----------
    interactions : DataFrame
        Columns features ("a+b"), mode, readout, effect (of the interaction), low, high, t,
        stands_out. Rows whose t is not finite are left out.
    summary : DataFrame
        Columns variant, features, mode, readout, network, effect, null_sd. Only rows of the same
        features, mode and readout count; those of random subsets (``subset_``) do not.
    titles : dict of str to str
        A short title for each readout.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of pairs.
    """
    rows = _strongest(interactions, summary)
    pairs = list(dict.fromkeys(rows["label"]))
    names = ["\n".join(shortened(line, _NAME) for line in pair.split("\n")) for pair in pairs]
    lines = max((1 + name.count("\n") for name in names), default=2)
    ends = rows[["effect", "low", "high"]].to_numpy(dtype=np.float64)
    low, high = float(ends.min(initial=0.0)), float(ends.max(initial=0.0))
    wide = is_wide(np.abs(rows["effect"].to_numpy(dtype=np.float64)))
    with canvas(8.2, 1.1 + _LINE_IN * (lines + 0.8) * max(1, len(pairs))) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, (network, letter, colour) in zip(axes, _PANELS):
            axis.set_title(f"{letter}: the {network}", color=colour)
            own = rows[rows["network"] == network]
            if own.empty:
                nothing(axis, "not measured")
                continue
            axis.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
            _limits(axis, low, high, wide)
            for row in own.to_dict("records"):
                title = one_line(titles[row["readout"]], _TITLE)
                text = f"{title}: sum {signed(row['sum'])}, found {signed(row['found'])}"
                _bar(axis, pairs.index(row["label"]), row, text, colour)
        if pairs:
            axes[0].set_yticks(np.arange(len(pairs)), names)
            axes[0].set_ylim(len(pairs) - 0.4, -0.6)
        for axis in axes:
            axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
            axis.tick_params(axis="x", labelsize=8)
        scale = f" ({WORDS})" if wide else ""
        figure.supxlabel(
            "what both changes together did beyond the sum of their single effects, in null sd"
            f"{scale};\ncoloured, bold: stands out",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _strongest(interactions: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """One row per pair and network, in null sd, the strongest first."""
    keys = ["features", "mode", "readout"]
    together = summary[~summary["variant"].str.startswith("subset_")]
    together = together[[*keys, "network", "effect", "null_sd"]].rename(columns={"effect": "found"})
    rows = interactions[np.isfinite(interactions["t"].astype(float))].merge(together, on=keys)
    rows["sum"] = rows["found"] - rows["effect"]
    columns = ["effect", "low", "high", "found", "sum"]
    rows[columns] = rows[columns].div(rows["null_sd"], axis=0)
    mode = np.where(rows["mode"] == "remove", "", " (" + rows["mode"] + ")")
    rows["label"] = rows["features"].str.replace("+", "\n+ ") + mode
    rows["size"] = rows["t"].abs()
    rows = rows.sort_values("size", ascending=False, kind="stable")
    strongest: pd.DataFrame = rows.drop_duplicates(["label", "network"])
    return strongest


def _limits(axis: Axes, low: float, high: float, wide: bool) -> None:
    if wide:
        stretch(axis, low, high)
    else:
        axis.locator_params(axis="x", nbins=6)
    scale = axis.xaxis.get_transform()
    ends = scale.transform(np.array([low, high]))
    margin = 0.08 * (ends[1] - ends[0]) or 1.0
    axis.set_xlim(*scale.inverted().transform(np.array([ends[0] - margin, ends[1] + margin])))


def _bar(axis: Axes, place: int, row: dict[Hashable, Any], text: str, colour: str) -> None:
    below = place + 0.14
    out = bool(row["stands_out"])
    axis.barh(below, row["effect"], color=colour if out else MUTED, height=0.36, zorder=2)
    axis.plot([row["low"], row["high"]], [below] * 2, "|-", color=INK, lw=1, ms=6, zorder=3)
    axis.annotate(
        text,
        (0.01, place - 0.28),
        xycoords=("axes fraction", "data"),
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        fontsize=6.5,
        fontweight="bold" if out else "normal",
    )
