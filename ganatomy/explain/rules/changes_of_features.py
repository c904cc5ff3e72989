"""Flip a rule by giving images another one's value of a concept, as its feature does it."""

from collections.abc import Callable

import torch

from ganatomy.data.features.content import ContentFeature
from ganatomy.explain.rules.equal_changes import ENOUGH, of_other_images, sizes_of, smooth
from ganatomy.explain.rules.flipping import Flips, Measure, donors_beyond, flipped
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

Change = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Images, others of as many, and the others' values of a concept, to images that have these."""
WAY = "feature"


def change_of(concepts: Concepts, name: str) -> Change | None:
    """Return what gives images another one's value of a concept; None where nothing does.

    A feature that is a value is given; one that is content is exchanged for the other's.
    """
    giver, feature = concepts.giver(name), concepts.feature(name)
    if isinstance(feature, ContentFeature):
        return lambda images, others, values: feature.exchanged(images, others).clamp(-1, 1)
    if giver is not None:
        return lambda images, others, values: giver(images, values)
    return None


def by_feature(
    rule: Rule,
    condition: Condition,
    images: torch.Tensor,
    table: ConceptTable,
    *,
    among: torch.Tensor,
    change: Change | None,
    measure: Measure,
    limit: int,
    seed: int,
) -> Flips:
    """Give images what others have beyond the threshold, and see of which the rule flipped.

    The control of each is what another image was changed by, as large; where that moves the rule,
    a smooth random field.

    Parameters
    ----------
    images, table : Tensor of shape (n, c, h, w), ConceptTable
        All that there are, and their concepts.
    among : Tensor of shape (n,), bool
        Those that may be changed.
    change : callable or None
        See `change_of`.
    measure : callable
        Images to their concepts.
    limit : int
        Images that are changed, at most.
    """
    if change is None:
        return Flips(WAY, reason="nothing changes it in an image")
    draw = generator(seed, "rules", "change", str(condition))
    donors, flips = donors_beyond(rule, condition, table, draw)
    places = (flips & among).nonzero().flatten()
    places = places[torch.randperm(len(places), generator=draw)[:limit]].sort().values
    if not len(places):
        return Flips(WAY, reason="no image's rule flips by it alone")
    before, own = table.take(places), images[places]
    others = donors[places]
    changed = change(own, images[others], table.column(condition.concept)[others])
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
    for control in (of_other_images, smooth):
        left = (~found).nonzero().flatten()
        if not len(left):
            break
        tried = control(images, changes, seed, str(condition))[left]
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
