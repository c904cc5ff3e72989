"""Questions about D: what it decides, and what its logit is made of."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import logits_of
from ganatomy.explain.rules.answer import CHANGE_COLUMNS, Answer
from ganatomy.explain.rules.changes_of_features import change_of
from ganatomy.explain.rules.choosing import answer_for
from ganatomy.explain.rules.counterfactual import Held, check_changes
from ganatomy.explain.rules.decisions import NAMES, NO_DISCRIMINATOR, Decision, decisions_of
from ganatomy.explain.rules.formula import COLUMNS, Formula, formula_of
from ganatomy.explain.rules.looked import Looked, as_stored
from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.rng import generator


@dataclass(frozen=True, eq=False)
class DiscriminatorRules:
    """Answers about a discriminator.

    Attributes
    ----------
    answers : tuple of Answer
        To the decisions that could be asked about.
    left_out : dict of str to str
        Those that could not, and ``formula`` where there is none, and why.
    formula : Formula
        Of its logit, over all images.
    """

    answers: tuple[Answer, ...]
    left_out: dict[str, str]
    formula: Formula


def answers_of_discriminator(
    looked: Looked,
    *,
    boundary_at_0: bool,
    settings: RulesSettings,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> DiscriminatorRules:
    """Ask everything about D that rules over concepts can say; parameters as of the study."""
    subjects = looked.subjects
    if not subjects.has_discriminator:
        none = Formula(pd.DataFrame(columns=list(COLUMNS)), {}, NO_DISCRIMINATOR)
        return DiscriminatorRules((), dict.fromkeys((*NAMES, "formula"), NO_DISCRIMINATOR), none)
    logits = logits_in(subjects, looked.images)
    asked, left_out = decisions_of(
        logits, subjects, boundary_at_0=boundary_at_0, least=settings.least_images
    )
    formula, total = formula_of(looked.table, logits, seed=seed), len(asked) + 1
    on_progress(1, total)
    answers = []
    for decision in asked:
        answers.append(answer_of(decision, looked, settings, seed))
        on_progress(len(answers) + 1, total)
    if formula.reason:
        left_out["formula"] = f"D's logit has no formula: {formula.reason}"
    return DiscriminatorRules(tuple(answers), left_out, formula)


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
        looked.table.take(decision.places),
        decision.made,
        max_length=settings.max_length,
        seed=seed,
        num_draws=settings.num_draws,
        least=settings.least_images,
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
        looked.table.take(held_out),
        decision.made[places],
        lambda images: decision.of(logits_in(looked.subjects, as_stored(images))),
        looked.measure,
        lambda name: change_of(looked.concepts, name),
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
    holds = rule.holds(looked.table.take(held_out))
    order = torch.randperm(len(holds), generator=generator(seed, "rules", "examples"))
    drawn = [order[holds[order] == side][:count].sort().values for side in (True, False)]
    satisfying, violating = (to_uint8(looked.images[held_out[places]]) for places in drawn)
    return satisfying, violating
