"""Activation maps with what persists in them outlined: regions in one colour, holes in another."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.explain.topology.map_topology import LayerMaps, MapTopology
from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM, canvas, pixels, without_frame
from ganatomy.report.figures.labels import shortened

REGION, HOLE = WARM, ACCENT
NAMES = {"real": "real images", "fake": "generated images"}

_CELL_IN, _GAP_IN, _BETWEEN_IN = 0.66, 0.05, 0.14
_LABEL_IN, _HEAD_IN = 1.0, 0.42
_FINE = 8  # places drawn for one, so that outlines have corners
_LETTERS = 14
_MOST_CLASSES = 10
_SHORT = {"real": "real", "fake": "generated"}
_Cell = tuple[torch.Tensor, torch.Tensor] | None


def region_sheet(maps: MapTopology, network: str) -> NDArray[np.uint8] | None:
    """Draw a row for each layer: the mean map and those of the first images, of each kind.

    Parameters
    ----------
    maps : MapTopology
    network : str
        ``G`` or ``D``.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where the network has no maps.
    """
    found = _by_layer(maps, network)
    if not found:
        return None
    kinds = [kind for kind in NAMES if any(kind in own for own in found.values())]
    counts = {kind: 1 + max(len(own[kind].examples) for own in found.values() if kind in own)
              for kind in kinds}  # fmt: skip
    rows = {
        layer: [cell for kind in kinds for cell in _cells(own.get(kind), counts[kind])]
        for layer, own in found.items()
    }
    heads = [(NAMES[kind], counts[kind]) for kind in kinds]
    above: list[torch.Tensor | None] = []
    for kind in kinds:
        shown = list(maps.images.get(kind, ()))[: counts[kind] - 1]
        above += [None, *shown, *[None] * (counts[kind] - 1 - len(shown))]
    return _sheet(rows, heads, above)


def class_region_sheet(maps: MapTopology, network: str) -> NDArray[np.uint8] | None:
    """Draw the mean map of each class, of the last layer, a row for each kind of images.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        None where images have no classes.
    """
    found = _by_layer(maps, network)
    if not found:
        return None
    layer, own = list(found.items())[-1]
    table = maps.by_class[(maps.by_class["network"] == network) & (maps.by_class["layer"] == layer)]
    names = list(dict.fromkeys(table["label"]))[:_MOST_CLASSES]
    if not names:
        return None
    rows: dict[str, list[_Cell]] = {}
    for kind in (each for each in NAMES if each in own):
        labels = list(table.loc[table["kind"] == kind, "label"])
        places = [labels.index(name) if name in labels else -1 for name in names]
        both = own[kind]
        rows[_SHORT[kind]] = [
            (both.classes[place], both.class_marks[place]) if place >= 0 else None
            for place in places
        ]
    return _sheet(rows, [(name, 1) for name in names], [], apart=False)


def _by_layer(maps: MapTopology, network: str) -> dict[str, dict[str, LayerMaps]]:
    found: dict[str, dict[str, LayerMaps]] = {}
    for row, each in zip(maps.layers.to_dict("records"), maps.maps):
        if row["network"] == network:
            found.setdefault(row["layer"], {})[row["kind"]] = each
    return found


def _cells(maps: LayerMaps | None, count: int) -> list[_Cell]:
    if maps is None:
        return [None] * count
    own: list[_Cell] = [(maps.mean, maps.marks), *zip(maps.examples, maps.example_marks)]
    return own + [None] * (count - len(own))


def _sheet(
    rows: dict[str, list[_Cell]],
    heads: Sequence[tuple[str, int]],
    above: Sequence[torch.Tensor | None],
    *,
    apart: bool = True,
) -> NDArray[np.uint8]:
    lefts, starts, at = [], [], _LABEL_IN
    for _, number in heads:
        starts.append(at)
        for _ in range(number):
            lefts.append(at)
            at += _CELL_IN + _GAP_IN
        at += _BETWEEN_IN if apart else 0.0
    pitch, first = _CELL_IN + _GAP_IN, _HEAD_IN + (_CELL_IN + _GAP_IN if above else 0.0)
    with canvas(at, first + pitch * len(rows)) as figure:
        figure.set_layout_engine("none")
        for (name, number), start in zip(heads, starts):
            _write(figure, start, 0.04, shortened(name, max(9, 12 * number)), INK)
            if apart:
                _write(figure, start, 0.22, "mean map, and that of each", MUTED)
        for left, image in zip(lefts, above):
            if image is not None:
                _picture(_axes(figure, left, _HEAD_IN), image)
        for place, (name, cells) in enumerate(rows.items()):
            top = first + pitch * place
            _write(figure, 0.04, top + 0.3, shortened(name, _LETTERS), INK)
            for left, cell in zip(lefts, cells):
                if cell is not None:
                    _map(_axes(figure, left, top), *cell)
        return pixels(figure)


def _map(axis: Axes, values: torch.Tensor, marks: torch.Tensor) -> None:
    axis.imshow(values.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    without_frame(axis)
    for mark in marks.unique().tolist():
        if mark:
            _outline(axis, (marks == mark).numpy(), REGION if mark > 0 else HOLE)


def _outline(axis: Axes, inside: NDArray[np.bool_], colour: str) -> None:
    """Follow the edges of the places that are in."""
    fine = np.pad(np.kron(inside, np.ones((_FINE, _FINE))), 1)
    rows, columns = (
        (np.arange(side * _FINE + 2) - 0.5) / _FINE - 0.5 for side in inside.shape
    )  # fmt: skip
    axis.contour(columns, rows, fine, [0.5], colors=colour, linewidths=1.1)
    axis.set_xlim(-0.5, inside.shape[1] - 0.5)
    axis.set_ylim(inside.shape[0] - 0.5, -0.5)


def _picture(axis: Axes, image: torch.Tensor) -> None:
    shown = in_colours(image[None])[0].permute(1, 2, 0).numpy()
    axis.imshow(shown.squeeze(-1) if shown.shape[-1] == 1 else shown, cmap="gray", vmin=0, vmax=255)
    without_frame(axis)


def _axes(figure: Figure, left: float, top: float) -> Axes:
    width, height = figure.get_size_inches()
    bottom = 1 - (top + _CELL_IN) / height
    return figure.add_axes((left / width, bottom, _CELL_IN / width, _CELL_IN / height))


def _write(figure: Figure, left: float, top: float, text: str, colour: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, va="top", ha="left", color=colour, fontsize=8)
