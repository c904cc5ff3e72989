"""What is wrong with a discriminator: rules, each with its threshold, and what they found."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ganatomy.boundary import Boundary
from ganatomy.metrics.discriminator.batch_dependence import BatchDependence
from ganatomy.metrics.discriminator.changes import FEEDS, HARMLESS, Feed
from ganatomy.metrics.discriminator.saturation import RESOLVED, Saturation
from ganatomy.metrics.discriminator.separation import Separation
from ganatomy.metrics.discriminator.unreal import HIDES, UNREAL
from ganatomy.wording import apart, listed, percent, signed

LOST = 0.05  # balanced accuracy: a twentieth of all decisions is more than a matter of taste
SURE = 3.0  # standard errors: the best threshold is chosen on the images that it is judged by
MATES = 0.01  # sd of the logits: float32 in another order of summing moves them by 1e-6
BETTER = 0.05  # of the AUC: so much is not gained by chance in one of two other ways to feed
ALIKE = 0.9  # Spearman: below, a fifth of all pairs of images and more change places
FEW = 0.05  # of the images: so many may have no gradient, or a logit that a sigmoid cannot tell

RULES = {
    "separation": "the interval of the AUC of held-out reals against fakes lies above 0.5",
    "boundary": (
        f"where 0 should be the boundary, cutting at the best threshold gains at most {LOST:g} "
        f"of balanced accuracy over cutting at 0, or no more than {SURE:g} standard errors (asked "
        "only of a D that tells reals from fakes)"
    ),
    "batch": (
        "the logit of an image moves by at most "
        f"{MATES:.0%} of the logits' standard deviation with the images beside it, in eval mode "
        "and in train mode, and from the one mode to the other"
    ),
    "fixed": (
        "where statistics were fixed: within reals and within fakes the logits rank as in "
        f"training (Spearman of {ALIKE:g} or more), and the AUC falls by at most {BETTER:g}"
    ),
    "feed": (
        "no other order of channels or range of values lets D tell reals from fakes better (AUC "
        f"larger by more than {BETTER:g}, its interval above 0), and in none is 0 a boundary "
        f"that it is not in the given one (balanced accuracy there larger by more than {LOST:g})"
    ),
    "squashed": "D ends in no bounded function",
    "saturated": (
        f"the guards of maps find nothing; at most {FEW:.0%} of the images have no gradient; where "
        f"the loss has a sigmoid, at most {FEW:.0%} a logit beyond {RESOLVED:.1f}, where a "
        "sigmoid in float32 is 1"
    ),
    "harmless": (
        "real images that were saved as JPEG, moved by half a pixel or resized do not rank below "
        "fakes (the interval of the AUC does not lie below 0.5)"
    ),
    "unreal": "no kind of image that is no data ranks above real images (interval above 0.5)",
}
"""What holds of a discriminator in order, in words."""


class HealthFinding(NamedTuple):
    """A rule that does not hold: a key of `RULES`, and what was seen, as the end of a sentence."""

    rule: str
    text: str


def of_separation(found: Separation) -> list[HealthFinding]:
    """Say where D does not tell reals from fakes, or takes one for the other."""
    if found.low > 0.5:
        return []
    level = _level(found.auc, found.low, found.high)
    if found.high < 0.5:
        text = f"it ranks fakes above held-out reals ({level}): its sign is turned around"
    elif found.high <= 0.5 + BETTER:
        text = f"it does not tell held-out reals from fakes ({level}): there is little to explain"
    else:
        text = f"whether it tells held-out reals from fakes cannot be told ({level})"
    return [HealthFinding("separation", text)]


def of_boundary(found: Boundary) -> list[HealthFinding]:
    """Say where 0 is not the boundary that it should be."""
    if not is_off(found):
        return []
    text = (
        f"its boundary between real and fake lies at {signed(found.best)} and not at 0 (balanced "
        f"accuracy {found.accuracy_at_best:.2f} there, {found.accuracy_at_0:.2f} at 0): do not "
        "read the sign of a logit as its verdict"
    )
    return [HealthFinding("boundary", text)]


def is_off(found: Boundary) -> bool:
    """Say whether cutting at 0 loses more than it may."""
    return found.lost > max(LOST, SURE * found.error)


def of_batch(
    trained: BatchDependence, explained: BatchDependence, num_reference: int
) -> list[HealthFinding]:
    """Say where logits depend on the images beside, and what was done about it.

    Parameters
    ----------
    trained : BatchDependence
        Of D as it was trained.
    explained : BatchDependence
        Of D as it is explained.
    num_reference : int
        Images of each kind that statistics were fixed from; 0 where they were not.
    """
    moved = max(trained.companions_train, trained.companions_eval)
    if moved <= MATES < trained.eval_train:
        text = (
            "in eval mode, in which it is explained, it is another function than in training: a "
            f"logit moves by up to {trained.eval_train:.2g} standard deviations (running "
            "statistics, or dropout)"
        )
        return [HealthFinding("batch", text)]
    if moved <= MATES:
        return []
    text = (
        "while it was trained, its logit of an image depended on the images beside it (by up to "
        f"{moved:.2g} standard deviations)"
    )
    if num_reference:
        text += (
            "; it is explained with BatchNorm's statistics fixed from "
            f"{num_reference} reals and {num_reference} fakes"
        )
    elif explained.companions_eval > MATES:
        text += ", and it does so where it is explained"
    else:
        text += ", and in eval mode it is another function"
    return [HealthFinding("batch", text)]


def of_fixed(forwards: pd.DataFrame) -> list[HealthFinding]:
    """Say where the D that is explained is not the one that was trained.

    Parameters
    ----------
    forwards : DataFrame
        As of the study, indexed by ``mode``.
    """
    if "explained" not in forwards.index:
        return []
    trained, explained = forwards.loc["trained"], forwards.loc["explained"]
    ranks = min(explained["spearman_real"], explained["spearman_fake"])
    if ranks >= ALIKE and explained["auc"] >= trained["auc"] - BETTER:
        return []
    within = (
        f"Spearman {explained['spearman_real']:.2f} within reals, "
        f"{explained['spearman_fake']:.2f} within fakes"
    )
    between = f"AUC {explained['auc']:.2f}, in training {trained['auc']:.2f}"
    if ranks >= ALIKE:
        text = (
            f"part of what it told apart in training was the batch and not the image ({between}), "
            f"though it ranks each kind as in training ({within})"
        )
    else:
        text = (
            "with fixed statistics it ranks images otherwise than in training "
            f"({within}; {between})"
        )
    return [HealthFinding("fixed", text)]


def of_feeds(
    feeds: pd.DataFrame, given: Boundary | None, known: Mapping[str, Feed] | None = None
) -> list[HealthFinding]:
    """Say in which other order or range D seems to have been fed.

    Parameters
    ----------
    feeds : DataFrame
        As of the study.
    given : Boundary or None
        Of the images as given; None where the level of logits means nothing.
    known : mapping of str to Feed, optional
        The ways to feed that the table is of, in place of `FEEDS`. Of these that exclude each other
        one is named: of the simplest that come near the best the one with the largest AUC.
    """
    rows = feeds.to_dict("records")
    if known is not None:
        rows = _likeliest(rows, given, known)
    return [
        HealthFinding("feed", _of_feed(row, (known or FEEDS)[row["change"]], given))
        for row in rows
        if _is_better(row) or _fits(row, given)
    ]


def _of_feed(row: Mapping[Hashable, Any], feed: Feed, given: Boundary | None) -> str:
    text = (
        f"it tells reals from fakes better with {feed.words} (AUC {row['auc']:.2f} in place of "
        f"{row['auc'] - row['gain']:.2f}): it was fed otherwise"
    )
    if given and not _is_better(row):
        text = (
            f"0 is its boundary with {feed.words} ({row['accuracy_at_0']:.2f} right in place of "
            f"{given.accuracy_at_0:.2f}): it was trained on such images, or its level has drifted"
        )
    return f"{text}; {feed.remedy}" if feed.remedy else text


def _is_better(row: Mapping[Hashable, Any]) -> bool:
    return bool(row["gain"] > BETTER and row["gain_low"] > 0)


def _fits(row: Mapping[Hashable, Any], given: Boundary | None) -> bool:
    """Whether 0 is a boundary there that it is not as given, and nothing is lost."""
    if given is None or not is_off(given):
        return False
    gained = row["accuracy_at_0"] - given.accuracy_at_0
    fits = row["gain_high"] >= 0 and not row["is_off"] and row["auc"] > 0.5
    return bool(fits and row["accuracy_at_0"] > 0.5 + LOST and gained > LOST)


def _likeliest(
    rows: Sequence[dict[Hashable, Any]], given: Boundary | None, known: Mapping[str, Feed]
) -> list[dict[Hashable, Any]]:
    """At most one of the rows that speak for another feed."""
    found = [row for row in rows if _is_better(row)] or [row for row in rows if _fits(row, given)]
    if not found:
        return []
    highest = max(row["auc"] for row in found)
    near = [row for row in found if row["auc"] >= highest - BETTER]
    fewest = min(known[row["change"]].parts for row in near)
    simplest = [row for row in near if known[row["change"]].parts == fewest]
    return [max(simplest, key=lambda row: row["auc"])]


def of_saturation(found: Saturation, has_sigmoid: bool) -> list[HealthFinding]:
    """Say where D ends in a bounded function, cannot move any more, or does not hear the image."""
    said = []
    if found.function:
        text = f"it ends in a {found.function}, so that what it returns is no logit"
        said.append(HealthFinding("squashed", text))
    said += [HealthFinding("saturated", reason) for reason in found.reasons]
    if found.without > FEW:
        text = f"no gradient reaches {percent(found.without, 1)} of the images"
        said.append(HealthFinding("saturated", text))
    if has_sigmoid and found.beyond > FEW:
        text = (
            f"{percent(found.beyond, 1)} of its logits lie beyond {RESOLVED:.1f}, where a sigmoid "
            "in float32 is 1"
        )
        said.append(HealthFinding("saturated", text))
    return said


def of_harmless(changes: pd.DataFrame) -> list[HealthFinding]:
    """Say which harmless changes make a real image less real than a fake."""
    return [
        HealthFinding(
            "harmless",
            f"a real image {HARMLESS[row['change']][0]} gets a lower logit than a fake ("
            f"{_level(row['auc'], row['low'], row['high'])})",
        )
        for row in changes.to_dict("records")
        if row["high"] < 0.5
    ]


def of_unreal(unreal: pd.DataFrame) -> list[HealthFinding]:
    """Say what is no data and yet ranks above real images."""
    above = unreal[unreal["low"] > 0.5]
    if above.empty:
        return []
    named = [
        f"{UNREAL[row['kind']]} (in {percent(row['auc'], 1)} of pairs)"
        for row in above.to_dict("records")
    ]
    text = f"it ranks images that are no data above real ones: {listed(named)}"
    if hides := [kind for kind in above["kind"] if kind in HIDES]:
        text += (
            f"; explanations that hide places by {listed(hides)} would mostly show that, and not "
            "the image"
        )
    return [HealthFinding("unreal", text)]


def _level(auc: float, low: float, high: float) -> str:
    """An AUC with its interval, each on its side of chance."""
    return f"AUC {apart(auc, 0.5)}, {apart(low, 0.5)} to {apart(high, 0.5)}"
