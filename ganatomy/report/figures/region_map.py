"""Which parts of the image matter, drawn over the image."""

from typing import Any

import matplotlib.patheffects as path_effects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels, without_frame
from ganatomy.report.figures.scales import WORDS, is_wide, norm, ticks

Strength = tuple[float, float, bool, bool]  # change of G, of D, matters to G, to D

_DPI = 150  # of `canvas`
_WIDTH = 1230  # dots, as other figures
_SIDE = 560
_BAR = 460
_TOP = 36
_BOTTOM = 98
_OPACITY = 0.85
_NUMBER = 9.0
_PANELS = (("G: the generator", ACCENT), ("D: the discriminator", WARM))


def region_values(ranking: pd.DataFrame, regions: list[str], mode: str) -> dict[str, Strength]:
    """Find what the ranking says of regions; those that were not asked are left out.

    Parameters
    ----------
    ranking : DataFrame
        Columns features, mode, g_size, d_size, g_matters, d_matters.
    regions : list of str
        Names of features.
    mode : str
        Which change: ``remove``, ``permute`` or ``noise``.
    """
    rows = ranking[(ranking["mode"] == mode) & ranking["features"].isin(regions)]
    return {
        row["features"]: (
            abs(float(row["g_size"])),
            abs(float(row["d_size"])),
            bool(row["g_matters"]),
            bool(row["d_matters"]),
        )
        for row in rows.to_dict("records")
    }


def region_map(
    mean_image: NDArray[Any],
    regions: dict[str, NDArray[np.bool_]],
    values: dict[str, Strength],
) -> NDArray[np.uint8]:
    """Draw how much G and D change without each region over the mean image in grey, in two panels.

    The number in a region is that change; a region that matters has an outline; one that was not
    asked stays as the mean image is. Both panels share one scale.

    Parameters
    ----------
    mean_image : ndarray of shape (c, h, w) or (h, w), in [0, 255]
    regions : dict of str to ndarray of shape (h, w), bool
        Cells of a grid, or masks of any shape. Where they overlap the stronger one is on top.
    values : dict of str to (float, float, bool, bool)
        For regions that were asked: the change of G, of D, and whether it matters to G, to D. One
        that is not finite could not be judged: its region is grey with a dash in it.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    grey = np.asarray(mean_image, dtype=np.float64)
    grey = grey.mean(0) if grey.ndim == 3 else grey
    lengths = np.array([value[:2] for value in values.values()], dtype=np.float64)
    wide = is_wide(lengths)
    largest = float(lengths[np.isfinite(lengths)].max(initial=1.0))
    scale = norm(largest, wide)
    factor = max(1, _SIDE // max(grey.shape))
    panel = factor * np.array(grey.shape)  # in dots: each pixel of the image becomes a whole block
    height = int(_TOP + panel[0] + _BOTTOM)
    with canvas(_WIDTH / _DPI, (height + 0.01) / _DPI) as figure:  # never rounded down
        figure.set_layout_engine("none")
        for network, (title, colour) in enumerate(_PANELS):
            middle = (1 + 2 * network) * _WIDTH // 4
            place = (middle - panel[1] // 2, _BOTTOM, panel[1], panel[0])
            axis = figure.add_axes(_fraction(place, height))
            shown = {
                name: (float(value[network]), bool(value[2 + network]))
                for name, value in values.items()
                if name in regions
            }
            colours = LinearSegmentedColormap.from_list(title, ["#f5f7fa", colour])
            axis.imshow(
                _painted(grey, factor, regions, shown, colours, scale),
                interpolation="nearest",
                extent=(-0.5, grey.shape[1] - 0.5, grey.shape[0] - 0.5, -0.5),
            )
            _numbers(axis, factor, regions, shown)
            without_frame(axis)
            axis.set_title(title, color=colour, loc="left" if panel[1] > 400 else "center")
            bar_place = (middle - _BAR // 2, _BOTTOM - 30, _BAR, 12)
            bar = figure.colorbar(
                ScalarMappable(scale, colours),
                cax=figure.add_axes(_fraction(bar_place, height)),
                orientation="horizontal",
            )
            bar.ax.tick_params(labelsize=7)
            if wide:
                bar.set_ticks(ticks(largest), labels=[f"{tick:g}" for tick in ticks(largest)])
                bar.ax.minorticks_off()
        words = f" ({WORDS})" if wide else ""
        figure.text(
            0.5,
            10 / height,
            f"change of G's distance, of D's logits{words}; outlined, bold: it matters; plain: "
            "not asked",
            fontsize=8,
            color=MUTED,
            ha="center",
        )
        return pixels(figure)


def _fraction(place: tuple[float, ...], height: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height in dots as fractions of the figure."""
    left, bottom, wide, high = place
    return left / _WIDTH, bottom / height, wide / _WIDTH, high / height


def _painted(
    grey: NDArray[np.float64],
    factor: int,
    regions: dict[str, NDArray[np.bool_]],
    shown: dict[str, tuple[float, bool]],
    colours: LinearSegmentedColormap,
    scale: Normalize,
) -> NDArray[np.uint8]:
    """The mean image, enlarged, with the regions painted over it; the strongest last."""
    picture = np.repeat(_enlarged(grey, factor)[..., None] / 255, 3, axis=2)
    for name in sorted(shown, key=lambda name: np.nan_to_num(shown[name][0], nan=-1.0)):
        strength, _ = shown[name]
        judged = np.isfinite(strength)
        paint = colours(float(scale(strength)))[:3] if judged else to_rgb(MUTED)
        inside = _enlarged(regions[name], factor)
        picture[inside] = (1 - _OPACITY) * picture[inside] + _OPACITY * np.array(paint)
        rim = inside & ~_shrunk(inside, 1)
        picture[rim] = 1.0
    outlined = [_enlarged(regions[name], factor) for name in shown if shown[name][1]]
    for inside in outlined:
        # a white seam shows the line on dark paint
        line = int(np.clip(np.sqrt(inside.sum()) / 20, 1, 3))
        picture[_shrunk(inside, 1) & ~_shrunk(inside, 3 + line)] = 1.0
        picture[_shrunk(inside, 1) & ~_shrunk(inside, 1 + line)] = to_rgb(INK)
    return (255 * picture).round().astype(np.uint8)


def _numbers(
    axis: Axes,
    factor: int,
    regions: dict[str, NDArray[np.bool_]],
    shown: dict[str, tuple[float, bool]],
) -> None:
    for name, (strength, stands_out) in shown.items():
        row, column, room = _middle(regions[name])
        text = "–" if not np.isfinite(strength) else f"{strength:.2g}"
        points = 72 / _DPI * factor * room
        axis.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            color=INK,
            fontsize=min(_NUMBER, points / (0.75 * max(2, len(text)))),
            fontweight="bold" if stands_out else "normal",
            path_effects=[path_effects.withStroke(linewidth=1.5, foreground="white")],
        )


def _middle(mask: NDArray[np.bool_]) -> tuple[float, float, int]:
    """The place in a mask that is farthest from its edge, and how wide the mask is there."""
    depth = 0
    core = mask
    while (smaller := _shrunk(core, 1)).any():
        core, depth = smaller, depth + 1
    places = np.argwhere(core)
    centre = places.mean(0)
    if not core[tuple(centre.round().astype(int))]:  # of a ring the centre lies outside
        centre = places[np.abs(places - centre).sum(1).argmin()]
    return float(centre[0]), float(centre[1]), 2 * depth + 1


def _shrunk(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Without what lies within `by` pixels of its edge, diagonals included."""
    padded = np.pad(mask, by)
    for axis in (0, 1):
        size = mask.shape[axis]
        padded = np.logical_and.reduce(
            [np.take(padded, range(k, k + size), axis) for k in range(2 * by + 1)]
        )
    return np.asarray(padded)


def _enlarged(array: NDArray[Any], factor: int) -> NDArray[Any]:
    return array.repeat(factor, 0).repeat(factor, 1)
