"""Which features a data set has, and how one is found by its name."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.background import Background
from ganatomy.data.features.channels import Channel
from ganatomy.data.features.colours import (
    Colour,
    Hue,
    RedGreen,
    Saturation,
    YellowBlue,
    check_coloured,
)
from ganatomy.data.features.edges import EdgeWidth
from ganatomy.data.features.feature import WHERE, Feature, Selection
from ganatomy.data.features.frequencies import HighFrequencies, LowFrequencies, MiddleFrequencies
from ganatomy.data.features.geometry import Orientation, Position, Scale
from ganatomy.data.features.grain import Noise
from ganatomy.data.features.learned_set import learned_feature
from ganatomy.data.features.own import own_feature
from ganatomy.data.features.regions import Cell, MaskRegion
from ganatomy.data.features.selections import Attribute, ClassBalance, LeftOutClass
from ganatomy.data.features.shape import Area, Aspect, Elongation
from ganatomy.data.features.strokes import Thickness
from ganatomy.data.features.symmetry import Symmetry
from ganatomy.data.features.tones import Brightness, Contrast
from ganatomy.data.features.topology import Components, Holes
from ganatomy.data.recipe import GRID, is_learned
from ganatomy.errors import InputError

_RGB = 3


def known(
    dataset: Dataset, grid: int = GRID, masks: Sequence[str | Path] = ()
) -> dict[str, Feature | Selection]:
    """Return every feature that this data has, by name.

    Parameters
    ----------
    dataset : Dataset
    grid : int
        The cells ``cell_<row>_<column>`` are those of a grid by grid raster.
    masks : sequence of path
        Image files; each marks a region ``mask_<file name without its ending>``.

    Raises
    ------
    InputError
        A grid finer than the pixels, or a mask that cannot be used.
    """
    height, width = dataset.images.shape[-2:]
    if not 1 <= grid <= min(height, width):
        raise InputError(
            f"no grid of {grid} by {grid} cells fits on {width} by {height} pixels",
            "grid",
            f"Use a number from 1 to {min(height, width)}.",
        )
    cells = [Cell(row, column, grid) for row in range(grid) for column in range(grid)]
    regions = [MaskRegion(Path(path), (height, width)) for path in masks]
    if len({region.name for region in regions}) != len(regions):
        raise InputError("two mask files have the same name", "masks", "Rename one of them.")
    everywhere: list[Feature] = [
        Brightness(),
        Contrast(),
        HighFrequencies(),
        MiddleFrequencies(),
        LowFrequencies(),
        Orientation(),
        Position(),
        Scale(),
        Thickness(),
        Symmetry(),
        Background(),
        Noise(),
    ]
    count = dataset.images.shape[1]
    coloured: list[Feature] = [Colour(), Hue(), Saturation()] if count == _RGB else []
    colours = coloured if count in (1, _RGB) else [Channel(number) for number in range(count)]
    measured: list[Feature] = [Area(), Aspect(), Elongation(), Components(), Holes(), EdgeWidth()]
    measured += [RedGreen(), YellowBlue()] if count == _RGB else []
    balance = [ClassBalance()] if len(dataset.class_names) > 1 else []
    classes = [LeftOutClass(name, label) for label, name in enumerate(dataset.class_names)]
    columns = [Attribute(*column) for column in dataset.attributes.items()]
    features: list[Feature | Selection] = [*cells, *regions, *everywhere, *colours]
    features += [*balance, *classes, *columns, *measured]
    return {feature.name: feature for feature in features}


def find(
    name: str,
    features: dict[str, Feature | Selection],
    dataset: Dataset,
    learned: str | Path = "",
) -> Feature | Selection:
    """Find a feature by name.

    Parameters
    ----------
    name : str
        Of one of `features`; ``learned:<direction>``, or the user's own ``module:Class``.
    features : dict of str to feature
        Those of `known`.
    dataset : Dataset
    learned : path
        Folder of a generator's `LearnedFeatures`, where there are any.

    Raises
    ------
    InputError
        There is no such feature: near misses and all there are, or what is wrong with the user's.
    """
    if name in features:
        return features[name]
    if is_learned(name):
        return learned_feature(name, learned)
    if ":" in name:
        return own_feature(name, dataset)
    if name in ("colour", "hue", "saturation", "red_green", "yellow_blue"):
        check_coloured(dataset.images, name)
    kind, _, rest = name.partition("_")
    if kind in ("class", "attribute"):
        names = dataset.class_names if kind == "class" else tuple(dataset.attributes)
        near = _near(rest, names)
        listed = ", ".join(names) or "none"
        raise InputError(f"this data has no {kind} {rest!r}", WHERE, f"{near}It has: {listed}.")
    by_kind: dict[str, list[str]] = {}
    for feature in features.values():
        kind = feature.kind if feature.modes else "to measure, not to change"
        by_kind.setdefault(kind, []).append(feature.name)
    listed = "; ".join(f"{kind}: {_shortened(names)}" for kind, names in by_kind.items())
    raise InputError(
        f"unknown feature {name!r}",
        WHERE,
        f"{_near(name, tuple(features))}This data has {listed}; learned:1 and "
        "on for directions of a generator; or module:Class for your own.",
    )


def _near(name: str, names: tuple[str, ...]) -> str:
    close = get_close_matches(name, names, n=3)
    return f"Did you mean {' or '.join(close)}? " if close else ""


def _shortened(names: list[str]) -> str:
    cells = [name for name in names if name.startswith("cell_")]
    others = [name for name in names if not name.startswith("cell_")]
    return ", ".join([f"{cells[0]} to {cells[-1]}", *others] if len(cells) > 1 else names)
