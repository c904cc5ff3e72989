"""Groups and loops of clouds of images, at every scale: generated beside real ones."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from ganatomy.explain.topology.clouds import FAKE, REAL, Cloud
from ganatomy.explain.topology.homology import Bars, betti_curve, sure_loops
from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, NARROW_IN, canvas, is_narrow, pixels

_COLOURS = {REAL: MUTED, FAKE: ACCENT}
_WIDTH_IN, _HEIGHT_IN = 8.2, 2.6
_SCALES = 200


def bars_chart(cloud: Cloud) -> NDArray[np.uint8]:
    """Draw the number of groups by the scale, that of loops, and where loops begin and end.

    Parameters
    ----------
    cloud : Cloud

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    across = 1 if is_narrow() else 3
    width = NARROW_IN if is_narrow() else _WIDTH_IN
    with canvas(width, _HEIGHT_IN * (3 if is_narrow() else 1)) as figure:
        axes = figure.subplots(3 // across, across, squeeze=False).ravel()
        _groups(axes[0], cloud.bars)
        _loops(axes[1], cloud.bars)
        _diagram(axes[2], cloud)
        axes[0].legend(fontsize=7.5, frameon=False)
        for axis in axes:
            axis.tick_params(labelsize=7.5)
            axis.spines[["top", "right"]].set_visible(False)
        return pixels(figure)


def _groups(axis: Axes, bars: Mapping[str, Bars]) -> None:
    for kind, each in bars.items():
        ends = torch.cat([torch.zeros(1, dtype=torch.float64), each.groups]).numpy()
        left = np.arange(len(ends), 0, -1)
        axis.step(ends, left, where="post", color=_COLOURS[kind], label=f"{kind} images")
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_title("groups", fontsize=9, color=INK)
    axis.set_xlabel("points nearer than this are joined", fontsize=8)


def _loops(axis: Axes, bars: Mapping[str, Bars]) -> None:
    last = max((float(each.loops.max()) for each in bars.values() if len(each.loops)), default=1.0)
    scales = torch.linspace(0, last, _SCALES, dtype=torch.float64)
    for kind, each in bars.items():
        count = betti_curve(each.loops[:, 0], each.loops[:, 1], scales)
        axis.plot(scales.numpy(), count.numpy(), color=_COLOURS[kind])
    axis.set_title("loops", fontsize=9, color=INK)
    axis.set_xlabel("points nearer than this are joined", fontsize=8)


def _diagram(axis: Axes, cloud: Cloud) -> None:
    for kind, each in cloud.bars.items():
        begin, end = each.loops.T.numpy()
        axis.plot(begin, end, ".", color=_COLOURS[kind], ms=4, alpha=0.7)
        sure = sure_loops(each.loops, even=cloud.is_even).numpy()
        axis.plot(begin[sure], end[sure], "o", color=_COLOURS[kind], mfc="none", ms=9)
    low, high = axis.get_xlim()[0], axis.get_ylim()[1]
    axis.plot([low, high], [low, high], color=MUTED, linewidth=0.8)
    axis.set_xlim(low, high)
    axis.set_title("each loop; ringed: sure", fontsize=9, color=INK)
    axis.set_xlabel("begins", fontsize=8)
    axis.set_ylabel("is filled", fontsize=8)
