"""What explanations are shown on, from artifacts: the same networks and images in every stage."""

from dataclasses import replace

import torch

from ganatomy.absent import is_there
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.explain.lime.baseline_check import NUM_CHECKED, settled_for
from ganatomy.explain.lime.pool import pool_of
from ganatomy.explain.lime.settings import Hiding
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.sampling import latents
from ganatomy.metrics import evaluator_file
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED
from tasks.shared.explained import load_explained

_DRAWN = 10_000


def load_subjects(count: int, seed: int, device: torch.device) -> Subjects:
    """Load the base GAN and the evaluator, and the first `count` real and generated images.

    Held-out images come one class after the other, and are as many as there are; the generator is
    the moving average.
    """
    gan = load_explained(GAN, seed, device)
    evaluator, names = evaluator_file.load(EVALUATOR, device)
    held_out = real_examples(count)
    return Subjects.of(
        gan.generator_ema,
        gan.discriminator,
        real=to_float(held_out.images),
        z=fake_latents(count, gan.architecture, seed) if is_there(gan.generator_ema) else None,
        evaluator=evaluator,
        class_names=names if held_out.class_names else (),
        real_labels=held_out.labels,
        num_classes=gan.architecture.num_classes,
    )


def settled_hiding(hiding: Hiding, subjects: Subjects, vocabulary: Vocabulary, seed: int) -> Hiding:
    """Settle what hides on the same held-out images, however many a stage explains."""
    pool = pool_of(subjects, vocabulary)
    return settled_for(replace(subjects, real=real_images(NUM_CHECKED)), hiding, pool, seed=seed)


def real_images(count: int) -> torch.Tensor:
    """Load the first held-out images, one class after the other where there are classes.

    Returns
    -------
    Tensor of shape (min(count, n), c, s, s), float32 in [-1, 1]
    """
    return to_float(real_examples(count).images)


def real_examples(count: int) -> Dataset:
    """Load the same with their labels, as they lie on disk."""
    test = Dataset.load(PREPARED, "test")
    rounds = torch.zeros(len(test), dtype=torch.int64)
    for label in test.labels.unique():
        members = test.labels == label
        rounds[members] = torch.arange(int(members.sum()))
    order = sorted(range(len(test)), key=lambda i: (int(rounds[i]), int(test.labels[i]), i))
    return test.take(torch.tensor(order[:count]))


def fake_latents(count: int, architecture: Architecture, seed: int) -> torch.Tensor:
    """Draw the latents whose images are explained, (count, latent_dim + num_classes)."""
    # what a generator draws depends on how many: the first ones are to be the same in every stage
    return latents(max(count, _DRAWN), architecture, seed, "explained")[:count]
