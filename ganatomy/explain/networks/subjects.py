"""What is explained: a pair of networks, and the images and latents that they are looked at on."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.absent import Absent, is_there
from ganatomy.data.dataset import UNLABELLED
from ganatomy.errors import InputError
from ganatomy.explain.maps.aggregates import per_class
from ganatomy.explain.networks.batching import device_of, outputs_of
from ganatomy.explain.networks.hooks import kept
from ganatomy.explain.networks.layers import NO_LAYERS, Layers, layers_of


@dataclass(frozen=True, eq=False)
class Subjects:
    """The networks and images that are explained: G, D, evaluator, real and generated images.

    Every explanation of a GAN looks at the same ones, so that they can be compared. Of G, D and
    real images some may be missing: ask `has_generator`, `has_discriminator`, ``len(real)``.

    Attributes
    ----------
    generator : nn.Module
        Latents to images of shape (n, c, h, w) in [-1, 1]; an `Absent` where none was given.
    discriminator : nn.Module
        Images to logits of shape (n,); positive means real. An `Absent` where none was given.
    evaluator : nn.Module or None
        The frozen classifier: images to logits of shape (n, classes), and with ``features``
        images to vectors of shape (n, f).
    class_names : tuple of str
        What the evaluator tells apart; empty where the data has no classes.
    real, fake : Tensor of shape (n, c, h, w), float32 in [-1, 1], on the CPU
        Held-out images, and images of the generator, or given ones where there is no generator;
        not always as many, and none where there are none.
    z : Tensor of shape (n, latent_dim + num_classes), on the CPU
        What `fake` was made from; of shape (0, 0) without a generator.
    real_labels, fake_labels : Tensor of shape (n,), int64
        The former as the data says, the latter as the evaluator sees them; -1 for none.
    d_layers, g_layers : Layers
        What can be explained in the discriminator and in the generator; none in one that is absent.
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
        generator: nn.Module | None,
        discriminator: nn.Module | None,
        *,
        real: torch.Tensor | None = None,
        z: torch.Tensor | None = None,
        fake: torch.Tensor | None = None,
        evaluator: nn.Module | None = None,
        class_names: tuple[str, ...] = (),
        real_labels: torch.Tensor | None = None,
        num_classes: int = 0,
    ) -> "Subjects":
        """Draw the generator's images and see which layers of both networks have maps.

        Without `class_names` or without an `evaluator` no image has a label.

        Parameters
        ----------
        generator, discriminator : nn.Module or None
            One of them at least; None, or an `Absent`, for one that is not there.
        real : Tensor of shape (n, c, h, w), optional
            In [-1, 1]. A discriminator without a generator needs some, here or as `fake`.
        z : Tensor of shape (m, latent_dim + num_classes)
            Of a generator.
        fake : Tensor of shape (m, c, h, w), optional
            Generated images that are given where there is no generator.

        Raises
        ------
        InputError
            Fewer or more labels than images; no image or no latent; images of several shapes.
        """
        generator, discriminator = (
            Absent(name) if given is None else given
            for name, given in (("generator", generator), ("discriminator", discriminator))
        )
        if real is not None and not len(real):
            raise InputError("0 real images", "real", "Give some, or leave it out.")
        if is_there(generator) == (z is None or not len(z)):
            raise InputError(
                "no latents for a generator" if is_there(generator) else "latents for no generator",
                "z",
                "Give both, or neither.",
            )
        with kept(generator):
            made = outputs_of(generator, z) if z is not None and is_there(generator) else fake
        if is_there(generator) and fake is not None:
            raise InputError(
                "given beside a generator", "fake", "Leave them out: the generator makes them."
            )
        shown = next((each for each in (made, real) if each is not None and len(each)), None)
        if shown is None:
            raise InputError("no image at all", "real, fake, z", "Give real images, or latents.")
        none = shown.new_zeros(0, *shown.shape[1:]).cpu()
        real, made = (none if each is None else each for each in (real, made))
        if real.shape[1:] != made.shape[1:]:
            raise InputError(
                f"images of shape {tuple(real.shape[1:])}, generated of {tuple(made.shape[1:])}",
                "real",
                "Give both of one shape.",
            )
        labelled = bool(class_names) and real_labels is not None
        labels = real_labels if labelled and real_labels is not None else _none_of(real)
        if labels.shape != (len(real),):
            raise InputError(
                f"labels of shape {tuple(labels.shape)} for {len(real)} real images",
                "real_labels",
                "Give one label for each.",
            )
        fake_labels = _none_of(made)
        if class_names and evaluator is not None and len(made):
            fake_labels = outputs_of(evaluator, made).argmax(1)
        with kept(generator, discriminator):
            d_layers = layers_of(discriminator, shown) if is_there(discriminator) else NO_LAYERS
            g_layers = NO_LAYERS if z is None else layers_of(generator, z)
        return Subjects(
            generator,
            discriminator,
            evaluator,
            class_names,
            real.cpu(),
            made.cpu(),
            torch.zeros(0, 0) if z is None else z.cpu(),
            labels.cpu(),
            fake_labels,
            d_layers,
            g_layers,
            num_classes,
        )

    @property
    def has_generator(self) -> bool:
        """Whether there is one."""
        return is_there(self.generator)

    @property
    def has_discriminator(self) -> bool:
        """Whether there is one."""
        return is_there(self.discriminator)

    @property
    def device(self) -> torch.device:
        """Where the discriminator is, or else the generator."""
        return device_of(self.discriminator if self.has_discriminator else self.generator)

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
        """Average the real images of each class, by its name; each of shape (c, h, w).

        Of generated images where no real ones were given.
        """
        images, own = self.real, self.real_labels
        if not len(images):
            images, own = self.fake, self.fake_labels
        return {self._name(each): images[own == each].mean(0) for each in own.unique().tolist()}

    def _name(self, label: int) -> str:
        return self.class_names[label] if label >= 0 else "all"


def _none_of(images: torch.Tensor) -> torch.Tensor:
    return torch.full((len(images),), UNLABELLED)
