"""An adopted network behind our interface: latents or images in our terms, whatever its own are."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.port import Images, Latent, Network
from ganatomy.rng import seeded

_EDGE = 1e-6  # probabilities nearer to 0 or 1 have no logit in float32


class AdoptedGenerator(nn.Module):
    """Latents of shape (n, dim + classes) to RGB images in [-1, 1].

    The random part of a latent is standard normal, whatever the network's own are: those are a
    monotone function of each coordinate. So a step along a coordinate means the same in every GAN.

    Parameters
    ----------
    network : nn.Module
    spec : Network
    latent : Latent
    seed : int
        Of the noise that it draws: the same at each call, by the place in the batch.
    """

    def __init__(self, network: nn.Module, spec: Network, latent: Latent, seed: int) -> None:
        super().__init__()
        self.network = network
        self.spec, self.latent, self.seed = spec, latent, seed

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give the images, shape (n, c, h, w), float32."""
        with seeded(self.seed, "adopt", "noise"):
            output = self.network(*self._inputs(z))
        return _ours(meant(output, self.spec.output, "generator"), self.spec.images)

    def of_own(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Give the network's answer to latents of its kind, in its own terms."""
        with seeded(self.seed, "adopt", "noise"):
            return meant(self.network(*inputs), self.spec.output, "generator")

    def in_our_terms(self, images: torch.Tensor) -> torch.Tensor:
        """Turn images of its kind into RGB in [-1, 1]."""
        return _ours(images.float(), self.spec.images)

    def _inputs(self, z: torch.Tensor) -> tuple[torch.Tensor, ...]:
        latent = self.latent
        own, classes = own_latents(latent, z[:, : latent.dim]), z[:, latent.dim :]
        if latent.shape == "map":
            own = own[:, :, None, None]
        if latent.classes == "none":
            return (own,)
        return (own, classes if latent.classes == "one-hot" else classes.argmax(1))


class AdoptedDiscriminator(nn.Module):
    """RGB images in [-1, 1] to one logit for each, shape (n,).

    Parameters
    ----------
    network : nn.Module
        A sigmoid module that it ends in is replaced when `spec` says that it gives probabilities.
    spec : Network
    seed : int
        As in `AdoptedGenerator`.
    """

    def __init__(self, network: nn.Module, spec: Network, seed: int) -> None:
        super().__init__()
        self.network = network
        self.spec, self.seed = spec, seed
        self.takes_logit = spec.probability and not _without_sigmoid(network)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the logits, float32."""
        with seeded(self.seed, "adopt", "noise"):
            output = self.network(_theirs(images, self.spec.images))
        values = meant(output, self.spec.output, "discriminator")
        if self.takes_logit:
            values = values.clamp(_EDGE, 1 - _EDGE).logit()
        values = _for_each(values, len(images))
        return values[:, 0] if self.spec.heads == "first" else values.mean(1)

    def of_own(self, images: torch.Tensor) -> torch.Tensor:
        """Give the network's answer to images of its kind, in its own terms."""
        with seeded(self.seed, "adopt", "noise"):
            values = meant(self.network(images), self.spec.output, "discriminator")
        is_off = self.spec.probability and not self.takes_logit
        return values.sigmoid() if is_off else values


def _for_each(values: torch.Tensor, num: int) -> torch.Tensor:
    """Give the values of each image, shape (num, k).

    Who squeezes the answer drops the axis of a single image, too: all of it is that image's.
    """
    if not values.numel() or (num > 1 and values.shape[:1] != (num,)):
        raise InputError(
            f"it returns shape {tuple(values.shape)} for {num} images",
            "discriminator",
            "Say by `output` what of it is meant; the first axis is that of the images.",
        )
    return values.reshape(num, -1)


def own_latents(latent: Latent, z: torch.Tensor) -> torch.Tensor:
    """Turn standard normal numbers into those that a generator expects, each on its own.

    Parameters
    ----------
    latent : Latent
    z : Tensor of shape (n, dim)

    Returns
    -------
    Tensor of shape (n, dim)
        The same quantiles of the generator's distribution.

    Examples
    --------
    >>> own_latents(Latent(2, distribution="uniform"), torch.tensor([[0.0, 9.0]]))
    tensor([[0., 1.]])
    """
    if latent.distribution == "normal":
        return z
    own: torch.Tensor = torch.special.ndtr(z.double())
    if latent.distribution == "uniform":
        own = 2 * own - 1
    else:
        beyond = torch.special.ndtr(own.new_tensor(-latent.truncation))
        own = torch.special.ndtri(beyond + (1 - 2 * beyond) * own)
    return own.to(z.dtype)


def meant(output: Any, way: tuple[str | int, ...], where: str) -> torch.Tensor:
    """Take from a network's answer the part that is meant."""
    for part in way:
        try:
            output = output[part]
        except (KeyError, IndexError, TypeError):
            raise InputError(
                f"its output has no {part!r}: {_kind(output)}",
                where,
                "Set `output` to what it has.",
            ) from None
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"it returns {_kind(output)}, not a tensor",
            where,
            "Say what of it is meant: `output: 0` of a tuple, `output: name` of a mapping.",
        )
    return output.float()


def _kind(output: Any) -> str:
    if isinstance(output, Mapping):
        return f"a mapping of {', '.join(map(repr, output))}"
    if isinstance(output, list | tuple):
        kinds = [
            f"{tuple(each.shape)}" if isinstance(each, torch.Tensor) else type(each).__name__
            for each in output
        ]
        return f"a {type(output).__name__} of {', '.join(kinds)}"
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    return f"a {type(output).__name__}"


def _without_sigmoid(network: nn.Module) -> bool:
    """Take off a sigmoid module, if it is the network's only one."""
    found = [name for name, module in network.named_modules() if isinstance(module, nn.Sigmoid)]
    if len(found) != 1 or not found[0]:
        return False
    network.set_submodule(found[0], nn.Identity())
    return True


def as_if_by(images: torch.Tensor, spec: Images, other: Images) -> torch.Tensor:
    """Change images so that a network that is given them by `spec` gets what it would by `other`.

    Examples
    --------
    >>> as_if_by(torch.tensor([[[[-1.0, 1.0]]]]), Images(), Images((0.5,), (0.5,))).flatten()
    tensor([0., 1.])
    """
    return _ours(_theirs(images, other), spec)


def _theirs(images: torch.Tensor, spec: Images) -> torch.Tensor:
    images = images.flip(1) if spec.order == "BGR" else images
    mean, scale = _per_channel(spec, images)
    return mean + scale * images


def _ours(images: torch.Tensor, spec: Images) -> torch.Tensor:
    mean, scale = _per_channel(spec, images)
    images = (images - mean) / scale
    return images.flip(1) if spec.order == "BGR" else images


def _per_channel(spec: Images, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean, scale = (images.new_tensor(each)[:, None, None] for each in (spec.mean, spec.scale))
    return mean, scale


def in_their_terms(images: torch.Tensor, spec: Images) -> torch.Tensor:
    """Turn RGB images in [-1, 1] into the kind that a network speaks."""
    return _theirs(images, spec)
