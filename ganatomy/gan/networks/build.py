"""Networks that can be trained, from an architecture; the user's own are checked first."""

from torch import nn

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator
from ganatomy.gan.networks.contract import check_discriminator, check_generator
from ganatomy.gan.networks.spectral import apply_spectral_norm


def build_generator(architecture: Architecture) -> nn.Module:
    """The generator that `architecture` names: latents to images.

    Its weights are those of its constructor: `ganatomy.initialise` draws those to train from.

    Raises
    ------
    InputError
        It cannot be built, or a user's own breaks the contract (see `contract`).
    """
    network = construct_generator(architecture)
    if ":" in architecture.generator:
        check_generator(network, architecture, architecture.generator)
    return network


def build_discriminator(architecture: Architecture) -> nn.Module:
    """The discriminator that `architecture` names: images, and labels if any, to logits.

    With spectral norm where `architecture` asks for it; else as `build_generator`.
    """
    network = construct_discriminator(architecture)
    if ":" in architecture.discriminator:
        check_discriminator(network, architecture, architecture.discriminator)
    if architecture.spectral_norm:
        apply_spectral_norm(network, seed=0)
    return network
