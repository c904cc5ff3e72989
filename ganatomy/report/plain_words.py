"""Names of files and settings within sentences, put as a newcomer reads them."""

import re

from ganatomy.data.recipe import LEARNED, is_learned
from ganatomy.explain.networks.measures import MEASURES
from ganatomy.report.feature_names import plain_feature
from ganatomy.report.glossary import term
from ganatomy.wording import opened

_RAW = re.compile(r"(?<![\w/])(?:(?:concept|region)\([^()]*\)|[gd]_[a-z_]+|fcd)(?![\w/(])")
_LOGITS = {"d_logit_of_g": "D’s logit of G’s image", "d_logit": "D’s logit"}
_COLOURS = ("red", "green", "blue")
_CELL = re.compile(r"cell_(\d+)_(\d+)")


def plain_target(name: str) -> str:
    """Name what a network was asked for.

    A cell is named by its row and column: how many there are is not known here.

    Examples
    --------
    >>> plain_target("concept(thickness)"), plain_target("d_logit")
    ('thickness of strokes', 'D’s logit')
    >>> plain_target("region(cell_1_1)"), plain_target("class"), plain_target("learned(2)")
    ('brightness of the cell in row 2, column 2', 'class', 'learned direction 2')
    >>> plain_target("red"), plain_target("learned:2")
    ('red against the other colours', 'learned direction 2')
    """
    kind, _, inner = name.removesuffix(")").partition("(")
    if kind == "region" and (cell := _CELL.fullmatch(inner)):
        return f"brightness of the cell in row {int(cell[1]) + 1}, column {int(cell[2]) + 1}"
    if kind == "region" and inner:
        return f"brightness of {plain_feature(inner)}"
    if kind == "learned" and inner:
        return f"learned direction {inner}"
    if is_learned(name):
        return f"learned direction {name.removeprefix(LEARNED)}"
    if kind == "concept" and inner:
        return plain_feature(inner)
    if name in _COLOURS:
        return f"{name} against the other colours"
    return _LOGITS.get(name, plain_feature(name) if name in MEASURES else name)


def in_plain_words(text: str) -> str:
    """Put plain names for those that figures and targets have in files.

    Examples
    --------
    >>> in_plain_words("It is 2.4 of g_fcd. concept(hue) is moved.")
    'It is 2.4 of distance to real images. Hue is moved.'
    """

    def plain(found: re.Match[str]) -> str:
        known = term(found.group())
        name = plain_target(found.group()) if known is None else known.name
        begins = found.start() == 0 or text[: found.start()].endswith(". ")
        return opened(name) if begins else name

    return _RAW.sub(plain, text)
