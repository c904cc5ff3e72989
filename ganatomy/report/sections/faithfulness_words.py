"""What the tests of explanations found, in words that follow from their figures."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.data.recipe import GRID
from ganatomy.explain.faithfulness.agreement import FEWEST_REGIONS, agreement
from ganatomy.explain.faithfulness.margins import AT_LEAST, margins
from ganatomy.explain.faithfulness.places import Place, standing_out
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.verdict import (
    FAIL,
    LARGEST_CORRELATION,
    MISSING,
    PASS,
    QUESTIONS,
    REMOVAL,
)
from ganatomy.report.feature_names import plain_feature
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import Record, rows_of
from ganatomy.wording import apart, listed, of_all, percent

_VERBS = {1: "raises", -1: "lowers"}
ASKS = {
    "faithful": "Does removing what the map names first move D’s logit more than removing what a "
    "random map names, and more than what its map of another image names?",
    "stable": "Asked again, with other draws or a little noise in the image, is it the same map?",
    "sane": "With random weights in place of the trained ones, is it another map?",
}


def of_d(study: FaithfulnessStudy) -> list[str]:
    """Name the kinds of map of D's logit that passed every test."""
    return [kind for kind in study.trusted if " G " not in kind]


def where(study: FaithfulnessStudy, kinds: Kinds) -> list[str]:
    """Say in which part of the image lies what raises D's logit, and what lowers it.

    By each kind of map of D that passed, over all judged images; nothing where none did.
    """
    return [_where(_found(study, kinds, sign), _VERBS[sign]) for sign in _VERBS if of_d(study)]


def finding(study: FaithfulnessStudy, kinds: Kinds) -> str:
    """Say in one line where what raises D's logit lies; "" where no kind of map of D passed."""
    found = _found(study, kinds, 1)
    if not found:
        return ""
    parts = {place.part if place else "" for place in found.values()}
    by = "by the kind of map that passes"
    if len(found) > 1:
        by = f"by all {len(found)} kinds of map that pass"
    if parts == {""}:
        return f"No ninth of the image stands out in what raises D’s logit, {by}"
    if len(parts) == 1:
        return f"What raises D’s logit lies most in the {parts.pop()} ninth of the image, {by}"
    return "The kinds of map that pass do not agree where what raises D’s logit lies"


def _found(study: FaithfulnessStudy, kinds: Kinds, sign: int) -> dict[str, Place | None]:
    return {kinds.name(kind): standing_out(study.maps[kind], sign) for kind in of_d(study)}


def _where(found: dict[str, Place | None], verb: str) -> str:
    places = {name: place for name, place in found.items() if place}
    without = [name for name in found if name not in places]
    start = f"What {verb} D’s logit"
    if not places:
        return f"By {listed(without)} no ninth of the image stands out in what {verb} D’s logit."
    size = percent(next(iter(places.values())).by_size)
    if not without and len({place.part for place in places.values()}) == 1:
        part = next(iter(places.values())).part
        each = listed([f"{percent(place.share)} by {name}" for name, place in places.items()])
        return f"{start} lies most in the {part} ninth of the image: {each} (its size: {size})."
    by_part: dict[str, list[str]] = {}
    for name, place in places.items():
        by_part.setdefault(place.part, []).append(f"{name} ({percent(place.share)})")
    each = listed([f"in the {part} ninth by {listed(who)}" for part, who in by_part.items()])
    rest = f"; by {listed(without)} no ninth stands out" if without else ""
    return f"{start} lies most {each}{rest} (size of a ninth: {size})."


_PLAINLY = {
    "rank correlation between seeds": "agreement of seeds",
    "change under a little noise": "change under noise",
    "correlation with the map of random weights, the farther end of its interval": "likeness to "
    "the map of random weights",
}
"""What a figure of the margins is called where there is little room."""


def outcomes(
    measures: pd.DataFrame, kinds: Kinds, alike: Mapping[str, float] | None = None
) -> list[Record]:
    """Say of each kind how each test came out, with the figure that is nearest to its threshold.

    Parameters
    ----------
    measures : DataFrame
    kinds : Kinds
    alike : mapping of str to float, optional
        What `magnitudes` gives.
    """
    figures = margins(measures)
    rows: list[Record] = []
    for row in kinds.verdicts.to_dict("records"):
        own = figures[figures["method"] == row["method"]]
        cells = [
            {"word": row[question], "figure": _nearest(own, question)} for question in QUESTIONS
        ]
        if (size := (alike or {}).get(str(row["method"]))) is not None:
            cells[QUESTIONS.index("sane")]["figure"] += (
                f"; its magnitude still correlates by {apart(size, LARGEST_CORRELATION)}, "
                "which is not judged"
            )
        why = "; ".join(filter(None, (row["why"], row["refused"])))
        name = kinds.name(str(row["method"]))
        rows.append({"method": row["method"], "name": name, "cells": cells, "why": why,
                     "trusted": bool(row["trusted"])})  # fmt: skip
    return rows


def _nearest(own: pd.DataFrame, question: str) -> str:
    """The figure with the smallest margin, beside its threshold."""
    known = own[(own["test"] == question) & own["value"].notna()]
    if question == "faithful":  # being worse nowhere is said only where it is not so
        known = known[(known["rule"] == AT_LEAST) | (known["margin"] < 0)]
    if known.empty:
        return ""
    tightness = known["margin"] / known["threshold"].clip(lower=1e-9)
    row = known.iloc[int(tightness.to_numpy().argmin())]
    value, threshold, margin = (float(row[name]) for name in ("value", "threshold", "margin"))
    if question == "faithful":
        side = "better" if row["rule"] == AT_LEAST else "worse"
        needs = f"at least {threshold:g}" if side == "better" else "none allowed"
        return f"{side} in {value:g} of {len(REMOVAL)} ways; {needs} (margin {_margin(margin)})"
    rule = "below" if question == "sane" else row["rule"]
    what = _PLAINLY[str(row["figure"])]
    return f"{what} {apart(value, threshold)}; {rule} {threshold:g} (margin {_margin(margin)})"


def _margin(margin: float) -> str:
    return f"{margin:+.2g}" if margin else "0"


def all_figures(study: FaithfulnessStudy, kinds: Kinds) -> Record:
    """Give every figure that was judged, with its threshold and margin, as plain values."""
    table = margins(study.measures)
    heads = table.drop_duplicates("figure")[["test", "figure", "rule", "threshold"]]
    found = {(row["method"], row["figure"]): row for row in table.to_dict("records")}
    rows = [
        {
            "name": kinds.name(str(method)),
            "cells": [_cell(found.get((method, figure))) for figure in heads["figure"]],
        }
        for method in dict.fromkeys(table["method"])
    ]
    return {"heads": rows_of(heads), "rows": rows}


def _cell(row: Mapping[Hashable, Any] | None) -> Record | None:
    """Value and margin; None where a figure is not asked for or was not measured."""
    if row is None or np.isnan(row["value"]):
        return None
    return {"value": float(row["value"]), "margin": _margin(float(row["margin"]))}


def counts(table: pd.DataFrame) -> Record:
    """Count the kinds that pass, that fail a test, and of which something was not measured."""
    verdicts = table[[*QUESTIONS]]
    fails = (verdicts == FAIL).any(axis=1)
    missing = (verdicts == MISSING).any(axis=1) & ~fails
    return {
        "kinds": len(verdicts),
        "passed": int(table["trusted"].sum()),
        "failed": int(fails.sum()),
        "unmeasured": int(missing.sum()),
    }


def controlled(verdicts: pd.DataFrame) -> str:
    """Say how many kinds foretell what removing does better than their controls."""
    passed = int((verdicts["faithful"] == PASS).sum())
    some = of_all(passed, len(verdicts), "kind of map", "kinds of map")
    return (
        f"What removing pixels does is foretold by {some} clearly better than by a random map and "
        "by the kind’s map of another image"
    )


def randomised(study: FaithfulnessStudy, kinds: Kinds) -> str:
    """Say how many kinds of map of D are another map once the weights are random.

    That is judged with the signs; where magnitudes stay alike, that is said beside it.
    """
    own = study.verdicts[~study.verdicts["method"].str.contains(" G ")]
    passed = int((own["sane"] == PASS).sum())
    some = of_all(passed, len(own), "kind of map", "kinds of map")
    alike = {kind: size for kind, size in magnitudes(study).items() if " G " not in kind}
    if not alike:
        return f"Once all weights of D are random, {some} come out as another map"
    ends = [apart(each, LARGEST_CORRELATION) for each in (min(alike.values()), max(alike.values()))]
    by = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    who = listed([_bracketed(kinds.short(kind)) for kind in alike])
    return (
        f"Once all weights of D are random, {some} come out as another map where signs count; the "
        f"magnitude by {who} still correlates by {by}, which is not judged"
    )


def magnitudes(study: FaithfulnessStudy) -> dict[str, float]:
    """Give the kinds whose magnitude is still alike, all weights random, with its correlation.

    Alike is what the test does not allow the signed maps: `LARGEST_CORRELATION` or more.
    """
    found: dict[str, float] = {}
    for table in study.randomised.values():
        if len(table):
            last = table[table["step"] == table["step"].max()]
            found |= dict(zip(last["method"].astype(str), last["absolute"].astype(float)))
    return {kind: size for kind, size in found.items() if size >= LARGEST_CORRELATION}


def _bracketed(name: str) -> str:
    """Write a name with a comma in it so that it can stand in a list.

    Examples
    --------
    >>> _bracketed("retraining, G"), _bracketed("LIME")
    ('retraining (G)', 'LIME')
    """
    first, _, rest = name.partition(", ")
    return f"{first} ({rest})" if rest else name


def regions(table: pd.DataFrame, kinds: Kinds, grid: int) -> pd.DataFrame:
    """Name regions, and the ways of asking for them, so that a sentence can be read."""
    return table.rename(
        columns=lambda name: _bracketed(kinds.short(name)),
        index=lambda name: plain_feature(name, grid),
    )


def grid_of(masks: Mapping[str, NDArray[np.bool_]]) -> int:
    """Say how many cells a side of the image has, by the share that one takes.

    Examples
    --------
    >>> mask = np.zeros((28, 28), dtype=bool)
    >>> mask[:4, 4:8] = True
    >>> grid_of({"cell_0_1": mask})
    7
    """
    shares = [mask.mean() for name, mask in masks.items() if name.startswith("cell_")]
    return max(1, round(float(np.mean(shares)) ** -0.5)) if shares and min(shares) > 0 else GRID


def agree(study: FaithfulnessStudy, kinds: Kinds) -> Record:
    """Say whether enough regions are compared to tell whether the ways of asking agree."""
    if study.regions is None:
        return {"count": 0, "enough": False, "title": "", "sentences": []}
    found = agreement(regions(study.regions.table, kinds, grid_of(study.regions.masks)))
    count = len(found.ranks)
    title = f"{count} regions are too few to tell whether the ways of asking agree"
    if count < FEWEST_REGIONS:
        title = "1 region cannot tell whether the ways of asking agree" if count == 1 else title
        title = "No region is judged by all ways of asking" if count == 0 else title
    elif found.sentences:
        title = found.sentences[0][:1].upper() + found.sentences[0][1:].rstrip(".")
    enough = count >= FEWEST_REGIONS
    return {"count": count, "enough": enough, "title": title, "sentences": found.sentences}


def refusal(study: FaithfulnessStudy, kind: str) -> str:
    """Say why some maps of a kind mean nothing."""
    reasons = [str(row["reason"]) for row in study.refusals if row["method"] == kind]
    return "; ".join(reasons) or "no map"


def best_removal(measures: pd.DataFrame) -> str:
    """Say of how many kinds hiding what they name first counts for more than at random."""
    own = measures[(measures["measure"] == REMOVAL[0]) & (measures["against"] == "random")]
    known = own[np.isfinite(own["low"].astype(float))]
    better = of_all(
        int((known["low"].astype(float) > 0).sum()), len(known), "kind of map", "kinds of map"
    )
    return f"Hiding and showing by {better} moves D’s logit more than at random"
