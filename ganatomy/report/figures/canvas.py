"""One look for every figure, and figures as pixels (equal data gives equal pixels)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

INK = "#1f2933"
MUTED = "#7b8794"
ACCENT = "#0b6e99"
WARM = "#c4572e"
BAND = "#e4e7eb"
DIVERGING = "RdBu_r"  # red raises the target, blue lowers it
NARROW_IN = 3.4  # so wide, a text of 7 points has 10 pixels on a screen of 400
_DPI = 150
_STYLE = {
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $\frac{$
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
}


_is_narrow: ContextVar[bool] = ContextVar("narrow", default=False)


@contextmanager
def narrow() -> Iterator[None]:
    """Let charts that ask `is_narrow` put their panels below one another, `NARROW_IN` wide."""
    token = _is_narrow.set(True)
    try:
        yield
    finally:
        _is_narrow.reset(token)


def is_narrow() -> bool:
    """Tell whether what is drawn now is for a screen as narrow as a telephone's."""
    return _is_narrow.get()


@contextmanager
def canvas(width_in: float, height_in: float) -> Iterator[Figure]:
    """Open a figure of the house's style; no window, no global state left behind."""
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure; an array of shape (height, width, 3), uint8. Call it inside `canvas`."""
    agg = FigureCanvasAgg(figure)
    agg.draw()
    return np.asarray(agg.buffer_rgba())[..., :3].copy()


def without_frame(axis: Axes) -> None:
    """Take ticks and lines away from around a picture."""
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)


def row_label(axis: Axes, text: str) -> None:
    """Say at the left of a row's first picture what the row shows."""
    axis.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=7.5, labelpad=6)
