"""What every retrained GAN is measured on: the same images, latents and feature networks."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.gan.sampling import generate
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.random_features import RandomFeatures

NEIGHBOURS = 5  # of precision and recall, which need more images than that


@dataclass(frozen=True)
class EvaluationSet:
    """The images and latents that the readouts of all retrained GANs share.

    Attributes
    ----------
    held_out : Dataset
        Unchanged real images that no GAN was trained on; at least 6. Shares of its classes are read
        out where it has any.
    base_fakes : Tensor of shape (m, c, s, s), uint8
        Images of the base GAN, trained on the unchanged data.
    z : Tensor of shape (k, latent_dim + num_classes)
        At least 6. Distances of different counts do not compare.
    evaluator : Evaluator
        Tells the classes of `held_out` apart; where that has none it may tell anything apart.
    random_features : Module
        Feature network for the distances that must not depend on classes.

    Raises
    ------
    InputError
        Too few images or latents.
    """

    held_out: Dataset
    base_fakes: torch.Tensor
    z: torch.Tensor
    evaluator: Evaluator
    random_features: nn.Module

    def __post_init__(self) -> None:
        counts = {"held-out images": len(self.held_out), "latents": len(self.z)}
        for name, count in counts.items():
            if count <= NEIGHBOURS:
                raise InputError(
                    f"{count} {name}, at least {NEIGHBOURS + 1} are needed to compare",
                    "num_fakes",
                    "Give more images, or raise `num_fakes` or `test_fraction`.",
                )

    @staticmethod
    def of(
        held_out: Dataset,
        generator: nn.Module,
        evaluator: Evaluator,
        *,
        z: torch.Tensor,
        base_z: torch.Tensor,
    ) -> "EvaluationSet":
        """Take as many held-out images as there are latents, and as many of the base GAN's.

        Equal counts make distances of equal bias.

        Parameters
        ----------
        held_out : Dataset
        generator : Module
            The base GAN's.
        evaluator : Evaluator
            Its device is that of the random features too.
        z, base_z : Tensor of shape (n, latent_dim + num_classes)
            For the retrained GANs, and for the base GAN.
        """
        device = next(evaluator.parameters()).device
        return EvaluationSet(
            held_out.take(torch.arange(min(len(z), len(held_out)))),
            to_uint8(generate(generator, base_z)),
            z,
            evaluator,
            RandomFeatures(held_out.images.shape[1]).to(device),
        )

    @property
    def reals(self) -> torch.Tensor:
        """The held-out images, shape (n, c, s, s), uint8."""
        return self.held_out.images
