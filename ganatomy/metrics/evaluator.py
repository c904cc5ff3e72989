"""The frozen feature network that metrics and explanations share.

A general-purpose Inception sees nothing in grey 28 px images, so GANatomy trains a small classifier
on the real train split and freezes it: on class labels where there are some, else on telling by
how much an image was rotated (Gidaris et al. 2018, arXiv 1803.07728).
"""

import hashlib
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.initialise import initialise
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.rng import generator

ROTATIONS = ("0 degrees", "90 degrees", "180 degrees", "270 degrees")


class Evaluator(nn.Module):
    """Classifier: images of shape (n, c, h, w) in [-1, 1] to class logits of shape (n, k).

    Parameters
    ----------
    channels : int in {1, 3}
    width : int
        Channels of the first block; the feature vector has 4 * width entries.
    num_classes : int
    """

    def __init__(self, channels: int, width: int, num_classes: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(4 * width, num_classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature vectors, (n, 4 * width): the last block, averaged over the image."""
        pooled: torch.Tensor = self.blocks(images).mean((2, 3))
        return pooled

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class logits."""
        logits: torch.Tensor = self.head(self.features(images))
        return logits


def pretext(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor, tuple[str, ...]]:
    """Return what the evaluator learns from a data set: (images, labels, class names)."""
    if dataset.class_names:
        known = dataset.labels >= 0
        return dataset.images[known], dataset.labels[known], dataset.class_names
    turned = [torch.rot90(_square(dataset.images), turns, (2, 3)) for turns in range(4)]
    labels = torch.arange(4).repeat_interleave(len(dataset))
    return torch.cat(turned), labels, ROTATIONS


def _square(images: torch.Tensor) -> torch.Tensor:
    """The middle of the images: what is not square has another shape when it is turned."""
    height, width = images.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[..., top : top + side, left : left + side]


def train_evaluator(
    dataset: Dataset,
    width: int = 16,
    epochs: int = 6,
    *,
    batch_size: int = 64,
    learning_rate: float = 0.003,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None],
) -> Evaluator:
    """Train the evaluator with Adam and a one-cycle learning rate; return it frozen, in eval mode.

    Parameters
    ----------
    dataset : Dataset
        The real train split, and nothing else.
    width, epochs, batch_size : int
    learning_rate : float
        The peak of the cycle.
    seed : int
    device : torch.device
    progress : callable
        Called with (done, total) steps.
    """
    images, labels, names = pretext(dataset)
    images, labels = images.to(device), labels.to(device)
    network = Evaluator(images.shape[1], width, len(names))
    _initialise_for_relu(network, seed)
    network.to(device).to(memory_format=torch.channels_last).train()
    batch_size = min(batch_size, len(images))
    steps_per_epoch = len(images) // batch_size
    total = epochs * steps_per_epoch
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=total + 1)
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator(seed, "evaluator", "order", epoch))
        for position in range(steps_per_epoch):
            batch = order[position * batch_size : (position + 1) * batch_size].to(device)
            logits = network(to_float(images[batch]))
            loss = functional.cross_entropy(logits, labels[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            progress(epoch * steps_per_epoch + position + 1, total)
    return network.eval().requires_grad_(False)


def _initialise_for_relu(network: Evaluator, seed: int) -> None:
    """He et al. 2015 (arXiv 1502.01852), drawn from named generators."""
    initialise(network, seed, "evaluator")
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
                parameter.mul_((2.0 / fan_in) ** 0.5 / 0.02)


def examine_evaluator(network: Evaluator, held_out: Dataset) -> EvaluatorSkill | None:
    """Count how often the evaluator is right about images that it has not seen.

    Parameters
    ----------
    network : Evaluator
    held_out : Dataset

    Returns
    -------
    EvaluatorSkill, or None where no held-out image has a label
    """
    images, labels, _ = pretext(held_out)
    if not len(labels):
        return None
    right = int((predict(network, images).argmax(1) == labels).sum())
    largest = int(labels.bincount().max())
    return EvaluatorSkill(digest_of(network), right, len(labels), largest / len(labels))


@torch.no_grad()
def accuracy(network: Evaluator, dataset: Dataset) -> float:
    """Return the share of right answers on the task it was trained for, in [0, 1]."""
    images, labels, _ = pretext(dataset)
    return float((predict(network, images).argmax(1) == labels).double().mean())


@torch.no_grad()
def predict(network: Evaluator, images: torch.Tensor, batch_size: int = 512) -> torch.Tensor:
    """Return class logits of shape (n, k), on the CPU, for uint8 images."""
    device = next(network.parameters()).device
    parts = [network(to_float(part.to(device))).cpu() for part in images.split(batch_size)]
    return torch.cat(parts)


@torch.no_grad()
def extract(network: nn.Module, images: torch.Tensor, batch_size: int = 512) -> torch.Tensor:
    """Return feature vectors of shape (n, d), float64 on the CPU, for uint8 images.

    `network` is an `Evaluator`, a `RandomFeatures` or a `LocalStatistics`.
    """
    parameter = next(network.parameters(), None)
    device = images.device if parameter is None else parameter.device
    features: Callable[[torch.Tensor], torch.Tensor] = network.features  # type: ignore[assignment]
    parts = [features(to_float(part.to(device))).cpu() for part in images.split(batch_size)]
    return torch.cat(parts).double()


def digest_of(network: nn.Module) -> str:
    """Hash a network's weights, to tell whether two measurements were made with the same one."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
