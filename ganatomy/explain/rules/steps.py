"""Does moving a latent until a rule flips move the concept? A check by G's own new images."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.explain.directions.candidates import random_directions, without
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.rules.answer import CHANGE_COLUMNS
from ganatomy.explain.rules.latent_tables import PREFIX, direction_table
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.statistics import paired_t

WAY = "latent"
MOVES_FROM = 0.1
"""More of the images than by random steps, by the interval's lower end: less is no cause."""

_LEAST = 10  # images of a condition
_MOST = 200  # of them, to bound the time

Decide = Callable[[torch.Tensor], torch.Tensor]
"""Images of shape (n, c, h, w) to booleans of shape (n,)."""


@dataclass(frozen=True, eq=False)
class Latents:
    """Latents that nothing was chosen by, with the decision about the image of each.

    Attributes
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    directions : Tensor of shape (k, latent_dim), float64
        Of length 1.
    decisions : Tensor of shape (n,), bool
    """

    generator: nn.Module
    z: torch.Tensor
    directions: torch.Tensor
    decisions: torch.Tensor


def check_by_steps(rule: Rule, latents: Latents, decide: Decide, *, seed: int) -> pd.DataFrame:
    """Move latents across each threshold of a rule, and see whether the decision goes with it.

    Each goes along the condition's direction to the median of the latents on the other side, and
    G makes its image anew. As long a step along a random direction, orthogonal to all that the
    rule names, is what it has to exceed.

    Parameters
    ----------
    rule : Rule
        On ``direction:<k>``, of one clause.
    latents : Latents
    decide : callable
    seed : int
        Of the random steps.

    Returns
    -------
    DataFrame
        One row for each condition, as of ``Answer.changes``: ``num_tried`` are latents about whose
        image rule and decision agree; ``holds`` where the interval's lower end is at least
        `MOVES_FROM`.
    """
    rows = [_row(condition, rule, latents, decide, seed) for condition in rule.clauses[0]]
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _row(
    condition: Condition, rule: Rule, latents: Latents, decide: Decide, seed: int
) -> dict[str, object]:
    table = direction_table(latents.z, latents.directions)
    tried = (rule.holds(table) == latents.decisions).nonzero()[:_MOST, 0]
    steps = _to_the_other_side(condition, table)[tried]
    before, z = table.take(tried), latents.z[tried]
    moved = _moved(z, steps * latents.directions[_place(condition.concept)])
    after = direction_table(moved, latents.directions)
    flips = rule.holds(before) != rule.holds(after)
    row = {
        "condition": str(condition),
        "way": WAY,
        "num_tried": len(tried),
        "num_images": int(flips.sum()),
        **dict.fromkeys(("moved", "low", "high", "by_rule", "by_chance"), float("nan")),
        "others": float("nan"),
        "holds": False,
        "reason": "",
    }
    if int(flips.sum()) < _LEAST:
        return row | {"reason": f"too few images to change: {int(flips.sum())}"}
    own = latents.decisions[tried][flips]
    randomly = _moved(z, steps * _random(rule, latents, len(tried), seed))
    by_rule, by_chance = (
        (decide(outputs_of(latents.generator, each[flips])) != own).double()
        for each in (moved, randomly)
    )
    mean, low, high, _ = paired_t((by_rule - by_chance).numpy())
    turned = [
        (other.holds(before) != other.holds(after))[flips]
        for other in rule.clauses[0]
        if other != condition
    ]
    return row | {
        "moved": float(mean),
        "low": float(low),
        "high": float(high),
        "by_rule": float(by_rule.mean()),
        "by_chance": float(by_chance.mean()),
        "others": float(torch.stack(turned).any(0).double().mean()) if turned else 0.0,
        "holds": bool(low >= MOVES_FROM),
    }


def _place(concept: str) -> int:
    return int(concept.removeprefix(PREFIX)) - 1


def _to_the_other_side(condition: Condition, table: ConceptTable) -> torch.Tensor:
    """Steps, shape (n, 1), to the median of the latents of which the condition says the other."""
    along, holds = table.column(condition.concept), condition.holds(table)
    if holds.all() or not holds.any():
        return torch.zeros(len(table), 1, dtype=along.dtype)
    return (torch.where(holds, along[~holds].median(), along[holds].median()) - along)[:, None]


def _moved(z: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    latents = z.clone()
    latents[:, : steps.shape[1]] += steps.to(z)
    return latents


def _random(rule: Rule, latents: Latents, count: int, seed: int) -> torch.Tensor:
    latent_dim = latents.directions.shape[1]
    drawn = random_directions(count, latent_dim, seed, "rules")
    if len(rule.concepts) >= latent_dim:  # nothing is orthogonal to all
        return drawn
    return without(drawn, latents.directions[[_place(each) for each in rule.concepts]])
