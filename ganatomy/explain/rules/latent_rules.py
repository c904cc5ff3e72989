"""Rules from G's latents to the concepts of its images: contrast is high when direction 1 > 0.8."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.rules.answer import CHANGE_COLUMNS, Answer
from ganatomy.explain.rules.choosing import answer_for
from ganatomy.explain.rules.forced import forced_table
from ganatomy.explain.rules.latent_learning import MOST_CONDITIONS, Decided, decided_by
from ganatomy.explain.rules.latent_tables import direction_table
from ganatomy.explain.rules.learners.conjunctions import learn_conjunctions
from ganatomy.explain.rules.probabilities import in_tenths
from ganatomy.explain.rules.rule import Rule, number
from ganatomy.explain.rules.steps import Latents, check_by_steps
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.units import measured
from ganatomy.rng import generator as random_generator
from ganatomy.wording import percent

Measurement = Callable[[torch.Tensor], ConceptTable]
"""Images of shape (n, c, h, w), float32 in [-1, 1], to their concepts: always of the same names."""

MIN_LATENTS = 200
NO_DIRECTION = "no direction decides it"
_NUM_SHOWN = 8
_LEARNERS = {"conjunction": learn_conjunctions}


@dataclass(frozen=True, eq=False)
class LatentRules:
    """Rules from latents of G to the concepts of its images.

    Attributes
    ----------
    answers : tuple of Answer
        ``direction:<k>``: the concept that it decides best, the best one first.
    forced : DataFrame
        As of `forced.forced_table`.
    """

    answers: tuple[Answer, ...]
    forced: pd.DataFrame


def find_latent_rules(
    generator: nn.Module,
    z: torch.Tensor,
    directions: torch.Tensor,
    measure: Measurement,
    *,
    images: torch.Tensor | None = None,
    num_answers: int = 3,
    seed: int = 0,
) -> LatentRules:
    """Find by which directions of the latents it is decided where a concept is high.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    directions : Tensor of shape (k, latent_dim)
        Of length 1.
    measure : callable
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1], optional
        Of `z`, where they were drawn before.
    num_answers : int
        At most, each led by another direction: those that surely gain most over saying the same
        of all images, by images that neither learn nor judge.
    seed : int

    Raises
    ------
    InputError
        Too few latents, or directions that are not of this generator.
    """
    if len(z) < MIN_LATENTS:
        raise InputError(
            f"{len(z)} latents", "z", f"Give at least {MIN_LATENTS}; 1,000 are better."
        )
    images = outputs_of(generator, z) if images is None else images
    along, concepts = direction_table(z, directions), measure(images)
    own, units = directions.double().cpu(), dict(zip(concepts.names, concepts.units))
    asked = _Asked(generator, z, own, along, images, measure, units, seed)
    found = decided_by(along, concepts, seed=seed)[:num_answers]
    order = torch.randperm(len(z), generator=random_generator(seed, "rules", "forced"))
    forced = forced_table(along, in_tenths(concepts), order < len(z) // 2)
    return LatentRules(tuple(_answer(each, asked) for each in found), forced)


@dataclass(frozen=True, eq=False)
class _Asked:
    generator: nn.Module
    z: torch.Tensor
    directions: torch.Tensor
    along: ConceptTable
    images: torch.Tensor
    measure: Measurement
    units: dict[str, str]
    seed: int


def _answer(found: Decided, asked: _Asked) -> Answer:
    choice = answer_for(
        asked.along,
        found.decisions,
        learners=_LEARNERS,
        max_length=MOST_CONDITIONS,
        seed=asked.seed,
        unexplained=NO_DIRECTION,
    )
    held_out, rule = choice.splits.held_out, choice.rule
    holds = (rule or Rule(())).holds(asked.along.take(held_out))
    images = to_uint8(asked.images[held_out])
    above = measured(number(found.threshold), asked.units[found.concept])
    upper = percent(float(found.decisions.double().mean()))
    return Answer(
        name=found.leading,
        network="G",
        question=f"When is {found.concept} above {above}, as in {upper} of images?",
        says=f"{found.concept} is high",
        otherwise=f"{found.concept} is not high",
        rule=rule,
        reason=choice.reason,
        counts=choice.counts,
        candidates=choice.candidates,
        changes=pd.DataFrame(columns=CHANGE_COLUMNS)
        if rule is None
        else _changes(rule, found, held_out, asked),
        satisfying=images[holds][:_NUM_SHOWN],
        violating=images[~holds][:_NUM_SHOWN],
    )


def _changes(rule: Rule, found: Decided, held_out: torch.Tensor, asked: _Asked) -> pd.DataFrame:
    def is_high(images: torch.Tensor) -> torch.Tensor:
        return asked.measure(images).column(found.concept) > found.threshold

    decisions = found.decisions[held_out]
    latents = Latents(asked.generator, asked.z[held_out], asked.directions, decisions)
    return check_by_steps(rule, latents, is_high, seed=asked.seed)
