"""First weights of our own networks: they depend on a seed and on the parameter's name alone.

A user's own class keeps the weights that it gives itself; what is here for it is the start of
spectral norm's power iteration, which has to fit them.
"""

import re
from math import prod
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm

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

    The mark is the plain attribute `init_gain`. With gain 1, what comes out of the layer is as
    large as what goes in; behind a ReLU, sqrt(2) does that (He et al. 2015, arXiv 1502.01852).
    """
    layer.init_gain = gain  # type: ignore[assignment]
    return layer


def initialise(network: nn.Module, seed: int, purpose: str) -> None:
    """Draw first weights as DCGAN does, from (seed, purpose, name).

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
                raise zero_weight(name)
    restart_power_iteration(network, seed, purpose)


def zero_weight(name: str) -> InputError:
    """Refuse a weight that spectral norm cannot divide: return the error."""
    return InputError(
        f"the initial weight {name} is zero, and spectral norm divides by its largest singular "
        "value",
        "spectral_norm",
        "Give the layer other first weights, or set `spectral_norm` to false.",
    )


@torch.no_grad()
def restart_power_iteration(network: nn.Module, seed: int, purpose: str) -> None:
    """Start the singular vectors of every spectral norm anew, from (seed, purpose, name).

    torch draws them from the global generator, and for weights that are replaced afterwards; its
    older spectral norm leaves them at random until the first forward in train mode, so that in eval
    mode an untrained network divides by next to nothing.
    """
    for name, module in network.named_modules():
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm):
                _restart_hook(hook, module, generator(seed, purpose, "init", f"{name}.{hook.name}"))
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


def _restart_hook(hook: SpectralNorm, owner: nn.Module, draw: torch.Generator) -> None:
    """The same for a spectral norm of the older kind, which is a hook of the layer."""
    vector: torch.Tensor = getattr(owner, f"{hook.name}_u")
    vector.copy_(functional.normalize(torch.randn(len(vector), generator=draw), dim=0))
    for _ in range(_POWER_ITERATIONS):
        weight = hook.compute_weight(owner, do_power_iteration=True)
    setattr(owner, hook.name, weight)


def _fan_in(owner: nn.Module, weight: torch.Tensor) -> float:
    """Count the products that an output value is the sum of."""
    if isinstance(owner, _TRANSPOSED):
        return weight.shape[0] * prod(owner.kernel_size) / prod(owner.stride) / owner.groups
    return weight[0].numel()
