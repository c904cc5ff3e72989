"""How generated images stand beside real ones, in words: of each figure with its intervals."""

import math
from collections.abc import Mapping
from typing import Any

from ganatomy.wording import percent

SEEN_BESIDE = ("copies", "c_t", "authenticity")
_HARDLY = 1.05  # times: closer to the reals' than that is no size to speak of
_CROWDS = ("precision", "density")  # above reals' where images crowd among the densest reals
_FINE = 0.1  # of a share: smaller differences that would have shown make silence worth something
_BLIND = 0.5  # as of the verdict: not to see so many copies is not to see


def beside_reals(row: Mapping[str, Any]) -> str:
    """Say how a figure of generated images stands beside that of reals in their place.

    A difference is one where the intervals do not overlap. Where they do, it is said how large it
    would have had to be: a wide interval that hides everything is no finding.

    Parameters
    ----------
    row : mapping
        name, value, low, high, floor, floor_low, floor_high, better ("lower" or "higher").

    Examples
    --------
    >>> row = {"name": "recall", "value": 0.9, "low": 0.89, "high": 0.91, "better": "higher"}
    >>> beside_reals({**row, "floor": 0.91, "floor_low": 0.9, "floor_high": 0.92})
    'no difference seen: one above 0.02 would show'
    """
    figures = [row[name] for name in ("value", "low", "high", "floor", "floor_low", "floor_high")]
    if any(figure is None or not math.isfinite(figure) for figure in figures):
        return "not measured"
    if row["low"] <= row["floor_high"] and row["floor_low"] <= row["high"]:
        return _unseen(row)
    fakes_are_lower = row["high"] < row["floor_low"]
    if fakes_are_lower == (row["better"] == "lower"):
        if row["name"].removesuffix("_inception") in _CROWDS:
            return "above reals: they crowd where reals are densest"
        return "better than reals among themselves"
    return _worse(row)


def _unseen(row: Mapping[str, Any]) -> str:
    """The intervals overlap: what size of difference would have kept them apart."""
    if row["better"] == "lower":
        seen = (row["value"] - row["low"]) + (row["floor_high"] - row["floor"])
        is_fine = seen < max(abs(row["value"]), abs(row["floor"]))
    else:
        seen = (row["high"] - row["value"]) + (row["floor"] - row["floor_low"])
        is_fine = seen <= _FINE * max(1.0, abs(row["floor"]))
    if seen <= 0:  # both without spread: equal
        return "the same as reals"
    if is_fine:
        return f"no difference seen: one above {seen:.2g} would show"
    return f"cannot be told: only a difference above {seen:.2g} would show"


def _worse(row: Mapping[str, Any]) -> str:
    if row["better"] == "higher":
        if row["floor_low"] <= 0:
            return "worse than reals"
        ratio = row["high"] / row["floor_low"]
        if ratio <= 0:
            return "worse: none of what reals have"
        share = percent(ratio)
        if share in ("100 %", percent(1 - 1e-9)):  # a bound that says no more than "worse"
            return "worse than reals, perhaps only just"
        return f"worse: {share if share.startswith('less') else f'at most {share}'} of the reals'"
    if row["floor_high"] <= 0:
        return "worse than reals"
    ratio = row["low"] / row["floor_high"]
    if ratio < _HARDLY:
        return "worse than reals, perhaps only just"
    return f"worse: at least {ratio:,.{0 if ratio >= 10 else 1}f} times the reals'"


def on_copies(memorisation: Mapping[str, Any]) -> str:
    """Give the verdict on copies; where there is no sign of any, with what would have been one.

    Parameters
    ----------
    memorisation : mapping
        As of `records.memorisation_record`.
    """
    verdict = str(memorisation["verdict"])
    if memorisation["copies_found"] or memorisation["cannot_tell"] or not memorisation["spaces"]:
        return verdict
    least = min(evidence["detectable"] for evidence in memorisation["spaces"].values())
    return f"{verdict} ({percent(least, 1)} of the images would be one)"


def beside_held_out(measure: str, evidence: Mapping[str, Any]) -> str:
    """Say what a measure of copying tells of generated images, beside held-out real ones.

    Parameters
    ----------
    measure : str in `SEEN_BESIDE`
    evidence : mapping
        Of one space, as of `records.memorisation_record`.

    Examples
    --------
    >>> beside_held_out("c_t", {"c_t": {"value": 4.6, "low": 4.2, "high": 5.0}})
    'farther from the training images than held-out ones: off the data'
    """
    if measure == "copies":
        if evidence["has_copies"]:
            return "copies"
        if evidence["detectable"] > _BLIND:
            return f"cannot be told: not even {percent(_BLIND)} of copies would show"
        return f"no sign of copies: {percent(evidence['detectable'], 1)} would be one"
    found = evidence[measure]
    floor, lowest, highest = (found.get(f"floor{end}", 0.0) for end in ("", "_low", "_high"))
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if not all(map(math.isfinite, (value, low, high, floor, lowest, highest))):
        return "not measured"
    if high < lowest:
        return "nearer to the training images than held-out ones, as copies and smooth images are"
    if low > highest:
        return "farther from the training images than held-out ones: off the data"
    seen = max(high - value + floor - lowest, value - low + highest - floor)
    size = percent(seen, 1) if measure == "authenticity" else f"{seen:.2g}"
    return f"no difference from held-out images seen: one above {size} would show"
