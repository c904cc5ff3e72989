"""Initial weights that depend on a seed and on the parameter's name alone."""

import re
from math import prod
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from ganatomy.errors import InputError
from ganatomy.rng import generator

_NORMS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_PARAMETRIZED = re.compile(r"(?P<owner>.*?)\.?parametrizations\.(?P<tensor>[^.]+)\.original")
_POWER_ITERATIONS = 15  # as many as torch starts with

Layer = TypeVar("Layer", bound=nn.Module)


def scaled(layer: Layer, gain: float) -> Layer:
    """Have `initialise` draw the layer's weights from N(0, gain / sqrt(fan-in)).

    The mark is the plain attribute `init_gain`, which a network from elsewhere may set itself. With
    gain 1, what comes out of the layer is as large as what goes in; behind a ReLU, sqrt(2) does
    that (He et al. 2015, arXiv 1502.01852).
    """
    layer.init_gain = gain  # type: ignore[assignment]
    return layer


def initialise(network: nn.Module, seed: int, purpose: str) -> None:
    """DCGAN's initialisation, from (seed, purpose, name).

    Weights are N(0, 0.02), or N(0, gain / sqrt(fan-in)) in modules that have an `init_gain` (see
    `scaled`); gains of normalisation layers are N(1, 0.02), biases zero. Each parameter has a
    generator of its own, so networks of different width or depth still share the draw of every
    layer that they have in common in shape, with spectral norm or without.

    Raises
    ------
    InputError
        A weight under spectral norm is zero.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            owner_name, _, tensor_name = name.rpartition(".")
            if parametrized := _PARAMETRIZED.fullmatch(name):
                owner_name, tensor_name = parametrized["owner"], parametrized["tensor"]
            name = f"{owner_name}.{tensor_name}" if owner_name else tensor_name
            owner = network.get_submodule(owner_name)
            gain: float | None = getattr(owner, "init_gain", None)
            draw = generator(seed, purpose, "init", name)
            if name.endswith("bias"):
                parameter.zero_()
            elif isinstance(owner, _NORMS):
                parameter.normal_(1.0, 0.02, generator=draw)
            elif gain is not None:
                parameter.normal_(0.0, gain / _fan_in(owner, parameter) ** 0.5, generator=draw)
            else:
                parameter.normal_(0.0, 0.02, generator=draw)
            if parametrized and not parameter.any():
                raise InputError(
                    f"the initial weight {name} is zero, and spectral norm divides by its largest "
                    "singular value",
                    "gan.spectral_norm",
                    "Give the layer an init_gain above zero, or set spectral_norm to false.",
                )
    restart_power_iteration(network, seed, purpose)


@torch.no_grad()
def restart_power_iteration(network: nn.Module, seed: int, purpose: str) -> None:
    """Start the singular vectors of every spectral norm anew, from (seed, purpose, name).

    torch draws them from the global generator, and for weights that are replaced afterwards.
    """
    for name, module in network.named_modules():
        if not isinstance(module, parametrize.ParametrizationList):
            continue
        norms = [link for link in module if hasattr(link, "_u") and hasattr(link, "_v")]
        for norm in norms:
            for side in ("_u", "_v"):
                vector: torch.Tensor = getattr(norm, side)
                draw = generator(seed, purpose, "init", f"{name}.{side}")
                start = functional.normalize(torch.randn(len(vector), generator=draw), dim=0)
                vector.copy_(start)
            training = norm.training
            norm.train()
            for _ in range(_POWER_ITERATIONS):
                module()
            norm.train(training)


def _fan_in(owner: nn.Module, weight: torch.Tensor) -> float:
    """How many products an output value is the sum of."""
    if isinstance(owner, _TRANSPOSED):
        return weight.shape[0] * prod(owner.kernel_size) / prod(owner.stride) / owner.groups
    return weight[0].numel()
