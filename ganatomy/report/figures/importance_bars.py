"""Features in the order of what leaving them out changes, with how sure that is."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.importance.sizes import MEASURES, amount
from ganatomy.report.figures.canvas import (
    BAND,
    INK,
    MUTED,
    NARROW_IN,
    canvas,
    is_narrow,
    pixels,
)
from ganatomy.report.figures.colours import OF_D, OF_G
from ganatomy.report.figures.labels import nothing, shortened, wrapped
from ganatomy.report.figures.scales import WORDS, is_wide, stretch

MOST_ROWS = 30
_ROW_IN = 0.46
_NAME = 32
_AMOUNT = 36
_NARROW_NAME = 34
_NARROW_ROW_IN = 0.66
_IMAGE_IN = 0.42
_BAR_SHARE = 0.52  # of a panel's width; the rest is for the text at the bars
_PANELS = (
    ("g", "G: further from real images", OF_G),
    ("d", "D: its logits, in spreads", OF_D),
)


class Change(NamedTuple):
    """Changes of the images, for the left of a row.

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
    scale = _Scale(float(sizes[np.isfinite(sizes)].max(initial=practical_size)), is_wide(sizes))
    if is_narrow():
        return _stacked(rows, changes, practical_size, scale, more)
    with canvas(8.2, 0.95 + _ROW_IN * count) as figure:
        figure.set_layout_engine("none")
        bottom, top = 0.62 / figure.get_figheight(), 1 - 0.33 / figure.get_figheight()
        panels = [figure.add_axes((left, bottom, 0.325, top - bottom)) for left in (0.32, 0.668)]
        for axis, (letter, title, colour) in zip(panels, _PANELS):
            _panel(axis, count, title, colour, rows.empty)
            if rows.empty:
                continue
            scale.limit(axis, _BAR_SHARE, practical_size)
            for place, row in enumerate(rows.to_dict("records")):
                end = _bar(axis, place, row, letter, colour, 0.62)
                if end is not None:
                    weight = "bold" if row[f"{letter}_matters"] else "normal"
                    said = amount(letter, row[f"{letter}_size"])
                    _text(axis, (end, place - 0.28), said, 8, INK, weight)
                    _text(axis, (end, place + 0.03), _measure(row, letter), 7, MUTED)
                    _text(axis, (end, place + 0.31), certainty(row, letter), 7, MUTED)
        for place, variant in enumerate(rows["variant"]):
            change = changes.get(variant, Change(variant))
            _named(figure, _images(figure, panels[0], place, change), change)
        if more:
            _text(panels[0], (0, len(rows)), f"and {more} more", 8, INK)
        _note(figure, scale.is_wide, practical_size, 110)
        return pixels(figure)


def _stacked(
    rows: pd.DataFrame,
    changes: Mapping[str, Change],
    practical_size: float,
    scale: "_Scale",
    more: int,
) -> NDArray[np.uint8]:
    """The panels below one another, names above the bars and figures below them."""
    count = max(1, len(rows) + bool(more))
    each, head, foot, note = _NARROW_ROW_IN * count, 0.32, 0.28, 0.7
    high = 2 * (each + head + foot) + note
    with canvas(NARROW_IN, high) as figure:
        figure.set_layout_engine("none")
        for at, (letter, title, colour) in enumerate(_PANELS):
            bottom = (high - (at + 1) * (head + each) - at * foot) / high
            axis = figure.add_axes((0.31, bottom, 0.67, each / high))
            _panel(axis, count, title, colour, rows.empty)
            if rows.empty:
                continue
            scale.limit(axis, 0.86, practical_size)
            for place, row in enumerate(rows.to_dict("records")):
                change = changes.get(row["variant"], Change(row["variant"]))
                _images(figure, axis, place, change)
                _text(axis, (0, place - 0.33), shortened(change.name, _NARROW_NAME), 8, INK)
                if _bar(axis, place, row, letter, colour, 0.26) is not None:
                    said = f"{amount(letter, row[f'{letter}_size'])}, {certainty(row, letter)}"
                    weight = "bold" if row[f"{letter}_matters"] else "normal"
                    _text(axis, (0, place + 0.22), said, 7.5, INK, weight)
                    _text(axis, (0, place + 0.40), _measure(row, letter), 7, MUTED)
            if more:
                _text(axis, (0, len(rows)), f"and {more} more", 8, INK)
        _note(figure, scale.is_wide, practical_size, 50)
        return pixels(figure)


class _Scale(NamedTuple):
    """The scale of all panels."""

    largest: float
    is_wide: bool

    def limit(self, axis: Axes, share: float, practical_size: float) -> None:
        """Let the longest bar take a share of the panel's width, and mark the practical size."""
        if self.is_wide:
            stretch(axis, 0, self.largest)
            axis.set_xlim(0, np.sinh(np.arcsinh(self.largest) / share))
        else:
            axis.set_xlim(0, self.largest / share)
            axis.locator_params(axis="x", nbins=8, steps=[1, 2, 5, 10])
            most = 1.05 * self.largest
            axis.set_xticks([tick for tick in axis.get_xticks() if 0 <= tick <= most])
        axis.tick_params(axis="x", labelsize=7.5)
        axis.axvline(practical_size, color=MUTED, linewidth=0.8, linestyle=":", zorder=0)


def _panel(axis: Axes, count: int, title: str, colour: str, is_empty: bool) -> None:
    axis.set_title(title, color=colour)
    axis.set_ylim(count - 0.5, -0.5)
    axis.set_yticks([])
    if is_empty:
        nothing(axis, "no feature to rank")


def _note(figure: Figure, is_wide: bool, practical_size: float, width: int) -> None:
    words = (
        "bars: change against GANs retrained on unchanged data, with 95 % interval"
        f"{f', {WORDS}' if is_wide else ''}; |t|: how sure it is; coloured and bold: it matters, "
        f"being sure and beyond the dotted line (practical size, {practical_size:g})"
    )
    bottom, text = 0.06 / figure.get_figheight(), wrapped(words, width)
    figure.text(0.5, bottom, text, fontsize=7.5, color=MUTED, ha="center", va="bottom")


def _bar(
    axis: Axes, place: int, row: dict[Any, Any], letter: str, colour: str, height: float
) -> float | None:
    """Draw a bar with its interval; where text may begin, None where nothing can be judged."""
    size = float(row[f"{letter}_size"])
    if not np.isfinite(size):
        _text(axis, (0, place), "cannot be judged", 7.5, MUTED)
        return None
    matters = bool(row[f"{letter}_matters"])
    ends = np.sign(size or 1.0) * np.array([row[f"{letter}_low"], row[f"{letter}_high"]], float)
    axis.barh(place, abs(size), color=colour if matters else BAND, height=height, zorder=1)
    if np.isfinite(ends).all():
        low, high = np.clip(np.sort(ends), 0, None)
        axis.plot([low, high], [place, place], color=INK, linewidth=1, zorder=2, clip_on=True)
    end = max(abs(size), float(np.nanmax(ends)) if np.isfinite(ends).any() else 0.0)
    return min(end, axis.get_xlim()[1] * 0.62)


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


def _measure(row: Mapping[Any, Any], letter: str) -> str:
    return MEASURES[row[f"{letter}_readout"]]


def _images(figure: Figure, axis: Axes, place: int, change: Change) -> tuple[float, float, float]:
    """Put the images before and after left of a panel; left end, middle and height of the row."""
    box = axis.get_position()
    high = box.height / (axis.get_ylim()[0] + 0.5)
    middle = box.y1 - (place + 0.5) * high
    gap_in, across = 0.035, figure.get_figwidth()
    side_in = min(0.9 * high * figure.get_figheight(), _IMAGE_IN)
    left = box.x0 - (0.1 + 2 * side_in + gap_in) / across
    for at, image in enumerate((change.before, change.after)):
        if image is None:
            continue
        start, side = left + at * (side_in + gap_in) / across, side_in / figure.get_figheight()
        picture = figure.add_axes((start, middle - side / 2, side_in / across, side))
        picture.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        picture.set_axis_off()
    return left, middle, high


def _named(figure: Figure, place: tuple[float, float, float], change: Change) -> None:
    """Say what was changed, and how much, left of the images."""
    left, middle, high = place
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
