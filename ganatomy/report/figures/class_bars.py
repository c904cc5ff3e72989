"""How often each class occurs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import GENERATED, HELD_OUT, TRAINING
from ganatomy.report.figures.labels import shortened

_UPRIGHT = 60  # letters of all names together that stand beside each other
_NAMED = 40  # classes
_LONGEST = 18


def class_bars(names: Sequence[str], real: list[int], fake: list[int]) -> NDArray[np.uint8]:
    """Draw the share of each class among real and generated images, in percent.

    Parameters
    ----------
    names : sequence of str
        With more than 40 the bars stay without names.
    real, fake : list of int
    """
    position = np.arange(len(names))
    with canvas(NARROW_IN if is_narrow() else 8.2, 2.5) as figure:
        axis = figure.subplots()
        for offset, counts, colour, label in (
            (-0.2, real, HELD_OUT, "held-out real images"),
            (0.2, fake, GENERATED, "generated images"),
        ):
            share = 100 * np.asarray(counts) / max(1, sum(counts))
            axis.bar(position + offset, share, width=0.38, color=colour, label=label)
        _name(axis, names)
        axis.set_ylabel("% of images")
        columns = 1 if is_narrow() else 2
        handles, labels = axis.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
        return pixels(figure)


def class_counts(counts: dict[str, int]) -> NDArray[np.uint8]:
    """Draw how many training images each class has, the most frequent one first.

    Parameters
    ----------
    counts : dict of str to int
        By the classes' names.
    """
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    with canvas(NARROW_IN if is_narrow() else 8.2, 2.2) as figure:
        axis = figure.subplots()
        axis.bar(np.arange(len(ordered)), [count for _, count in ordered], color=TRAINING)
        _name(axis, [name for name, _ in ordered])
        axis.set_ylabel("training images")
        return pixels(figure)


def _name(axis: Axes, names: Sequence[str]) -> None:
    """Write the names below their bars, slanted where they would not fit beside each other."""
    axis.margins(x=0.01)
    if len(names) > _NAMED:
        axis.set_xticks([])
        axis.set_xlabel(f"{len(names):,} classes")
        return
    short = [shortened(name, _LONGEST) for name in names]
    room = _UPRIGHT * (0.4 if is_narrow() else 1)
    if sum(map(len, short)) <= room:
        axis.set_xticks(np.arange(len(short)), short)
    else:
        axis.set_xticks(
            np.arange(len(short)), short, rotation=45, ha="right", rotation_mode="anchor"
        )
