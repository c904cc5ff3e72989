"""Rules for what a discriminator decides: learned, judged, and tried on changed images."""

from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.data.images import to_float, to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import logits_of
from ganatomy.explain.rules.answer import CHANGE_COLUMNS, Answer
from ganatomy.explain.rules.changes_of_latents import Latents
from ganatomy.explain.rules.choosing import answer_for
from ganatomy.explain.rules.counterfactual import Held, check_changes
from ganatomy.explain.rules.decisions import Decision
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.rng import generator


@dataclass(frozen=True, eq=False)
class Looked:
    """All images that are asked about, the real ones first, and what was seen in them.

    Attributes
    ----------
    subjects : Subjects
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        Of 8 bits a channel.
    concepts : Concepts
        Made on these very images.
    """

    subjects: Subjects
    images: torch.Tensor
    concepts: Concepts

    def latents(self, held_out: torch.Tensor) -> Latents | None:
        """Return the latents of the generated images among some; None without a generator.

        Parameters
        ----------
        held_out : Tensor of shape (m,), int64
            Places: directions are found by all other generated images.
        """
        if not self.subjects.has_generator:
            return None
        num_real, table = len(self.subjects.real), self.concepts.table
        inside = (held_out >= num_real).nonzero().flatten()
        known = torch.ones(len(self.subjects.z), dtype=torch.bool)
        known[held_out[inside] - num_real] = False
        return Latents(
            self.subjects.generator,
            self.subjects.z[held_out[inside] - num_real],
            inside,
            self.subjects.latent_dim,
            self.subjects.z[known],
            table.take(num_real + known.nonzero().flatten()),
        )


def as_stored(images: torch.Tensor) -> torch.Tensor:
    """Round images in [-1, 1] to 8 bits a channel."""
    return to_float(to_uint8(images))


def logits_in(subjects: Subjects, images: torch.Tensor) -> torch.Tensor:
    """Return the discriminator's logit of each image, shape (n,), float64.

    Raises
    ------
    InputError
        It gives something else, or logits that are not finite.
    """
    logits = logits_of(outputs_of(subjects.discriminator, images), len(images)).double()
    if logits.shape != (len(images),):
        raise InputError(
            f"a tensor of shape {tuple(logits.shape)} for {len(images)} images",
            "discriminator",
            "It must give one logit for each image.",
        )
    if not bool(logits.isfinite().all()):
        raise InputError("logits that are not finite", "discriminator", "See what its weights are.")
    return logits


def answer_of(decision: Decision, looked: Looked, settings: RulesSettings, seed: int) -> Answer:
    """Learn a rule for a decision, and try it on held-out images.

    Returns
    -------
    Answer
        Without a rule where no concept explains the decision.
    """
    found = answer_for(
        looked.concepts.table.take(decision.places),
        decision.made,
        max_length=settings.max_length,
        seed=seed,
        num_draws=settings.num_draws,
    )
    held_out = decision.places[found.splits.held_out]
    shown = _examples(found.rule, looked, held_out, settings.num_examples, seed)
    return Answer(
        decision.name,
        "D",
        decision.question,
        decision.says,
        decision.otherwise,
        found.rule,
        found.reason,
        found.counts,
        found.candidates,
        _changes(found.rule, decision, looked, found.splits.held_out, settings, seed),
        *shown,
    )


def _changes(
    rule: Rule | None,
    decision: Decision,
    looked: Looked,
    places: torch.Tensor,
    settings: RulesSettings,
    seed: int,
) -> pd.DataFrame:
    if rule is None:
        return pd.DataFrame(columns=CHANGE_COLUMNS)
    held_out = decision.places[places]
    held = Held(
        looked.images[held_out],
        looked.concepts.table.take(held_out),
        decision.made[places],
        lambda images: decision.of(logits_in(looked.subjects, as_stored(images))),
        lambda images: looked.concepts.measure(as_stored(images)),
        looked.concepts.giver,
        looked.latents(held_out),
    )
    return check_changes(rule, held, limit=settings.num_changed, seed=seed)


def _examples(
    rule: Rule | None, looked: Looked, held_out: torch.Tensor, count: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw images of which the rule holds, and of which it does not."""
    if rule is None:
        none = to_uint8(looked.images[:0])
        return none, none
    holds = rule.holds(looked.concepts.table.take(held_out))
    order = torch.randperm(len(holds), generator=generator(seed, "rules", "examples"))
    drawn = [order[holds[order] == side][:count].sort().values for side in (True, False)]
    satisfying, violating = (to_uint8(looked.images[held_out[places]]) for places in drawn)
    return satisfying, violating
