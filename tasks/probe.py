"""What retrained GANs are measured on."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.explain.importance import Probe
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.random_features import RandomFeatures
from tasks.layout import EVALUATOR, GAN, PREPARED


def probe_of(num_fakes: int, seed: int, architecture: Architecture, device: torch.device) -> Probe:
    """Held-out images, latents for GANs of an architecture, and images of the base GAN."""
    test = Dataset.load(PREPARED, "test")
    base_gan = load_gan(GAN, device)
    count = min(num_fakes, len(test))  # as many fakes as reals: distances of equal bias
    base_z = latents(count, base_gan.architecture, seed, "importance", "base")
    network, _ = evaluator_file.load(EVALUATOR, device)
    return Probe(
        test.images[:count],
        to_uint8(generate(base_gan.generator_ema, base_z)),
        latents(count, architecture, seed, "importance"),
        network,
        RandomFeatures(test.images.shape[1]).to(device),
        test.class_names,
    )
