"""The networks: which there are, how they are built, and what a user's own must keep to."""

from torch import nn

from ganatomy.gan.networks.dcgan import Discriminator, Generator
from ganatomy.gan.networks.sizes import IMAGE_SIZES

__all__ = ["IMAGE_SIZES", "Discriminator", "Generator", "convolutions"]


def convolutions(network: nn.Module) -> dict[str, nn.Module]:
    """Return every convolution and transposed convolution by its dotted name.

    In the order in which the network registered them, which in ours is that of the forward pass.
    """
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))
    }
