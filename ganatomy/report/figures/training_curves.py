"""What a training went through, over its steps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels

_Lines = tuple[tuple[str, str, str, str], ...]  # name, label, colour, style
_COLUMNS = 3
_SHARES = "how often D is right"
_PANELS: tuple[tuple[str, _Lines], ...] = (
    (
        "losses",
        (("train/d_loss", "D", WARM, "-"), ("train/g_loss", "G", ACCENT, "-")),
    ),
    (
        "mean logits of D",
        (
            ("train/d_real_logit", "reals", INK, "-"),
            ("train/d_fake_logit", "fakes", MUTED, "-"),
        ),
    ),
    (
        _SHARES,
        (
            ("train/d_accuracy_real", "reals", INK, "."),
            ("train/d_accuracy_fake", "fakes", MUTED, "."),
            ("train/d_accuracy_train", "train, probe", WARM, "o-"),
            ("train/d_accuracy_held_out", "held out, probe", ACCENT, "s-"),
        ),
    ),
    (
        "gradient norms",
        (("train/d_grad_norm", "D", WARM, "-"), ("train/g_grad_norm", "G", ACCENT, "-")),
    ),
    ("fcd at the probes", (("train/fcd@", "", ACCENT, "o-"),)),
    ("diversity (reals: 1)", (("train/diversity", "", ACCENT, "o-"),)),
)
_LOGARITHMIC = {"gradient norms", "fcd at the probes"}


def training_curves(points: pd.DataFrame, published_step: int | None = None) -> NDArray[np.uint8]:
    """Draw losses, logits, D's accuracy, gradient norms and what the probes saw, over steps.

    Values that are not finite leave a gap. A panel without values says so.

    Parameters
    ----------
    points : DataFrame
        Columns step, name, value.
    published_step : int, optional
        Marked in the probes' panels: the step whose weights were published.
    """
    rows = -(-len(_PANELS) // _COLUMNS)
    with canvas(8.2, 2.2 * rows) as figure:
        axes = figure.subplots(rows, _COLUMNS)
        for axis, (title, lines) in zip(axes.flat, _PANELS):
            probes = all("o" in style for *_, style in lines)
            _panel(axis, points, lines, title in _LOGARITHMIC)
            if probes and published_step is not None:
                axis.axvline(published_step, color=WARM, lw=1, ls="--", label="published")
            axis.set_title(title)
            if title == _SHARES:
                axis.set_ylim(-0.03, 1.03)
            if axis.get_legend_handles_labels()[0]:
                axis.legend(
                    fontsize=7, handlelength=1.4, frameon=title == _SHARES, edgecolor="none"
                )
        figure.supxlabel("step", fontsize=8, color=MUTED)
        return pixels(figure)


def _panel(axis: Axes, points: pd.DataFrame, lines: _Lines, logarithmic: bool) -> None:
    drawn = False
    for name, label, colour, style in lines:
        exact = not name.endswith("@")
        chosen = points["name"] == name if exact else points["name"].str.startswith(name)
        curve = points[chosen]
        if len(curve):
            axis.plot(
                curve["step"],
                curve["value"],
                style,
                color=colour,
                lw=1.2,
                ms=1.2 if style == "." else 3,  # one batch says little: a cloud, not a line
                label=label or None,
            )
            drawn = drawn or bool(np.isfinite(curve["value"]).any())
    if not drawn:
        axis.text(0.5, 0.5, "not measured", color=MUTED, ha="center", transform=axis.transAxes)
    elif logarithmic:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter(NullFormatter())
