"""What a training went through, over its steps."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, MUTED, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import GENERATED, HELD_OUT, OF_D, OF_G, TRAINING

_COLUMNS, _NARROW_COLUMNS = 3, 1
_LINE, _CLOUD, _PROBE, _OTHER_PROBE = "-", ".", "o-", "s-"
_PUBLISHED = (0, (4, 2))  # dashes


class _Curve(NamedTuple):
    """A curve by its name, up to an ``@`` where it ends with one."""

    name: str
    colour: str
    style: str


_SHARES = "how often D is right"
_PANELS: tuple[tuple[str, tuple[_Curve, ...]], ...] = (
    (
        "losses",
        (_Curve("train/d_loss", OF_D, _LINE), _Curve("train/g_loss", OF_G, _LINE)),
    ),
    (
        "D’s mean logits",
        (
            _Curve("train/d_real_logit", TRAINING, _LINE),
            _Curve("train/d_fake_logit", GENERATED, _LINE),
        ),
    ),
    (
        _SHARES,
        (
            _Curve("train/d_accuracy_real", TRAINING, _CLOUD),
            _Curve("train/d_accuracy_fake", GENERATED, _CLOUD),
            _Curve("train/d_accuracy_train", TRAINING, _PROBE),
            _Curve("train/d_accuracy_held_out", HELD_OUT, _OTHER_PROBE),
        ),
    ),
    (
        "gradient norms",
        (_Curve("train/d_grad_norm", OF_D, _LINE), _Curve("train/g_grad_norm", OF_G, _LINE)),
    ),
    ("distance to training images", (_Curve("train/fcd@", GENERATED, _PROBE),)),
    ("diversity (real images: 1)", (_Curve("train/diversity", GENERATED, _PROBE),)),
)
_LOGARITHMIC = {"gradient norms", "distance to training images"}
_LEGEND = (
    ("D", OF_D, _LINE),
    ("G, generated images", OF_G, _LINE),
    ("training images", TRAINING, _LINE),
    ("held-out images", HELD_OUT, _OTHER_PROBE),
    ("a probe", MUTED, "o"),
    ("one batch", MUTED, _CLOUD),
)


def training_curves(points: pd.DataFrame, published_step: int | None = None) -> NDArray[np.uint8]:
    """Draw losses, logits, D's accuracy, gradient norms and what the probes saw, over steps.

    Values that are not finite leave a gap. A panel without values says so. What the colours and
    signs mean stands below all panels, where it hides nothing.

    Parameters
    ----------
    points : DataFrame
        Columns step, name, value.
    published_step : int, optional
        Marked in the probes' panels: the step whose weights were published.
    """
    columns = _NARROW_COLUMNS if is_narrow() else _COLUMNS
    rows = -(-len(_PANELS) // columns)
    with canvas(NARROW_IN if is_narrow() else 8.2, 2.1 * rows + 0.5) as figure:
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis, (title, curves) in zip(axes.flat, _PANELS):
            _panel(axis, points, curves, title in _LOGARITHMIC)
            axis.set_title(title)
            if title == _SHARES:
                axis.set_ylim(-0.03, 1.03)
            is_of_probes = all("o" in curve.style for curve in curves)
            if published_step is not None and is_of_probes and axis.lines:
                axis.axvline(published_step, color=INK, lw=1.1, ls=_PUBLISHED)
        for axis in axes[-1]:
            axis.set_xlabel("step", fontsize=8, color=MUTED)
        figure.legend(
            handles=_handles(published_step is not None),
            loc="outside lower center",
            ncols=2 if is_narrow() else 4,
            fontsize=8,
        )
        return pixels(figure)


def _handles(with_published: bool) -> list[Line2D]:
    handles = [_handle(label, colour, style) for label, colour, style in _LEGEND]
    if with_published:
        handles.append(Line2D([], [], color=INK, lw=1.1, ls=_PUBLISHED, label="published step"))
    return handles


def _handle(label: str, colour: str, style: str) -> Line2D:
    marker = style.removesuffix("-")
    line = "-" if style.endswith("-") else ""
    size = _size(style) * (3 if style == _CLOUD else 1)
    return Line2D([], [], color=colour, ls=line, marker=marker, ms=size, label=label)


def _size(style: str) -> float:
    return 1.2 if style == _CLOUD else 3.0  # one batch says little: a cloud, not a line


def _panel(axis: Axes, points: pd.DataFrame, curves: tuple[_Curve, ...], logarithmic: bool) -> None:
    drawn = False
    for name, colour, style in curves:
        exact = not name.endswith("@")
        chosen = points["name"] == name if exact else points["name"].str.startswith(name)
        curve = points[chosen]
        if len(curve):
            axis.plot(curve["step"], curve["value"], style, color=colour, lw=1.2, ms=_size(style))
            drawn = drawn or bool(np.isfinite(curve["value"]).any())
    if not drawn:
        axis.text(0.5, 0.5, "not measured", color=MUTED, ha="center", transform=axis.transAxes)
    elif logarithmic:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter(NullFormatter())
