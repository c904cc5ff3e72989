"""Regions and holes of a map, at every threshold at once: cubical persistent homology.

The map is cut from the top: at a threshold t what is at least t is in. Places that touch by a
corner are connected, and a hole is what is out, enclosed all around by what is in, and no part of
the edge. A region is born at its peak and dies where it meets a higher one; a hole is born where
its ring closes and dies at its lowest place. Persistence is how far apart both are (Edelsbrunner,
Letscher & Zomorodian 2002; Wagner, Chen & Vuçini 2012 for cubical complexes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ganatomy.extras import extra

Array = NDArray[np.float64]

_CORNERS = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Persistence:
    """The births and deaths in a map while the threshold falls.

    Attributes
    ----------
    regions, holes : ndarray of shape (k, 2), float64
        Threshold of birth and, not above it, of death, the most persistent first. The region of
        the map's highest peak dies at its lowest value.
    peaks, bottoms : ndarray of shape (k,), int64
        A place of each, in the flattened map: where a region is highest, where a hole is lowest.
    """

    regions: Array
    holes: Array
    peaks: NDArray[np.int64]
    bottoms: NDArray[np.int64]


def persistence(values: Array) -> Persistence:
    """Find when regions and holes of a map are born and when they die.

    Parameters
    ----------
    values : ndarray of shape (h, w), finite

    Raises
    ------
    InputError
        The package gudhi is not installed.

    Examples
    --------
    >>> ring = np.array([[1.0, 1.0, 1.0], [1.0, 0.2, 0.5], [1.0, 1.0, 1.0]])
    >>> found = persistence(ring)
    >>> found.regions.tolist(), found.holes.tolist()
    ([[1.0, 0.2]], [[0.5, 0.2]])
    """
    with extra("topology", "regions and holes of maps"):
        import gudhi

    values = np.asarray(values, dtype=float)
    cells = gudhi.CubicalComplex(top_dimensional_cells=-values)
    cells.compute_persistence()
    # gudhi numbers places column by column
    flat = values.ravel(order="F")
    closed, endless = cells.cofaces_of_persistence_pairs()
    pairs = [_pairs(closed, dimension) for dimension in (0, 1)]
    first = [np.asarray(each).reshape(-1) for each in endless[:1]]
    regions = np.stack([flat[pairs[0][:, 0]], flat[pairs[0][:, 1]]], 1)
    peaks = pairs[0][:, 0]
    if first:
        top = first[0][:1].astype(np.int64)
        regions = np.concatenate([[[flat[top[0]], values.min()]], regions])
        peaks = np.concatenate([top, peaks])
    holes = np.stack([flat[pairs[1][:, 0]], flat[pairs[1][:, 1]]], 1)
    (regions, peaks), (holes, bottoms) = _sorted(regions, peaks), _sorted(holes, pairs[1][:, 1])
    return Persistence(regions, holes, _by_row(peaks, values), _by_row(bottoms, values))


def _pairs(closed: list[NDArray[np.int64]], dimension: int) -> NDArray[np.int64]:
    if dimension >= len(closed):
        return np.zeros((0, 2), dtype=np.int64)
    return np.asarray(closed[dimension], dtype=np.int64).reshape(-1, 2)


def _sorted(lives: Array, places: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    lasts = lives[:, 0] > lives[:, 1]
    lives, places = lives[lasts], places[lasts]
    order = np.lexsort((places, lives[:, 1] - lives[:, 0]))
    return lives[order], places[order]


def _by_row(places: NDArray[np.int64], values: Array) -> NDArray[np.int64]:
    rows, columns = np.unravel_index(places, values.shape, order="F")
    return np.asarray(np.ravel_multi_index((rows, columns), values.shape), dtype=np.int64)


def in_range(values: Array) -> Array:
    """Scale a map to [0, 1] between its lowest and its highest value; a constant one to 0."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def count(lives: Array, least: float) -> int:
    """Count what persists at least so far.

    Examples
    --------
    >>> count(np.array([[1.0, 0.2], [0.5, 0.4]]), 0.2)
    1
    """
    return int((lives[:, 0] - lives[:, 1] >= least).sum())


def curve(lives: Array, thresholds: Array) -> Array:
    """Count what is alive at each threshold: a Betti curve.

    Examples
    --------
    >>> curve(np.array([[1.0, 0.2], [0.5, 0.4]]), np.array([0.0, 0.3, 0.45, 1.0])).tolist()
    [0.0, 1.0, 2.0, 1.0]
    """
    alive = (lives[:, :1] >= thresholds) & (lives[:, 1:] < thresholds)
    return np.asarray(alive.sum(0), dtype=float)


def outlined(values: Array, least: float) -> NDArray[np.int8]:
    """Mark the regions and holes that persist, each half-way through its life.

    Returns
    -------
    ndarray of shape (h, w), int8
        1, 2, ... for regions, the most persistent first; -1, -2, ... for holes; 0 elsewhere. Where
        regions lie in each other, that of the higher peak within the other is kept.
    """
    found = persistence(values)
    marks = np.zeros(values.shape, dtype=np.int8)
    for number, (life, place) in enumerate(zip(found.regions, found.peaks), 1):
        if life[0] - life[1] >= least and number < 127:
            _mark(marks, values >= life.mean(), place, _CORNERS, number)
    for number, (life, place) in enumerate(zip(found.holes, found.bottoms), 1):
        if life[0] - life[1] >= least and number < 127:
            _mark(marks, values < life.mean(), place, None, -number)
    return marks


def _mark(
    marks: NDArray[np.int8],
    inside: NDArray[np.bool_],
    place: np.int64,
    connected: NDArray[np.bool_] | None,
    number: int,
) -> None:
    parts, _ = ndimage.label(inside, connected)
    own = parts.flat[place]
    marks[(parts == own) & (own > 0)] = number
