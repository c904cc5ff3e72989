"""Reads a generated sentence as a careful reader would, and says what is wrong with it."""

import math
import re
from collections.abc import Iterable

_RULES = {
    "a value that is none": r"\b(?:nan|NaN(?! or inf)|inf|True|False)\b|\bNone\b(?! of)",
    "spaces": r"  | [,.;:)]|\( ",
    "an empty list": r"\(\)|: *[.;]|, *[,.;]|\(none\)|\[\]|: ?$",
    "points": r"(?<!\.)\.\.(?!\.)|;;|:;|;\.",
    "a double sign": r"--|\+-|-\+|\+\+",
    "a zero with a sign": r"(?<![\w.])[+-]0(?:\.0+)?(?![\d.]\d|\d)",
    "so many of nothing": r"\b(?:of|all|none of) 0\b(?!\.\d)",
    "one time": r"(?<![\d.,])1(?:\.0+)? times\b",
    "a percentage of the Python kind": r"\d%",
}
_SINGULAR = (
    *("image", "class", "kind", "seed", "null", "group", "variant", "check", "unit", "map", "step"),
    *("region", "feature", "readout", "figure", "epoch", "pair", "reason", "finding", "measure"),
)
_ONE_OF_MANY = rf"(?<![\d.,@/-])1 (?:[a-z]+-?[a-z]* )?(?:{'|'.join(_SINGULAR)})(?:s|es)\b"
_MANY_OF_ONE = (
    rf"(?<![\d.,@/-])(?:[02-9]|\d\d+|\d,\d+) (?:{'|'.join(_SINGULAR)})\b(?! \w+ (?:of|alone))"
)
_ABSENCE = re.compile(
    r"no difference|no sign|not seen|cannot be told|not to be told|do not differ in|unsuspicious"
    r"|does not tell|no effect|not certain|within the noise",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def faults(text: str) -> list[str]:
    """Say what is wrong with a text of one sentence or more, or with the end of one."""
    found = []
    rules = {**_RULES, "one of many": _ONE_OF_MANY, "many of one": _MANY_OF_ONE}
    for what, pattern in rules.items():
        if hit := re.search(pattern, text):
            found.append(f"{what} ({hit.group()!r}) in {text!r}")
    for sentence in sentences(text):
        is_told_elsewhere = "see “" in sentence
        if _ABSENCE.search(sentence) and not is_told_elsewhere and not re.search(r"\d", sentence):
            found.append(f"nothing seen, and not what could have been: {sentence!r}")
    return found


def sentences(text: str) -> list[str]:
    """Part a text after the points that end sentences."""
    return [part for part in re.split(r"(?<=[a-z)%\d'])[.!?] (?=[A-Z\d])", text) if part]


def untold(text: str, figures: Iterable[float | None]) -> list[str]:
    """List the numbers of a text that are none of the figures at the precision that is shown.

    A figure may be told as such, without its sign, or as a percentage.
    """
    known = [abs(float(each)) for each in figures if each is not None and math.isfinite(each)]
    return [
        hit.group()
        for hit in _NUMBER.finditer(text)
        if not any(_is_shown(hit.group(), text[hit.end() : hit.end() + 2], each) for each in known)
    ]


def _is_shown(number: str, after: str, figure: float) -> bool:
    value = abs(float(number.replace(",", "")))
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    # as %g leaves zeros out, the last digit of a whole number may stand for tens or more
    digits = mantissa.replace(",", "").lstrip("+-").rstrip("0") if not decimals else ""
    coarse = len(mantissa.replace(",", "").lstrip("+-")) - len(digits) if digits else 0
    unit = 10.0 ** (int(exponent or 0) - decimals + (coarse if coarse > 0 else 0))
    scaled = 100 * figure if after == " %" else figure
    return abs(value - scaled) <= unit / 2 + 1e-9 * max(1.0, value)
