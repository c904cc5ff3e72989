"""Whether a decision moves when images are changed so that its rule flips.

A rule that agrees with a network need not be its reason: both may follow something else. So each
condition is turned in held-out images, alone, and the concepts are measured anew. Only images on
which rule and decision agreed, and of which the rule did flip, count: of them the decision should
have moved. Any large change may move it, so that the claim is the difference to a change as large
(in Euclidean length) that leaves the rule where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch

from ganatomy.explain.rules.answer import CHANGE_COLUMNS
from ganatomy.explain.rules.changes_of_features import Change, by_feature
from ganatomy.explain.rules.changes_of_latents import Latents, by_direction
from ganatomy.explain.rules.flipping import Decide, Flips, Measure
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import matched_shares
from ganatomy.wording import counted

LEAST_FLIPPED = 20
"""Images of which the rule has to flip before anything is said."""
LEAST_MOVED = 0.1
"""Share of images, more than by as large a change, whose decision has to move."""

_UNKNOWN = 5 * [float("nan")]


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out images that may be changed, and what decides about them.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    table : ConceptTable
    made : Tensor of shape (n,), bool
        The network's decision.
    decide : callable
        Images to the network's decision, booleans.
    measure : callable
        Images to their concepts, with the columns of `table`.
    change : callable
        A concept's name to what gives it to images, or None: see `changes_of_features.change_of`.
    latents : Latents or None
        Of the generated ones among the images.
    """

    images: torch.Tensor
    table: ConceptTable
    made: torch.Tensor
    decide: Decide
    measure: Measure
    change: Callable[[str], Change | None]
    latents: Latents | None = None


def check_changes(rule: Rule, held: Held, *, limit: int, seed: int) -> pd.DataFrame:
    """Turn each condition of a rule, and see whether the decision moves as the rule says.

    By the concept's own feature where it has one, else along a direction of G (of generated images
    alone), found on other latents.

    Parameters
    ----------
    rule : Rule
    held : Held
    limit : int
        Images that are changed for each condition, at most.
    seed : int

    Returns
    -------
    DataFrame
        A row for each condition, columns as of `answer.Answer.changes`. ``holds`` where the
        interval is above 0 and the share at least `LEAST_MOVED`.
    """
    conditions = dict.fromkeys(each for clause in rule.clauses for each in clause)
    names = list(rule.concepts)

    def measure(images: torch.Tensor) -> ConceptTable:
        return held.measure(images).only(names)

    rows = []
    for condition in conditions:
        flips = _flips(rule, condition, held, held.table.only(names), measure, limit, seed)
        rows.append((str(condition), *_row(flips, held)))
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _flips(
    rule: Rule,
    condition: Condition,
    held: Held,
    table: ConceptTable,
    measure: Measure,
    limit: int,
    seed: int,
) -> Flips:
    among = rule.holds(table) == held.made
    tried: list[Flips] = []
    for way in (
        partial(by_feature, change=held.change(condition.concept)),
        partial(by_direction, latents=held.latents),
    ):
        flips = way(
            rule,
            condition,
            held.images,
            table,
            among=among,
            measure=measure,
            limit=limit,
            seed=seed,
        )
        if len(flips.places) >= LEAST_FLIPPED:
            return flips
        tried.append(flips)
    return _failed(*tried)


def _failed(*flips: Flips) -> Flips:
    """Say why neither way will do."""
    return Flips("", sum(each.num_tried for each in flips), reason="; ".join(map(_why, flips)))


def _why(flips: Flips) -> str:
    if flips.reason:
        return flips.reason
    return (
        f"by {flips.way} it turned alone in {len(flips.places)} of "
        f"{counted(flips.num_tried, 'image')}, and {LEAST_FLIPPED} are needed"
    )


def _row(flips: Flips, held: Held) -> tuple[object, ...]:
    if flips.reason:
        return (flips.way, flips.num_tried, 0, *_UNKNOWN, 0.0, False, flips.reason)
    made = held.made[flips.places]
    by_rule = (held.decide(flips.images) != made).numpy().astype(float)
    by_chance = (held.decide(flips.controls) != made).numpy().astype(float)
    moved, low, high = matched_shares(by_rule, by_chance)
    holds = low > 0 and moved >= LEAST_MOVED
    shares = (moved, low, high, float(np.mean(by_rule)), float(np.mean(by_chance)))
    return (flips.way, flips.num_tried, len(made), *shares, flips.others, bool(holds), "")
