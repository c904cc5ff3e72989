"""What others make of directions, and whether they are found again, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganatomy.explain.directions.found_again import DRAW, STEP
from ganatomy.explain.directions.judges import D_LOGIT, DISTANCE
from ganatomy.wording import listed, of_all, opened, signed

if TYPE_CHECKING:
    from ganatomy.explain.directions.result import DirectionsStudy

SAME_FROM = 0.9
"""Cosine from which on two directions are taken for one."""


def judgements(study: DirectionsStudy) -> Iterator[str]:
    """Say what directions do to D's logit and to realism, and how stable they are."""
    yield from of_d(study)
    yield from of_distance(study)
    yield from _of_draws(study)
    yield from _of_history(study)
    yield from _of_classes(study)


def of_d(study: DirectionsStudy) -> Iterator[str]:
    """Say along which direction D's logit moves most."""
    own = study.responses[study.responses["judge"] == D_LOGIT]
    if own.empty:
        return
    clear = own[own["clear"].astype(bool)]
    if clear.empty:
        yield "D's logit moves along none of them more than along some random direction."
        return
    row = clear.iloc[int(clear["slope"].abs().to_numpy().argmax())]
    yield (
        f"D's logit moves most along direction {row['direction']}: {signed(row['slope'])} a step "
        f"({signed(row['low'])} to {signed(row['high'])})."
    )


def of_distance(study: DirectionsStudy) -> Iterator[str]:
    """Say which directions lead away from the data: one way, or both."""
    own = study.responses[study.responses["judge"] == DISTANCE]
    if own.empty:
        return
    one_way = own[own["clear"].astype(bool)]
    rising = _numbered(one_way.loc[one_way["slope"] > 0, "direction"].tolist())
    falling = _numbered(one_way.loc[one_way["slope"] < 0, "direction"].tolist())
    if rising or falling:
        ways = [(f"rises along {rising}", rising), (f"falls along {falling}", falling)]
        told = listed([said for said, some in ways if some])
        yield f"From one end to the other the distance to the data {told}."
    farther = _numbered(own.loc[own["beside_low"] > 0, "direction"].tolist())
    nearer = _numbered(own.loc[own["beside_high"] < 0, "direction"].tolist())
    where = "Two steps either way, images"
    beside = "from the data than along random directions"
    if not farther and not nearer:
        yield f"{where} are not clearly nearer to the data or farther than along random directions."
    elif not nearer:
        yield f"{where} are farther {beside} for {farther}, and nearer for none."
    elif not farther:
        yield f"{where} are nearer to the data than along random directions for {nearer}."
    else:
        yield f"{where} are farther {beside} for {farther}, and nearer for {nearer}."


def _of_draws(study: DirectionsStudy) -> Iterator[str]:
    draws, total = study.again(DRAW)["place"].nunique(), study.num_that_stand_out
    if not draws or not total:
        return
    same = study.num_found_again
    stand = "stands out" if total == 1 else "stand out"
    other = "another draw" if draws == 1 else f"each of {draws} other draws"
    yield (
        f"{opened(of_all(same, total, 'direction'))} that {stand} "
        f"{'comes' if same == 1 or total == 1 else 'come'} again from {other} of latents, with a "
        f"cosine of {SAME_FROM:g} or more."
    )


def _of_history(study: DirectionsStudy) -> Iterator[str]:
    steps = study.again(STEP).dropna(subset=["cosine"])
    if steps.empty:
        return
    first = int(steps["place"].min())
    cosine, chance = steps.loc[steps["place"] == first, ["cosine", "by_chance"]].mean()
    yield (
        f"Those that are found at step {first:,} of the training have a mean cosine of "
        f"{cosine:.2f} with them, random ones {chance:.2f}."
    )


def _of_classes(study: DirectionsStudy) -> Iterator[str]:
    if study.classes.empty:
        return
    differing = study.classes.loc[study.classes["stands_out"].astype(bool), "direction"]
    numbers = [each for each in sorted(differing.unique().tolist()) if study.stands_out(each)]
    if not numbers:
        yield "What they move most, they move alike in every class."
    else:
        yield f"Not alike in every class is the effect of {_numbered(numbers)}."


def _numbered(numbers: list[int]) -> str:
    if not numbers:
        return ""
    word = "direction" if len(numbers) == 1 else "directions"
    return f"{word} {listed([str(number) for number in numbers])}"
