"""What is explained: a pair of networks, and the images and latents that they are looked at on."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED
from ganatomy.errors import InputError
from ganatomy.explain.maps.aggregates import per_class
from ganatomy.explain.networks.batching import device_of, outputs_of
from ganatomy.explain.networks.layers import Layers, layers_of


@dataclass(frozen=True, eq=False)
class Subjects:
    """The networks and images that are explained: G, D, evaluator, real and generated images.

    Every explanation of a GAN looks at the same ones, so that they can be compared.

    Attributes
    ----------
    generator : nn.Module
        Latents to images of shape (n, c, h, w) in [-1, 1].
    discriminator : nn.Module
        Images to logits of shape (n,); positive means real.
    evaluator : nn.Module or None
        The frozen classifier: images to logits of shape (n, classes), and with ``features``
        images to vectors of shape (n, f).
    class_names : tuple of str
        What the evaluator tells apart; empty where the data has no classes.
    real, fake : Tensor of shape (n, c, h, w), float32 in [-1, 1], on the CPU
        Held-out images, and images of the generator; not always as many.
    z : Tensor of shape (n, latent_dim + num_classes), on the CPU
        What `fake` was made from.
    real_labels, fake_labels : Tensor of shape (n,), int64
        The former as the data says, the latter as the evaluator sees them; -1 for none.
    d_layers, g_layers : Layers
        What can be explained in the discriminator and in the generator.
    num_classes : int
        Entries at the end of `z` that are a one-hot class; 0 for an unconditional generator.
    """

    generator: nn.Module
    discriminator: nn.Module
    evaluator: nn.Module | None
    class_names: tuple[str, ...]
    real: torch.Tensor
    fake: torch.Tensor
    z: torch.Tensor
    real_labels: torch.Tensor
    fake_labels: torch.Tensor
    d_layers: Layers
    g_layers: Layers
    num_classes: int = 0

    @staticmethod
    def of(
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        real: torch.Tensor,
        z: torch.Tensor,
        evaluator: nn.Module | None = None,
        class_names: tuple[str, ...] = (),
        real_labels: torch.Tensor | None = None,
        num_classes: int = 0,
    ) -> "Subjects":
        """Draw the generator's images and see which layers of both networks have maps.

        Without `class_names` or without an `evaluator` no image has a label.

        Raises
        ------
        InputError
            Fewer or more labels than images; no image or no latent.
        """
        if not (len(real) and len(z)):
            raise InputError(
                f"{len(real)} real images and {len(z)} latents", "real, z", "Give some of both."
            )
        labelled = bool(class_names) and real_labels is not None
        labels = real_labels if labelled and real_labels is not None else _none_of(real)
        if labels.shape != (len(real),):
            raise InputError(
                f"labels of shape {tuple(labels.shape)} for {len(real)} real images",
                "real_labels",
                "Give one label for each.",
            )
        fake = outputs_of(generator, z)
        fake_labels = _none_of(fake)
        if class_names and evaluator is not None:
            fake_labels = outputs_of(evaluator, fake).argmax(1)
        return Subjects(
            generator,
            discriminator,
            evaluator,
            class_names,
            real.cpu(),
            fake,
            z.cpu(),
            labels.cpu(),
            fake_labels,
            layers_of(discriminator, fake),
            layers_of(generator, z),
            num_classes,
        )

    @property
    def device(self) -> torch.device:
        """Where the discriminator is."""
        return device_of(self.discriminator)

    @property
    def latent_dim(self) -> int:
        """Length of the random part of a latent."""
        return self.z.shape[1] - self.num_classes

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.fake.shape[-2], self.fake.shape[-1]

    def by_class(self, maps: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Average the |maps| of each class, by its name; of all images where there are no classes.

        Parameters
        ----------
        maps : Tensor of shape (n, h, w)
        labels : Tensor of shape (n,), int64

        Returns
        -------
        dict of str to Tensor of shape (h, w)
        """
        return {self._name(label): mean for label, mean in per_class(maps, labels).items()}

    def mean_images(self) -> dict[str, torch.Tensor]:
        """Average the real images of each class, by its name; each of shape (c, h, w)."""
        labels = self.real_labels.unique().tolist()
        return {self._name(each): self.real[self.real_labels == each].mean(0) for each in labels}

    def _name(self, label: int) -> str:
        return self.class_names[label] if label >= 0 else "all"


def _none_of(images: torch.Tensor) -> torch.Tensor:
    return torch.full((len(images),), UNLABELLED)
