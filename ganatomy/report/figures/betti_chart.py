"""How many regions and holes activation maps have at each threshold, layer by layer."""

import math

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ganatomy.explain.topology.map_topology import COUNTED, MapTopology
from ganatomy.report.figures.canvas import INK, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import GENERATED, HELD_OUT
from ganatomy.report.figures.labels import shortened

_WIDTH_IN, _PANEL_IN = 8.2, 1.75
_ACROSS = 4
_COLOURS = {"real": HELD_OUT, "fake": GENERATED}
_NAMES = {"real": "real images", "fake": "generated images"}
_STYLES = dict(zip(COUNTED, ("-", "--")))


def betti_chart(maps: MapTopology, network: str) -> NDArray[np.uint8] | None:
    """Draw a panel for each layer: the mean number of regions and of holes at a threshold.

    Parameters
    ----------
    maps : MapTopology
    network : str
        ``G`` or ``D``.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where the network has no maps.
    """
    table = maps.curves[maps.curves["network"] == network]
    layers = list(dict.fromkeys(table["layer"]))
    if not layers:
        return None
    across = min(len(layers), 2 if is_narrow() else _ACROSS)
    down = math.ceil(len(layers) / across)
    width = NARROW_IN if is_narrow() else max(3.6, _WIDTH_IN * across / _ACROSS)
    with canvas(width, 0.5 + _PANEL_IN * down) as figure:
        axes = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
        for axis in axes[len(layers) :]:
            axis.set_axis_off()
        for axis, layer in zip(axes, layers):
            axis.set_title(shortened(layer, 20), fontsize=8)
            for kind, own in table[table["layer"] == layer].groupby("kind"):
                for what, style in _STYLES.items():
                    axis.plot(own["threshold"], own[what], style, color=_COLOURS[kind], lw=1.2)
            axis.set_ylim(bottom=0)
            axis.tick_params(labelsize=7)
        figure.supxlabel("threshold, as a share of the map's range", fontsize=8, color=MUTED)
        kinds = [kind for kind in _NAMES if kind in set(table["kind"])]
        handles = [Line2D([], [], color=_COLOURS[kind], label=_NAMES[kind]) for kind in kinds]
        handles += [Line2D([], [], color=INK, ls=_STYLES[what], label=what) for what in COUNTED]
        columns = 2 if width < _WIDTH_IN / 2 + 0.1 else 4
        figure.legend(handles=handles, loc="outside upper center", ncols=columns, fontsize=7.5)
        return pixels(figure)
