"""Names and titles that fit into a figure."""

import textwrap

from matplotlib.axes import Axes

from ganatomy.report.figures.canvas import MUTED


def shortened(text: str, most: int) -> str:
    """Shorten to `most` characters by leaving out the middle, for names differ at the end."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[len(text) - (most - head - 1) :]}"


def two_lines(text: str, width: int) -> str:
    """Break a name into at most two lines of `width` characters; what is longer is shortened."""
    if len(text) <= width:
        return text
    lines = textwrap.wrap(text, width)
    return "\n".join(lines) if len(lines) < 3 else shortened(text, width)


def one_line(title: str, most: int) -> str:
    """Put a title on one line; whole words are left out at its end when it is too long."""
    return textwrap.shorten(_bare(title), most, placeholder=" …")


def wrapped(title: str, width: int) -> str:
    """Break a title into lines of at most `width` characters; words are never broken."""
    return "\n".join(textwrap.wrap(_bare(title), width, break_long_words=False))


def _bare(title: str) -> str:
    """Without line breaks, and without naming the network, which the panel does."""
    return " ".join(title.split()).removeprefix("G: ").removeprefix("D: ")


def nothing(axis: Axes, text: str) -> None:
    """Say that there is nothing to draw, in place of an empty panel."""
    axis.text(0.5, 0.5, text, color=MUTED, ha="center", va="center", transform=axis.transAxes)
    axis.set_xticks([])
    axis.set_yticks([])


def empty(axis: Axes, text: str = "not measured") -> None:
    """Say in an axis without a frame that there is nothing to show."""
    nothing(axis, text)
    axis.spines[:].set_visible(False)
