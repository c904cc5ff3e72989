"""D's logits: as it is explained, and as it was trained."""

import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of, outputs_of
from ganatomy.explain.networks.fixed_statistics import copied
from ganatomy.explain.networks.targets import logits_of
from ganatomy.rng import seeded


def in_eval_mode(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the logits of images of shape (n, c, h, w) in [-1, 1], shape (n,), float64."""
    return logits_of(outputs_of(network, images), len(images)).double()


@torch.no_grad()
def in_train_mode(network: nn.Module, *batches: torch.Tensor) -> torch.Tensor:
    """Return the logits of whole batches, as of a network that is being trained on them.

    A copy is asked, so that neither running statistics nor the vectors of a spectral norm move.
    What is drawn at random (dropout) is the same at each call.

    Parameters
    ----------
    network : nn.Module
    *batches : Tensor of shape (k, c, h, w) in [-1, 1]

    Returns
    -------
    Tensor of shape (sum of k,), float64, on the CPU
    """
    device = device_of(network)
    twin = copied(network, batches[0][:1].to(device)).train()
    with seeded(0, "train-mode"):
        outputs = [logits_of(twin(batch.to(device)), len(batch)) for batch in batches]
    return torch.cat(outputs).double().cpu()


def whole_batches(images: torch.Tensor, size: int) -> tuple[torch.Tensor, ...]:
    """Split into batches of `size`; what is left over is dropped, unless it is all there is."""
    size = min(size, len(images))
    return tuple(images[: len(images) // size * size].split(size))
