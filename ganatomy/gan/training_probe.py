"""A quick look at a GAN in training: quality, diversity, and whether D knows its data by heart."""

import torch
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, score
from ganatomy.metrics.diversity import diversity
from ganatomy.metrics.evaluator import extract
from ganatomy.metrics.frechet import frechet_distance


class TrainingProbe:
    """Quality of a GAN in training, from the same latents and reals each time, in eval mode.

    Parameters
    ----------
    network : Evaluator or RandomFeatures
        Whose features the Frechet distance compares.
    train_images, held_out_images : Tensor of shape (n, c, s, s), uint8
        The first as many as there are latents are used. Quality is measured against training
        images, so that choosing by it leaves the held-out ones untouched.
    z : Tensor of shape (m, latent_dim + num_classes)
    """

    def __init__(
        self,
        network: nn.Module,
        train_images: torch.Tensor,
        held_out_images: torch.Tensor,
        z: torch.Tensor,
    ) -> None:
        self.train_images = train_images[: len(z)]
        self.held_out_images = held_out_images[: len(z)]
        self.z = z[: len(self.train_images)]
        self.network = network
        self._real_features = extract(network, self.train_images)

    @property
    def name(self) -> str:
        """Name of the distance, with its sample count."""
        return f"fcd@{len(self.z)}"

    def look(self, gan: Gan) -> tuple[dict[str, float], torch.Tensor]:
        """Measure quality and diversity of the images, and D's accuracies.

        Returns
        -------
        (values, fakes)
            ``fcd@N`` of the EMA generator against training images; ``diversity`` of its images in
            units of the reals'; D's accuracy on training images, on held-out ones and on the
            fakes; and these fakes, uint8.
        """
        was_training = gan.discriminator.training
        gan.discriminator.eval()
        fakes = to_uint8(generate(gan.generator_ema, self.z))
        values = {
            self.name: frechet_distance(extract(self.network, fakes), self._real_features),
            "diversity": diversity(fakes, self.train_images),
            "d_accuracy_train": _share(score(gan.discriminator, self.train_images) > 0),
            "d_accuracy_held_out": _share(score(gan.discriminator, self.held_out_images) > 0),
            "d_accuracy_ema_fakes": _share(score(gan.discriminator, fakes) < 0),
        }
        gan.discriminator.train(was_training)
        return values, fakes


def _share(right: torch.Tensor) -> float:
    return float(right.double().mean())
