"""From a name, or the dotted path of the user's own class, to a network of the right size."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks import dcgan, resnet
from ganatomy.imports import imported
from ganatomy.rng import seeded

_Networks = dict[str, Callable[..., nn.Module]]
_GENERATORS: _Networks = {"dcgan": dcgan.Generator, "resnet": resnet.Generator}
_DISCRIMINATORS: _Networks = {
    "dcgan": dcgan.Discriminator,
    "dcgan-plain": partial(dcgan.Discriminator, norm="none"),
    "dcgan-layernorm": partial(dcgan.Discriminator, norm="layer"),
    "resnet": resnet.Discriminator,
}


def is_own(name: str) -> bool:
    """Say whether a network's name is the dotted path of a user's own class."""
    return ":" in name


def construct_generator(architecture: Architecture, seed: int = 0) -> nn.Module:
    """Construct the generator that `architecture` names, with whatever weights it comes with.

    Parameters
    ----------
    architecture : Architecture
    seed : int
        Of the global generators (torch, numpy, Python) while the constructor runs; they are
        restored afterwards. Equal seeds give equal weights, whatever ran before.

    Raises
    ------
    InputError
        Unknown name, a class that cannot be found, or a constructor that fails.
    """
    name, where = architecture.generator, "generator"
    sizes = {**_sizes(architecture), "latent_dim": architecture.latent_dim}
    return _construct(name, _GENERATORS, sizes, where, seed)


def construct_discriminator(architecture: Architecture, seed: int = 0) -> nn.Module:
    """Construct the discriminator, without spectral norm; else as `construct_generator`."""
    name, where = architecture.discriminator, "discriminator"
    return _construct(name, _DISCRIMINATORS, _sizes(architecture), where, seed)


def _sizes(architecture: Architecture) -> dict[str, int]:
    sizes = {name: getattr(architecture, name) for name in ("image_size", "channels", "width")}
    if architecture.num_classes > 0:
        sizes["num_classes"] = architecture.num_classes
    return sizes


def _construct(
    name: str, known: _Networks, sizes: dict[str, int], where: str, seed: int
) -> nn.Module:
    with seeded(0, "import", name):  # a module may draw constants, once in every process
        network_class = imported(name, where) if is_own(name) else known.get(name)
    if network_class is None:
        raise InputError(
            f"there is no network {name!r}",
            where,
            f"Use {', '.join(known)}, or module:Class for a class of your own.",
        )
    remedy = "Mend the constructor; it is called with these keyword arguments."
    with seeded(seed, f"gan.{where}", "construct"):  # the name decides the weights
        return module_of(network_class, name, sizes, where, remedy)


def module_of(
    make: Callable[..., object], name: str, arguments: Mapping[str, Any], where: str, remedy: str
) -> nn.Module:
    """Call what makes a network, the user's own code perhaps.

    Parameters
    ----------
    make : callable
    name : str
        As the user wrote it.
    arguments : mapping
        By keyword.
    where : str
        The parameter that names it.
    remedy : str
        What to do where it raises.

    Raises
    ------
    InputError
        It raises anything, or gives no ``nn.Module``.
    """
    try:
        network = make(**arguments)
    except InputError:
        raise
    except Exception as error:
        told = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise InputError(
            f"{name}({told}) raised {type(error).__name__}: {error}", where, remedy
        ) from error
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{name} gave a {type(network).__name__}, which is not a torch.nn.Module",
            where,
            "Name a class that derives from torch.nn.Module, or a function that returns one.",
        )
    return network
