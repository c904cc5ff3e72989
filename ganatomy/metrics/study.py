"""Whether generated images are any good, and whether they repeat training images: the study."""

from collections.abc import Callable
from pathlib import Path

import torch

from ganatomy.files import sha256_of
from ganatomy.metrics import records
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.metrics.fidelity import NAMES, RANDOM_NAMES
from ganatomy.metrics.inception import inception_features
from ganatomy.metrics.quality import Quality, Three, judge
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.metrics.result import EVALUATOR, RANDOM, EvaluationStudy


def evaluate(
    images: Three,
    logits: Three | None,
    evaluator: Evaluator | RandomFeatures,
    *,
    class_names: tuple[str, ...] = (),
    num_replicates: int = 200,
    num_shown: int = 64,
    num_suspects: int = 8,
    skill: EvaluatorSkill | None = None,
    inception_weights: Path | None = None,
    device: torch.device | None = None,
    pixels: Three | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvaluationStudy:
    """Compare generated images with held-out and with training images.

    Parameters
    ----------
    images : Three of Tensor of shape (n, c, s, s), uint8
        Training, held-out and generated images.
    logits : Three of Tensor of shape (n,), or None
        D's, of the same images; without them nothing is said of D.
    evaluator : Evaluator or RandomFeatures
        The network in whose features distances are measured.
    class_names : tuple of str
        Of the evaluator's classes; empty where these are no classes of the data.
    num_replicates : int
        Of the bootstrap behind the intervals.
    num_shown : int
        Generated images that are kept to be looked at.
    num_suspects : int
        Generated images nearest to a training image that are kept.
    skill : EvaluatorSkill, optional
        Of `examine_evaluator`. Where it is not enough, nothing in the evaluator's features is
        measured.
    inception_weights : Path, optional
        Measure in the features of Inception as well: see `inception_features`.
    device : torch.device, optional
        Where Inception runs; the CPU without one.
    pixels : Three of Tensor of shape (n, c, h, w), uint8, optional
        The same images made smaller, where distances between pixels would take too much memory.
    seed : int
    on_progress : callable, optional
        Called with steps done, and of how many.

    Raises
    ------
    InputError
        Too few images of a kind, training images that are all the same, or no Inception weights.
    """
    is_random = isinstance(evaluator, RandomFeatures)
    inception = None
    if inception_weights is not None:
        inception = _inception(images, inception_weights, device or torch.device("cpu"))
    quality = judge(
        images,
        logits,
        evaluator,
        class_names=class_names,
        seed=seed,
        num_replicates=num_replicates,
        num_suspects=num_suspects,
        is_measured=skill is None or skill.is_enough,
        inception=inception,
        pixels=pixels,
        names=RANDOM_NAMES if is_random else NAMES,
        progress=on_progress,
    )
    return EvaluationStudy(
        records.fidelity_table(quality),
        records.memorisation_record(quality),
        records.generalisation_record(quality),
        records.classes_record(quality, class_names),
        records.suspects_table(quality.suspects),
        images.fakes[:num_shown],
        _suspicious(images, quality),
        sha256_of(inception_weights) if inception_weights is not None else "",
        skill,
        RANDOM if is_random else EVALUATOR,
    )


def _inception(images: Three, weights: Path, device: torch.device) -> Three:
    """Compute features of as many images of each as are compared: the network is large."""
    count = min(len(part) for part in images)
    return Three(*(inception_features(part[:count], weights, device) for part in images))


def _suspicious(images: Three, quality: Quality) -> dict[str, torch.Tensor]:
    nearest = quality.suspects.nearest.items()
    pictures = {space: images.train[index] for space, index in nearest}
    return {"fake": images.fakes[quality.suspects.fake], **pictures}
