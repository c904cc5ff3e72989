"""Features in the order of what leaving them out changes, with how sure that is."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.importance.sizes import amount
from ganatomy.report.figures.canvas import ACCENT, BAND, INK, MUTED, WARM, canvas, pixels
from ganatomy.report.figures.labels import nothing, shortened
from ganatomy.report.figures.scales import WORDS, is_wide, stretch

MOST_ROWS = 30
_ROW_IN = 0.46
_NAME = 32
_AMOUNT = 36
_BAR_SHARE = 0.52  # of a panel's width; the rest is for the text at the bars
_PANELS = (
    ("g", "G: further from real images", ACCENT),
    ("d", "D: its logits, in spreads", WARM),
)


class Change(NamedTuple):
    """What was done to the images, for the left of a row.

    Attributes
    ----------
    name : str
        In plain words.
    amount : str
        How much was changed.
    before, after : ndarray of shape (h, w) or (h, w, 3), uint8, or None
        One image as it was and changed; None where images were left out instead.
    """

    name: str
    amount: str = ""
    before: NDArray[np.uint8] | None = None
    after: NDArray[np.uint8] | None = None


def importance_bars(
    ranking: pd.DataFrame, changes: Mapping[str, Change], practical_size: float
) -> NDArray[np.uint8]:
    """Draw what each change is, and a bar for each network: how much it changes it.

    Both panels share one scale. A line through a bar's end is its 95 % interval. What matters (it
    stands out, and is of practical size) is coloured and bold; all else is grey, and beside it is
    said why. When more than `MOST_ROWS` features are ranked the first ones are drawn, and a note
    counts the others.

    Parameters
    ----------
    ranking : DataFrame
        As from `rank`.
    changes : mapping of str to Change
        By the name of the variant.
    practical_size : float
        Marked by a dotted line.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Its height grows with the number of features.
    """
    ordered = ranking.sort_values("rank", kind="stable")
    rows = ordered.head(MOST_ROWS)
    sizes = np.abs(rows[["g_size", "d_size"]].to_numpy(dtype=np.float64))
    more = len(ordered) - len(rows)
    count = max(2, len(rows) + bool(more))
    with canvas(8.2, 0.95 + _ROW_IN * count) as figure:
        figure.set_layout_engine("none")
        bottom, top = 0.62 / figure.get_figheight(), 1 - 0.33 / figure.get_figheight()
        panels = [figure.add_axes((left, bottom, 0.325, top - bottom)) for left in (0.32, 0.668)]
        wide = is_wide(sizes)
        largest = float(sizes[np.isfinite(sizes)].max(initial=practical_size))
        for axis, (letter, title, colour) in zip(panels, _PANELS):
            axis.set_title(title, color=colour)
            axis.set_ylim(count - 0.5, -0.5)
            axis.set_yticks([])
            if rows.empty:
                nothing(axis, "no feature to rank")
                continue
            _limits(axis, largest, wide)
            axis.axvline(practical_size, color=MUTED, linewidth=0.8, linestyle=":", zorder=0)
            for place, row in enumerate(rows.to_dict("records")):
                _bar(axis, place, row, letter, colour)
        for place, variant in enumerate(rows["variant"]):
            _left(figure, panels[0], place, changes.get(variant, Change(variant)))
        if more:
            _text(panels[0], (0, len(rows)), f"and {more} more", 8, INK)
        figure.text(
            0.5,
            0.06 / figure.get_figheight(),
            "bars: change against GANs retrained on unchanged data, with 95 % interval"
            f"{_scale(wide)}; |t|: how sure it is\ncoloured and bold: it matters, being sure and "
            f"beyond the dotted line (practical size, {practical_size:g})",
            fontsize=7.5,
            color=MUTED,
            ha="center",
            va="bottom",
        )
        return pixels(figure)


def _scale(wide: bool) -> str:
    return f", {WORDS}" if wide else ""


def _limits(axis: Axes, largest: float, wide: bool) -> None:
    if wide:
        stretch(axis, 0, largest)
        axis.set_xlim(0, np.sinh(np.arcsinh(largest) / _BAR_SHARE))
    else:
        axis.set_xlim(0, largest / _BAR_SHARE)
        axis.locator_params(axis="x", nbins=8, steps=[1, 2, 5, 10])
        axis.set_xticks([tick for tick in axis.get_xticks() if 0 <= tick <= 1.05 * largest])
    axis.tick_params(axis="x", labelsize=7.5)


def _bar(axis: Axes, place: int, row: dict[Any, Any], letter: str, colour: str) -> None:
    size = float(row[f"{letter}_size"])
    if not np.isfinite(size):
        _text(axis, (0, place), "cannot be judged", 7.5, MUTED)
        return
    matters = bool(row[f"{letter}_matters"])
    ends = np.sign(size or 1.0) * np.array([row[f"{letter}_low"], row[f"{letter}_high"]], float)
    axis.barh(place, abs(size), color=colour if matters else BAND, height=0.62, zorder=1)
    if np.isfinite(ends).all():
        low, high = np.clip(np.sort(ends), 0, None)
        axis.plot([low, high], [place, place], color=INK, linewidth=1, zorder=2, clip_on=True)
    end = max(abs(size), float(np.nanmax(ends)) if np.isfinite(ends).any() else 0.0)
    weight = "bold" if matters else "normal"
    end = min(end, axis.get_xlim()[1] * 0.62)
    _text(axis, (end, place - 0.17), amount(letter, size), 8, INK, weight)
    _text(axis, (end, place + 0.21), certainty(row, letter), 7, MUTED)


def certainty(row: Mapping[Any, Any], letter: str) -> str:
    """Say how sure a network's change is, and what keeps it from mattering.

    Examples
    --------
    >>> certainty({"g_abs_t": 3.52, "g_stands_out": True, "g_matters": True}, "g")
    '|t| 3.5'
    >>> certainty({"g_abs_t": 0.718, "g_stands_out": False, "g_matters": False}, "g")
    '|t| 0.72, not found'
    """
    said = f"|t| {row[f'{letter}_abs_t']:.2g}"
    if row[f"{letter}_abs_t"] >= 99.5:
        said = f"|t| {row[f'{letter}_abs_t']:.0f}"
    if row[f"{letter}_matters"]:
        return said
    return f"{said}, {'sure but small' if row[f'{letter}_stands_out'] else 'not found'}"


def _left(figure: Figure, axis: Axes, place: int, change: Change) -> None:
    """The images before and after, the name and how much was changed, left of the panels."""
    box = axis.get_position()
    high = box.height / (axis.get_ylim()[0] + 0.5)
    middle = box.y1 - (place + 0.5) * high
    side = 0.9 * high
    wide = side * figure.get_figheight() / figure.get_figwidth()
    left = box.x0 - 0.012 - 2 * wide - 0.004
    for at, image in enumerate((change.before, change.after)):
        if image is None:
            continue
        picture = figure.add_axes((left + at * (wide + 0.004), middle - side / 2, wide, side))
        picture.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        picture.set_axis_off()
    for text, up, va, size, ink in (
        (shortened(change.name, _NAME), 0.02, "bottom", 8, INK),
        (shortened(change.amount, _AMOUNT), -0.06, "top", 7, MUTED),
    ):
        drawn = figure.text(
            left - 0.008, middle + up * high, text, ha="right", va=va, fontsize=size, color=ink
        )
        room = (left - 0.014) * figure.bbox.width
        if (too_wide := drawn.get_window_extent().width / room) > 1:
            drawn.set_fontsize(0.9 * size / too_wide)  # small letters are rounded to dots


def _text(
    axis: Axes, place: tuple[float, float], text: str, size: float, ink: str, weight: str = "normal"
) -> None:
    axis.annotate(
        text,
        place,
        (4, 0),
        textcoords="offset points",
        va="center",
        fontsize=size,
        color=ink,
        fontweight=weight,
    )
