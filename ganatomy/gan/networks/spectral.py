"""Spectral normalisation of a discriminator (Miyato et al. 2018, arXiv 1802.05957)."""

import torch
from torch import nn
from torch.nn.utils import parametrizations

from ganatomy.errors import InputError
from ganatomy.initialise import restart_power_iteration, zero_weight

_NORMALISED = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def apply_spectral_norm(discriminator: nn.Module, seed: int) -> None:
    """Divide every convolution's and linear layer's weight by its largest singular value.

    That value comes from torch's power iteration, one round for each read of the weight in train
    mode and none in eval mode. Its vectors are part of the state dict; they start from `seed`, and
    fit the weights that the layers have now. Layers whose weight is parametrised already keep what
    they have.

    Raises
    ------
    InputError
        There is no such layer, or its weight is zero.
    """
    layers = [module for module in discriminator.modules() if isinstance(module, _NORMALISED)]
    if not layers:
        raise InputError(
            f"{type(discriminator).__name__} has no convolution or linear layer to normalise",
            "spectral_norm",
            "Set `spectral_norm` to false.",
        )
    # a weight that is parametrised already is no parameter of its own
    with torch.random.fork_rng(devices=[]):  # torch draws first vectors from the global generator
        for layer in layers:
            weight = dict(layer.named_parameters(recurse=False)).get("weight")
            if weight is not None:
                if not weight.any():
                    raise zero_weight(f"a {type(layer).__name__}'s")
                parametrizations.spectral_norm(layer)
                layer.train(layer.training)  # what was added is in train mode at first
    restart_power_iteration(discriminator, seed, "spectral-norm")
