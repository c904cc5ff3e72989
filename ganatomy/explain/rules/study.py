"""When D decides how, and what G makes, as rules over what can be measured in images: the study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from ganatomy.errors import InputError
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.answer import Answer
from ganatomy.explain.rules.concept import Reader
from ganatomy.explain.rules.discriminator import answers_of_discriminator
from ganatomy.explain.rules.generator import answers_of_generator
from ganatomy.explain.rules.learners.known import missing
from ganatomy.explain.rules.looked import Looked, as_stored
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.explain.rules.settings import DEFAULT_RULES, RulesSettings

__all__ = ["RulesStudy", "explain_by_rules"]


def explain_by_rules(
    subjects: Subjects,
    *,
    own: Sequence[str] = (),
    learned: Mapping[str, Reader] | None = None,
    directions: torch.Tensor | None = None,
    boundary_at_0: bool = False,
    settings: RulesSettings = DEFAULT_RULES,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> RulesStudy:
    """Explain both networks of a GAN by rules over concepts that are measured in images.

    Of D its decisions are asked about: see `decisions`. A rule's fidelity is to the decision of
    the network, on images that it was not learned from; whether images are real never counts. Each
    condition of a rule is then turned in images: see `counterfactual`. Of G: see `generator`.

    All images are looked at as they are stored, in 8 bits a channel, and their concepts are read no
    finer than can be seen (see `looked`): what only a generator's last digits tell is no concept.

    Of a GAN of which a part is missing there are the questions that can be asked.

    Parameters
    ----------
    subjects : Subjects
        All of their images are used: 1,500 real and as many generated ones are plenty. With an
        evaluator and class names the probability of each class is a concept.
    own : sequence of str
        Features of the user's own that are concepts, too: ``module:Class``.
    learned : mapping of str to callable, optional
        Further concepts by name, as ``learned:3``: images to Tensor of shape (n,). Rules of D may
        have them, those of G not: that a direction goes with its own reading tells nothing.
    directions : Tensor of shape (k, latent_dim), optional
        Of the generator's latents, as of `DirectionsStudy.directions`.
    boundary_at_0 : bool
        Whether D's loss makes 0 the boundary between real and fake, as bce and hinge do. Without
        it D's logit is cut where it tells real and generated images apart best, or at its median.
    settings : RulesSettings
    seed : int
    on_progress : callable
        Told steps done, and of how many.
    on_warning : callable
        Told of concepts that images of this kind do not have, and of questions that are left out.

    Raises
    ------
    InputError
        Fewer than two images, images or logits that are not finite, two concepts of one name, or a
        fault of the user's own feature.

    Examples
    --------
    >>> head = torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
    >>> real = torch.rand(300, 1, 8, 8) * 2 - 1
    >>> study = explain_by_rules(Subjects.of(None, torch.nn.Sequential(*head), real=real))
    >>> study.left_out["fake_taken_for_real"]
    'there are no generated images that D could take for real'
    """
    _require_finite(subjects)
    images = as_stored(torch.cat([subjects.real, subjects.fake]))
    concepts = Concepts.on(
        images,
        evaluator=subjects.evaluator,
        class_names=subjects.class_names,
        own=own,
        learned=learned,
        on_warning=on_warning,
    )
    looked = Looked.at(subjects, images, concepts)
    of_d = answers_of_discriminator(
        looked,
        boundary_at_0=boundary_at_0,
        settings=settings,
        seed=seed,
        on_progress=lambda done, total: on_progress(done, total + 1),
    )
    of_g = answers_of_generator(
        subjects, concepts.without(learned or ()).measure, directions=directions, seed=seed
    )
    on_progress(len(of_d.answers) + 2, len(of_d.answers) + 2)
    left_out = of_d.left_out | of_g.left_out
    left_out |= {f"learner {name}": f"{name}: {reason}" for name, reason in missing().items()}
    for reason in dict.fromkeys(left_out.values()):
        on_warning(reason)
    shown = torch.arange(len(subjects.real) or len(images))
    read = concepts.readings()
    return RulesStudy(
        tuple(_with(read, each) for each in of_d.answers + of_g.answers),
        concepts.ranges(concepts.table.take(shown)),
        of_d.formula.terms,
        of_d.formula.figures,
        left_out,
        of_g.coverage,
        of_g.shifts,
        of_g.forced,
    )


def _with(read: Mapping[str, Reading], answer: Answer) -> Answer:
    """Say of the rule's concepts how they were read; directions are none of them."""
    names = answer.rule.concepts if answer.rule else ()
    return replace(answer, readings={name: read[name] for name in names if name in read})


def _require_finite(subjects: Subjects) -> None:
    """Refuse what storing in 8 bits would turn into black."""
    for name, images in (("real", subjects.real), ("generator", subjects.fake)):
        if not bool(images.isfinite().all()):
            raise InputError("images that are not finite", name, "Give values in [-1, 1].")
