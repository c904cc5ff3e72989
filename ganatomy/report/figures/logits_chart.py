"""What D says of real, generated and unreal images, on one axis."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.report.figures.canvas import INK, NARROW_IN, canvas, is_narrow, pixels, without_frame
from ganatomy.report.figures.colours import GENERATED, HELD_OUT, TRAINING, UNREAL
from ganatomy.wording import signed

_ROW_IN = 0.5
_SHOWN = 3  # example images
_MEANS = ": the higher, the more D takes the image for real"
_BINS = 60
_COLOURS = {"train": TRAINING, "held_out": HELD_OUT, "fakes": GENERATED}  # others: no data


def logits_chart(
    logits: dict[str, torch.Tensor],
    examples: dict[str, torch.Tensor],
    *,
    names: dict[str, str],
    best: float | None = None,
    boundary_at_0: bool = True,
) -> NDArray[np.uint8]:
    """Draw a row for each kind of image: its name, some examples, and D's logits as a histogram.

    Parameters
    ----------
    logits : dict of str to Tensor of shape (n,)
    examples : dict of str to Tensor of shape (k, c, s, s), uint8
    names : dict of str to str
        What the kinds are called; the rows are in this order.
    best : float, optional
        Where real and fake are told apart best.
    boundary_at_0 : bool
        Whether 0 is where D was trained to tell them apart.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    every = torch.cat([logits[kind] for kind in names]).double()
    low, high = (float(each) for each in every.aminmax())
    low, high = (low, high) if high > low else (low - 1, high + 1)
    edges = np.linspace(low, high, _BINS + 1)
    lines = _lines(best, boundary_at_0)
    shown, width = (1, NARROW_IN) if is_narrow() else (_SHOWN, 8.2)
    with canvas(width, 0.9 + _ROW_IN * len(names)) as figure:
        ratios = [*[0.5] * shown, 3 if is_narrow() else 6]
        grid = figure.add_gridspec(len(names), shown + 1, width_ratios=ratios)
        shared: Axes | None = None
        for row, (kind, name) in enumerate(names.items()):
            _examples(figure, [grid[row, column] for column in range(shown)], examples[kind], name)
            axis = figure.add_subplot(grid[row, -1], sharex=shared)
            shared = shared or axis
            _histogram(axis, logits[kind].double().numpy(), edges, _COLOURS.get(kind, UNREAL))
            for place, style, _ in lines:
                axis.axvline(place, color=INK, linewidth=0.9, linestyle=style)
            axis.tick_params(axis="x", labelbottom=row == len(names) - 1, labelsize=8)
        axis.set_xlabel("D’s logit" + ("" if is_narrow() else _MEANS))
        figure.legend(
            handles=[
                Line2D([], [], color=INK, lw=0.9, ls=style, label=label)
                for _, style, label in lines
            ],
            loc="outside lower right",
            ncols=1 if is_narrow() else 2,
            fontsize=8,
        )
        return pixels(figure)


def _lines(best: float | None, boundary_at_0: bool) -> list[tuple[float, str, str]]:
    lines = [(0.0, "-", "0: where D was trained to draw the line")] if boundary_at_0 else []
    if best is None:
        return lines
    return [*lines, (best, ":", f"{signed(best)}: real and generated are told apart best")]


def _examples(figure: Figure, places: list[SubplotSpec], images: torch.Tensor, name: str) -> None:
    for column, place in enumerate(places):
        axis = figure.add_subplot(place)
        without_frame(axis)
        if column < len(images):
            shown = in_colours(images)[column].permute(1, 2, 0).numpy()
            grey = shown.shape[-1] == 1
            axis.imshow(shown.squeeze(-1) if grey else shown, cmap="gray", vmin=0, vmax=255)
        if column == 0:
            axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=7.5, labelpad=6)


def _histogram(
    axis: Axes, values: NDArray[np.float64], edges: NDArray[np.float64], colour: str
) -> None:
    counts, _ = np.histogram(values, edges)
    axis.bar(edges[:-1], counts / counts.max(), np.diff(edges), align="edge", color=colour)
    axis.set_ylim(0, 1.1)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
