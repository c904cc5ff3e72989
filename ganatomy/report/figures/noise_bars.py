"""What the noise of retraining comes from: a stacked bar for each readout."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, BAND, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing, one_line

_ROW_IN = 0.26
_TITLE = 44
_COLOURS = {
    "seed": ACCENT,
    "initialisation": ACCENT,
    "order": WARM,
    "interplay": "#d9a441",
    "sampling": MUTED,
    "shared draw": "#c3cad3",
}
_WORDS = {
    "seed": "seed (first weights, latents)",
    "initialisation": "first weights",
    "order": "order of the data",
    "interplay": "how the two meet",
    "sampling": "images and latents, own",
    "shared draw": "images and latents, shared",
}


def noise_bars(parts: pd.DataFrame, titles: dict[str, str]) -> NDArray[np.uint8]:
    """Draw the shares of the components of variance of each readout, one beside the other.

    Parameters
    ----------
    parts : DataFrame
        readout, part, share: as `NoiseStudy.parts`. Readouts without any spread are left out.
    titles : dict of str to str
        A short title for each readout.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of readouts.
    """
    known = parts[np.isfinite(parts["share"].astype(float))]
    names = list(known["readout"].unique())
    with canvas(8.2, 0.9 + _ROW_IN * max(2, len(names))) as figure:
        axis = figure.subplots()
        if not names:
            nothing(axis, "no spread to divide")
            return pixels(figure)
        left = np.zeros(len(names))
        for part in known["part"].unique():
            rows = known[known["part"] == part].set_index("readout")["share"].reindex(names)
            shares = rows.fillna(0).to_numpy(dtype=float)
            axis.barh(
                np.arange(len(names)),
                shares,
                left=left,
                height=0.66,
                color=_COLOURS.get(part, BAND),
                label=_WORDS.get(part, part),
            )
            left = left + shares
        axis.set_yticks(np.arange(len(names)), [_titled(name, titles) for name in names])
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlim(0, 1)
        axis.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 % of the variance"])
        axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=8)
        axis.tick_params(axis="x", labelsize=8)
        figure.legend(loc="outside lower center", ncols=3, fontsize=7.5)
        return pixels(figure)


def _titled(name: str, titles: dict[str, str]) -> str:
    network = "D: " if name.startswith("d_") else "G: "
    return network + one_line(titles.get(name, name), _TITLE)
