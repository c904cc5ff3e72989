"""Ways between latents: how far each step goes, and how many dimensions images move in."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.report.figures.canvas import ACCENT, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import ALARM

_WIDTH_IN, _HIGH_IN = 8.2, 2.7
_LEAST = 1e-4  # of the largest singular value: less is not drawn


def paths_chart(latents: LatentTopology) -> NDArray[np.uint8] | None:
    """Draw the steps of each way, tears marked, and beside them the Jacobian's singular values.

    Parameters
    ----------
    latents : LatentTopology

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where there are neither.
    """
    draws = [_steps] * bool(len(latents.paths)) + [_spectra] * bool(len(latents.spectra))
    if not draws:
        return None
    rows, columns = (len(draws), 1) if is_narrow() else (1, len(draws))
    width = NARROW_IN if is_narrow() else _WIDTH_IN * columns / 2
    with canvas(width, _HIGH_IN * rows) as figure:
        for axis, draw in zip(figure.subplots(rows, columns, squeeze=False).ravel(), draws):
            draw(axis, latents)
        return pixels(figure)


def _steps(axis: Axes, latents: LatentTopology) -> None:
    torn = set(latents.tears["path"])
    for path, own in latents.steps.groupby("path"):
        is_torn = path in torn
        colour, alpha = (ALARM, 0.9) if is_torn else (MUTED, 0.55)
        axis.plot(own["t"], own["step"], color=colour, alpha=alpha, lw=1.2 if is_torn else 0.8)
    if torn:
        axis.plot(latents.tears["t"], latents.tears["size"], "v", color=ALARM, ms=5, label="a tear")
        axis.legend(fontsize=7.5, loc="upper right")
    axis.set_title("How far each step goes")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("place on the way", fontsize=8, color=MUTED)
    axis.set_ylabel(f"in {latents.space}", fontsize=8, color=MUTED)


def _spectra(axis: Axes, latents: LatentTopology) -> None:
    values = latents.spectra.numpy()
    scaled = values / values.max(1, keepdims=True).clip(min=1e-30)
    for row in scaled:
        shown = row >= _LEAST
        axis.plot(np.flatnonzero(shown) + 1, row[shown], color=ACCENT, alpha=0.6, lw=0.9)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")
    axis.set_title("Directions of the Jacobian")
    axis.set_xlabel("number, the strongest first", fontsize=8, color=MUTED)
    axis.set_ylabel("of the strongest", fontsize=8, color=MUTED)
