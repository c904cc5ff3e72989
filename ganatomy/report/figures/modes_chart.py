"""Where real and generated images lie, on a map in two dimensions."""

import numpy as np
from numpy.typing import NDArray

from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.report.figures.canvas import INK, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import GENERATED, HELD_OUT
from ganatomy.report.figures.labels import shortened

_WIDTH_IN = 4.6
_MARKS = {
    "real": ("real images", "o", HELD_OUT),
    "fake": ("generated images", "x", GENERATED),
}
_MOST_NAMES = 20


def modes_chart(latents: LatentTopology) -> NDArray[np.uint8] | None:
    """Draw each image as a point, and the name of each class where most of it lies.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where there is no map.
    """
    points = latents.points
    if points.empty:
        return None
    width = NARROW_IN if is_narrow() else _WIDTH_IN
    with canvas(width, 0.9 * width) as figure:
        axis = figure.subplots()
        for kind, (name, mark, colour) in _MARKS.items():
            own = points[points["kind"] == kind]
            if len(own):
                axis.scatter(own["x"], own["y"], s=16, marker=mark, c=colour, lw=1, label=name)
        named = points[points["label"] != ""].groupby("label")[["x", "y"]].median()
        if len(named) <= _MOST_NAMES:
            for label, place in named.iterrows():
                text = shortened(str(label), 14)
                box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75}
                axis.text(place["x"], place["y"], text, fontsize=9, color=INK, ha="center",
                          va="center", fontweight="bold", bbox=box)  # fmt: skip
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        return pixels(figure)
