"""What directions do to D's logit and to realism, and whether they come again, for the page."""

from math import isfinite
from typing import Any

import pandas as pd

from ganatomy.explain.directions.found_again import DRAW, METHOD, STEP
from ganatomy.explain.directions.judgements import of_d, of_distance
from ganatomy.explain.directions.judges import D_LOGIT, DISTANCE
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.report.sections.page_section import rows_of
from ganatomy.wording import opened, signed

LEFT_OUT = {D_LOGIT: "what each does to D’s logit", DISTANCE: "how far each leads from the data"}
HISTORY_PANELS = {
    ("cosine", "by_chance"): "found at this step (cosine)",
    ("change_cosine", "change_by_chance"): "changes images as now (cosine)",
}


def judged_rows(study: DirectionsStudy) -> list[dict[str, Any]]:
    """Give a row of words for each direction; a cell is empty where it was not measured."""
    traits = {int(row["direction"]): row for row in rows_of(study.traits)}
    return [
        {
            "direction": number,
            **_responses(study, number),
            **_traits(traits.get(number)),
            "again": _least(study.again(DRAW), number),
            "by_others": _most(study.again(METHOD), number),
        }
        for number in range(1, len(study.changes) + 1)
    ]


def left_out(study: DirectionsStudy) -> list[str]:
    """Say what was not measured, and why."""
    return [
        f"{opened(LEFT_OUT[name])} is not known: {reason}."
        for name, reason in study.left_out.items()
    ]


def judge_panels(study: DirectionsStudy) -> dict[str, str]:
    """Name the panels of what can be drawn."""
    titles = {D_LOGIT: "D’s logit", DISTANCE: "distance to the nearest real image"}
    judged = set(study.courses["judge"])
    return {name: title for name, title in titles.items() if name in judged}


def of_judges(study: DirectionsStudy) -> str:
    """Say in a title what happens to D's logit and to the distance along the directions."""
    return " ".join([*of_d(study), *of_distance(study)]).replace("D's", "D’s")


def of_history(study: DirectionsStudy) -> str:
    """Say in a title how early directions were there."""
    steps = study.again(STEP).dropna(subset=["cosine"])
    if steps.empty:
        return "At no step of the training could directions be found this way."
    means = steps.groupby("place")[["cosine", "by_chance"]].mean().reset_index()
    rows = means.to_dict("records")
    said = [f"{row['cosine']:.2f} at step {int(row['place']):,}" for row in rows[:2]]
    return (
        f"Directions found during the training have a mean cosine with these of "
        f"{' and of '.join(said)}; random ones have {rows[0]['by_chance']:.2f}."
    )


def class_rows(study: DirectionsStudy) -> list[dict[str, Any]]:
    """Give a row for each class: the effect of each direction, and whether it is found there."""
    return [
        {
            "name": str(name),
            "cells": [
                {
                    **_cell(*(signed(row[each]) for each in ("effect", "low", "high"))),
                    "differs": bool(row["stands_out"]),
                    "cosine": _figure(row["cosine"]),
                }
                for row in own.to_dict("records")
            ],
        }
        for name, own in study.classes.groupby("class", sort=False)
    ]


def _responses(study: DirectionsStudy, number: int) -> dict[str, Any]:
    of_logit, distance = (study.response(number, judge) for judge in (D_LOGIT, DISTANCE))
    cells: dict[str, Any] = {"logit": None, "is_clear": False, "away": None}
    if of_logit is not None:
        told = (signed(float(of_logit[name])) for name in ("slope", "low", "high"))
        cells |= {"logit": _cell(*told), "is_clear": bool(of_logit["clear"])}
    if distance is not None and distance["at_rest"] > 0:
        names = ("beside", "beside_low", "beside_high")
        told = (
            f"{signed(100 * float(distance[each] / distance['at_rest']), 0)} %" for each in names
        )
        cells["away"] = _cell(*told)
    return cells


def _traits(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(("monotony", "purity", "overlap", "overlaps_with"))
    names = {
        name: [row[name], row[f"{name}_low"], row[f"{name}_high"]]
        for name in ("monotony", "purity", "overlap")
    }
    cells: dict[str, Any] = {
        name: _cell(*(_figure(each) for each in told)) if told[0] is not None else None
        for name, told in names.items()
    }
    return cells | {"overlaps_with": row["overlaps_with"]}


def _cell(value: str, low: str, high: str) -> dict[str, str]:
    return {"value": value, "interval": f"{low} to {high}"}


def _figure(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else ""


def _least(again: pd.DataFrame, number: int) -> str:
    return _figure(float(again.loc[again["direction"] == number, "cosine"].min()))


def _most(again: pd.DataFrame, number: int) -> str:
    return _figure(float(again.loc[again["direction"] == number, "cosine"].max()))


def purity_of_random(study: DirectionsStudy) -> str:
    """Give the purity of random directions in words; "" without."""
    return _figure(float(study.traits["purity_of_random"].mean()))


def cosine_by_chance(study: DirectionsStudy) -> str:
    """Give the cosine with which random directions are found again; "" without."""
    return _figure(float(study.found_again["by_chance"].mean()))
