"""How often each class occurs among real and generated images."""

import numpy as np
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, MUTED, canvas, pixels


def class_bars(names: list[str], real: list[int], fake: list[int]) -> NDArray[np.uint8]:
    """Draw the share of each class among real and generated images, in percent."""
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
