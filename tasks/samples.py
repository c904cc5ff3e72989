"""The real and fake images that explanations are shown on: the same ones in every stage."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.sampling import latents
from tasks.layout import PREPARED


def real_images(count: int) -> torch.Tensor:
    """The first held-out images, one class after the other where there are classes.

    Returns
    -------
    Tensor of shape (min(count, n), c, s, s), float32 in [-1, 1]
    """
    test = Dataset.load(PREPARED, "test")
    rounds = torch.zeros(len(test), dtype=torch.int64)
    for label in test.labels.unique():
        members = test.labels == label
        rounds[members] = torch.arange(int(members.sum()))
    order = sorted(range(len(test)), key=lambda i: (int(rounds[i]), int(test.labels[i]), i))
    return to_float(test.images[order[:count]])


def fake_latents(count: int, architecture: Architecture, seed: int) -> torch.Tensor:
    """The latents whose images are explained, shape (count, latent_dim + num_classes)."""
    return latents(count, architecture, seed, "explained")
