"""The minibatches of a pack: every member has its own images, those of a seed at equal places."""

from dataclasses import dataclass

import torch

from ganatomy.data.images import to_float
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.ensemble.steps import Batch
from ganatomy.gan.sampling import latents
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.training import Order
from ganatomy.rng import generator as random_generator


@dataclass(frozen=True)
class View:
    """The training data and the seed of one member.

    Attributes
    ----------
    images : Tensor of shape (n, c, s, s), uint8
        Members may share one tensor; it is then held once.
    labels : Tensor of shape (n,), int64, or None
    seed : int
        Members of one seed share initial weights, latents and, where they have equally many
        images, the places of minibatches (common random numbers).
    order_seed : int, optional
        What decides all that is drawn after the initial weights (places of minibatches, latents,
        mixes), where that is not to be `seed`.
    """

    images: torch.Tensor
    labels: torch.Tensor | None
    seed: int
    order_seed: int | None = None

    @property
    def drawing_seed(self) -> int:
        """The seed of what is drawn in training."""
        return self.seed if self.order_seed is None else self.order_seed


class Feed:
    """Batches and latents for all members, on the device.

    Parameters
    ----------
    views : list of View
    architecture : Architecture
    settings : TrainingSettings
    device : torch.device
    """

    def __init__(
        self,
        views: list[View],
        architecture: Architecture,
        settings: TrainingSettings,
        device: torch.device,
    ) -> None:
        self._views, self._architecture, self._device = views, architecture, device
        self._batch_size, self._settings = settings.batch_size, settings
        distinct = {id(view.images): view.images for view in views}
        starts, total = {}, 0
        for key, images in distinct.items():
            starts[key], total = total, total + len(images)
        # channels last, so that a gathered batch is one copy away from the layout of the networks
        stored = [images.permute(0, 2, 3, 1) for images in distinct.values()]
        self._images = torch.cat(stored).contiguous().to(device)
        self._starts = [starts[id(view.images)] for view in views]
        keys = [(view.drawing_seed, len(view.images)) for view in views]
        self._orders = {key: Order(key[1], self._batch_size, key[0]) for key in set(keys)}
        self._keys = keys

    @property
    def num_bytes(self) -> int:
        """Bytes of the images on the device."""
        return self._images.nbytes

    def batch(self, turn: int) -> tuple[Batch, torch.Tensor]:
        """Return the batch of step `turn` of every D, and its latents of shape (N, n, d)."""
        places = {key: order.batch(turn) for key, order in self._orders.items()}
        index = [places[key] for key in self._keys]
        rows = torch.stack([own + start for own, start in zip(index, self._starts)], 1)
        pixels = self._images.index_select(0, rows.flatten().to(self._device))
        by_member = pixels.unflatten(0, (self._batch_size, -1))  # (n, N, s, s, c)
        images = to_float(by_member.permute(0, 2, 3, 1, 4).contiguous()).permute(3, 0, 4, 1, 2)
        labels = self._labels(index)
        return Batch(images, labels, self._mix(turn)), self._latents(turn, labels)

    def _labels(self, index: list[torch.Tensor]) -> torch.Tensor | None:
        if not self._architecture.num_classes:
            return None
        known = [view.labels[own] for view, own in zip(self._views, index)]  # type: ignore[index]
        return torch.stack(known).to(self._device)

    def _mix(self, turn: int) -> torch.Tensor | None:
        if not self._settings.method.gradient_penalty:
            return None
        drawn = {
            seed: torch.rand(self._batch_size, generator=random_generator(seed, "mix", turn))
            for seed in {view.drawing_seed for view in self._views}
        }
        return torch.stack([drawn[view.drawing_seed] for view in self._views]).to(self._device)

    def _latents(self, turn: int, labels: torch.Tensor | None) -> torch.Tensor:
        if labels is not None:
            drawn = [
                latents(self._batch_size, self._architecture, view.drawing_seed, turn, labels=own)
                for view, own in zip(self._views, labels.cpu())
            ]
        else:
            by_seed = {
                seed: latents(self._batch_size, self._architecture, seed, turn)
                for seed in {view.drawing_seed for view in self._views}
            }
            drawn = [by_seed[view.drawing_seed] for view in self._views]
        return torch.stack(drawn).to(self._device, non_blocking=True)
