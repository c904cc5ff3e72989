"""A generator asked by w, what its mapping network makes of its latents, instead of by z."""

import inspect
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.networks import AdoptedGenerator, meant, own_latents
from ganatomy.gan.adopt.port import Latent, Network
from ganatomy.gan.sampling import drawn
from ganatomy.rng import generator as random_generator
from ganatomy.rng import seeded

NUM = 4096  # latents that mean and spread of w are measured on
_BATCH = 512
_WHERE = "generator"


class StyledGenerator(AdoptedGenerator):
    """Standardised w of shape (n, dim of w) to RGB images in [-1, 1].

    A latent is w less its mean, each coordinate in its own standard deviations: 0 is the mean w,
    towards which styles are truncated (Karras et al. 2019, arXiv 1812.04948), and a step along a
    coordinate is a standard deviation of it. Unlike those of z, coordinates may depend on each
    other. Where each layer takes a w of its own, all are given the same one.

    Parameters
    ----------
    network, spec, latent, seed
        As of `AdoptedGenerator`.

    Raises
    ------
    InputError
        The network has no such parts, or `latent.mapping` does not make one w of each latent.
    """

    middle: torch.Tensor
    spread: torch.Tensor

    def __init__(self, network: nn.Module, spec: Network, latent: Latent, seed: int) -> None:
        super().__init__(network, spec, latent, seed)
        _part(network, latent.synthesis, "synthesis")
        z = drawn(NUM, latent.dim, 0, random_generator(0, "latent", "w"))
        self.num_layers, w = self._mapped(z)
        self.register_buffer("middle", w.mean(0))
        self.register_buffer("spread", w.std(0, correction=0))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Give the images of standardised w, shape (n, c, h, w), float32."""
        w = self.middle + self.spread * z
        if self.num_layers:
            w = w[:, None].expand(-1, self.num_layers, -1)
        with seeded(self.seed, "adopt", "noise"):
            part = _part(self.network, self.latent.synthesis, "synthesis")
            output = _called(part, w)
        is_image = isinstance(output, torch.Tensor)  # `output` may be of the whole network alone
        return self.in_our_terms(meant(output, () if is_image else self.spec.output, _WHERE))

    def standardised(self, z: torch.Tensor) -> torch.Tensor:
        """Map standard normal latents, on the CPU, to standardised w there."""
        _, w = self._mapped(z)
        # a coordinate that never moves is 0 in every latent
        scale = torch.where(self.spread > 0, self.spread, 1)
        return ((w - self.middle) / scale).cpu()

    def by_whole(self, z: torch.Tensor) -> torch.Tensor:
        """Give the images that the whole network makes of standard normal latents."""
        return self.in_our_terms(self.of_own(self._given(z.to(self.middle.device))))

    def _given(self, z: torch.Tensor) -> torch.Tensor:
        own = own_latents(self.latent, z)
        return own[:, :, None, None] if self.latent.shape == "map" else own

    @torch.no_grad()
    def _mapped(self, z: torch.Tensor) -> tuple[int, torch.Tensor]:
        """The number of layers that take a w each, 0 for one w, and w of shape (n, dim of w)."""
        part = _part(self.network, self.latent.mapping, "mapping")
        held = next(self.network.parameters(), None)
        given = self._given(z if held is None else z.to(held.device))
        try:
            with seeded(self.seed, "adopt", "noise"):
                made = [_called(part, each) for each in given.split(_BATCH)]
        except Exception as error:  # whatever the author's code raises
            words = next(iter(str(error).splitlines()), "")
            raise InputError(
                f"`{self.latent.mapping}` cannot take latents of shape "
                f"(n, {', '.join(map(str, given.shape[1:]))}): {type(error).__name__}: "
                f"{words[:300]}",
                _WHERE,
                "Mend `latent`: its dim, its shape (vector or map), its mapping.",
            ) from error
        return _one_for_each(made, self.latent)


def _part(network: nn.Module, name: str, key: str) -> Callable[..., Any]:
    try:
        part: Callable[..., Any] = reduce(getattr, name.split("."), network)
    except AttributeError:
        names = ", ".join(name for name, _ in network.named_children()) or "none"
        raise InputError(
            f"it has no {name!r} to be the {key} of `space: w`",
            _WHERE,
            f"Name it by `latent.{key}`; its parts are: {names}.",
        ) from None
    return part


def _called(part: Callable[..., Any], given: torch.Tensor) -> Any:
    """The answer; whatever else it needs, such as a class that there is none of, is None."""
    return part(given, *[None] * (_num_needed(part) - 1))


def _num_needed(part: Callable[..., Any]) -> int:
    """Count the arguments that it cannot do without; a program tells nothing."""
    try:
        parameters = inspect.signature(getattr(part, "forward", part)).parameters.values()
    except (TypeError, ValueError):
        return 1
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in places and each.default is each.empty for each in parameters)


def _one_for_each(made: list[Any], latent: Latent) -> tuple[int, torch.Tensor]:
    what = f"`{latent.mapping}`"
    if not all(isinstance(each, torch.Tensor) and each.ndim in (2, 3) for each in made):
        raise InputError(
            f"{what} gives no w of shape (n, d) or (n, layers, d)",
            _WHERE,
            "Name the mapping network by `latent.mapping`, or explain z.",
        )
    w = torch.cat(made).float()
    if not w.isfinite().all():
        raise InputError(f"{what} gives NaN or infinity", _WHERE, "Are these the right weights?")
    if w.ndim == 2:
        return 0, w
    if not torch.equal(w, w[:, :1].expand_as(w)):
        raise InputError(
            f"{what} gives other styles to each of {w.shape[1]} layers",
            _WHERE,
            "One w for all layers can be explained; leave out truncation and mixing, or explain z.",
        )
    return w.shape[1], w[:, 0]
