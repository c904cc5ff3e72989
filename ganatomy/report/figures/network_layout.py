"""Where the boxes of a drawn network stand, and the lines between them.

Graphviz decides it (Gansner et al. 1993, IEEE TSE 19(3): layers, few crossings), without a word to
set, so that no font of the machine plays a part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ganatomy.extras import extra

WIDTH, HEIGHT = 236, 44  # of a box, in pixels
_CSS, _POINTS = 96, 72  # to an inch


@dataclass(frozen=True)
class Layout:
    """A drawing's size, in pixels, the middle of each box, and each line as a path of SVG."""

    width: float
    height: float
    places: dict[str, tuple[float, float]]
    curves: dict[tuple[str, str], str]


def laid_out(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lay boxes out from top to bottom.

    Parameters
    ----------
    names : sequence of str
    edges : sequence of (str, str)
        Without any the boxes stand one below the other.

    Raises
    ------
    InputError
        pygraphviz is not installed.

    Examples
    --------
    >>> layout = laid_out(["a", "b"], [("a", "b")])
    >>> layout.places["a"][1] < layout.places["b"][1]
    True
    """
    with extra("structure", "a drawing of a network"):
        import pygraphviz
    graph: Any = pygraphviz.AGraph(directed=True, nodesep=0.25, ranksep=0.28, pad=0)
    for name in names:
        size = {"width": WIDTH / _CSS, "height": HEIGHT / _CSS}
        graph.add_node(name, shape="box", fixedsize=True, label="", **size)
    for source, target in edges or list(pairwise(names)):
        graph.add_edge(source, target)
    graph.layout(prog="dot")
    box = graph.graph_attr["bb"].split(",")
    width, height = (float(each) * _CSS / _POINTS for each in box[2:])

    def point(text: str) -> tuple[float, float]:
        x, y = (float(each) * _CSS / _POINTS for each in text.split(",")[-2:])
        return round(x, 1), round(height - y, 1)

    return Layout(
        width,
        height,
        {name: point(graph.get_node(name).attr["pos"]) for name in names},
        {edge: _path(graph.get_edge(*edge).attr["pos"], point) for edge in edges},
    )


def _path(spline: str, point: Callable[[str], tuple[float, float]]) -> str:
    """A spline of Graphviz, ``e,x,y x,y ...`` with its end in front, as a path of SVG."""
    parts = spline.split()
    start, *bends = (point(each) for each in parts if each[0] not in "es")
    ends = [point(each) for each in parts if each[0] == "e"]
    path = f"M{_text(start)}C{' '.join(map(_text, bends))}"
    return path + "".join(f"L{_text(end)}" for end in ends)


def _text(point: tuple[float, float]) -> str:
    return f"{point[0]:g} {point[1]:g}"
