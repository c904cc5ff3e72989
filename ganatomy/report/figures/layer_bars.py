"""How much each layer of a network uses of what it could, and how much of the answer is in it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ganatomy.report.figures.canvas import INK, NARROW_IN, canvas, is_narrow, pixels
from ganatomy.report.figures.colours import OF_D, OF_G
from ganatomy.report.figures.labels import nothing, shortened, wrapped

_COLOURS = {"G": OF_G, "D": OF_D}
_ROW_IN, _REST_IN, _LONGEST = 0.17, 0.7, 22
_MOST = 40
_PANELS = {"used": "dimensions used, of those there are", "cam": "activation × gradient"}
_TITLE = 18  # letters of a title's line beside another one on a narrow figure


def layer_bars(vitals: Mapping[str, pd.DataFrame]) -> NDArray[np.uint8]:
    """Draw a row for each layer, in the order in which they ran.

    Parameters
    ----------
    vitals : mapping of str to DataFrame
        By network: of each layer ``name``, ``rank``, ``possible``, ``cam``. Of more than 40 layers
        40 are drawn, evenly spaced.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    tables = {name: _chosen(table) for name, table in vitals.items() if len(table)}
    height = sum(_ROW_IN * len(table) + _REST_IN for table in tables.values())
    with canvas(NARROW_IN if is_narrow() else 8.2, max(height, 1.0)) as figure:
        if not tables:
            nothing(figure.subplots(), "no layer was measured")
            return pixels(figure)
        ratios = [_ROW_IN * len(table) + _REST_IN for table in tables.values()]
        axes = figure.subplots(len(tables), 2, squeeze=False, height_ratios=ratios)
        for row, (name, table) in zip(axes, tables.items()):
            for axis, (column, title) in zip(row, _PANELS.items()):
                _panel(axis, table, column, _COLOURS[name])
                said = wrapped(title, _TITLE) if is_narrow() else title
                axis.set_title(f"{name}: {said}", fontsize=8, color=INK)
            row[0].set_xlim(0, 1)
            row[1].set_yticklabels([])
        return pixels(figure)


def _chosen(table: pd.DataFrame) -> pd.DataFrame:
    places = np.unique(np.linspace(0, len(table) - 1, min(_MOST, len(table))).round().astype(int))
    found = table.iloc[places]
    return found.assign(used=found["rank"] / found["possible"].clip(lower=1))


def _panel(axis: Axes, table: pd.DataFrame, column: str, colour: str) -> None:
    rows = np.arange(len(table))
    axis.barh(rows, table[column].to_numpy(dtype=float), height=0.7, color=colour)
    axis.set_yticks(rows, [shortened(str(name), _LONGEST) for name in table["name"]], fontsize=7)
    axis.set_ylim(len(table) - 0.5, -0.5)
    axis.tick_params(labelsize=7)
