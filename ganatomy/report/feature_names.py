"""What a changed feature is called in words that a newcomer knows."""

import re

from ganatomy.data.recipe import GRID, Recipe

_NAMES = {
    "brightness": "brightness",
    "contrast": "contrast",
    "blur": "fine detail",
    "high_frequencies": "fine detail",
    "mid_frequencies": "detail of middle size",
    "low_frequencies": "large shapes and shades",
    "orientation": "slant",
    "position": "place of the object",
    "scale": "size of the object",
    "thickness": "thickness of strokes",
    "symmetry": "difference of left and right",
    "asymmetry": "difference of left and right",
    "background": "background",
    "noise": "pixel noise",
    "colour": "colour",
    "hue": "hue",
    "saturation": "strength of colours",
    "area": "share of the image that is figure",
    "aspect": "width over height of the figure",
    "elongation": "length over width of the figure",
    "components": "number of pieces",
    "holes": "number of holes",
    "edge_width": "width of edges",
    "red_green": "red less green",
    "yellow_blue": "yellow less blue",
    "class_balance": "shares of the classes",
}
_KINDS = {"class_": "share of class", "attribute_": "attribute", "mask_": "region"}
_MODES = {"remove": "", "permute": "exchanged between images", "noise": "replaced at random"}
_CELL = re.compile(r"cell_(\d+)_(\d+)")


def plain_feature(name: str, grid: int = GRID) -> str:
    """Name a feature by what it is.

    Examples
    --------
    >>> plain_feature("blur"), plain_feature("class_1"), plain_feature("cell_0_3")
    ('fine detail', 'share of class 1', 'upper right corner')
    >>> plain_feature("cell_1_1"), plain_feature("cell_2_0"), plain_feature("side_light:SideLight")
    ('upper left of the middle', 'lower part of the left edge', 'side_light:SideLight')
    """
    if cell := _CELL.fullmatch(name):
        return _place(int(cell[1]), int(cell[2]), grid)
    if name in _NAMES:
        return _NAMES[name]
    for start, word in _KINDS.items():
        if name.startswith(start):
            return f"{word} {name.removeprefix(start)}"
    return name


def plain_variant(recipe: Recipe) -> str:
    """Name a change by its features, and by what was done to them where they were not left out.

    Examples
    --------
    >>> plain_variant(Recipe("blur-permute", ("blur",), "permute", 0, "", "frequency"))
    'fine detail (exchanged between images)'
    >>> plain_variant(Recipe("blur+hue", ("blur", "hue"), "remove", 0, "", "interaction"))
    'fine detail and hue'
    >>> named = Recipe("l", ("learned:3",), "remove", 0, "", "learned", concept="orientation")
    >>> plain_variant(named)
    'learned:3 (slant)'
    >>> plain_variant(Recipe("null_0", (), "null", 0, "", "null"))
    'nothing changed'
    """
    if recipe.is_null:
        return "nothing changed"
    names = " and ".join(plain_feature(name, recipe.regions.grid) for name in recipe.features)
    if recipe.concept:
        names = f"{names} ({plain_feature(recipe.concept)})"
    done = _MODES.get(recipe.mode, "")
    return f"{names} ({done})" if done else names


def _place(row: int, column: int, grid: int) -> str:
    """A cell's place, as one would say it: corners, edges, and parts of the middle."""
    if grid == 1:
        return "the whole image"
    down, across = _third(row, grid, "upper", "lower"), _third(column, grid, "left", "right")
    at_top_or_bottom, at_side = row in (0, grid - 1), column in (0, grid - 1)
    if at_top_or_bottom and at_side:
        return f"{down} {across} corner"
    if at_top_or_bottom:
        return f"{across or 'middle'} part of the {'top' if row == 0 else 'bottom'} edge"
    if at_side:
        return f"{down or 'middle'} part of the {across} edge"
    part = " ".join(filter(None, (down, across)))
    return f"{part} of the middle" if part else "middle"


def _third(place: int, grid: int, first: str, last: str) -> str:
    middle = (grid - 1) / 2
    return "" if place == middle else first if place < middle else last
