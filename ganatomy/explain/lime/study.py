"""What speaks for "real" in images, and which latent coordinates move what G makes: by LIME."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.baseline_check import said, settled_for
from ganatomy.explain.lime.cases import ExplainedCase, explain_images, surrogates_table
from ganatomy.explain.lime.hiding import fills_of
from ganatomy.explain.lime.latent_effects import explain_latents
from ganatomy.explain.lime.latents import RADIUS
from ganatomy.explain.lime.missing import missing
from ganatomy.explain.lime.pool import pool_of
from ganatomy.explain.lime.result import LimeStudy
from ganatomy.explain.lime.settings import (
    DEFAULT_HIDING,
    DEFAULT_SAMPLING,
    Hiding,
    LimeSampling,
)
from ganatomy.explain.lime.stability import NUM_SEEDS
from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.named import Vocabulary, targets_of_generator
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit

__all__ = ["LimeStudy", "explain_by_lime"]

TRUNCATION = 0.5  # of a latent, where something more usual is to stand instead


def explain_by_lime(
    subjects: Subjects,
    vocabulary: Vocabulary | None = None,
    *,
    sampling: LimeSampling = DEFAULT_SAMPLING,
    hiding: Hiding = DEFAULT_HIDING,
    latent_targets: Sequence[str] = (),
    further: Mapping[str, Target] | None = None,
    num_images: int = 8,
    num_seeds: int = NUM_SEEDS,
    num_latents: int = 32,
    latent_radius: float = RADIUS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> LimeStudy:
    """Explain both networks of a GAN by LIME, and measure how well the surrogates foretell.

    D's logit is explained at real images, at generated ones, and at generated ones whose segments
    are exchanged for what the generator draws there from the same latents at half their length:
    nearer to the middle of a standard normal prior, and so more usual (truncation, as of Karras et
    al. 2019, arXiv 1812.04948).

    Of a GAN of which a part is missing there are the cases that can be: without a discriminator
    latents alone, without a generator the given images alone.

    Parameters
    ----------
    subjects : Subjects
        All of their images are explained.
    vocabulary : Vocabulary, optional
        What the names in `latent_targets` can mean. Its training images are the other images that
        some baselines need; without it those are the real images.
    sampling : LimeSampling
    hiding : Hiding
        Settled on the real images, or on the generated ones where there are no others, unless it
        was before.
    latent_targets : sequence of str
        Targets of G whose latent coordinates are weighed: ``d_logit``, ``class``, ``class(NAME)``,
        ``concept(NAME)``, ``region(NAME)``.
    further : mapping of str to Target, optional
        More of them by names of one's own, functions of latents.
    num_images : int
        Explanations of each case that are kept: those that together say most.
    num_seeds : int
        Draws of samples between which the kept explanations are compared.
    num_latents : int
        Latents around which the coordinates are weighed.
    latent_radius : float
        How far each coordinate is moved.
    seed : int
    on_progress : callable
        Perturbed images of a case done, and planned by now.
    on_warning : callable
        Told of parts that are missing, of targets that are left out, of a baseline that means
        nothing, and of intervals that stay too wide.

    Raises
    ------
    InputError
        An unknown target; segments or a number of samples that explain nothing; neither a
        discriminator nor any target.

    Examples
    --------
    >>> generator = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.Unflatten(1, (1, 8, 8)))
    >>> head = torch.nn.Flatten(), torch.nn.Linear(64, 1), torch.nn.Flatten(0)
    >>> discriminator = torch.nn.Sequential(*head)
    >>> real, z = torch.rand(3, 1, 8, 8) * 2 - 1, torch.randn(4, 2)
    >>> subjects = Subjects.of(generator, discriminator, real=real, z=z)
    >>> study = explain_by_lime(
    ...     subjects, hiding=Hiding(segment_side=2, baseline="black"), latent_targets=["d_logit"]
    ... )
    >>> study.cases["d_real"].maps.shape, study.latents.targets
    (torch.Size([3, 8, 8]), ['d_logit_of_g'])
    """
    left_out = missing(subjects)
    for reason in left_out:
        on_warning(reason)
    named = targets_of_generator(
        latent_targets if subjects.has_generator else (),
        subjects,
        vocabulary,
        where="latent_targets",
        on_warning=on_warning,
    )
    asked = {**named, **(further or {})} if subjects.has_generator else {}
    if not (asked or subjects.has_discriminator):
        raise InputError(
            "neither a discriminator nor a target of the generator", "latent_targets", "Name some."
        )
    target, pool = d_logit(subjects.discriminator), pool_of(subjects, vocabulary)
    hiding = settled_for(subjects, hiding, pool, seed=seed)
    for sentence in said(hiding):
        on_warning(sentence.removesuffix("."))
    cases = {
        key: explain_images(
            target,
            images,
            fills,
            sampling=sampling,
            hiding=hiding,
            num_chosen=num_images,
            num_seeds=num_seeds,
            seed=seed,
            on_progress=on_progress,
            on_warning=on_warning,
        )
        for key, images, fills in _cases(subjects, pool, hiding, seed)
    }
    latents = explain_latents(
        asked,
        subjects,
        sampling=sampling,
        radius=latent_radius,
        num_latents=num_latents,
        seed=seed,
        on_warning=on_warning,
    )
    return LimeStudy(
        sampling,
        hiding,
        num_seeds,
        {key: each.chosen for key, each in cases.items()},
        surrogates_table({key: each.whole for key, each in cases.items()}),
        _class_means(cases, subjects, sampling.engine),
        latents,
        left_out,
    )


def _cases(
    subjects: Subjects, pool: torch.Tensor, hiding: Hiding, seed: int
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    """Each case that can be, with its images and what hides them."""
    if not subjects.has_discriminator:
        return
    for key, images in (("d_real", subjects.real), ("d_fake", subjects.fake)):
        if len(images):
            yield key, images, fills_of(hiding, images, pool, seed=seed)
    if subjects.has_generator:
        yield "g_regions", subjects.fake, _more_usual(subjects)[:, None]


def _more_usual(subjects: Subjects) -> torch.Tensor:
    """Draw what the generator makes nearer to the middle of its latents; classes stay."""
    z = subjects.z.clone()
    z[:, : subjects.latent_dim] *= TRUNCATION
    return outputs_of(subjects.generator, z)


def _class_means(cases: dict[str, ExplainedCase], subjects: Subjects, engine: str) -> ClassMeans:
    given = {}
    for key, each in cases.items():
        kept = torch.tensor([not reason for reason in each.whole.refusals])
        labels = subjects.real_labels if key == "d_real" else subjects.fake_labels
        given[key] = (each.whole.maps[kept], labels[kept])
    return ClassMeans.of(given, subjects, engine)
