"""The discriminator as it is explained: a function of its image alone."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ganatomy.absent import Absent, is_there
from ganatomy.data.dataset import Dataset
from ganatomy.explain.networks.fixed_statistics import (
    NUM_OF_EACH,
    fixed_statistics,
    normalises_by_batch,
)
from ganatomy.gan.adopt.networks import AdoptedDiscriminator
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents
from tasks.shared.artifact_paths import PREPARED


def load_explained(folder: Path, seed: int, device: torch.device) -> Gan:
    """Load a GAN whose D is the one that every stage explains and judges."""
    gan = load_gan(folder, device)
    return replace(gan, discriminator=explained_discriminator(gan, seed))


def explained_discriminator(gan: Gan, seed: int) -> nn.Module:
    """Fix the statistics of D's BatchNorm from training images and as many of G's moving average.

    A D without BatchNorm is what it was trained as, and comes back itself; so does one that was
    adopted without a G.
    """
    if not normalises_by_batch(gan.discriminator) or not is_there(gan.generator_ema):
        return gan.discriminator
    reals = Dataset.load(PREPARED, "train", mapped=True).images
    z = latents(NUM_OF_EACH, gan.architecture, seed, "fixed-statistics")
    return fixed_statistics(
        gan.discriminator, reals, generate(gan.generator_ema, z).cpu(), seed=seed
    )


def lacks(gan: Gan, *names: str) -> str:
    """Say which of the networks named were not given to an adopted GAN; "" where all are there."""
    missing = [name for name in names if not is_there(getattr(gan, name))]
    return f"no {' and no '.join(missing)} was given" if missing else ""


def is_adopted(gan: Gan) -> bool:
    """Say whether a GAN was trained elsewhere: on which images, nobody here knows."""
    return isinstance(gan.discriminator, AdoptedDiscriminator | Absent) or isinstance(
        gan.generator_ema, Absent
    )
