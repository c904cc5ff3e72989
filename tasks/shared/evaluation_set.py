"""What retrained GANs are measured on, from artifacts."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import latents
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.metrics import evaluator_file
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED


def load_evaluation_set(
    num_fakes: int, seed: int, architecture: Architecture, device: torch.device
) -> EvaluationSet:
    """Load held-out images, latents for GANs of an architecture, and images of the base GAN."""
    held_out, base = Dataset.load(PREPARED, "test"), load_gan(GAN, device)
    count = min(num_fakes, len(held_out))
    return EvaluationSet.of(
        held_out,
        base.generator_ema,
        evaluator_file.load(EVALUATOR, device)[0],
        z=latents(count, architecture, seed, "importance"),
        base_z=latents(count, base.architecture, seed, "importance", "base"),
    )
