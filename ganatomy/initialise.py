"""Initial weights that depend on a seed and on the parameter's name alone."""

import torch
from torch import nn

from ganatomy.rng import generator


def initialise(network: nn.Module, seed: int, purpose: str) -> None:
    """DCGAN's initialisation, N(0, 0.02) and N(1, 0.02) for BatchNorm, from (seed, purpose, name).

    Each parameter has a generator of its own, so networks of different width or depth still share
    the draw of every layer that they have in common in shape.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            owner = network.get_submodule(name.rpartition(".")[0])
            draw = generator(seed, purpose, "init", name)
            if name.endswith("bias"):
                parameter.zero_()
            elif isinstance(owner, nn.BatchNorm2d):
                parameter.normal_(1.0, 0.02, generator=draw)
            else:
                parameter.normal_(0.0, 0.02, generator=draw)
