"""Tables of a study of directions beyond the first ones, with figures of any size, or none."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from ganatomy.explain.directions.found_again import AGAIN_COLUMNS, DRAW, METHOD, STEP
from ganatomy.explain.directions.judges import JUDGES
from ganatomy.explain.directions.per_class import CLASS_COLUMNS
from ganatomy.explain.directions.responses import CURVE_COLUMNS, RESPONSE_COLUMNS
from ganatomy.explain.directions.traits import TRAIT_COLUMNS
from ganatomy.explain.directions.walks import STEPS
from tests.unit.sentences.made import SHARES, intervals, some

NAN = float("nan")


def further(draw: st.DrawFn, total: int) -> dict[str, Any]:
    """Draw what others make of so many directions, and whether they are found again."""
    numbers, judges = range(1, total + 1), some(draw, JUDGES)
    responses = [_response(draw, number, judge) for number in numbers for judge in judges]
    curves = [
        (number, judge, step, *draw(intervals()))
        for number in (0, *numbers)
        for judge in judges
        for step in STEPS
    ]
    again = []
    for source, places in ((DRAW, (1, 2)), (METHOD, (2,)), (STEP, (0, 1250, 7500))):
        if draw(st.booleans()):
            again += [_again(draw, source, place, number) for place in places for number in numbers]
    named = draw(st.booleans())
    classes = [
        _of_class(draw, name, number) for name in ("0", "a class") for number in numbers if named
    ]
    return {
        "traits": pd.DataFrame([_trait(draw, each) for each in numbers], columns=TRAIT_COLUMNS),
        "responses": pd.DataFrame(responses, columns=RESPONSE_COLUMNS),
        "courses": pd.DataFrame(curves, columns=CURVE_COLUMNS),
        "found_again": pd.DataFrame(again, columns=AGAIN_COLUMNS),
        "classes": pd.DataFrame(classes, columns=CLASS_COLUMNS),
        "features": "the evaluator's features",
        "left_out": {
            name: "nothing of the kind was given" for name in JUDGES if name not in judges
        },
    }


def figures_of(tables: dict[str, pd.DataFrame]) -> list[float]:
    """Give every figure of tables, and the means of cosines over directions at a place."""
    found = [
        figure
        for table in tables.values()
        for figure in table.select_dtypes("number").to_numpy(dtype=float).ravel().tolist()
    ]
    known = tables["found_again"].dropna(subset=["cosine"])
    places = known.groupby(["source", "place"])[["cosine", "by_chance"]].mean()
    return [*found, *places.to_numpy(dtype=float).ravel().tolist()]


def _response(draw: st.DrawFn, number: int, judge: str) -> tuple[Any, ...]:
    slope, ends, beside = (draw(intervals()) for _ in range(3))
    at_rest, by_chance = 1 + draw(SHARES), draw(SHARES)
    tested = (*slope, 0.01, 0.02, 0.1, draw(st.booleans()))
    return (number, judge, at_rest, *tested, *ends, by_chance, *beside)


def _again(draw: st.DrawFn, source: str, place: int, number: int) -> tuple[Any, ...]:
    cosine = draw(st.one_of(st.just(NAN), SHARES))
    figures = [draw(SHARES) for _ in range(5)]
    return (source, place, number, cosine, *figures[:3], *figures[3:])


def _of_class(draw: st.DrawFn, name: str, number: int) -> tuple[Any, ...]:
    figures = [draw(SHARES) for _ in range(3)]
    effect, differs = draw(intervals()), draw(intervals())
    tested = (0.01, 0.02, draw(st.booleans()))
    return (name, number, *figures, "cell_1_1", *effect, *differs, *tested)


def _trait(draw: st.DrawFn, number: int) -> tuple[Any, ...]:
    steady, pure, overlap = (draw(intervals(shares=True)) for _ in range(3))
    if draw(st.booleans()):
        overlap, pure = (NAN, NAN, NAN), (NAN, NAN, NAN)
    other = 0 if np.isnan(overlap[0]) else 1
    return (number, "cell_1_1", *steady, *pure, draw(SHARES), *overlap, other)
