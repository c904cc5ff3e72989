"""What a person says of a GAN that was trained elsewhere. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHAPES = ("vector", "map")
SPACES = ("z", "w")
DISTRIBUTIONS = ("normal", "uniform", "truncated")
CLASSES_AS = ("none", "index", "one-hot")
RANGES = {"[-1, 1]": (0.0, 1.0), "[0, 1]": (0.5, 0.5), "[0, 255]": (127.5, 127.5)}
"""Mean and scale of the images that a network speaks, for ours in [-1, 1]."""
ORDERS = ("RGB", "BGR")
REDUCTIONS = ("mean", "first")


@dataclass(frozen=True)
class Latent:
    """The latents of a generator.

    Parameters
    ----------
    dim : int
        Length of the random part.
    shape : {"vector", "map"}
        ``(n, dim)`` or ``(n, dim, 1, 1)``.
    distribution : {"normal", "uniform", "truncated"}
        Standard normal; uniform in [-1, 1]; standard normal, drawn anew beyond `truncation`.
    truncation : float
        In standard deviations.
    num_classes : int
        0 for a generator that is told none.
    classes : {"none", "index", "one-hot"}
        How it is told: as a second argument of shape (n,), int64, or of shape (n, classes).
    space : {"z", "w"}
        What is explained: latents, or what the mapping network makes of them.
    mapping, synthesis : str
        Of w: the generator's attributes that make w of latents and images of w.
    """

    dim: int
    shape: str = "vector"
    distribution: str = "normal"
    truncation: float = 2.0
    num_classes: int = 0
    classes: str = "none"
    space: str = "z"
    mapping: str = "mapping"
    synthesis: str = "synthesis"


@dataclass(frozen=True)
class Images:
    """Range and channel order of the images that a network speaks; ours are RGB in [-1, 1].

    Parameters
    ----------
    mean, scale : tuple of float
        Theirs are ``mean + scale * ours``, one number for all channels or one for each.
    order : {"RGB", "BGR"}
    """

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    order: str = "RGB"


@dataclass(frozen=True)
class Network:
    """Where one network comes from, and what of its output is meant.

    Parameters
    ----------
    build : str
        ``module:name`` of a class or a function that gives the network; "" for a program.
    arguments : mapping
        Keyword arguments of `build`.
    weights : Path or None
        Safetensors, or a torch file that holds nothing but tensors and plain values.
    key : tuple of str
        The way to the state dict within the file.
    prefix : str
        What is taken off the names there, such as ``module.``.
    program : Path or None
        TorchScript or ``torch.export``, instead of `build` and `weights`.
    output : tuple of (str or int)
        The way to the images or logits within a tuple or a mapping that the network returns.
    heads : {"mean", "first"}
        Of several logits of an image.
    probability : bool
        It ends in a sigmoid, which is taken off.
    images : Images
    loss : str
        What a discriminator was trained with, a name of `ganatomy.gan.settings.LossName`; "" for
        what nobody told: then the level of its logits means nothing to us.
    """

    build: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: Path | None = None
    key: tuple[str, ...] = ()
    prefix: str = ""
    program: Path | None = None
    output: tuple[str | int, ...] = ()
    heads: str = "mean"
    probability: bool = False
    images: Images = field(default_factory=Images)
    loss: str = ""


@dataclass(frozen=True)
class Port:
    """A GAN that was trained elsewhere: a generator, a discriminator, or both.

    Parameters
    ----------
    generator, discriminator : Network or None
    latent : Latent or None
        Of the generator; without one there is none.
    seed : int
        Of the noise that the networks draw while they run: the same at each call.
    train : str
        ``module:function`` that trains such a GAN anew; see `ganatomy.gan.adopt.training`. ""
        for none.
    reference : Path or None
        Safetensors of what the networks answered where they were trained, in their own terms.

    Examples
    --------
    >>> Port(discriminator=Network(build="mine:Critic")).generator is None
    True
    """

    generator: Network | None = None
    discriminator: Network | None = None
    latent: Latent | None = None
    seed: int = 0
    train: str = ""
    reference: Path | None = None
