"""Flip a rule by moving generated images along the direction of the latents that does it."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.explain.directions.candidates import random_directions, without
from ganatomy.explain.directions.walks import moved
from ganatomy.explain.rules.changes_of_features import still
from ganatomy.explain.rules.equal_changes import ENOUGH, sizes_of
from ganatomy.explain.rules.flipping import Flips, Measure, flipped
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

WAY = "direction of G"
STEPS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Standard deviations of the latents; the least that flips the rule is taken."""

_PENALTY = 0.01  # of the latents' variance
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Latents:
    """Latents that generated images were made from.

    Attributes
    ----------
    generator : nn.Module
    z : Tensor of shape (m, latent_dim + num_classes)
        Of the images that may be moved.
    places : Tensor of shape (m,), int64
        Where these images are among all that are held out.
    latent_dim : int
    known_z, known : Tensor of shape (k, latent_dim + num_classes), ConceptTable
        Other latents with the concepts of their images: directions are found by them.
    """

    generator: nn.Module
    z: torch.Tensor
    places: torch.Tensor
    latent_dim: int
    known_z: torch.Tensor
    known: ConceptTable

    def direction(self, concept: str) -> torch.Tensor:
        """Return the direction along which a concept rises, by ridge regression; of length 1."""
        z = self.known_z[:, : self.latent_dim].double()
        y = self.known.column(concept)
        z, y = z - z.mean(0), y - y.mean()
        gram = z.T @ z + _PENALTY * len(z) * torch.eye(z.shape[1], dtype=z.dtype)
        slope = torch.linalg.solve(gram, z.T @ y)
        found: torch.Tensor = slope / slope.norm().clamp(min=1e-12)
        return found


def by_direction(
    rule: Rule,
    condition: Condition,
    images: torch.Tensor,
    table: ConceptTable,
    *,
    among: torch.Tensor,
    latents: Latents | None,
    measure: Measure,
    limit: int,
    seed: int,
) -> Flips:
    """Move generated images along the concept's direction until the rule flips, if it does.

    The control of each is a step along a random direction orthogonal to it, which changes the
    image as much. Parameters as of `changes_of_features.by_feature`.
    """
    if latents is None or not len(latents.places):
        return Flips(WAY, reason="no generated images to move along a direction of G")
    kept = among[latents.places].nonzero().flatten()[:limit]
    if not len(kept):
        return Flips(WAY, reason="no generated image of which rule and decision agree")
    places, z = latents.places[kept], latents.z[kept]
    before, own = table.take(places), images[places]
    direction = latents.direction(condition.concept)
    changed, whole, alone = _walked(rule, condition, latents, z, own, before, direction, measure)
    own, changed, places = own[alone], changed[alone], places[alone]
    controls, found = _controls(
        rule,
        condition,
        latents,
        z[alone],
        own,
        changed,
        before.take(alone),
        direction,
        measure,
        seed,
    )
    return Flips(
        WAY,
        len(kept),
        places[found],
        changed[found],
        controls[found],
        1 - float(alone.sum()) / max(1, int(whole.sum())),
    )


def _walked(
    rule: Rule,
    condition: Condition,
    latents: Latents,
    z: torch.Tensor,
    images: torch.Tensor,
    before: ConceptTable,
    direction: torch.Tensor,
    measure: Measure,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Go as far as the rule flips; return images, and whether it did, by the condition alone."""
    rises = condition.holds(before) != condition.is_above
    signs = torch.where(rises, 1.0, -1.0).double()
    changed, whole = images.clone(), torch.zeros(len(images), dtype=torch.bool)
    alone = whole.clone()
    for step in STEPS:
        left = (~whole).nonzero().flatten()
        if not len(left):
            break
        made = moved(latents.generator, z[left], signs[left, None] * direction, step)
        flips, clean = flipped(rule, condition, before.take(left), measure(made))
        whole[left[flips]] = True
        alone[left[clean]] = True
        changed[left[clean]] = made[clean]
    return changed, whole, alone


def _controls(
    rule: Rule,
    condition: Condition,
    latents: Latents,
    z: torch.Tensor,
    images: torch.Tensor,
    changed: torch.Tensor,
    before: ConceptTable,
    direction: torch.Tensor,
    measure: Measure,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw steps that change as much, and say where neither rule nor condition turns by them."""
    if not len(z) or latents.latent_dim < 2:
        return images.clone(), torch.zeros(len(z), dtype=torch.bool)
    purpose = ("rules", str(condition))
    drawn = random_directions(len(z), latents.latent_dim, seed, *purpose)
    steps = without(drawn, direction[None])
    wanted = sizes_of(changed - images)
    length = torch.ones(len(z), dtype=torch.float64)
    for _ in range(_ROUNDS):
        made = moved(latents.generator, z, length[:, None] * steps, 1.0)
        now = sizes_of(made - images)
        length = (length * (wanted / now.clamp(min=1e-12)).double()).clamp(max=2 * STEPS[-1])
    made = moved(latents.generator, z, length[:, None] * steps, 1.0)
    fits = still(rule, condition, before, measure(made))
    return made, fits & (sizes_of(made - images) >= ENOUGH * wanted)
