"""Flip a rule by giving images another value of a concept, as its feature does it."""

from collections.abc import Callable

import torch

from ganatomy.explain.rules.equal_changes import ENOUGH, of_other_images, sizes_of, smooth
from ganatomy.explain.rules.flipping import Flips, Measure, flipped, values_beyond
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

Giver = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
WAY = "feature"


def by_feature(
    rule: Rule,
    condition: Condition,
    images: torch.Tensor,
    table: ConceptTable,
    *,
    among: torch.Tensor,
    giver: Giver | None,
    measure: Measure,
    limit: int,
    seed: int,
) -> Flips:
    """Give images values from beyond the threshold, and see of which the rule flipped.

    The control of each is what another image was changed by, as large; where that moves the rule,
    a smooth random field.

    Parameters
    ----------
    images, table : Tensor of shape (n, c, h, w), ConceptTable
        All that there are, and their concepts.
    among : Tensor of shape (n,), bool
        Those that may be changed.
    giver : callable or None
        Images and values to images that have them; None where nothing does.
    measure : callable
        Images to their concepts.
    limit : int
        Images that are changed, at most.
    """
    if giver is None:
        return Flips(WAY, reason="nothing changes it in an image")
    draw = generator(seed, "rules", "change", str(condition))
    values, flips = values_beyond(rule, condition, table, draw)
    places = (flips & among).nonzero().flatten()
    places = places[torch.randperm(len(places), generator=draw)[:limit]].sort().values
    if not len(places):
        return Flips(WAY, reason="no image's rule flips by it alone")
    before, own = table.take(places), images[places]
    changed = giver(own, values[places])
    whole, alone = flipped(rule, condition, before, measure(changed))
    own, changed, places, before = (
        own[alone],
        changed[alone],
        places[alone],
        before.take(alone),
    )
    controls, found = _controls(rule, condition, own, changed, before, measure, seed)
    return Flips(
        WAY,
        len(whole),
        places[found],
        changed[found],
        controls[found],
        1 - float(alone.sum()) / max(1, int(whole.sum())),
    )


def _controls(
    rule: Rule,
    condition: Condition,
    images: torch.Tensor,
    changed: torch.Tensor,
    before: ConceptTable,
    measure: Measure,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find changes as large that turn neither rule nor condition, and say where there is one."""
    changes = changed - images
    controls, found = images.clone(), torch.zeros(len(images), dtype=torch.bool)
    for change in (of_other_images, smooth):
        left = (~found).nonzero().flatten()
        if not len(left):
            break
        tried = change(images, changes, seed, str(condition))[left]
        own = before.take(left)
        fits = still(rule, condition, own, measure(tried))
        fits &= sizes_of(tried - images[left]) >= ENOUGH * sizes_of(changes[left])
        controls[left[fits]] = tried[fits]
        found[left[fits]] = True
    return controls, found


def still(
    rule: Rule, condition: Condition, before: ConceptTable, after: ConceptTable
) -> torch.Tensor:
    """Say of each image whether neither the rule nor the condition turned."""
    same = rule.holds(before) == rule.holds(after)
    return same & (condition.holds(before) == condition.holds(after))
