"""A GAN trained anew by its author's own function."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.construct import construct
from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator, in_their_terms
from ganatomy.gan.adopt.port import Network, Port
from ganatomy.gan.adopt.weights import fit
from ganatomy.imports import imported
from ganatomy.rng import seeded

_WHERE = "train"
_NUM_ASKED = 8


@dataclass(frozen=True)
class TrainingBudget:
    """The budget of one training.

    A function may read it otherwise, but equally for all seeds and all data sets.

    Parameters
    ----------
    epochs : int
        Passes over the images.
    num_steps : int
        The same in steps of G, for the whole data set: equal for all variants of it, however many
        images they have.
    batch_size : int
    device : torch.device
    num_threads : int
        CPU threads; torch has been told.
    """

    epochs: int
    num_steps: int
    batch_size: int
    device: torch.device
    num_threads: int


def train_anew(
    port: Port, images: torch.Tensor, labels: torch.Tensor, *, seed: int, budget: TrainingBudget
) -> Adopted | None:
    """Have ``train(images, labels, seed, budget)`` of a port give a generator and a discriminator.

    It is called by keyword, within generators of torch, numpy and Python that depend on `seed`.
    What it returns are networks as `build` makes them: their weights go into such ones.

    Parameters
    ----------
    port : Port
        With both networks and ``train``.
    images : Tensor of shape (n, c, h, w), uint8
        It is given them as float32 in the range and channel order that the port's discriminator
        speaks.
    labels : Tensor of shape (n,), int64
        -1 where an image has none.
    seed : int
    budget : TrainingBudget

    Returns
    -------
    Adopted or None
        In eval mode, on the CPU; None where anything is no longer finite.

    Raises
    ------
    InputError
        The function cannot be imported, or does not return two such networks.
    Exception
        Whatever it raises itself.
    """
    assert port.generator is not None
    assert port.discriminator is not None
    assert port.latent is not None
    train = imported(port.train, _WHERE)
    given = in_their_terms(to_float(images), port.discriminator.images)
    with seeded(seed, "adopt", "train"):
        made = train(images=given, labels=labels, seed=seed, budget=budget)
    networks = _checked(made, port)
    generator, discriminator = (
        _rebuilt(network, spec, name)
        for network, spec, name in zip(
            networks, (port.generator, port.discriminator), ("generator", "discriminator")
        )
    )
    found = Adopted(
        port,
        AdoptedGenerator(generator, port.generator, port.latent, port.seed).eval(),
        AdoptedDiscriminator(discriminator, port.discriminator, port.seed).eval(),
        (),
    )
    return found if _is_finite(found, seed) else None


def _checked(made: object, port: Port) -> tuple[nn.Module, nn.Module]:
    if isinstance(made, tuple | list) and len(made) == 2:
        generator, discriminator = made
        if isinstance(generator, nn.Module) and isinstance(discriminator, nn.Module):
            return generator, discriminator
    raise InputError(
        f"{port.train} returned {type(made).__name__}", _WHERE, "Return two modules: `return G, D`."
    )


def _rebuilt(network: nn.Module, spec: Network, name: str) -> nn.Module:
    """A network as the port builds it with the weights of this one."""
    fresh = Network(build=spec.build, arguments=spec.arguments)
    built, _ = construct(fresh, name)
    try:
        fit(built, network.state_dict(), name)
    except InputError as error:
        raise InputError(
            f"the {name} that it returned is not what `build` makes: {error.what}",
            _WHERE,
            "Return the bare modules, of the class and arguments that the file names.",
        ) from None
    return built.float().eval().requires_grad_(False)


@torch.no_grad()
def _is_finite(found: Adopted, seed: int) -> bool:
    assert found.generator is not None
    assert found.discriminator is not None
    images = found.generator(found.latents(_NUM_ASKED, seed, "probe"))
    logits = found.discriminator(images)
    return math.isfinite(float(images.abs().sum())) and math.isfinite(float(logits.abs().sum()))
