"""What explanations are shown on: the same networks and images in every stage."""

from dataclasses import dataclass

import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.images import to_float
from ganatomy.explain.aggregates import per_class
from ganatomy.explain.layers import Layers, layers_of
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import Evaluator
from tasks.layout import EVALUATOR, GAN, PREPARED

_DRAWN = 10_000


@dataclass(frozen=True)
class Samples:
    """The base GAN, the evaluator, real and generated images.

    Attributes
    ----------
    gan : Gan
    evaluator : Evaluator
    class_names : tuple of str
        What the evaluator tells apart; empty where the data has no classes.
    real, fake : Tensor of shape (n, c, s, s), float32 in [-1, 1]
        Held-out images, one class after the other, and images of G's moving average.
    z : Tensor of shape (n, latent_dim + num_classes)
        What `fake` was made from.
    real_labels, fake_labels : Tensor of shape (n,), int64
        The former as the data says, the latter as the evaluator sees them; -1 for none.
    of_d, of_g : Layers
        What can be explained in D, and in G's moving average.
    """

    gan: Gan
    evaluator: Evaluator
    class_names: tuple[str, ...]
    real: torch.Tensor
    fake: torch.Tensor
    z: torch.Tensor
    real_labels: torch.Tensor
    fake_labels: torch.Tensor
    of_d: Layers
    of_g: Layers

    @staticmethod
    def load(count: int, seed: int, device: torch.device) -> "Samples":
        """The first `count` of each, or as many held-out images as there are."""
        gan = load_gan(GAN, device)
        evaluator, names = evaluator_file.load(EVALUATOR, device)
        held_out = real_examples(count)
        names = names if held_out.class_names else ()
        z = fake_latents(count, gan.architecture, seed)
        fake = generate(gan.generator_ema, z)
        labels = torch.full_like(held_out.labels, UNLABELLED)
        seen = torch.full((count,), UNLABELLED)
        if names:
            labels = held_out.labels
            with torch.no_grad():
                parts = [evaluator(images.to(device)).argmax(1).cpu() for images in fake.split(256)]
            seen = torch.cat(parts)
        real = to_float(held_out.images)
        return Samples(
            gan,
            evaluator,
            names,
            real,
            fake,
            z,
            labels,
            seen,
            layers_of(gan.discriminator, fake[:2].to(device)),
            layers_of(gan.generator_ema, z[:2].to(device)),
        )

    def by_class(self, maps: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Mean |map| of each class by its name; of all images where there are no classes."""
        return {self._name(label): mean for label, mean in per_class(maps, labels).items()}

    def mean_images(self) -> dict[str, torch.Tensor]:
        """The mean real image of each class by its name, shape (c, s, s)."""
        labels = self.real_labels.unique().tolist()
        return {self._name(each): self.real[self.real_labels == each].mean(0) for each in labels}

    def _name(self, label: int) -> str:
        return self.class_names[label] if label >= 0 else "all"


def real_images(count: int) -> torch.Tensor:
    """The first held-out images, one class after the other where there are classes.

    Returns
    -------
    Tensor of shape (min(count, n), c, s, s), float32 in [-1, 1]
    """
    return to_float(real_examples(count).images)


def real_examples(count: int) -> Dataset:
    """The same with their labels, as they lie on disk."""
    test = Dataset.load(PREPARED, "test")
    rounds = torch.zeros(len(test), dtype=torch.int64)
    for label in test.labels.unique():
        members = test.labels == label
        rounds[members] = torch.arange(int(members.sum()))
    order = sorted(range(len(test)), key=lambda i: (int(rounds[i]), int(test.labels[i]), i))
    return test.take(torch.tensor(order[:count]))


def fake_latents(count: int, architecture: Architecture, seed: int) -> torch.Tensor:
    """The latents whose images are explained, shape (count, latent_dim + num_classes)."""
    # what a generator draws depends on how many: the first ones are to be the same in every stage
    return latents(max(count, _DRAWN), architecture, seed, "explained")[:count]
