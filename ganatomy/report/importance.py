"""Influence of each feature as bars beside the noise of retraining."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.canvas import ACCENT, BAND, INK, MUTED, WARM, canvas, pixels

_TITLES = {
    "g_fcd": "G: Fréchet distance,\nevaluator features",
    "g_frd": "G: Fréchet distance,\nrandom features",
    "d_shift": "D: change of its logits",
    "d_separation": "D: real/fake separation",
}


def importance_bars(
    summary: pd.DataFrame, ranking: pd.DataFrame, repeats: pd.DataFrame
) -> NDArray[np.uint8]:
    """One panel per readout, features in rank order.

    The bar is the effect with its interval, the dots are single seeds, the grey band is where a
    feature without influence would fall. Bars that leave the band for good are coloured.

    Parameters
    ----------
    summary, ranking, repeats : DataFrame
        From `explain.importance`.
    """
    order = ranking["variant"].tolist()
    readouts = [name for name in _TITLES if name in set(summary["readout"])]
    with canvas(2.4 * len(readouts) + 0.9, 0.34 * len(order) + 1.1) as figure:
        axes = figure.subplots(1, len(readouts), sharey=True, squeeze=False)[0]
        for axis, readout in zip(axes, readouts):
            rows = summary[summary["readout"] == readout].set_index("variant").loc[order]
            position = np.arange(len(order))
            spread = (rows["high"] - rows["effect"]).to_numpy()
            band = float((rows["threshold"] * rows["error"]).iloc[0])
            axis.axvspan(-band, band, color=BAND, zorder=0)
            axis.axvline(0, color=MUTED, linewidth=0.8)
            colours = [
                (WARM if readout.startswith("d_") else ACCENT) if out else MUTED
                for out in rows["stands_out"]
            ]
            axis.barh(position, rows["effect"], color=colours, height=0.62, zorder=2)
            axis.errorbar(
                rows["effect"],
                position,
                xerr=spread,
                fmt="none",
                ecolor=INK,
                elinewidth=1,
                capsize=2,
                zorder=3,
            )
            for place, variant in enumerate(order):
                dots = _differences(repeats, readout, variant)
                axis.plot(dots, [place] * len(dots), ".", color=INK, markersize=3, zorder=4)
            axis.set_title(_TITLES[readout])
            axis.set_yticks(position, order)
            axis.tick_params(axis="y", length=0, labelcolor=INK)
            axis.locator_params(axis="x", nbins=4)
        axes[0].invert_yaxis()
        figure.supxlabel(
            "difference from unchanged data (0 = none; grey: what changing nothing does)",
            fontsize=8,
            color=MUTED,
        )
        return pixels(figure)


def _differences(repeats: pd.DataFrame, readout: str, variant: str) -> list[float]:
    """A variant's value minus the nulls' mean, seed by seed."""
    frame = repeats[repeats["readout"] == readout]
    centre = frame[frame["is_null"]].groupby("seed")["value"].mean()
    own = frame[frame["variant"] == variant].set_index("seed")["value"]
    return [float(value) for value in own - centre]
