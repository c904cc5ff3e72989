"""Questions about G: what its latents force, what it does not make, and what it invents."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from ganatomy.data.images import to_float, to_uint8
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.answer import CANDIDATE_COLUMNS, CHANGE_COLUMNS, Answer
from ganatomy.explain.rules.coverage import (
    COVERAGE_COLUMNS,
    LESS_THAN,
    MIN_IMAGES,
    Coverage,
    find_coverage,
)
from ganatomy.explain.rules.forced import FORCED_COLUMNS
from ganatomy.explain.rules.holes import DEFAULT_COVERAGE, KINDS, CoverageSettings
from ganatomy.explain.rules.latent_rules import (
    MIN_LATENTS,
    LatentRules,
    Measurement,
    find_latent_rules,
)
from ganatomy.explain.rules.latent_tables import directions_at_hand
from ganatomy.explain.rules.looked import as_read, as_stored
from ganatomy.explain.rules.nearest import nearest_by_concepts
from ganatomy.explain.rules.shifts import SHIFT_COLUMNS
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator as random_generator
from ganatomy.wording import counted, percent

_NUM_SHOWN = 8
_LEVEL = 2 / 255  # of images in [-1, 1]
_QUESTIONS = {
    "missed": (
        "Which combinations does the data have and G hardly makes?",
        "the data has it, G hardly makes it",
    ),
    "invented": (
        "Which combinations does G make and the data hardly has?",
        "G makes it, the data hardly has it",
    ),
}


@dataclass(frozen=True, eq=False)
class GeneratorRules:
    """Answers about a generator.

    Attributes
    ----------
    answers : tuple of Answer
        ``direction:<k>``, ``missed`` and ``invented``: those that could be asked.
    left_out : dict of str to str
        Those that could not, by ``directions``, ``missed``, ``invented``, and why.
    coverage, shifts : DataFrame
        As in `coverage.Coverage`; empty where neither could be asked.
    forced : DataFrame
        As of `forced.forced_table`; empty without a generator.
    """

    answers: tuple[Answer, ...]
    left_out: dict[str, str]
    coverage: pd.DataFrame
    shifts: pd.DataFrame
    forced: pd.DataFrame


def answers_of_generator(
    subjects: Subjects,
    measure: Measurement,
    *,
    directions: torch.Tensor | None = None,
    num_directions: int = 3,
    coverage: CoverageSettings = DEFAULT_COVERAGE,
    seed: int = 0,
) -> GeneratorRules:
    """Ask everything about G that rules over concepts can say.

    Parameters
    ----------
    subjects : Subjects
        What is missing in it leaves out what needs it.
    measure : callable
        Images to their concepts: always of the same names.
    directions : Tensor of shape (k, latent_dim), optional
        Of length 1, that were learned. By default the first of SeFa, else of GANSpace, else the
        latents' own entries.
    num_directions : int
        The most answers about latents.
    coverage : CoverageSettings
    seed : int

    Raises
    ------
    InputError
        Directions that are not of this generator.
    """
    latent, without_latents = _latent_rules(subjects, measure, directions, num_directions, seed)
    real, fake = (
        _Measured.of(images, measure, random_generator(seed, "rules", "grey levels", name))
        for name, images in (("real", subjects.real), ("fake", subjects.fake))
    )
    found, without_coverage = _coverage(real, fake, coverage, seed)
    answers = [] if latent is None else [*latent.answers]
    if found is not None:
        answers += [_answer(kind, found, real, fake) for kind in KINDS]
    return GeneratorRules(
        tuple(answers),
        without_latents | without_coverage,
        pd.DataFrame(columns=COVERAGE_COLUMNS) if found is None else found.table,
        pd.DataFrame(columns=SHIFT_COLUMNS) if found is None else found.shifts,
        pd.DataFrame(columns=FORCED_COLUMNS) if latent is None else latent.forced,
    )


def _latent_rules(
    subjects: Subjects,
    measure: Measurement,
    directions: torch.Tensor | None,
    num_directions: int,
    seed: int,
) -> tuple[LatentRules | None, dict[str, str]]:
    if not subjects.has_generator:
        return None, {"directions": "of directions nothing is asked: there is no generator"}
    generator, z = subjects.generator, subjects.z
    if len(z) < MIN_LATENTS:
        too_few = f"{counted(len(z), 'latent')}, and rules need {MIN_LATENTS}"
        return None, {"directions": f"of G's directions nothing is asked: there are {too_few}"}
    if directions is None:
        _, directions = directions_at_hand(generator, z, subjects.latent_dim)
    found = find_latent_rules(
        generator,
        z,
        directions,
        lambda images: as_read(measure(as_stored(images))),  # what is seen of them
        images=subjects.fake,
        num_answers=num_directions,
        seed=seed,
    )
    if found.answers:
        return found, {}
    return found, {"directions": "no direction of G's latents decides where a concept is high"}


@dataclass(frozen=True, eq=False)
class _Measured:
    """Images, uint8, and their concepts; no table where there are no images.

    Concepts are measured with up to a grey level more or less in each pixel, and in the whole
    image, at random: else a background that is black in every real image, and part of a grey level
    from it in every generated one, which nobody can see, would be all that is found.
    """

    images: torch.Tensor
    table: ConceptTable | None

    @staticmethod
    def of(images: torch.Tensor, measure: Measurement, draw: torch.Generator) -> "_Measured":
        kept = to_uint8(images)
        if not len(kept):
            return _Measured(kept, None)
        levels = _uniform(kept.shape, draw) + _uniform((len(kept), 1, 1, 1), draw)
        shown = (to_float(kept) + levels * _LEVEL).clamp(-1, 1)
        return _Measured(kept, as_read(measure(shown)))

    def rows(self, places: torch.Tensor) -> "_Measured":
        return _Measured(
            self.images[places], None if self.table is None else self.table.take(places)
        )


def _uniform(shape: Sequence[int], draw: torch.Generator) -> torch.Tensor:
    return 2 * torch.rand(tuple(shape), generator=draw) - 1


def _coverage(
    real: _Measured, fake: _Measured, settings: CoverageSettings, seed: int
) -> tuple[Coverage | None, dict[str, str]]:
    for kind, own in (("real", real), ("generated", fake)):
        count = len(own.images)
        if count < MIN_IMAGES:
            there_are = f"there are {count or 'no'} {kind} images"
            needed = f", and {MIN_IMAGES} are needed" if count else ""
            reason = f"what G misses or invents is not asked: {there_are}{needed}"
            return None, dict.fromkeys(KINDS, reason)
    assert real.table is not None
    assert fake.table is not None
    return find_coverage(real.table, fake.table, settings=settings, seed=seed), {}


def _answer(kind: str, found: Coverage, real: _Measured, fake: _Measured) -> Answer:
    """A rule of what was found, with images of it among those that were not searched."""
    tested = [each.rows(places) for each, places in zip((real, fake), found.tested)]
    has, lacks = tested if kind == "missed" else tested[::-1]
    assert has.table is not None
    assert lacks.table is not None
    rule, num_carried = found.rules[kind], int((found.table["kind"] == kind).sum())
    holds = rule.holds(has.table)
    places = holds.nonzero()[:_NUM_SHOWN, 0]
    beside = nearest_by_concepts(has.table.take(places), lacks.table)
    question, says = _QUESTIONS[kind]
    num_images = len((real if kind == "missed" else fake).images)
    return Answer(
        name=kind,
        network="G",
        question=question,
        says=says,
        otherwise="both have it about as often",
        rule=rule if rule.clauses else None,
        reason="" if rule.clauses else _reason(num_carried),
        counts={
            "train": num_images - len(has.images),
            "choice": 0,
            "held_out": len(has.images),
            "made": int(holds.sum()),
        },
        candidates=pd.DataFrame(columns=CANDIDATE_COLUMNS),
        changes=pd.DataFrame(columns=CHANGE_COLUMNS),
        satisfying=has.images[places],
        violating=lacks.images[beside],
    )


def _reason(num_carried: int) -> str:
    if not num_carried:
        return "no region of concepts was found in the half of the images that was searched"
    verb = "was" if num_carried == 1 else "were"
    return (
        f"{counted(num_carried, 'region')} {verb} found in one half of the images, but in the "
        f"other half none is surely made at less than {percent(LESS_THAN)} of the other's share"
    )
