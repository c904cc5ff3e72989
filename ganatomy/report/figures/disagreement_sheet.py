"""Where D looks on an image, where G works, and the difference."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from numpy.typing import NDArray

from ganatomy.explain.maps.disagreement import Disagreement
from ganatomy.report.figures.canvas import (
    ACCENT,
    MUTED,
    WARM,
    canvas,
    pixels,
    row_label,
    without_frame,
)

_CELL_IN = 0.95
_LABEL_IN = 1.15
_LEAST_COLUMNS = 3  # the title needs the room
_CLIP_PERCENTILE = 99

_DARK_WARM = "#6e2610"
_DARK_ACCENT = "#053548"

# the colours of D and of G, as wherever the two stand beside each other
_OF_D = LinearSegmentedColormap.from_list("of_d", ["white", WARM, _DARK_WARM])
_OF_G = LinearSegmentedColormap.from_list("of_g", ["white", ACCENT, _DARK_ACCENT])
_D_NAME, _G_NAME = ("where D looks", WARM), ("where G works", ACCENT)
_BETWEEN = LinearSegmentedColormap.from_list(
    "between", [_DARK_ACCENT, ACCENT, "white", WARM, _DARK_WARM]
)


def disagreement_sheet(
    images: torch.Tensor,
    d_maps: torch.Tensor,
    g_maps: torch.Tensor,
    *,
    result: Disagreement,
    notes: list[str] | None = None,
) -> NDArray[np.uint8]:
    """Draw a column for each image: itself, D's map, G's map, where one has more than the other.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    d_maps, g_maps : Tensor of shape (n, h, w)
        Attributions; what is drawn is each pixel's share of its map's magnitude, a row in colours
        of its own that span its largest shares.
    result : Disagreement
        Of these maps. The overlap stands above each image, by chance in brackets.
    notes : list of str, optional
        Written below each column.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    count = len(images)
    columns = max(count, _LEAST_COLUMNS)
    if images.shape[1] not in (1, 3):
        images = images.mean(1, keepdim=True)
    shown = ((images + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    grey = shown.mean(-1)
    rows = [
        ((_D_NAME,), _shares(d_maps), _OF_D, 0.0),
        ((_G_NAME,), _shares(g_maps), _OF_G, 0.0),
        ((("D looks more", WARM), ("G works more", ACCENT)), result.map.numpy(), _BETWEEN, -1.0),
    ]
    with canvas(_LABEL_IN + columns * _CELL_IN, 4 * _CELL_IN + 0.75) as figure:
        axes = figure.subplots(4, columns, squeeze=False)
        for axis in axes[:, count:].flat:
            axis.set_axis_off()
        for column in range(count):
            _picture(axes[0, column], grey[column] if images.shape[1] == 1 else shown[column])
            axes[0, column].set_title(
                _agreement(result, column), fontsize=7.5, fontweight="normal", loc="center", pad=3
            )
        row_label(axes[0, 0], "image\n\noverlap\n(by chance)")
        for axis_row, (names, maps, colours, low) in zip(axes[1:], rows):
            limit = _limit(maps)
            for column in range(count):
                _over(axis_row[column], grey[column], maps[column], colours, low * limit, limit)
            _names(axis_row[0], names)
        for column, note in enumerate((notes or [])[:count]):
            axes[-1, column].set_xlabel(note, fontsize=7.5, color=MUTED)
        figure.suptitle(_title(result), x=0.01, ha="left", fontsize=9.5, weight="bold")
        return pixels(figure)


def _title(result: Disagreement) -> str:
    both = torch.stack([result.overlap, result.chance_overlap])
    overlap, chance = both[:, both.isfinite().all(0)].mean(1).tolist()
    if not np.isfinite(overlap):
        return "Where D looks and where G works"
    return (
        f"Overlap of where D looks and where G works: {overlap:.2f}\n"
        f"(with G's maps of other images: {chance:.2f})"
    )


def _agreement(result: Disagreement, index: int) -> str:
    overlap, chance = float(result.overlap[index]), float(result.chance_overlap[index])
    if not np.isfinite(overlap):
        return "flat map"
    return f"{overlap:.2f}" if not np.isfinite(chance) else f"{overlap:.2f} ({chance:.2f})"


def _shares(maps: torch.Tensor) -> NDArray[np.float64]:
    sizes = maps.detach().cpu().double().abs()
    total = sizes.sum((1, 2), keepdim=True)
    there = total.isfinite() & (total > 0)
    return np.asarray(torch.where(there, sizes / total, 0).numpy())


def _limit(maps: NDArray[np.float64]) -> float:
    """High percentile of the magnitudes: single pixels must not pale a whole row."""
    return float(np.percentile(np.abs(maps), _CLIP_PERCENTILE)) or float(np.abs(maps).max()) or 1.0


def _picture(axis: Axes, image: NDArray[np.float32]) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=1)
    without_frame(axis)


def _over(
    axis: Axes,
    grey: NDArray[np.float32],
    shares: NDArray[np.float64],
    colours: Colormap,
    low: float,
    high: float,
) -> None:
    """A map over its faint image."""
    axis.imshow(grey, cmap="gray", vmin=0, vmax=1, alpha=0.35)
    axis.imshow(shares, cmap=colours, vmin=low, vmax=high, alpha=0.8)
    without_frame(axis)


def _names(axis: Axes, names: tuple[tuple[str, str], ...]) -> None:
    """The row's label, each line in the colour that it names."""
    for line, (name, colour) in enumerate(names):
        axis.text(
            *(-0.08, 0.5 + 0.2 * ((len(names) - 1) / 2 - line), name),
            color=colour,
            transform=axis.transAxes,
            fontsize=7.5,
            fontweight="bold",
            ha="right",
            va="center",
        )
