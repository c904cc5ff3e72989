"""Training curves and class histograms."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.report.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels

_PANELS = (
    ("losses", (("train/d_loss", "D", WARM), ("train/g_loss", "G", ACCENT))),
    (
        "mean logits of D",
        (("train/d_real_logit", "on reals", INK), ("train/d_fake_logit", "on fakes", MUTED)),
    ),
)


def training_curves(points: pd.DataFrame) -> NDArray[np.uint8]:
    """Losses and mean logits over steps.

    Parameters
    ----------
    points : DataFrame
        Columns step, name, value.
    """
    with canvas(8.2, 2.4) as figure:
        axes = figure.subplots(1, len(_PANELS))
        for axis, (title, lines) in zip(axes, _PANELS):
            for name, label, colour in lines:
                curve = points[points["name"] == name]
                axis.plot(curve["step"], curve["value"], color=colour, lw=1.2, label=label)
            axis.set_title(title)
            axis.set_xlabel("step")
            axis.legend()
        return pixels(figure)


def class_bars(names: list[str], real: list[int], fake: list[int]) -> NDArray[np.uint8]:
    """Share of each class among reals and fakes, in percent."""
    position = np.arange(len(names))
    with canvas(8.2, 2.2) as figure:
        axis = figure.subplots()
        for offset, counts, colour, label in (
            (-0.2, real, MUTED, "real"),
            (0.2, fake, ACCENT, "generated"),
        ):
            share = 100 * np.asarray(counts) / max(1, sum(counts))
            axis.bar(position + offset, share, width=0.38, color=colour, label=label)
        axis.set_xticks(position, names)
        axis.set_ylabel("%")
        axis.legend(ncols=2)
        return pixels(figure)
