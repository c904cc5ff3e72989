"""Networks to train, from an architecture; the user's own are checked first."""

from torch import nn

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator, is_own
from ganatomy.gan.networks.contract import check_discriminator, check_generator
from ganatomy.gan.networks.spectral import apply_spectral_norm
from ganatomy.initialise import initialise, restart_power_iteration


def build_generator(architecture: Architecture, seed: int = 0) -> nn.Module:
    """Build the generator that `architecture` names: latents to images.

    Its first weights depend on `seed` alone. Ours are drawn by `ganatomy.initialise`; a user's own
    class keeps those that its constructor set, with the global generators seeded.

    Raises
    ------
    InputError
        It cannot be built, or a user's own breaks the contract (see `contract`).
    """
    network = construct_generator(architecture, seed)
    if is_own(architecture.generator):
        check_generator(network, architecture, architecture.generator)
        restart_power_iteration(network, seed, "generator")
    else:
        initialise(network, seed, "generator")
    return network


def build_discriminator(architecture: Architecture, seed: int = 0) -> nn.Module:
    """Build the discriminator that `architecture` names: images, and labels if any, to logits.

    With spectral norm where `architecture` asks for it; else as `build_generator`.
    """
    network = construct_discriminator(architecture, seed)
    own = is_own(architecture.discriminator)
    if own:
        check_discriminator(network, architecture, architecture.discriminator)
    if architecture.spectral_norm:
        apply_spectral_norm(network, seed=0)
    if own:
        restart_power_iteration(network, seed, "discriminator")
    else:
        initialise(network, seed, "discriminator")
    return network
